"""Canonical bytes, digests, seeds and rounding, for deterministic results."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import orjson

SIGNIFICANT_DIGITS = 12
"""Digits of written figures, so that rounding differences between processors do not show."""


def canonical_json(value: Any) -> bytes:
    """UTF-8 JSON with sorted keys and no white space. Raises TypeError for values that JSON cannot represent."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def digest_of(value: Any) -> str:
    """SHA-256 of the canonical JSON of a value, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def seed_for(seed: int, *parts: str | int | Sequence[str]) -> int:
    """A 128-bit seed derived from the seed of the spec and from `parts`."""
    return int(digest_of([seed, *parts])[:32], 16)


def rounded(value: Any) -> Any:
    """The value with every float in it rounded to 12 significant digits, recursively.

    Raises:
        ValueError: if a float is infinite or NaN; undefined figures are None with a reason.
    """
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"{value} has no place in a result; write None and a reason")
        return float(f"{value:.{SIGNIFICANT_DIGITS}g}")
    if isinstance(value, Mapping):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(inner) for inner in value]
    return value
