"""How many more labels a width needs: it decreases with what is known, and holds in a simulated world."""

from types import SimpleNamespace

import numpy as np
import pytest

from harness.statistics.inverse_probability import Design, weighted_interval, weighted_rate
from harness.statistics.label_planning import Wanted, _variances, labels_needed, plan_of
from harness.statistics.sampling import spreads_of

WANTED = Wanted(0.1, 0.95, 7)
ONE = (np.array([2_000]), np.array([0.5]))


def pilot(n=80, seed=1, error=0.1):
    rng = np.random.default_rng(seed)
    human = (rng.random(n) < 0.7).astype(float)
    wrong = rng.random(n) < error
    return human, np.where(wrong, 2 * human - 1, 0.0)


def needed(human, error, wanted=WANTED, effect=1.0, sizes=ONE):
    return labels_needed(
        plan_of(np.zeros(len(human), np.int64), *sizes, stratified=False), human, error, wanted, effect
    )


def test_a_narrower_width_worse_judges_and_clusters_need_more_labels():
    found = needed(*pilot())
    assert found.low < found.labels < found.high
    assert needed(*pilot(), Wanted(0.08, 0.95, 7)).labels > found.labels
    assert needed(*pilot(error=0.4)).labels > found.labels
    assert needed(*pilot(), effect=2.0).labels > 1.5 * found.labels
    human, _ = pilot()
    assert needed(human, human).labels > found.labels


def test_a_width_that_all_labels_do_not_reach_is_never_reached():
    found = needed(*pilot(), Wanted(0.01, 0.95, 7))
    assert found.labels is None
    assert found.high is None
    assert 0.03 < found.best < 0.05


def test_a_width_that_is_reached_needs_no_label_and_none_at_all_is_the_worst_case():
    assert needed(*pilot(), Wanted(0.9, 0.95, 7)).labels == 0
    nothing = needed(np.zeros(0), np.zeros(0))
    assert nothing.labels == nothing.low == nothing.high
    assert 320 < nothing.labels < 460  # of 2,000 items at one half without a judge, about 1.96² / 4 / 0.05²


def test_everything_labelled_leaves_nothing_to_draw():
    human, error = pilot(40)
    found = needed(human, error, sizes=(np.array([40]), np.array([0.5])))
    assert found.labels is None
    assert found.low is None


def test_strata_that_tell_where_judges_err_need_fewer_labels():
    rng = np.random.default_rng(3)
    sizes, shares = np.array([1_600, 400]), np.array([0.0, 0.45])
    strata = np.repeat([0, 1], [60, 60])
    human = (rng.random(120) < 0.6).astype(float)
    error = np.where(strata == 1, np.where(rng.random(120) < 0.5, 2 * human - 1, 0.0), 0.0)
    by = [
        labels_needed(plan_of(strata, sizes, shares, stratified=one), human, error, Wanted(0.06, 0.95, 7))
        for one in (False, True)
    ]
    assert by[1].labels < by[0].labels


@pytest.mark.parametrize("seed", range(4))
def test_the_number_of_labels_gives_the_width(seed):
    """The typical width in a world of 2,000 items, after as many labels as were said to be needed."""
    rng = np.random.default_rng([5, seed])
    truth = rng.random(2_000) < 0.7
    judge = np.where(rng.random(2_000) < 0.9, truth, ~truth)
    order = rng.permutation(2_000)
    human = truth[order[:100]].astype(float)
    more = needed(human, human - 0.75 * judge[order[:100]])
    labelled = np.isin(np.arange(2_000), order[: 100 + more.labels])
    labels = np.where(labelled, np.where(truth, 0, 2), -1).astype(np.int8)
    found = weighted_rate(np.where(judge, 0, 2).astype(np.int8), labels, Design(np.full(2_000, labelled.mean())))
    interval, _ = weighted_interval(found.value, found.error, np.ones(labelled.sum()), None, 0.95)
    assert interval.high - interval.low == pytest.approx(0.1, abs=0.02)


def test_a_stratum_without_labels_has_the_variance_of_the_others_in_proportion_to_its_spread():
    rng = np.random.default_rng(4)
    error = rng.normal(size=40)
    shares = np.array([0.5, 0.1])
    plan = SimpleNamespace(sizes=np.array([100, 300]), strata=np.zeros(40, np.int64), shares=shares)
    _, within, _ = _variances(plan, rng.random(40), error, np.ones((1, 40)))
    spread = spreads_of(shares)
    expected = error.var(ddof=1) * spread**2 / (spread**2 @ np.array([0.25, 0.75]))
    assert within[0, 1] == pytest.approx(expected[1])
