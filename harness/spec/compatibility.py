"""Which strategies a mode can use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from harness.errors import Problem
from harness.evaluators.mode import find_mode, ranks_only, unfit_cell_reason, unfit_reason
from harness.records.document import Document
from harness.records.experiment import Strategy
from harness.spec.axes import MATRIX, Axes
from harness.spec.matrix import cells_of
from harness.spec.rankings import MANY, fits, unfit_for_ranking


def unfit_strategies(document: Document, strategies: Mapping[str, Strategy], axes: Axes = MATRIX) -> Iterator[Problem]:
    """Cells whose mode cannot use their strategy, in a matrix without other problems.

    Args:
        document: the spec, with names and values in place of links to elsewhere.
        strategies: by name.
        axes: where the spec writes the axes.
    """
    matrix = axes.matrix(document)
    is_many = document.value.get("responses") == MANY
    if is_many:
        yield from unfit_for_ranking(document, strategies, matrix["evaluator"], matrix["strategy"], axes)
    for index, entry in enumerate(matrix["evaluator"]):
        for mode in entry:
            if not is_many and ranks_only(find_mode(mode)):
                what = "single responses" if document.value.get("responses") == "single" else "pairs"
                message = f"`{mode}` ranks several responses, and this spec judges {what}"
                hint = "use `judge` or `jury`, or write `responses: many` at the top for items with several responses"
                yield document.problem(axes.at("evaluator", index, mode), message, hint=hint, key=True)
                continue
            for name in matrix["strategy"]:
                if is_many and not fits(strategies[name], mode):
                    continue
                cells = cells_of({**matrix, "evaluator": [entry], "strategy": [name]}, ())
                if not cells:
                    continue
                module, place = find_mode(mode), axes.at("evaluator", index, mode)
                if found := unfit_reason(module, strategies[name], cells[0].settings):
                    yield document.problem(place, found[0], hint=found[1], key=True)
                reasons = (unfit_cell_reason(module, cell) for cell in cells)
                for message, hint in dict.fromkeys(reason for reason in reasons if reason):
                    yield document.problem(place, message, hint=hint, key=True)
