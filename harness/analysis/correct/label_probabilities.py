"""The probabilities with which items were drawn for labelling, as a file of labels gives them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from harness.data.rows import Rows
from harness.data.values import Fault, converted, word
from harness.statistics.inverse_probability import Design
from harness.text import quoted


def probabilities_of(rows: Rows, names: Sequence[str] | None, faults: list[Fault]) -> list[float] | None:
    """The probabilities of the rows, each above 0 and at most 1; None where the file has none.

    Args:
        rows: the file.
        names: the column, None where there is none.
        faults: what is wrong with single rows is added to it.
    """
    if not names:
        return None
    found = []
    for row, text in enumerate(converted(rows.frame[names[0]], word, "probability", faults)):
        try:
            value = float(text or "nan")
        except ValueError:
            value = float("nan")
        if not 0 < value <= 1:
            faults.append(Fault(row, "probability", f"is {quoted(text or '')}", "write a number above 0 and up to 1"))
        found.append(value)
    return found


def unequal(
    places: Sequence[tuple[int, int] | None], probabilities: Sequence[float] | None, ids: pl.Series
) -> list[Fault]:
    """Rows whose probability is not that of an earlier row of the same item.

    Args:
        places: of each row the dataset and the position of its item, None without one.
        probabilities: of each row.
        ids: of each row, for messages.
    """
    first: dict[tuple[int, int], float] = {}
    faults = []
    for row, place in enumerate(places if probabilities is not None else ()):
        if place is None or probabilities is None or not probabilities[row] > 0:
            continue
        if (before := first.setdefault(place, probabilities[row])) != probabilities[row]:
            message = f"of {quoted(ids[row])} is {probabilities[row]:g}, and {before:g} in an earlier row"
            faults.append(Fault(row, "probability", message))
    return faults


def designs_of(
    places: Sequence[tuple[int, int] | None], probabilities: Sequence[float], sizes: Sequence[int]
) -> list[Design]:
    """The probabilities of the items of each dataset, NaN where the file has no row.

    Args:
        places: of each row the dataset and the position of its item, None without one.
        probabilities: of each row.
        sizes: items of each dataset.
    """
    found = [np.full(size, np.nan) for size in sizes]
    for place, value in zip(places, probabilities, strict=True):
        if place is not None:
            found[place[0]][place[1]] = value
    return [Design(values) for values in found]
