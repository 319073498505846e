"""Judges that changed: whether the verdicts of one judge differ between two runs more than its own repeats do.

A hosted model can change under one name. Two runs of the same cell then ask the same and get other answers. The test
needs no labels. With repeats, the draws of an item are exchanged between the runs; without repeats, the moves of the
verdicts are tested for a direction, since a single verdict says nothing about how much a judge varies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.analysis.compare.number_changes import Numbers, number_tests
from harness.analysis.compare.pairs import ComparedDataset, ComparedPair, Comparison
from harness.evaluators.mode import find_mode, is_asking
from harness.records.judgments import FAILURES
from harness.records.label_set import VERDICT_LABELS, LabelSet
from harness.scoring.consistency import votes_of
from harness.statistics.changed import ChangeTest, direction_test, exchange_test, sign_test
from harness.statistics.multiplicity import holm

Name = Literal["verdicts", "toward-a", "ties", "toward-last", "failures"]
UNAVAILABLE = FAILURES.index("unavailable")
"""The place of a failure of the infrastructure, which says nothing about a judge."""
DIRECTIONS: Mapping[Name, tuple[int, ...]] = {
    "toward-a": (1, 0, -1, 0),
    "ties": (0, 1, 0, 0),
    "failures": (0, 0, 0, 1),
}
"""Scores of the categories of pairs: moves along a, tie, b; from and to ties; from and to failures."""
SAME_JUDGE = ("", "repeats")
"""Components that may differ between two cells of the same judge."""

ANOTHER = "the {component} of the cell changed, so that it is another judge"
OF_RANKINGS = "rankings are compared by their figures alone"
COUNTED = "its judgments are counted from those of other cells"
NO_ITEMS = "no shared item was judged in both runs"

Draws = NDArray[np.int8]


class Test(NamedTuple):
    """One test of a judge.

    Attributes:
        name: what is tested.
        p_value: of the test alone.
        adjusted: p-value adjusted by Holm's procedure for all tests of the two runs that could reject.
        is_significant: whether the adjusted p-value is at most 1 minus the level.
    """

    name: Name
    p_value: float
    adjusted: float
    is_significant: bool


@dataclass(frozen=True, slots=True)
class TestedJudge:
    """A judge in two runs.

    Attributes:
        cell: id of its cell in the first run.
        other_cell: id of its cell in the other run.
        method: `permutation` of repeats, or `sign-test` of flips.
        items: shared items that were judged in both runs.
        moved: items whose draws differ between the runs.
        draws: draws for an item and an order, in the first and in the other run.
        tests: the tests; empty where the judge could not be tested.
        reason: why it could not be tested, else "".
    """

    cell: str
    other_cell: str
    method: Literal["permutation", "sign-test"]
    items: int
    moved: int
    draws: tuple[int, int]
    tests: tuple[Test, ...] = ()
    reason: str = ""

    @property
    def is_changed(self) -> bool:
        """Whether any of its tests is significant."""
        return any(test.is_significant for test in self.tests)


class TestedJudges(NamedTuple):
    """All judges of two runs.

    Attributes:
        judges: one for each matched pair of cells, in the order of the pairs.
        tests: the number of tests that the p-values are adjusted for.
        level: confidence level of all tests together.
    """

    judges: Sequence[TestedJudge]
    tests: int
    level: float


def changed_judges(found: Comparison, level: float) -> TestedJudges:
    """All matched cells of two runs, tested for a change of the judge.

    All tests together give a false alarm in at most 1 minus `level` of the cases in which no judge changed.

    Args:
        found: the comparison, whose runs were read with their votes.
        level: confidence level.
    """
    judges: list[TestedJudge] = []
    raw: list[dict[Name, ChangeTest]] = []
    for part in found.datasets:
        for pair in part.pairs:
            judge, tests = _tested(found, part, pair)
            judges.append(judge)
            raw.append(tests)
    alpha = 1 - level
    adjusted = adjusted_p_values(raw, alpha)
    tested = [
        replace(judge, tests=tuple(_results(tests, {name: p for (at, name), p in adjusted.items() if at == k}, alpha)))
        for k, (judge, tests) in enumerate(zip(judges, raw, strict=True))
    ]
    return TestedJudges(tested, len(adjusted), level)


def adjusted_p_values(raw: Sequence[Mapping[Name, ChangeTest]], alpha: float) -> dict[tuple[int, Name], float]:
    """The p-values of all judges, adjusted by Holm's procedure for the tests that could reject; others are left out.

    Args:
        raw: the tests of each judge.
        alpha: probability of a false alarm among all of them.
    """
    able = [(k, name) for k, tests in enumerate(raw) for name, test in tests.items() if test.smallest <= alpha]
    p_values = holm(np.array([raw[k][name].p_value for k, name in able]))
    return {key: float(p_value) for key, p_value in zip(able, p_values, strict=True)}


def directions_of(labels: LabelSet) -> Mapping[Name, tuple[int, ...]]:
    """The directions in which verdicts can move, each with a score for every label and for failures."""
    if labels.is_pair:
        return DIRECTIONS
    count = len(labels.names)
    along = tuple(2 * at - (count - 1) for at in range(count))
    found: dict[Name, tuple[int, ...]] = {"toward-last": (*along, 0)} if labels.is_ordered or count == 2 else {}
    return {**found, "failures": (*(0,) * count, 1)}


def change_tests(
    before: NDArray[np.int64], after: NDArray[np.int64], labels: LabelSet = VERDICT_LABELS
) -> dict[Name, ChangeTest]:
    """The tests of one judge: of its draws where there are repeats, else of the directions of its flips.

    Args:
        before: draws of each category in the first run, items × categories; every item has the same number.
        after: the same of the other run.
        labels: the labels that verdicts can be.
    """
    has_repeats = before[0].sum() + after[0].sum() > 2
    directions = directions_of(labels)
    return _permutations(before, after, directions) if has_repeats else _signs(before, after, directions)


def _results(tests: dict[Name, ChangeTest], adjusted: dict[Name, float], alpha: float) -> Iterator[Test]:
    for name, test in tests.items():
        p_value = adjusted.get(name, 1.0)
        yield Test(name, test.p_value, p_value, p_value <= alpha)


def _tested(found: Comparison, part: ComparedDataset, pair: ComparedPair) -> tuple[TestedJudge, dict[Name, ChangeTest]]:
    cell = part.one.cells[pair.pair.one]
    judge = TestedJudge(pair.one, pair.other, "sign-test", 0, 0, (1, 1))
    is_recorded = pair.pair.changed == "models" and _is_recorded_again(found, part, pair)
    if pair.pair.changed not in SAME_JUDGE and not is_recorded:
        return replace(judge, reason=ANOTHER.format(component=pair.pair.changed)), {}
    if not is_asking(find_mode(cell.mode)):
        return replace(judge, reason=COUNTED), {}
    if part.one.label_set.is_ranking:
        return replace(judge, reason=OF_RANKINGS), {}
    if pair.numbers is not None:
        return _numbers_tested(judge, *pair.numbers)
    ones, others = _strata(part, pair, first=True), _strata(part, pair, first=False)
    labels = part.one.label_set
    items = np.flatnonzero(
        np.all([_is_judged(one, labels) & _is_judged(two, labels) for one, two in zip(ones, others, strict=True)], 0)
    )
    draws = ones[0].shape[1], others[0].shape[1]
    if not len(items):
        return replace(judge, draws=draws, reason=NO_ITEMS), {}
    before, after = (np.concatenate([_counts(draw[items], labels) for draw in run]) for run in (ones, others))
    shares = before * draws[1] != after * draws[0]
    moved = int(shares.any(axis=1).reshape(len(ones), -1).any(axis=0).sum())
    method: Literal["permutation", "sign-test"] = "permutation" if sum(draws) > 2 else "sign-test"
    tested = replace(judge, method=method, items=len(items), moved=moved, draws=draws)
    return tested, change_tests(before, after, labels)


def _numbers_tested(judge: TestedJudge, one: Numbers, other: Numbers) -> tuple[TestedJudge, dict[Name, ChangeTest]]:
    """A judge that gives numbers: its means over repeats, tested for a direction."""
    judged = (one.outcomes != 1 + UNAVAILABLE) & (other.outcomes != 1 + UNAVAILABLE)
    if not judged.any():
        return replace(judge, reason=NO_ITEMS), {}
    moved, tests = number_tests(*(Numbers(each.outcomes[judged], each.values[judged]) for each in (one, other)))
    return replace(judge, items=int(judged.sum()), moved=moved), dict(tests.items())


def _is_recorded_again(found: Comparison, part: ComparedDataset, pair: ComparedPair) -> bool:
    """Whether the models of two cells are recordings that differ in their replies alone."""
    cells = part.one.cells[pair.pair.one], part.other.cells[pair.pair.other]
    entries = [
        [{key: value for key, value in run.spec["models"][name].items() if key != "path"} for name in cell.models]
        for run, cell in zip((found.one, found.other), cells, strict=True)
    ]
    return entries[0] == entries[1] and all(entry.get("provider") == "recorded" for entry in entries[0])


def _strata(part: ComparedDataset, pair: ComparedPair, *, first: bool) -> list[Draws]:
    """The draws of a cell on the shared items, items × draws, for each order of the responses."""
    data, at = (part.one, pair.pair.one) if first else (part.other, pair.pair.other)
    rows = part.shared.one if first else part.shared.other
    cast = data.votes[at]
    by_order = {} if cast is None else votes_of(data.cells[at], cast).orders
    return [draws[rows] for draws in by_order.values()] or [data.outcomes[rows, at][:, None]]


def _is_judged(draws: Draws, labels: LabelSet) -> NDArray[np.bool_]:
    return np.asarray((draws != len(labels.names) + UNAVAILABLE).all(axis=1))


def _counts(draws: Draws, labels: LabelSet) -> NDArray[np.int64]:
    """The number of draws of each category, items × categories."""
    failed = len(labels.names)
    codes = np.minimum(draws, failed)
    return np.stack([(codes == category).sum(axis=1) for category in range(failed + 1)], axis=1).astype(np.int64)


def _permutations(
    before: NDArray[np.int64], after: NDArray[np.int64], directions: Mapping[Name, tuple[int, ...]]
) -> dict[Name, ChangeTest]:
    along = {name: values for name, values in directions.items() if name in ("toward-a", "toward-last")}
    found: dict[Name, ChangeTest] = {"verdicts": exchange_test(before, after)}
    return found | {name: direction_test(before, after, np.array(values)) for name, values in along.items()}


def _signs(
    before: NDArray[np.int64], after: NDArray[np.int64], directions: Mapping[Name, tuple[int, ...]]
) -> dict[Name, ChangeTest]:
    found: dict[Name, ChangeTest] = {}
    for name, scores in directions.items():
        values = np.array(scores)
        move = after @ values - before @ values
        if name != "failures":  # a failure is no place on the scale of the verdicts
            move = np.where((before[:, -1] + after[:, -1]) > 0, 0, move)
        found[name] = sign_test(int((move > 0).sum()), int((move < 0).sum()))
    return found
