"""Read the JSON that servers write, also where it is JSON to Python alone: NaN, infinities, half surrogate pairs."""

from __future__ import annotations

import json
import re
from typing import Any

import orjson

_SURROGATE = re.compile("[\ud800-\udfff]")
MAX_DEPTH = 200
"""Levels of a body: a completion has about six. What reads a body further on may go down level by level."""


def read_json(body: bytes) -> Any:
    """The value of a body: numbers that are not finite are null, and half a surrogate pair is U+FFFD.

    Raises:
        ValueError: where it is not JSON even so.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        pass
    try:
        text = body.decode(json.detect_encoding(body), "replace").removeprefix("\ufeff")
        value = json.loads(text, parse_constant=lambda _: None, parse_float=_finite, strict=False)
        return _clean(value, MAX_DEPTH)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _finite(number: str) -> float | None:
    value = float(number)
    return value if abs(value) < float("inf") else None


def _clean(value: Any, depth: int) -> Any:
    """The value with every half of a surrogate pair replaced."""
    if depth == 0:
        raise ValueError("it is nested too deeply")
    if isinstance(value, str):
        return _SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_clean(inner, depth - 1) for inner in value]
    if isinstance(value, dict):
        return {_SURROGATE.sub("\ufffd", key): _clean(inner, depth - 1) for key, inner in value.items()}
    return value
