"""What an experiment of several responses must agree on: strategies, evaluators and options that rank."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.data.column_names import OPINIONS
from harness.errors import Problem
from harness.evaluators.mode import asks_of_many, find_mode
from harness.records.document import Document
from harness.records.experiment import Cell, Strategy
from harness.records.rankings import RECORDED
from harness.spec.axes import Axes
from harness.spec.checks import CheckedDocument
from harness.text import listed, quoted

MANY = "many"
METRICS = ("top-1", "kendall-tau")
"""The metrics of a spec that names none."""
ASKS = ("rank", "best", "each", "pair")
"""What a strategy may ask of several responses."""


def fits(strategy: Strategy, mode: str) -> bool:
    """Whether a mode can rank several responses with a strategy."""
    return strategy.ask in asks_of_many(find_mode(mode))


def fitting_cells(cells: Iterable[Cell], strategies: Mapping[str, Strategy]) -> tuple[Cell, ...]:
    """The cells whose mode can rank with their strategy: tournaments with pairs, the others with what ranks at once."""
    return tuple(cell for cell in cells if fits(strategies[cell.strategy], cell.mode))


def unfit_for_ranking(
    document: Document,
    strategies: Mapping[str, Strategy],
    modes: Sequence[Sequence[str]],
    names: Sequence[str],
    axes: Axes,
) -> Iterator[Problem]:
    """Evaluators without a strategy in the matrix, and strategies without an evaluator.

    Args:
        document: the spec.
        strategies: by name.
        modes: of each entry of the evaluator axis.
        names: of the strategies of the matrix.
        axes: where the spec writes the axes.
    """
    for index, entry in enumerate(modes):
        for mode in entry:
            wanted = asks_of_many(find_mode(mode))
            if any(strategies[name].ask in wanted for name in names):
                continue
            place = axes.at("evaluator", index, mode)
            if not wanted:
                message, hint = f"`{mode}` does not rank several responses", "use `judge`, `jury` or `tournament`"
            else:
                message = f"`{mode}` needs a strategy with `ask: {' or '.join(wanted)}`, and the matrix has none"
                hint = "add `direct`" if "pair" in wanted else "add `rank-list` or `best-of-many`"
            yield document.problem(place, message, hint=hint, key=True)
    for index, name in enumerate(names):
        if not any(fits(strategies[name], mode) for entry in modes for mode in entry):
            message = f"no evaluator of the matrix ranks with {quoted(name)}, which asks `{strategies[name].ask}`"
            is_pair = strategies[name].ask == "pair"
            hint = "add `- tournament: {judge: MODEL}`" if is_pair else "add `- judge: MODEL`"
            yield document.problem(axes.at("strategy", index), message, hint=hint)


def ranking_problems(checked: CheckedDocument) -> Iterator[Problem]:
    """Options of a spec that rankings do not have."""
    yield from _option_problems(checked)
    yield from _jury_problems(checked)
    yield from _recorded_problems(checked)
    for name in checked.names("datasets"):
        columns = checked.part("datasets", name, "columns") or {}
        if len(named := [column for column in OPINIONS if column in columns]) > 1:
            message = f"the ranking of people comes from one column, and these are {listed(named)}"
            yield checked.document.problem(("datasets", name, "columns", named[1]), message, hint="keep one", key=True)
        for key in ("votes", "label_values"):
            if checked.part("datasets", name, key):
                message = f"`{key}` is of labels, and several responses have rankings"
                hint = f"name a column as {listed(OPINIONS)} in `columns`"
                yield checked.document.problem(("datasets", name, key), message, hint=hint, key=True)


def _option_problems(checked: CheckedDocument) -> Iterator[Problem]:
    if (collapse := checked.part("matrix", "collapse")) not in (None, "majority"):
        message = f"`collapse: {collapse}` is of verdicts; repeats and orders of rankings are averaged by rank"
        yield checked.document.problem(("matrix", "collapse"), message, hint="leave it out")
    for key, what in (
        ("calibration", "a calibration maps soft verdicts on pairs"),
        ("probes", "the probes of a score are about pairs or labels; `harness audit` shows those of rankings"),
    ):
        if checked.part("score", key):
            yield checked.document.problem(("score", key), what, hint="leave it out", key=True)
    if checked.part("stop"):
        message = "runs that rank several responses judge all items"
        yield checked.document.problem(("stop",), message, hint="leave `stop` out", key=True)


def _jury_problems(checked: CheckedDocument) -> Iterator[Problem]:
    """Votes that only verdicts have."""
    for index, entry in enumerate(checked.part("matrix", "evaluator") or ()):
        jury = entry.get("jury") if isinstance(entry, Mapping) else None
        if not isinstance(jury, Mapping):
            continue
        place = ("matrix", "evaluator", index, "jury")
        if jury.get("vote") == "mean-score":
            message, hint = "a jury averages the ranks of its members, not scores", "leave `vote` out"
            yield checked.document.problem((*place, "vote"), message, hint=hint)
        if jury.get("quorum"):
            message, hint = "a quorum is of votes, and rankings are averaged", "leave `quorum` out"
            yield checked.document.problem((*place, "quorum"), message, hint=hint)


def _recorded_problems(checked: CheckedDocument) -> Iterator[Problem]:
    """Recordings that say in two ways how responses are ranked, and those of rankings that would play games."""
    of_rankings = []
    for name in checked.names("models"):
        columns = checked.part("models", name, "columns")
        if not isinstance(columns, Mapping):
            continue
        rows = [columns.get(order, ()) for order in ("given", "swapped")]
        parts = [columns, *(one for row in rows for one in ([row] if isinstance(row, Mapping) else row))]
        named = list(dict.fromkeys(key for part in parts for key in (*RECORDED, "text") if key in part))
        if len(named) > 1:
            message, hint = f"{listed(named)} say in several ways what was judged", "keep one"
            yield checked.document.problem(("models", name, "columns"), message, hint=hint, key=True)
        if set(named) & set(RECORDED):
            of_rankings.append(name)
    for index, entry in enumerate(checked.part("matrix", "evaluator") or ()):
        game = entry.get("tournament") if isinstance(entry, Mapping) else None
        judges = game.get("judge") if isinstance(game, Mapping) else None
        for name in [judges] if isinstance(judges, str) else judges or ():
            if name in of_rankings:
                message = f"{quoted(str(name))} is a recording of rankings, and a tournament asks about pairs"
                place = ("matrix", "evaluator", index, "tournament", "judge")
                yield checked.document.problem(place, message, hint=f"write `- judge: {name}`")
