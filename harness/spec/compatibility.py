"""Which strategies a mode can use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.errors import Problem
from harness.evaluators.mode import find_mode, unfit_reason
from harness.records.document import Document
from harness.records.experiment import Strategy
from harness.spec.axes import MATRIX, Axes
from harness.spec.matrix import cells_of


def unfit_strategies(document: Document, strategies: Mapping[str, Strategy], axes: Axes = MATRIX) -> Iterator[Problem]:
    """Cells whose mode cannot use their strategy, in a matrix without other problems.

    Args:
        document: the spec, with names and values in place of links to elsewhere.
        strategies: by name.
        axes: where the spec writes the axes.
    """
    matrix = axes.matrix(document)
    for index, entry in enumerate(matrix["evaluator"]):
        for mode in entry:
            for name in matrix["strategy"]:
                cells = cells_of({**matrix, "evaluator": [entry], "strategy": [name]}, ())
                if cells and (found := unfit_reason(find_mode(mode), strategies[name], cells[0].settings)):
                    place = axes.at("evaluator", index, mode)
                    yield document.problem(place, found[0], hint=found[1], key=True)
