"""Intervals drawn as text, all on one axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.text import with_minus_signs

Figure = Mapping[str, Any]


def axis_of(figures: Sequence[Figure]) -> tuple[float, float] | None:
    """The ends of the axis of some figures; None where fewer than two of them have an interval."""
    found = [(figure["low"], figure["high"]) for figure in figures if figure["low"] is not None]
    if len(found) < 2:
        return None
    low, high = min(low for low, _ in found), max(high for _, high in found)
    return (low, high) if low < high else None


def bar_header(axis: tuple[float, float], width: int) -> str:
    """The ends of the axis, above the bars."""
    low, high = (with_minus_signs(f"{end:.2f}") for end in axis)
    return low + high.rjust(width - len(low))


def bar(figure: Figure, axis: tuple[float, float], width: int) -> str:
    """An interval and its estimate, such as `  ├──●─┤ `; empty without an interval.

    Args:
        figure: with its value and interval.
        axis: its ends, which contain the interval.
        width: characters of the axis.
    """
    if figure["value"] is None or figure["low"] is None or figure["high"] is None:
        return ""
    start, middle, end = (_position(figure[key], axis, width) for key in ("low", "value", "high"))
    line = [" "] * width
    line[start : end + 1] = "─" * (end + 1 - start)
    line[start], line[end] = "├", "┤"
    line[middle] = "●"
    return "".join(line)


def _position(value: float, axis: tuple[float, float], width: int) -> int:
    low, high = axis
    return min(max(round((value - low) / (high - low) * (width - 1)), 0), width - 1)
