"""The truth of the simulated world, and the settings of its models. Pure functions.

A prompt lists requirements; a response mentions some of them word for word; its quality is their share.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any
from urllib.parse import parse_qsl, urlencode

MODEL_PREFIX = "simulated"

UNKNOWN_QUALITY = 0.5
"""The quality of any response to a prompt without requirements."""

_REQUIREMENTS = re.compile(r"\bmust mention: ([^.\n]+)\.")
_INSTRUCTION = re.compile(r"\b(?:ignore|disregard|forget)\b[^.\n]{0,60}\binstructions\b", re.IGNORECASE)
_FAMILY = re.compile(r"[a-z][a-z0-9-]{0,31}")


@dataclass(frozen=True, slots=True)
class Knobs:
    """Settings of a simulated model that change its replies. All of them are in the model's id.

    Attributes:
        skill: 0 to 1. Chance of noticing whether a requirement is met; otherwise the judge guesses. It also sets
            the error of a rating.
        tie_rate: 0 to 1. Chance of calling two responses equal regardless of their quality.
        position_bias: −1 to 1. Added to the perceived quality of the response shown first.
        length_bias: −1 to 1. Added to the perceived quality of a very long response, subtracted for a very short one.
        family: the model's family, lower-case letters, digits and hyphens, or "". Models that differ only in their
            family err independently.
        family_bias: −1 to 1. Added to the perceived quality of a response written by its own family.
        injection_bias: −1 to 1. Added to the perceived quality of a response that holds an instruction to the judge.
        wording_bias: −1 to 1. Added to the perceived quality of the response shown first where the instructions say
            `consider`: a judge whose verdicts depend on the wording.
        malformed_rate: 0 to 1. Chance of a reply that lacks the answer asked for.
        refusal_rate: 0 to 1. Chance of a refusal.
    """

    skill: float = 0.8
    tie_rate: float = 0.0
    position_bias: float = 0.0
    length_bias: float = 0.0
    family: str = ""
    family_bias: float = 0.0
    injection_bias: float = 0.0
    wording_bias: float = 0.0
    malformed_rate: float = 0.0
    refusal_rate: float = 0.0

    def __post_init__(self) -> None:
        if self.family and not _FAMILY.fullmatch(self.family):
            raise ValueError(f"family must be lower-case letters, digits and hyphens, not {self.family!r}")
        for name in KNOBS:
            least, value = -1 if name.endswith("_bias") else 0, getattr(self, name)
            if name != "family" and not least <= value <= 1:
                raise ValueError(f"{name} must be between {least} and 1, not {value!r}")

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Knobs:
        """The knobs among the settings of a model; missing ones have their defaults."""
        return cls(**{name: settings[name] for name in KNOBS if name in settings})

    @classmethod
    def from_model_id(cls, model_id: str) -> Knobs:
        """The knobs in a model id. Raises ValueError if it is not the id of a simulated model."""
        prefix, _, query = model_id.partition("?")
        said = parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query))
        unknown = [name for name, _ in said if name not in KNOBS]
        if prefix != MODEL_PREFIX or unknown or len(dict(said)) < len(said):
            raise ValueError(f"not the id of a simulated model: {model_id!r}")
        values: dict[str, Any] = {name: value if name == "family" else float(value) for name, value in said}
        return cls(**values)

    def model_id(self) -> str:
        """The one id of a model with these knobs: sorted, defaults left out."""
        said = {}
        for name, default in KNOBS.items():
            value = getattr(self, name)
            if value != default:
                said[name] = value if name == "family" else f"{float(value):.12g}"
        return f"{MODEL_PREFIX}?{urlencode(said)}" if said else MODEL_PREFIX


KNOBS: Mapping[str, Any] = {field.name: field.default for field in sorted(fields(Knobs), key=attrgetter("name"))}
"""Every knob with its default, sorted by name."""


@dataclass(frozen=True, slots=True)
class Service:
    """How the endpoint of a simulated model behaves; it is not in the model's id.

    Attributes:
        latency_ms: 0 to 60,000. Longest time that a reply takes. Each request takes a share of it, so that
            replies overtake each other.
        failure_rate: 0 to 1. Share of requests that are answered with status 503 the first time.
        json_output: whether it supports `response_format` with a JSON schema.
    """

    latency_ms: float = 0.0
    failure_rate: float = 0.0
    json_output: bool = True

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Service:
        """The endpoint settings of a model; missing ones have their defaults."""
        return cls(**{field.name: settings[field.name] for field in fields(cls) if field.name in settings})


def requirements_of(prompt: str) -> tuple[str, ...]:
    """The requirements of a prompt, as in `It must mention: one thing; another thing.`."""
    found = _REQUIREMENTS.search(prompt)
    return tuple(phrase.strip() for phrase in found[1].split(";") if phrase.strip()) if found else ()


def are_met(requirements: tuple[str, ...], response: str) -> tuple[bool, ...]:
    """For each requirement, whether the response mentions it."""
    text = response.casefold()
    return tuple(phrase.casefold() in text for phrase in requirements)


def quality_of(prompt: str, response: str) -> float:
    """The true quality of a response: the share of the prompt's requirements that it meets."""
    met = are_met(requirements_of(prompt), response)
    return sum(met) / len(met) if met else UNKNOWN_QUALITY


def has_instruction(response: str) -> bool:
    """Whether a response tells the judge to ignore its instructions."""
    return _INSTRUCTION.search(response) is not None


def signature_of(family: str) -> str:
    """How a response shows which family wrote it."""
    return f"Yours, the {family} desk." if family else ""
