"""Metrics of rankings against scipy, scikit-learn and a count over all orders."""

from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau
from sklearn.metrics import ndcg_score

from harness import registry
from harness.records.rankings import ranking_of, text_of
from harness.scoring.ranked_data import rank_matrix, score_matrix
from harness.scoring.ranking_metric import find_ranking_metric

ITEM = st.integers(2, 6).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 4), min_size=n, max_size=n), st.lists(st.integers(0, 3), min_size=n, max_size=n)
    )
)
ITEMS = st.lists(ITEM.filter(lambda item: len(set(item[1])) > 1), min_size=1, max_size=8)


def arrays(items):
    width = max(len(judged) for judged, _ in items)
    ranks = rank_matrix([ranking_of([float(one) for one in judged]) for judged, _ in items], width)
    return ranks, score_matrix([[float(one) for one in scores] for _, scores in items], width)


@given(ITEMS)
def test_kendall_is_that_of_scipy(items):
    found = find_ranking_metric("kendall-tau").values(*arrays(items))
    wanted = [kendalltau(judged, scores).statistic for judged, scores in items]
    assert found == pytest.approx(np.nan_to_num(wanted))  # a ranking that ties all responses counts as 0


@given(ITEMS)
def test_ndcg_is_that_of_scikit_learn(items):
    found = find_ranking_metric("ndcg").values(*arrays(items))
    assert found == pytest.approx([ndcg_score([scores], [judged]) for judged, scores in items])


@given(ITEMS)
def test_scores_below_0_are_moved_up(items):
    ranks, scores = arrays(items)
    least = np.nanmin(scores, axis=1, keepdims=True)
    metric = find_ranking_metric("ndcg")
    assert metric.values(ranks, scores - 5) == pytest.approx(metric.values(ranks, scores - least))


@given(ITEMS)
def test_top_1_is_the_share_of_the_rule_of_rewardbench_2(items):
    """(0 in winners) / len(winners), where winners are the responses with the best rating and 0 is the right one."""
    found = find_ranking_metric("top-1").values(*arrays(items))
    for value, (judged, scores) in zip(found, items, strict=True):
        winners = [at for at, one in enumerate(judged) if one == max(judged)]
        right = [at for at, one in enumerate(scores) if one == max(scores)]
        assert value == pytest.approx(sum(at in winners for at in right) / len(winners))


@given(ITEMS)
def test_all_best_is_the_accuracy_of_the_ties_of_rewardbench_2(items):
    """Whether the worst score of the right ones is above the best score of the wrong ones."""
    found = find_ranking_metric("all-best").values(*arrays(items))
    for value, (judged, scores) in zip(found, items, strict=True):
        right = [one for one, score in zip(judged, scores, strict=True) if score == max(scores)]
        wrong = [one for one, score in zip(judged, scores, strict=True) if score < max(scores)]
        assert value == (min(right) > max(wrong))


def orders(groups):
    """All orders without ties that a ranking with ties may stand for."""
    if not groups:
        yield ()
        return
    for first in permutations(groups[0]):
        for rest in orders(groups[1:]):
            yield (*first, *rest)


@given(ITEM.filter(lambda item: len(set(item[1])) > 1))
def test_the_reciprocal_rank_is_the_expected_one_over_all_orders(item):
    judged, scores = item
    levels = sorted(set(judged), reverse=True)
    groups = [[at for at, one in enumerate(judged) if one == level] for level in levels]
    best = {at for at, one in enumerate(scores) if one == max(scores)}
    values = [Fraction(1, 1 + min(order.index(at) for at in best)) for order in orders(groups)]
    (found,) = find_ranking_metric("mrr").values(*arrays([item]))
    assert found == pytest.approx(float(sum(values) / len(values)))


@pytest.mark.parametrize("name", registry.built_in_names("ranking_metrics"))
@pytest.mark.parametrize("scores", [[3, 1, 2], [1, 1, 0, 0], [2, 2, 2, 5], [0, 1]])
def test_chance_is_the_mean_over_all_orders(name, scores):
    metric = find_ranking_metric(name)
    rankings = [text_of([one + 1] for one in order) for order in permutations(range(len(scores)))]
    width = len(scores) + 1  # another item has more responses
    ranks = rank_matrix(rankings, width)
    people = score_matrix([[float(one) for one in scores]] * len(rankings), width)
    assert metric.chance(people[:1]) == pytest.approx([metric.values(ranks, people).mean()])


@pytest.mark.parametrize("name", registry.built_in_names("ranking_metrics"))
def test_a_perfect_and_a_reversed_ranking_are_at_the_ends(name):
    metric, people = find_ranking_metric(name), score_matrix([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0]], 3)
    best, worst = metric.values(rank_matrix(["1>2>3", "3>2>1"], 3), people)
    assert best == metric.RANGE[1]
    assert metric.RANGE[0] <= worst < metric.chance(people)[0] + 1e-9
