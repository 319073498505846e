"""Calibrated probabilities, cross-fitted by cluster: each item's from a fit to the items of other clusters.

scikit-learn takes most of a second to import: this module imports it where it is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.statistics.agreement import Array
from harness.statistics.codes import TIE, A, B, Codes

Method = Literal["isotonic", "sigmoid"]
Predict: TypeAlias = Callable[[Array], Array]

FOLDS = 5
INSIDE = 1e-3
"""Probabilities this close to 0 or 1 count as this far from it on the logit scale of the sigmoid."""
MARGINS = 200
"""Tie margins that are tried."""


def folds_of(group: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Training and test items of each fold; no cluster is in both."""
    from sklearn.model_selection import GroupKFold

    yield from GroupKFold(FOLDS).split(group, groups=group)


def fitted(method: Method, p: Array, y: Array) -> Predict:
    """A calibration map fitted to some items.

    Args:
        method: `isotonic` regression, or a `sigmoid` (logistic regression on the logit; Platt 1999).
        p: probabilities.
        y: shares of annotators, which may lie between 0 and 1.
    """
    if method == "isotonic":
        from sklearn.isotonic import IsotonicRegression

        steps: Any = IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(p, y)
        return lambda new: steps.predict(new)
    from sklearn.linear_model import LogisticRegression

    # A share is that part of an item with the label 1, and the rest with the label 0.
    model: Any = LogisticRegression(C=1e6, max_iter=1000)
    model.fit(np.r_[_logit(p), _logit(p)], np.repeat([1, 0], len(p)), sample_weight=np.r_[y, 1 - y])
    return lambda new: model.predict_proba(_logit(new))[:, 1]


def _logit(p: Array) -> Array:
    inside = np.clip(p, INSIDE, 1 - INSIDE)
    return np.log(inside / (1 - inside))[:, None]


def cross_fitted(method: Method, p: Array, y: Array, group: NDArray[np.int64]) -> Array:
    """Calibrated probabilities of all items, each from a fit to the other folds."""
    calibrated = np.empty(len(p))
    for train, test in folds_of(group):
        calibrated[test] = fitted(method, p[train], y[train])(p[test])
    return calibrated


def best_margin(p: Array, reference: Codes) -> float:
    """The tie margin with the greatest accuracy; the smallest of several.

    A verdict is `tie` where `abs(2 p - 1)` is no more than the margin, which is the difference of the probabilities of
    both responses.
    """
    sure = np.abs(2 * p - 1)
    tried = np.unique(np.r_[0.0, np.quantile(sure, np.linspace(0, 1, MARGINS), method="nearest")])
    right = [float((verdicts(p, margin) == reference).mean()) for margin in tried]
    return float(tried[int(np.argmax(right))])


def verdicts(p: Array, margin: float) -> Codes:
    """The verdicts that probabilities give with a tie margin."""
    difference = 2 * p - 1
    return np.where(np.abs(difference) <= margin + 1e-9, TIE, np.where(difference > 0, A, B)).astype(np.int8)


def cross_fitted_verdicts(p: Array, reference: Codes, group: NDArray[np.int64]) -> Codes:
    """Verdicts of all items, each with the best tie margin of the other folds."""
    found = np.empty(len(p), np.int8)
    for train, test in folds_of(group):
        found[test] = verdicts(p[test], best_margin(p[train], reference[train]))
    return found


def maps(p: Array, y: Array) -> Mapping[str, list[tuple[float, float]]]:
    """What each method, fitted to all items, makes of 0, 0.01, …, 1."""
    at = np.linspace(0, 1, 101)
    methods: tuple[Method, ...] = ("isotonic", "sigmoid")
    return {name: list(zip(at.tolist(), fitted(name, p, y)(at).tolist(), strict=True)) for name in methods}
