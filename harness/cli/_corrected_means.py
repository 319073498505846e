"""Mean numbers, corrected by labels, as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from harness.leaderboard.numbers import with_interval
from harness.text import aligned, printable

if TYPE_CHECKING:
    from harness.analysis.correct.mean_results import CellMean, MeanCorrection, MeanEstimate
    from harness.records.figures import Figure

LABELS = "labels alone"
MOST_DIFFERENCES = 10


def mean_lines(found: MeanCorrection, *, wide: bool) -> Iterator[str]:
    """The mean numbers of a dataset: by each cell, and for each system by the cell with the greatest gain, or by all.

    Args:
        found: the dataset.
        wide: whether to show all metrics, and systems and differences by all cells.
    """
    yield f"{found.name}: {found.labelled:,} of {found.items:,} items labelled"
    yield ""
    yield "mean number"
    yield from _table(_means(found, wide=wide))
    best = found.cells if wide else found.cells and (max(found.cells, key=lambda cell: cell.mean.gain or 0.0),)
    if any(cell.systems for cell in found.cells):
        yield ""
        yield "mean number by system, intervals simultaneous over the systems of a cell"
        yield from _table(_systems(found, best))
        if any(one.corrected.low is None for cell in best for one in cell.systems.values()):
            yield "a system with fewer than 20 labels, or with few clusters, has no interval"
        if any(one.figure.low is not None for cell in best for one in cell.differences):
            yield ""
            yield "differences of the corrected means, intervals simultaneous over the pairs of a cell"
            yield from _table(_differences(found, best, wide=wide))
    yield ""
    yield from (f"- {note}" for note in found.notes)


def _means(found: MeanCorrection, *, wide: bool) -> Iterator[tuple[str, ...]]:
    names = list(found.cells[0].agreement)[: None if wide else 1] if found.cells else []
    yield ("", "judge only", "corrected", "gain", *names)
    if found.cells:
        yield (LABELS, _shown(found.cells[0].mean.human), "", "", *("" for _ in names))
    for cell in found.cells:
        agreement = (_shown(cell.agreement[name]) for name in names)
        yield (_name(found, cell), _shown(cell.mean.judge), _shown(cell.mean.corrected), _gain(cell.mean), *agreement)


def _systems(found: MeanCorrection, cells: tuple[CellMean, ...]) -> Iterator[tuple[str, ...]]:
    yield ("system", "cell", "labels", LABELS, "judge only", "corrected")
    for cell in cells:
        for name, one in cell.systems.items():
            labelled = f"{one.labelled:,} of {one.items:,}"
            yield (name, _name(found, cell), labelled, *map(_shown, (one.human, one.judge, one.corrected)))


def _differences(found: MeanCorrection, cells: tuple[CellMean, ...], *, wide: bool) -> Iterator[tuple[str, ...]]:
    yield ("systems", "cell", "difference", "distinguishable")
    for cell in cells:
        shown = sorted(cell.differences, key=lambda one: -abs(one.figure.value or 0.0))
        for one in shown if wide else shown[:MOST_DIFFERENCES]:
            verdict = "yes" if one.is_distinguishable else "no"
            yield (f"{one.first} - {one.second}", _name(found, cell), _shown(one.figure, "+.3f"), verdict)
        if len(shown) > MOST_DIFFERENCES and not wide:
            yield (f"and {len(shown) - MOST_DIFFERENCES} more: --wide", "", "", "")


def _gain(mean: MeanEstimate) -> str:
    return "–" if mean.gain is None else f"×{mean.gain:.2f}"


def _name(found: MeanCorrection, cell: CellMean) -> str:
    return cell.cell.removeprefix(f"{found.name}/")


def _shown(figure: Figure, form: str = ".3f") -> str:
    if figure.value is None:
        return f"undefined: {figure.reason}"
    return with_interval(figure.value, figure.low, figure.high, form)


def _table(rows: Iterator[tuple[str, ...]]) -> list[str]:
    return aligned([tuple(map(printable, row)) for row in rows]).splitlines()
