"""Rankings and scores of several responses in a recording, by the place of each response in the dataset's file.

| column | holds |
| --- | --- |
| scores | a number for each response, higher is better |
| ranks | a rank for each response, 1 is the best |
| ranking | positions from 1, best first: text such as `2>1=3`, or a list in which a list holds tied ones |

`scores` and `ranks` are one column with a list, or a list of columns with a number each.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, TypeAlias

import orjson

from harness.records.rankings import FEWEST_RESPONSES, MOST_RESPONSES

Counts: TypeAlias = Mapping[str, Mapping[str, int]]
"""Of each dataset, the number of responses of each item."""


class BadRankingError(ValueError):
    """A value is no ranking of the responses; the text says why."""


def values_of(kind: str, value: Any) -> tuple[float, ...] | None:
    """A number for each response, higher is better, of one of the columns; None where it is empty.

    Raises:
        BadRankingError: for values that say nothing of a response, and for numbers that are not finite.
    """
    if isinstance(value, str):
        value = _of_text(value)
    if isinstance(value, list) and all(one in (None, "") for one in value):
        value = None
    if value is None:
        return None
    found = _of_positions(value) if kind == "ranking" else _of_numbers(value)
    if not FEWEST_RESPONSES <= len(found) <= MOST_RESPONSES:
        values = "1 value" if len(found) == 1 else f"{len(found)} values"
        raise BadRankingError(f"has {values}, it must have {FEWEST_RESPONSES} to {MOST_RESPONSES}")
    return tuple(-number for number in found) if kind == "ranks" else tuple(found)


def count_fault(dataset: str, item: str, count: int, counts: Counts) -> str:
    """Why so many values are no ranking of an item, in words; "" where they are, or where no dataset has the item.

    Args:
        dataset: that the values are for; "" for any.
        item: its id.
        count: of the values.
        counts: the numbers of responses.
    """
    for name, known in counts.items():
        if dataset in ("", name) and known.get(item, count) != count:
            return f"has {count} values for the {known[item]} responses of item {item} in {name}"
    return ""


def _as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _of_text(value: str) -> Any:
    """A list as JSON, or groups of positions."""
    text = value.strip()
    if not text:
        return None
    if text.startswith("["):
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError:
            raise BadRankingError("is no JSON list of finite numbers") from None
    return [[one.strip() for one in group.split("=")] for group in text.replace(",", ">").split(">")]


def _of_numbers(value: Any) -> list[float]:
    numbers = value if isinstance(value, list) else [value]
    return [_finite(one, at) for at, one in enumerate(numbers, 1)]


def _finite(value: Any, at: int) -> float:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]  # one score of a list of a list, as reward models with one output write it
    if value in (None, ""):
        raise BadRankingError(f"has no value for response {at}")
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise BadRankingError(f"is no finite number for response {at}")
    return number


def _of_positions(value: Any) -> list[float]:
    """Groups of positions, best first, as numbers of which higher is better."""
    groups = [group if isinstance(group, list) else [group] for group in _as_list(value)]
    places: dict[int, int] = {}
    for number, group in enumerate(groups):
        for one in group:
            at = _finite(one, len(places) + 1)
            if not at.is_integer() or not 1 <= at <= MOST_RESPONSES:
                raise BadRankingError(f"names response {at:.12g}; positions are whole numbers from 1")
            if int(at) in places:
                raise BadRankingError(f"names response {int(at)} twice")
            places[int(at)] = number
    if missing := [at for at in range(1, max(places, default=0)) if at not in places]:
        raise BadRankingError(f"does not name response {missing[0]}; tied responses are written `2>1=3`")
    return [-float(places[at]) for at in sorted(places)]
