"""What must not matter does not: the order of items and of evaluators, the names of the responses, other evaluators."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.records.experiment import ScoreSpec
from support.labelled import Labelled, judge, labels, score

QUICK = ScoreSpec(metrics=("kappa", "accuracy", "ac1", "kappa-linear"), resamples=200)
ANALYTIC = replace(QUICK, interval="analytic")
SWAPPED = np.array([2, 1, 0, 3, 4, 5, 6], np.int8)
"""Outcomes with the two responses changed for one another."""

few = settings(max_examples=15)
seeds = st.integers(0, 2**16)


def world(seed, n=60, clustered=False):
    """A dataset, and five evaluators of it that sometimes fail."""
    codes = labels(n, seed)
    clusters = np.arange(n) // 3 if clustered else None
    skills = {"one": 0.3, "two": 0.5, "three": 0.5, "four": 0.7, "five": 0.9}
    judges = {name: judge(codes, skill, seed + k, 0.05) for k, (name, skill) in enumerate(skills.items())}
    return Labelled(codes, clusters), judges


def permuted(dataset, judges, order):
    clusters = None if dataset.clusters is None else dataset.clusters[order]
    return Labelled(dataset.codes[order], clusters), {name: codes[order] for name, codes in judges.items()}


def by_cell(group):
    """Figures, ranks and adjusted p-values by evaluator."""
    figures = {one.cell.id: dict(one.figures) for one in group.scores}
    names = [one.cell.id for one in group.scores]
    ranks, p_values = {}, {}
    for metric, contest in group.contests.items():
        members = [names[k] for k in contest.members]
        ranks[metric] = {names[k]: found for k, found in contest.rank_sets().items()}
        p_values[metric] = {
            (x, y): contest.comparisons.p_values[i, j] for i, x in enumerate(members) for j, y in enumerate(members)
        }
    return figures, ranks, p_values


@few
@given(seeds, st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_items_changes_nothing(seed, clustered, random):
    dataset, judges = world(seed, clustered=clustered)
    order = list(range(len(dataset)))
    random.shuffle(order)
    straight = by_cell(score(dataset, judges, QUICK))
    mixed = by_cell(score(*permuted(dataset, judges, np.array(order)), QUICK))
    for one, other in zip(straight[0].values(), mixed[0].values(), strict=True):
        for name, figure in one.items():
            assert other[name].value == pytest.approx(figure.value, abs=1e-12)
            assert other[name].low == pytest.approx(figure.low, abs=1e-12)
    assert mixed[1] == straight[1]
    for metric, values in straight[2].items():
        assert mixed[2][metric] == pytest.approx(values, abs=0.02)  # rounding moves a draw across a statistic


@few
@given(seeds, st.permutations(["one", "two", "three", "four", "five"]))
def test_the_order_of_evaluators_changes_nothing(seed, order):
    dataset, judges = world(seed)
    straight = score(dataset, judges, QUICK)
    mixed = score(dataset, {name: judges[name] for name in order}, QUICK)
    assert by_cell(mixed) == by_cell(straight)
    values = sorted(one.figures["kappa"].value for one in straight.scores)
    if values[-1] > values[-2]:  # of equals the first one is named, with its own interval
        assert mixed.winner == straight.winner


@few
@given(seeds, st.booleans())
def test_the_names_of_the_responses_change_nothing(seed, clustered):
    dataset, judges = world(seed, clustered=clustered)
    turned = Labelled(SWAPPED[dataset.codes], dataset.clusters)
    straight = score(dataset, judges, ANALYTIC)
    other = score(turned, {name: SWAPPED[codes] for name, codes in judges.items()}, ANALYTIC)
    for one, two in zip(straight.scores, other.scores, strict=True):
        for name, figure in one.figures.items():
            assert two.figures[name].value == pytest.approx(figure.value, abs=1e-12)
            assert two.figures[name].low == pytest.approx(figure.low, abs=1e-12)
            assert two.figures[name].high == pytest.approx(figure.high, abs=1e-12)
    for metric, contest in straight.contests.items():
        assert other.contests[metric].comparisons.differences == pytest.approx(contest.comparisons.differences)
        assert other.contests[metric].comparisons.errors == pytest.approx(contest.comparisons.errors, nan_ok=True)


@few
@given(seeds)
def test_the_names_of_the_responses_move_no_bootstrap(seed):
    dataset, judges = world(seed)
    spec = replace(QUICK, resamples=4_000)
    turned = score(Labelled(SWAPPED[dataset.codes]), {name: SWAPPED[c] for name, c in judges.items()}, spec)
    for one, two in zip(score(dataset, judges, spec).scores, turned.scores, strict=True):
        assert two.figures["kappa"].value == pytest.approx(one.figures["kappa"].value)
        assert two.figures["kappa"].low == pytest.approx(one.figures["kappa"].low, abs=1e-12)
        assert two.figures["kappa"].high == pytest.approx(one.figures["kappa"].high, abs=1e-12)


@few
@given(seeds, st.sampled_from(QUICK.metrics))
def test_items_counted_twice_halve_the_variance_and_as_clusters_change_nothing(seed, metric):
    dataset, judges = world(seed)
    n = len(dataset)
    twice = {name: np.tile(codes, 2) for name, codes in judges.items()}
    alone = score(dataset, judges, ANALYTIC)
    doubled = score(Labelled(np.tile(dataset.codes, 2)), twice, ANALYTIC)
    clustered = score(Labelled(np.tile(dataset.codes, 2), np.tile(np.arange(n), 2)), twice, ANALYTIC)
    for one, two, three in zip(alone.scores, doubled.scores, clustered.scores, strict=True):
        reach = one.figures[metric].high - one.figures[metric].value
        if one.figures[metric].high < 1 and one.figures[metric].low > -1:
            assert two.figures[metric].high - two.figures[metric].value == pytest.approx(reach / np.sqrt(2))
        assert three.figures[metric].value == pytest.approx(one.figures[metric].value)
        assert three.figures[metric].units == n
    errors = alone.contests[metric].comparisons.errors
    # Added items weigh less among twice as many, and the jackknife differs from the influences in small samples.
    assert doubled.contests[metric].comparisons.errors == pytest.approx(errors / np.sqrt(2), rel=0.1, nan_ok=True)
    assert clustered.contests[metric].comparisons.errors == pytest.approx(errors, rel=0.1, nan_ok=True)


@few
@given(seeds, st.booleans(), st.sampled_from(["bootstrap", "percentile", "bca"]))
def test_another_evaluator_changes_no_interval(seed, clustered, interval):
    dataset, judges = world(seed, clustered=clustered)
    spec = replace(QUICK, interval=interval)
    alone = score(dataset, judges, spec)
    joined = score(dataset, {"newcomer": judge(dataset.codes, 0.6, seed + 99), **judges}, spec)
    others = {one.cell.id: one.figures for one in joined.scores}
    for one in alone.scores:
        for name, figure in one.figures.items():
            assert replace(others[one.cell.id][name], systems=figure.systems) == figure
