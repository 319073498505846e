"""Rankings on the slices of a dataset against those of all other items."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from harness.records.experiment import ScoreSpec
from harness.records.slices import CellSlices, Slice, SlicedDataset
from harness.runner.ranked import ranked_columns
from harness.scoring.ranking_slices import with_ranking_tests
from harness.scoring.slices import NO_REST, OF_RANKINGS, TOO_FEW_CLUSTERS
from harness.scoring.soft_slices import with_soft_slices

N = 120
WORDS = ["easy" if at % 2 else "hard" for at in range(N)]


def data(ranks, group=None, scores=(3.0, 2.0, 1.0)):
    people = [None if scores is None else list(scores)] * N
    return ranked_columns(ranks, people, [3] * N, group)


def bare(words=WORDS, cells=2) -> SlicedDataset:
    parts = tuple(
        Slice(word, words.count(word), words.count(word), 0, {})
        for word in sorted(set(words), key=lambda one: one or "")
    )
    found = tuple(CellSlices(f"d/s/judge:m{k}", parts, None) for k in range(cells))
    return SlicedDataset("d", "category", 0.95, 0.975, len(parts), 1, "0" * 32, "exchange", found)


def rankings(share_easy, share_hard, seed=0):
    """Right rankings in shares of the easy and of the hard items, otherwise reversed ones."""
    rng = np.random.default_rng(seed)
    shares = np.where([word == "easy" for word in WORDS], share_easy, share_hard)
    return ["1>2>3" if right else "3>2>1" for right in rng.random(N) < shares]


def test_a_cell_that_ranks_worse_on_one_slice_is_found_and_one_that_does_not_is_not():
    found = with_ranking_tests(bare(), data([rankings(0.95, 0.5), rankings(0.8, 0.8, 1)]), WORDS, "top-1", 7)
    worse, fair = found.cells
    easy, hard = worse.slices
    assert easy.difference == pytest.approx(-hard.difference)
    assert hard.difference < -0.3
    assert hard.p_value < 0.001
    assert hard.p_family == pytest.approx(min(1.0, 2 * hard.p_value))
    assert worse.p_value == min(easy.p_value, hard.p_value)
    assert min(part.p_value for part in fair.slices) > 0.05
    assert (found.metric, found.method) == ("top-1", "hypergeometric")


def test_values_between_0_and_1_and_clusters_are_exchanged():
    group = np.repeat(np.arange(N // 4), 4)
    for name, clusters in (("ndcg", None), ("top-1", group)):
        found = with_ranking_tests(bare(cells=1), data([rankings(0.95, 0.4)], clusters), WORDS, name, 7)
        assert found.method == "exchange"
        assert found.cells[0].slices[1].p_value < 0.01


def test_a_failed_ranking_counts_as_wrong():
    ranks = [None if word == "hard" else "1>2>3" for word in WORDS]
    found = with_ranking_tests(bare(cells=1), data([ranks]), WORDS, "top-1", 7)
    assert found.cells[0].slices[1].difference == -1


def test_slices_that_are_too_small_have_the_reason():
    words = ["rare" if at < 10 else "one" if at < 20 else "most" for at in range(N)]
    found = with_ranking_tests(bare(words, cells=1), data([rankings(0.9, 0.9)]), words, "top-1", 7)
    assert [part.reason for part in found.cells[0].slices] == ["", OF_RANKINGS, OF_RANKINGS]
    words = ["rare" if at < 10 else "most" for at in range(N)]
    found = with_ranking_tests(bare(words, cells=1), data([rankings(0.9, 0.9)]), words, "top-1", 7)
    assert [part.reason for part in found.cells[0].slices] == [NO_REST, OF_RANKINGS]
    few = np.arange(N) // 24
    found = with_ranking_tests(bare(cells=1), data([rankings(0.9, 0.9)], few), WORDS, "top-1", 7)
    assert {part.reason for part in found.cells[0].slices} == {TOO_FEW_CLUSTERS}


def test_items_that_people_do_not_order_are_left_out():
    found = with_ranking_tests(bare(cells=1), data([rankings(0.9, 0.9)], scores=None), WORDS, "top-1", 7)
    assert {part.reason for part in found.cells[0].slices} == {OF_RANKINGS}


def test_the_order_of_the_items_has_no_influence():
    one = data([rankings(0.9, 0.6)])
    order = np.random.default_rng(3).permutation(N)
    other = replace(one, ranks=[each[order] for each in one.ranks], scores=one.scores[order], y=one.y[order],
                    values=[each[order] for each in one.values])  # fmt: skip
    words = [WORDS[at] for at in order]
    first, second = (with_ranking_tests(bare(cells=1), *each, "ndcg", 7) for each in ((one, WORDS), (other, words)))
    assert [part.p_value for part in first.cells[0].slices] == [part.p_value for part in second.cells[0].slices]


def test_the_first_metric_of_the_spec_is_compared():
    score = ScoreSpec(("kendall-tau", "top-1"))
    found = with_soft_slices(bare(cells=1), data([rankings(0.9, 0.9)]), WORDS, score, 1)
    assert found.metric == "kendall-tau"
    assert set(found.cells[0].slices[0].figures) == {"kendall-tau", "top-1"}
