"""Which strategies lend themselves to which evaluators, where a mode does not take them all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness import registry
from harness.errors import Problem
from harness.records.document import Document
from harness.records.experiment import Strategy
from harness.spec.matrix import cells_of


def unfit_strategies(document: Document, strategies: Mapping[str, Strategy]) -> Iterator[Problem]:
    """Cells of a matrix without other problems whose mode cannot use their strategy.

    Args:
        document: the spec, with names and values in place of links to elsewhere.
        strategies: by name.
    """
    matrix = document.value["matrix"]
    for index, entry in enumerate(matrix["evaluator"]):
        for mode in entry:
            module = registry.find("modes", mode)
            for name in matrix["strategy"] if hasattr(module, "unfit") else ():
                cells = cells_of({**matrix, "evaluator": [entry], "strategy": [name]}, ())
                if cells and (found := module.unfit(strategies[name], cells[0].settings)):
                    place = ("matrix", "evaluator", index, mode)
                    yield document.problem(place, found[0], hint=found[1], key=True)
