"""Cross-fitted calibration and tie margins."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.isotonic import isotonic_regression
from sklearn.linear_model import LogisticRegression

from harness.analysis.calibrate import fit
from harness.statistics.codes import TIE, A, B


def bold(n: int = 600, seed: int = 1):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    y = (rng.random(n) < 1 / (1 + np.exp(-z))).astype(float)
    return 1 / (1 + np.exp(-4 * z)), y


def test_isotonic_map_is_that_of_scikit_learn():
    p, y = bold()
    order = np.argsort(p)
    assert fit.fitted("isotonic", p, y)(p[order]) == pytest.approx(isotonic_regression(y[order]), abs=1e-6)


def test_sigmoid_is_a_logistic_regression_on_the_logit_and_takes_shares():
    p, y = bold()
    inside = np.clip(p, fit.INSIDE, 1 - fit.INSIDE)
    z = np.log(inside / (1 - inside))[:, None]
    model = LogisticRegression(C=1e6, max_iter=1000).fit(z, y)
    assert fit.fitted("sigmoid", p, y)(p) == pytest.approx(model.predict_proba(z)[:, 1], abs=1e-3)
    halves = np.full(len(p), 0.5)
    assert fit.fitted("sigmoid", p, halves)(p) == pytest.approx(halves, abs=1e-3)


@pytest.mark.parametrize("method", ["isotonic", "sigmoid"])
def test_calibration_improves_a_bold_judge(method):
    p, y = bold()
    calibrated = fit.cross_fitted(method, p, y, np.arange(len(p)))
    assert ((calibrated - y) ** 2).mean() < ((p - y) ** 2).mean() - 0.01


def test_no_cluster_is_fitted_to_itself():
    group = np.repeat(np.arange(40), 5)
    for train, test in fit.folds_of(group):
        assert not set(group[train]) & set(group[test])


def test_best_margin_finds_the_ties():
    p = np.array([0.9, 0.1, 0.55, 0.45, 0.5, 0.8, 0.2] * 20)
    reference = np.array([A, B, TIE, TIE, TIE, A, B] * 20, np.int8)
    margin = fit.best_margin(p, reference)
    assert margin == pytest.approx(0.1)
    assert (fit.verdicts(p, margin) == reference).all()
    assert (fit.cross_fitted_verdicts(p, reference, np.arange(len(p))) == reference).all()
    assert fit.best_margin(p, np.where(p > 0.5, A, np.where(p < 0.5, B, TIE)).astype(np.int8)) == 0
