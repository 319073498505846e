"""Recordings that are read by `columns`: the judgments of any dataset file as the replies to a conversation's calls.

A call is answered by its item, its order and its repeat. A judgment without text is a reply that ended as `judged`:
its text is the JSON of the verdict or label and the scores, which no answer rule reads. One of several responses names
them by their places in the file of the dataset, also in the swapped order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from harness.data.judged import JudgedFields
from harness.data.recorded_rankings import Counts
from harness.data.recording_spec import RecordedJudgment, RecordingSpec
from harness.data.recordings import read_recording
from harness.data.rows import format_of
from harness.errors import DatasetError, InputError, Problem, ProviderError
from harness.hashing import canonical_json
from harness.providers.logprobs import read_logprobs
from harness.records.calls import Call, Model, Reply
from harness.records.rankings import ranking_of
from harness.records.reasoning import separated

OPTIONS = ("delimiter", "encoding", "rows")
SETTINGS = (
    *("columns", "format", *OPTIONS),
    *("verdict_values", "label_values", "order_values", "tie_margin", "mapped_back", "any_order", "logprob_tokens"),
)
"""The keys of a model's entry that decide how its file is read."""
SIDES = ("judge-a", "judge-b")
"""Steps of a strategy that shows each response alone."""
_SWAPPED = "swapped/"
_OTHER_ORDER = {"given": "swapped", "swapped": "given"}


class MappedRecording:
    """The judgments of one model in a file. Implements `harness.providers.provider.Connection`.

    Args:
        model: the model, whose settings say how the file is read.
    """

    def __init__(self, model: Model) -> None:
        self._spec = recording_spec(model)
        self._is_of_rankings = model.is_of_rankings
        self._any_order = bool(model.settings.get("any_order"))
        self._judgments: dict[tuple[str, str, int], list[RecordedJudgment]] | None = None

    async def send(self, call: Call) -> Reply:
        """The recorded judgment that answers a call.

        Raises:
            InputError: if the file cannot be read or has bad rows.
            ProviderError: if it holds no such judgment.
        """
        if self._judgments is None:
            self._judgments = self._read()
        dataset, item, strategy, step = orjson.loads(call.locator)
        order, name, draw = _parts(step)
        found = self._found(item, order, draw, dataset, strategy)
        is_exchanged = False
        if found is None and self._any_order:
            found, is_exchanged = self._found(item, _OTHER_ORDER[order], draw, dataset, strategy), True
        if found is not None and self._is_of_rankings:
            judged = found.judged.exchanged() if found.order == "swapped" else found.judged
            reply = _reply_of_several(name, judged, self._spec.tie_margin)
        else:
            reply = None if found is None else _reply_to(name, found.judged, is_exchanged=is_exchanged)
        if reply is None:
            where = f"{dataset}, item {item}, {strategy}, step {step}"
            raise ProviderError(f"{self._spec.path.name} has no judgment for {where}", kind="not-recorded")
        return separated(reply)

    async def close(self) -> None:
        """Forget the judgments."""
        self._judgments = None

    def _read(self) -> dict[tuple[str, str, int], list[RecordedJudgment]]:
        try:
            judgments = read_recording(self._spec)
        except DatasetError as error:
            raise InputError(error.problems) from None
        found: dict[tuple[str, str, int], list[RecordedJudgment]] = {}
        for one in judgments:
            found.setdefault((one.item, one.order, one.draw), []).append(one)
        return found

    def _found(self, item: str, order: str, draw: int, dataset: str, strategy: str) -> RecordedJudgment | None:
        assert self._judgments is not None
        return next(
            (
                one
                for one in self._judgments.get((item, order, draw), ())
                if one.dataset in ("", dataset) and one.strategy in ("", strategy)
            ),
            None,
        )


def recording_spec(model: Model) -> RecordingSpec:
    """How the file of a model is read, from its settings."""
    settings = model.settings
    path = Path(settings["path"])
    return RecordingSpec(
        path=path,
        shown_path=str(path.name),
        format=settings.get("format") or format_of(path.name) or "jsonl",
        columns=settings["columns"],
        model=str(settings.get("model") or model.name),
        verdict_values=settings.get("verdict_values") or {},
        label_values=settings.get("label_values") or {},
        order_values=settings.get("order_values") or {},
        tie_margin=settings.get("tie_margin") or 0.0,
        is_mapped_back=bool(settings.get("mapped_back")),
        logprob_tokens=settings.get("logprob_tokens"),
        options={name: settings[name] for name in OPTIONS if settings.get(name)},
        content=settings.get("content"),
    )


def problems_of(model: Model, counts: Counts | None = None) -> list[Problem]:
    """What keeps a recording from being read.

    Args:
        model: the recording.
        counts: of each dataset the number of responses of each item, where several are ranked.
    """
    try:
        read_recording(replace(recording_spec(model), counts=counts or {}))
    except DatasetError as error:
        return list(error.problems)
    return []


def identity_of(entry: Mapping[str, Any]) -> bytes:
    """What in a model's entry decides how its file is read, as bytes for a digest."""
    return canonical_json({key: entry[key] for key in SETTINGS if key in entry})


def _parts(step: str) -> tuple[str, str, int]:
    """The order, the name and the repeat of a conversation's step."""
    order = "swapped" if step.startswith(_SWAPPED) else "given"
    name, _, draw = step.removeprefix(_SWAPPED).partition("#")
    return order, name, int(draw or 0)


def _reply_to(step: str, judged: JudgedFields, *, is_exchanged: bool) -> Reply | None:
    """The reply to a step; None where nothing is recorded for it."""
    if is_exchanged and judged.result is not None:
        judged, is_exchanged = judged.exchanged(), False
    if step not in ("judge", *SIDES):
        return None
    reply = Reply(
        "",
        finish=judged.finish,  # type: ignore[arg-type]  # checked when it was read
        prompt_tokens=judged.prompt_tokens,
        completion_tokens=judged.completion_tokens,
        reasoning=judged.reasoning,
        cost_usd=judged.cost_usd,
        is_exchanged=is_exchanged,
    )
    if judged.result is not None or judged.score is not None:
        values = {"result": judged.result, "score_a": judged.score_a, "score_b": judged.score_b, "score": judged.score}
        text = canonical_json({name: value for name, value in values.items() if value is not None}).decode()
        return reply._replace(text=text, finish="judged", preference=judged.preference)
    first, second = (judged.text_b, judged.text_a) if is_exchanged else (judged.text_a, judged.text_b)
    said = {"judge": judged.text, "judge-a": first, "judge-b": second}[step]
    if said is None:
        return None
    return reply._replace(text=said, logprobs=read_logprobs({"logprobs": _log_probabilities(judged.logprobs)}))


def _reply_of_several(step: str, judged: JudgedFields, margin: float) -> Reply | None:
    """The reply to a question about all of several responses, or about one of them by its place; None for none there.

    Args:
        step: `judge`, or `judge-` and the place from 1.
        judged: the numbers of the responses by their places in the file of the dataset.
        margin: numbers that differ by no more from the best of a tie are part of it.
    """
    name, _, place = step.partition("-")
    if name != "judge" or not (place.isdecimal() or not place):
        return None
    reply = Reply("", finish="judged", reasoning=judged.reasoning)
    if place in ("", "1"):  # the tokens of a row count once
        tokens = judged.prompt_tokens, judged.completion_tokens
        reply = reply._replace(prompt_tokens=tokens[0], completion_tokens=tokens[1], cost_usd=judged.cost_usd)
    values: dict[str, Any] = {"result": judged.result}
    if judged.values is not None:
        if place and int(place) > len(judged.values):
            return None
        ranking = ranking_of(judged.values, margin=margin)
        values = {"score": judged.values[int(place) - 1]} if place else {"result": ranking}
    return reply._replace(text=canonical_json(values).decode())


def _log_probabilities(value: Any) -> Any:
    """Log probabilities as chat completions report them, of a list of places or of one place's alternatives."""
    if isinstance(value, list) and value and isinstance(value[0], Mapping) and "top_logprobs" not in value[0]:
        return {"content": [{**value[0], "top_logprobs": value}]}
    return {"content": value} if isinstance(value, list) else value
