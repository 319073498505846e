"""Figures of rankings: failures, items that people do not order, bounds, comparisons and the best."""

from dataclasses import replace

import numpy as np
import pytest

from harness.records.experiment import Cell, ScoreSpec
from harness.records.figures import Figure
from harness.records.label_set import RANKED
from harness.records.scores import CellScore
from harness.runner.ranked import ranked_columns
from harness.scoring.ranked_data import CHANCE
from harness.scoring.ranking_metric import NO_ORDER
from harness.scoring.score import DatasetScores, score_dataset
from harness.scoring.soft_metric import find_soft_metric, is_of_rankings, is_soft, split_metrics
from harness.scoring.soft_scores import with_soft

SCORE = ScoreSpec(metrics=("top-1", "kendall-tau"), resamples=500)


class Labelled:
    """Items of which only some are ranked by people."""

    name = "d"
    annotators = ()
    clustered = False
    label_set = RANKED

    def __init__(self, has_opinion):
        self._codes = np.where(has_opinion, 0, -1).astype(np.int8)

    def __len__(self):
        return len(self._codes)

    def reference_codes(self):
        return self._codes


def scored(rankings, opinions, score=SCORE, group=None):
    """The scores of cells by their rankings; None is a failure."""
    cells = [Cell("d", "s", "judge", (f"m{at}",)) for at in range(len(rankings))]
    codes = np.array([[1 if one is None else 0 for one in each] for each in rankings], np.int8).T
    data = ranked_columns(rankings, opinions, [len(one or (0, 0, 0)) for one in opinions], group)
    labelled = Labelled([one is not None for one in opinions])
    bare = score_dataset(
        cells, labelled, codes, score, 1, [CellScore(cells[0], 0, 0, (), (), {}).usage] * len(cells), []
    )
    return with_soft(bare, data, score, 1)


def figures(found: DatasetScores, at=0) -> dict[str, Figure]:
    return dict(found.scores[at].figures)


def test_a_failure_counts_as_0_and_the_bounds_stand_beside_it():
    rankings = [["1>2>3"] * 30 + [None] * 10]
    found = figures(scored(rankings, [[3, 2, 1]] * 40))
    assert found["top-1"].value == pytest.approx(0.75)
    assert found["top-1"].n == 40
    ends = ("complete-case", "failures-wrong", "failures-right")
    assert [found[f"top-1.{end}"].value for end in ends] == pytest.approx([1.0, 0.75, 1.0])
    assert found["kendall-tau"].value == pytest.approx(0.75)
    assert [found[f"kendall-tau.{end}"].value for end in ends] == pytest.approx([1.0, 0.5, 1.0])


def test_items_that_people_do_not_order_are_left_out():
    found = scored([["1>2>3"] * 30], [[1, 1, 1]] * 5 + [None] * 3 + [[3, 2, 1]] * 22)
    assert (found.scores[0].n, found.scores[0].items) == (27, 30)
    assert figures(found)["top-1"].n == 22
    assert figures(found)[f"top-1.{CHANCE}"].value == pytest.approx(1 / 3)


def test_without_an_order_a_figure_is_undefined_with_the_reason():
    found = figures(scored([["1>2>3"] * 30], [[1, 1, 1]] * 30))
    assert (found["top-1"].value, found["top-1"].reason) == (None, NO_ORDER)
    assert found[f"top-1.{CHANCE}"].value is None
    bare = figures(scored([["1>2>3"] * 30], [None] * 30))
    assert (bare["top-1"].value, bare["top-1"].reason) == (None, "no reference labels")


def test_cells_are_compared_on_the_same_items_however_many_failed():
    good, poor = ["1>2>3"] * 60, [None if at % 3 == 0 else "3>2>1" for at in range(60)]
    found = scored([good, poor], [[3, 2, 1]] * 60)
    contest = found.contests["top-1"]
    assert contest.members == (0, 1)
    assert contest.held_against(1, 0).is_distinguishable
    assert found.winner.cell == "d/s/judge:m0"


def test_the_number_of_responses_may_vary():
    found = figures(scored([["1>2", "1>2>3", "2>1>3>4"] * 10], [[2, 1], [3, 2, 1], [4, 3, 2, 1]] * 10))
    assert found["top-1"].value == pytest.approx(2 / 3)
    assert found[f"top-1.{CHANCE}"].value == pytest.approx((1 / 2 + 1 / 3 + 1 / 4) / 3)


def test_clusters_widen_the_interval():
    rankings, opinions = [["1>2"] * 30 + ["2>1"] * 30], [[2, 1]] * 60
    alone = figures(scored(rankings, opinions))["top-1"]
    group = np.repeat(np.arange(12), 5)
    together = figures(scored(rankings, opinions, group=group))["top-1"]
    assert (together.unit, together.units) == ("cluster", 12)
    assert together.high - together.low > alone.high - alone.low


def test_a_part_and_some_cells_keep_what_they_rest_on():
    data = ranked_columns([["1>2", "2>1"], ["2>1", "2>1"]], [[2, 1], [1, 2]], [2, 2], np.array([0, 1]))
    metric = find_soft_metric("top-1")
    part = data.part(np.array([False, True]))
    assert [part.of(k, metric).tolist() for k in range(2)] == [[1.0], [1.0]]
    assert part.group.tolist() == [1]
    assert data.only([1]).of(0, metric).tolist() == [0.0, 1.0]
    named = replace(data, ids=("x", "y"), values=[np.array([1.0, 2.0]), None], y=np.array([3.0, 4.0]))
    part = named.part(np.array([False, True]))
    assert (list(part.ids), part.y.tolist(), part.scores.tolist()) == (["y"], [4.0], [[1.0, 2.0]])
    assert (part.values[0].tolist(), part.values[1]) == ([2.0], None)
    assert [each.tolist() for each in part.ranks] == [[[2.0, 1.0]], [[2.0, 1.0]]]
    swapped = named.only([1, 0])
    assert (swapped.values[0], swapped.values[1].tolist()) == (None, [1.0, 2.0])
    assert [each.tolist() for each in swapped.ranks] == [each.tolist() for each in named.ranks[::-1]]


def test_a_metric_of_rankings_is_one_of_a_number_for_each_item():
    metric = find_soft_metric("kendall-tau")
    assert is_soft("kendall-tau")
    assert is_of_rankings("kendall-tau")
    assert not is_of_rankings("brier")
    assert split_metrics(("kappa", "ndcg")) == (("kappa",), ("ndcg",))
    assert (metric.RANGE, metric.DIRECTION, metric.UNIT_ERROR) == ((-1.0, 1.0), "higher", 1.0)
    assert metric.SUMMARY.startswith("Kendall")


def test_the_level_of_the_interval_is_that_of_the_spec():
    wide = figures(scored([["1>2>3"] * 40], [[3, 2, 1]] * 40, replace(SCORE, level=0.99)))["top-1"]
    usual = figures(scored([["1>2>3"] * 40], [[3, 2, 1]] * 40))["top-1"]
    assert wide.low < usual.low


@pytest.mark.parametrize("group", [None, np.arange(80) // 2])
def test_the_best_of_many_is_corrected_for_the_choice(group):
    rng = np.random.default_rng(5)
    cells = [["1>2>3" if one < 0.6 else "2>1>3" for one in rng.random(80)] for _ in range(8)]
    found = scored(cells, [[3, 2, 1]] * 80, group=group)
    winner, figure = found.winner, max(figures(found, at)["top-1"].value for at in range(8))
    assert winner.value == figure
    assert winner.method == "hybrid"
    assert winner.low < winner.corrected < figure < winner.high
    again = scored([[each[at] for at in reversed(range(80))] for each in cells], [[3, 2, 1]] * 80, group=group)
    assert again.winner == winner  # the order of the items changes nothing


def test_one_cell_was_not_chosen():
    winner = scored([["1>2>3"] * 30], [[3, 2, 1]] * 30).winner
    assert (winner.corrected, winner.reason) == (None, "only one: nothing was chosen")


def test_too_few_items_leave_the_best_uncorrected():
    winner = scored([["1>2"] * 5, ["2>1"] * 5], [[2, 1]] * 5).winner
    assert winner.corrected is None
    assert winner.reason


def test_people_order_an_item_where_two_of_its_responses_have_other_scores():
    data = ranked_columns([["1"] * 6], [[1, 2]] * 6, [3] * 6, None)
    nan = np.nan
    scores = [[1, 1, nan], [1, 2, nan], [nan, nan, nan], [1, 1, 1], [1, nan, nan], [2, 1, 0]]
    assert replace(data, scores=np.array(scores)).is_ordered.tolist() == [False, True, False, False, False, True]
