"""A run as the pages read it: its files, each read once and only when a page needs it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.analysis.audit.cards import AuditedDataset, audit
from harness.leaderboard.view import Row, datasets
from harness.runner.run_folder import LEADERBOARD, MANIFEST, SPEC, read_json
from harness.runner.run_reader import Judged, JudgedDataset, read_judged
from harness.runner.soft import numbers_of

MOST_DETAILED = 100
"""Cells of each dataset that a report shows in detail; the viewer shows all."""


class RunSource:
    """A run folder, opened for pages. What differs between two machines (`environment.json`) is not read.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers: dict[str, NDArray[np.float64]] = {}

    @cached_property
    def board(self) -> dict[str, Any]:
        """The leaderboard as its schema describes it."""
        return read_json(self.folder, LEADERBOARD)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Digests and versions."""
        return read_json(self.folder, MANIFEST)

    @cached_property
    def spec(self) -> dict[str, Any]:
        """The resolved spec."""
        return read_json(self.folder, SPEC)

    @cached_property
    def judged(self) -> Judged:
        """The outcomes of all cells, with the votes of cells that ask several times."""
        return read_judged(self.folder, votes=True, kinds=("evaluation", "generation"))

    @cached_property
    def audited(self) -> list[AuditedDataset]:
        """The result of every probe for every cell of an evaluation."""
        return audit(self.judged)

    @property
    def id(self) -> str:
        """The run id."""
        return str(self.manifest["run"])

    @property
    def name(self) -> str:
        """The name of the spec."""
        return str(self.manifest["spec"])

    @property
    def kind(self) -> str:
        """`evaluation` or `generation`."""
        return str(self.manifest.get("kind", "evaluation"))

    @property
    def page_kind(self) -> str:
        """The kind of experiment by its pages: that of the run, or `rankings` where several responses were ranked."""
        return "rankings" if self.manifest.get("labels", {}).get("ranking") else self.kind

    @property
    def metric(self) -> str:
        """The metric that ranks an evaluation."""
        return str(self.board["metric"])

    @property
    def is_simulated(self) -> bool:
        """Whether a simulated model took part."""
        if self.kind == "generation":
            return bool(self.board["simulated"])
        return any(row["simulated"] for row in self.board["rows"])

    @cached_property
    def groups(self) -> list[tuple[str, list[Row]]]:
        """The rows of each dataset of an evaluation, best first."""
        return datasets(self.board)

    @cached_property
    def places(self) -> Mapping[str, int]:
        """The position of each cell of an evaluation in the leaderboard."""
        return {row["cell"]: at for at, row in enumerate(self.board["rows"])}

    @cached_property
    def best_cells(self) -> frozenset[str]:
        """The cells of an evaluation that a report shows in detail: the best of each dataset."""
        return frozenset(row["cell"] for _, rows in self.groups for row in rows[:MOST_DETAILED])

    def numbers(self, name: str) -> NDArray[np.float64]:
        """The numbers of the cells of a dataset whose labels are numbers, items × cells; each dataset is read once."""
        if name not in self._numbers:
            self._numbers[name] = numbers_of(self.judged, self.dataset(name))
        return self._numbers[name]

    def dataset(self, name: str) -> JudgedDataset:
        """The outcomes of the cells of a dataset."""
        return next(data for data in self.judged.datasets if data.name == name)
