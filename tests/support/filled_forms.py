"""Files to fill in, filled in by a test as an annotator would."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path


def filled(path: str | Path, word: Callable[[dict[str, str], int], str]) -> list[dict[str, str]]:
    """Fill in a CSV file; `word` gives the label of a row by its content and its number. Returns the rows as drawn."""
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(row | {"label": word(row, at)} for at, row in enumerate(rows))
    return rows
