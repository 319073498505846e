"""The rankings of a run folder as columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.records.experiment import Cell
from harness.runner.run_folder import JUDGMENTS, read_frame


def rankings_in(folder: Path, cells: Sequence[Cell], manifest: Mapping[str, Any]) -> list[list[str | None]]:
    """The rankings of each cell, None for a failure, in the order of the manifest, which was checked."""
    texts = read_frame(folder, JUDGMENTS, ["verdict"])["verdict"].to_list()
    found: list[list[str | None]] = []
    start = 0
    for cell in cells:
        size = manifest["datasets"][cell.dataset]["items"]
        found.append(texts[start : start + size])
        start += size
    return found
