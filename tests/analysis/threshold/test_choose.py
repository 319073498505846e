"""The threshold of a sample, of the other folds, and its error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, f1_score, roc_curve

from harness.analysis.threshold.choose import (
    MOST_CUTS,
    Aim,
    best_cuts,
    cross_fit,
    fold_codes,
    resampled_errors,
    scored_of,
    tables_of,
    written,
)
from harness.records.label_set import LabelSet

LABELS = LabelSet(("fail", "pass"), positive="pass")
AIM = Aim("balanced-accuracy")


def world(n=200, seed=0, whole=True):
    rng = np.random.default_rng(seed)
    passes = rng.random(n) < 0.5
    scores = passes * 1.2 + rng.normal(size=n)
    return (np.clip(np.round(5 + 2 * scores), 1, 10) if whole else scores), passes


def all_counts(items):
    return items.counts(np.zeros_like(items.places), 1)[0]


@pytest.mark.parametrize("whole", [True, False])
def test_recalls_are_the_curve_of_sklearn(whole):
    scores, passes = world(whole=whole)
    items = scored_of(scores, passes, LABELS)
    tables = tables_of(all_counts(items))
    fpr, tpr, _ = roc_curve(passes, scores, drop_intermediate=False)
    assert (tables[::-1, 0, 1] / (~passes).sum()).tolist() == pytest.approx(fpr[1:].tolist())
    assert (tables[::-1, 1, 1] / passes.sum()).tolist() == pytest.approx(tpr[1:].tolist())


@pytest.mark.parametrize(
    ("metric", "score"),
    [("balanced-accuracy", balanced_accuracy_score), ("kappa", cohen_kappa_score), ("f1-pass", f1_score)],
)
@pytest.mark.parametrize("whole", [True, False])
def test_the_cut_has_the_greatest_value_of_all(metric, score, whole):
    scores, passes = world(whole=whole)
    items = scored_of(scores, passes, LABELS)
    cut = items.cuts[best_cuts(all_counts(items), Aim(metric), items)]
    best = max(score(passes, scores >= one) for one in np.unique(scores))
    assert score(passes, scores >= cut) == pytest.approx(best)
    if whole:
        assert cut in scores


@given(st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=4, max_size=40), st.sampled_from([0.5, 0.9, 1.0]))
def test_a_kept_recall_leaves_the_greatest_other_one(rows, least):
    scores, passes = np.array([one[0] for one in rows], float), np.array([one[1] for one in rows])
    if passes.all() or not passes.any():
        return
    items = scored_of(scores, passes, LABELS)
    cut = items.cuts[best_cuts(all_counts(items), Aim("recall-fail", "pass", least), items)]
    assert (scores[passes] >= cut).mean() >= least - 1e-9
    higher = [one for one in np.unique(scores) if (scores[passes] >= one).mean() >= least - 1e-9]
    assert (scores[~passes] < cut).mean() == max((scores[~passes] < one).mean() for one in higher)


def test_a_recall_that_no_threshold_keeps_gives_none():
    items = scored_of(np.array([1.0, 2, 2, 1]), np.array([True, True, False, False]), LABELS)
    assert best_cuts(all_counts(items), Aim("recall-pass", "fail", 0.9), items) == -1


def test_items_without_a_score_are_failed_and_choose_nothing():
    scores, passes = world()
    items = scored_of(scores, passes, LABELS)
    more = scored_of(np.r_[scores, np.full(50, np.nan)], np.r_[passes, np.ones(50, bool)], LABELS)
    assert best_cuts(all_counts(more), AIM, more) == best_cuts(all_counts(items), AIM, items)
    table = tables_of(all_counts(more))[3]
    assert (table[:, 2].tolist(), table.sum()) == ([0, 50], 250)


def test_many_scores_are_parted_at_even_ranks():
    scores = np.random.default_rng(1).normal(size=5_000)
    items = scored_of(scores, scores > 0, LABELS)
    assert len(items.cuts) <= MOST_CUTS
    assert tables_of(all_counts(items))[0, :, 1].sum() == 5_000
    assert abs(items.cuts[best_cuts(all_counts(items), AIM, items)]) < 0.01


@given(st.integers(1, 30), st.integers(2, 6), st.integers(0, 9))
def test_folds_are_whole_clusters_of_like_size(clusters, folds, seed):
    rng = np.random.default_rng(seed)
    group = rng.integers(0, clusters, 60)
    fold = fold_codes(rng.random(60) < 0.5, group, folds, seed)
    assert all(len(set(fold[group == one])) == 1 for one in set(group.tolist()))
    sizes = np.bincount([fold[group == one][0] for one in set(group.tolist())], minlength=folds)
    assert sizes.max() - sizes.min() <= 1


@pytest.mark.slow
def test_each_fold_has_the_threshold_of_the_others():
    scores, passes = world(whole=False)
    items = scored_of(scores, passes, LABELS)
    fold = fold_codes(passes, np.arange(200), 5, 3)
    crossed = cross_fit(items.counts(fold, 5), AIM, items)
    assert crossed.is_complete
    table = np.zeros((2, 3))
    for one in range(5):
        cut = items.cuts[crossed.fold_cuts[one]]
        best = max(balanced_accuracy_score(passes[fold != one], scores[fold != one] >= each) for each in items.cuts)
        assert balanced_accuracy_score(passes[fold != one], scores[fold != one] >= cut) == pytest.approx(best)
        for passed, positive in zip(scores[fold == one] >= cut, passes[fold == one], strict=True):
            table[int(positive), int(passed)] += 1
    assert crossed.table.tolist() == table.tolist()


def test_folds_without_a_label_elsewhere_have_no_threshold():
    scores, passes = np.arange(20.0), np.arange(20) >= 10
    items = scored_of(scores, passes, LABELS)
    crossed = cross_fit(items.counts((np.arange(20) >= 10).astype(np.intp), 2), AIM, items)
    assert (crossed.cut, crossed.is_complete) == (10, False)


def test_the_error_holds_that_the_threshold_varies():
    scores, passes = world(whole=False)
    items = scored_of(scores, passes, LABELS)
    split = np.arange(200), fold_codes(passes, np.arange(200), 5, 3)
    errors = resampled_errors(items, split, AIM, ("balanced-accuracy", "recall-pass"), 100, 1)
    fixed = np.sqrt(0.75 * 0.25 / passes.sum())
    assert errors["recall-pass"] > 1.2 * fixed
    assert errors["balanced-accuracy"] < errors["recall-pass"]
    assert errors == resampled_errors(items, split, AIM, ("balanced-accuracy", "recall-pass"), 100, 1)
    together = np.repeat(np.arange(50), 4), fold_codes(passes, np.repeat(np.arange(50), 4), 5, 3)
    assert resampled_errors(items, together, AIM, ("recall-pass",), 100, 1) != {}


@pytest.mark.parametrize(
    ("threshold", "scores", "expected"),
    [(7.0, [5, 6, 7], 7.0), (0.738461538, [0.61, 0.8], 0.7), (0.5, [0.4999, 0.5001], 0.5), (3.0, [1, 2], 3.0)],
)
def test_a_threshold_is_written_with_few_digits(threshold, scores, expected):
    assert written(threshold, np.array(scores)) == expected
