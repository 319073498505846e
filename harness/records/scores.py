"""Scores of cells and the leaderboard made of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.records.experiment import Cell, ScoreSpec
from harness.records.figures import Figure, RankSet
from harness.records.judgments import Usage
from harness.records.label_set import VERDICT_LABELS, LabelSet


@dataclass(frozen=True, slots=True)
class CellScore:
    """What one cell's judgments amount to.

    Attributes:
        cell: the cell.
        n: items that have a reference label; every figure rests on these or says otherwise.
        items: items judged, with and without a label.
        table: counts, a row for each reference label × a column for each label and each failure of a judgment.
        outcomes: counts over all items judged, one for each of these columns.
        figures: by metric name; also the companions `NAME.complete-case`, `NAME.failures-wrong`,
            `NAME.failures-right` (bounds), without interval, and those of a cell that asks several times, which
            `harness.consistency` lists.
        usage: what the judgments took; those of a jury took what its members' took.
    """

    cell: Cell
    n: int
    items: int
    table: tuple[tuple[int, ...], ...]
    outcomes: tuple[int, ...]
    figures: Mapping[str, Figure]
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell's figure less that of another, both on the same items.

    Attributes:
        to: id of the other cell.
        value: the difference, None where one of the two has no value.
        low: lower end of its interval, which holds together with those of all other pairs of the family; None where
            the two cannot be compared.
        high: upper end of it, None in the same case.
        p_value: adjusted for all pairs of the family, None in the same case.
        method: how it was adjusted, `max-t` or `bonferroni`; `none` where the two cannot be compared.
        detectable: the true loss of the cell, compared with the other, that a run like this one finds in four of five
            cases; None where no loss would be found.
        is_distinguishable: whether the two differ significantly: 0 lies outside the interval.
        is_equivalent: whether the interval lies within the margin of the spec; None where it declares none.
        exact_p: of a metric that has one, the p-value of its exact test of these two alone (accuracy: McNemar's), not
            adjusted for other pairs; None for others and where items are not independent.
        reason: why the value or its interval is None, "" where both are there.
        detectable_gain: the true gain that it finds; None where no gain would be found.
    """

    to: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    method: str = "none"
    detectable: float | None = None
    is_distinguishable: bool = False
    is_equivalent: bool | None = None
    exact_p: float | None = None
    reason: str = ""
    detectable_gain: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a leaderboard: a score and where it stands, by metric.

    Attributes:
        score: of the cell.
        ranks: that cannot be excluded for it; None where it could not be compared.
        differences: to the best cell of its dataset; None for that cell itself.
        is_simulated: whether a simulated model took part.
    """

    score: CellScore
    ranks: Mapping[str, RankSet | None]
    differences: Mapping[str, Difference | None] = field(default_factory=dict)
    is_simulated: bool = False


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The best of some cells, chosen on a part of the items and measured on the rest.

    Attributes:
        cell: id of the cell that was best on the part it was chosen on, None where none had a value there.
        chosen_on: items of that part.
        chosen_value: its figure there, which is too high on average where several were tried.
        figure: its figure on the items held out, which the choice did not see.
        seed: of the split in hexadecimal.
    """

    cell: str | None
    chosen_on: int
    chosen_value: float | None
    figure: Figure
    seed: str


@dataclass(frozen=True, slots=True)
class Winner:
    """The best of the cells of a dataset, and what choosing it does to its figure.

    Attributes:
        dataset: its name.
        cell: id of the best cell, None where no cell has a value.
        metric: what it is best by.
        tried: how many cells the spec tries on this dataset.
        value: its figure, which is too high on average where several were tried.
        corrected: its figure less what the choice adds to it, None where that is not known.
        low: lower end of the corrected interval, None where there is none.
        high: upper end of the corrected interval, None where there is none.
        method: how the correction was made, `none` where there is none.
        resamples: 0; kept for older boards, whose choice was made again in resamples.
        level: confidence level of the interval.
        seed: of the draws in hexadecimal, "" where there are none.
        reason: why there is no correction or no interval, "" where both are there.
        held_out: the same choice made on a part of the items and measured on the rest, None where the spec asks for
            none.
    """

    dataset: str
    cell: str | None
    metric: str
    tried: int
    value: float | None = None
    corrected: float | None = None
    low: float | None = None
    high: float | None = None
    method: str = "none"
    resamples: int = 0
    level: float = 0.95
    seed: str = ""
    reason: str = ""
    held_out: HeldOut | None = None


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """Cells ranked on a metric, the datasets one after the other.

    Attributes:
        spec: name of the spec.
        metric: the metric that orders the rows and to which `rank` refers unless another is asked for.
        score: how judgments became scores.
        seed: of the spec.
        rows: best first within each dataset.
        notes: sentences that must stand under every rendering (few items, simulated models, failures, …).
        winners: the best cell of each dataset, with its figure corrected for the choice.
        label_set: the labels that judgments can have.
    """

    spec: str
    metric: str
    score: ScoreSpec
    seed: int
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    winners: tuple[Winner, ...] = ()
    label_set: LabelSet = VERDICT_LABELS
