"""Length-controlled win rate: the win rate that a logistic regression predicts for responses of equal length.

The model of AlpacaEval 2 (Dubois, Galambosi, Liang and Hashimoto 2024, arXiv 2404.04475), for one pair of systems:

    logit P(a is better) = θ + φ tanh(Δ / sd(Δ)) + ψ difficulty

Δ is the length of response a less that of response b. The length-controlled win rate is the mean over items of the
prediction with Δ = 0. The difficulty of the item is left out where it is not known. Here the fit is maximum likelihood;
AlpacaEval adds an L1 penalty chosen by cross-validation and, as a regulariser, comparisons of its baseline with
longer and shorter versions of itself.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.statistics import clusters
from harness.statistics.agreement import Array
from harness.statistics.clustered import ClusteredInterval
from harness.statistics.intervals import normal_quantile

FEWEST = 5
"""Items that must have the longer response on each side: with fewer, equal lengths are an extrapolation."""
LARGEST = 25.0
"""A coefficient beyond it has no maximum likelihood estimate: a covariate separates the verdicts."""
ONE_SIDED = f"fewer than {FEWEST} items have the {{longer}} response longer: equal lengths would be an extrapolation"
SAME = "every preference is the same"
SEPARATED = "the lengths of the responses decide every verdict: the regression has no solution"


class LengthFit(NamedTuple):
    """A fitted regression.

    Attributes:
        value: length-controlled win rate of response a; NaN where it is not defined.
        coefficients: of the length, of the difficulty where it is given, and the constant.
        design: items × coefficients.
        residuals: preference less prediction, of each item.
        weights: variance of the prediction, of each item.
        at_equal: predicted win rate of each item at equal lengths.
        reason: why there is no value, "" where there is one.
    """

    value: float
    coefficients: Array
    design: Array
    residuals: Array
    weights: Array
    at_equal: Array
    reason: str = ""


def length_feature(difference: Array) -> Array:
    """`tanh` of the difference of the lengths over its standard deviation."""
    spread = float(np.std(difference, ddof=1)) if len(difference) > 1 else 0.0
    return np.tanh(difference / spread) if spread > 0 else np.zeros(len(difference))


def at_equal_lengths(constant: float, slope: float = 0.0, difficulty: Array | None = None) -> float:
    """The win rate that coefficients give at equal lengths, such as those that AlpacaEval publishes.

    Args:
        constant: θ.
        slope: ψ, of the difficulty.
        difficulty: of each item; None without it.
    """
    from scipy.special import expit

    return float(np.mean(expit(constant + slope * (np.zeros(1) if difficulty is None else difficulty))))


def fit_lengths(p: Array, difference: Array, difficulty: Array | None = None) -> LengthFit:
    """Fit the regression to preferences in [0, 1].

    Args:
        p: probability that response a is better, of each item.
        difference: length of response a less that of response b.
        difficulty: of each item; None without it.
    """
    columns = [length_feature(difference), *([] if difficulty is None else [difficulty]), np.ones(len(p))]
    x: Array = np.column_stack(columns)
    reason = _why_not(p, difference)
    coefficients = np.full(x.shape[1], math.nan) if reason else _maximum_likelihood(x, p)
    if not reason and not (np.abs(coefficients) < LARGEST).all():
        reason = SEPARATED
    if reason:
        nothing = np.full(len(p), math.nan)
        return LengthFit(math.nan, coefficients, x, nothing, nothing, nothing, reason)
    from scipy.special import expit

    equal = x.copy()
    equal[:, 0] = 0.0
    predicted, at_equal = expit(x @ coefficients), expit(equal @ coefficients)
    return LengthFit(
        float(at_equal.mean()), coefficients, x, p - predicted, predicted * (1 - predicted), np.asarray(at_equal)
    )


def _why_not(p: Array, difference: Array) -> str:
    if len(p) < 2 or np.ptp(p) == 0:
        return SAME
    for longer, count in (("first", (difference > 0).sum()), ("second", (difference < 0).sum())):
        if count < FEWEST:
            return ONE_SIDED.format(longer=longer)
    return ""


def _maximum_likelihood(x: Array, p: Array) -> Array:
    """Coefficients of a logistic regression whose outcomes are shares."""
    from scipy.optimize import minimize
    from scipy.special import expit

    n = len(p)

    def loss(at: Array) -> float:
        linear = x @ at
        return float((np.logaddexp(0, linear) - p * linear).sum()) / n

    def slope(at: Array) -> Array:
        return np.asarray(x.T @ (expit(x @ at) - p)) / n

    def curvature(at: Array) -> Array:
        mean = expit(x @ at)
        return np.asarray((x * (mean * (1 - mean))[:, None]).T @ x) / n

    found = minimize(
        loss, np.zeros(x.shape[1]), jac=slope, hess=curvature, method="trust-exact", options={"gtol": 1e-10}
    )
    return np.asarray(found.x)


def changes_without(fit: LengthFit, group: NDArray[np.int64] | None = None) -> Array:
    """How far leaving out each item, or each cluster, moves the win rate (one Newton step), with its sign turned.

    Args:
        fit: of all items.
        group: cluster of each item; None for each item alone.
    """
    numbers = np.arange(len(fit.residuals)) if group is None else np.unique(group, return_inverse=True)[1]
    count, size = int(numbers.max(initial=-1)) + 1, fit.design.shape[1]
    scores, curvatures = np.zeros((count, size)), np.zeros((count, size, size))
    np.add.at(scores, numbers, fit.design * fit.residuals[:, None])
    np.add.at(curvatures, numbers, fit.weights[:, None, None] * fit.design[:, :, None] * fit.design[:, None, :])
    whole = curvatures.sum(axis=0)
    ridge = 1e-10 * float(np.trace(whole)) * np.eye(size)
    steps = np.linalg.solve(whole - curvatures + ridge, scores[:, :, None])[:, :, 0]
    equal = fit.design.copy()
    equal[:, 0] = 0.0
    gradient = (fit.at_equal * (1 - fit.at_equal)) @ equal / len(numbers)
    sizes = np.bincount(numbers, minlength=count)
    of_items = np.bincount(numbers, weights=fit.at_equal - fit.value, minlength=count) / (len(numbers) - sizes)
    return np.asarray(steps @ gradient + of_items)


def length_interval(fit: LengthFit, group: NDArray[np.int64] | None, level: float) -> ClusteredInterval:
    """An interval for a length-controlled win rate: delete-one-cluster jackknife, on the logit scale.

    Args:
        fit: one with a value.
        group: cluster of each item; None where items are independent.
        level: confidence level.
    """
    n = len(fit.residuals)
    numbers = np.arange(n) if group is None else np.unique(group, return_inverse=True)[1]
    sizes = np.bincount(numbers).astype(float)
    design = clusters.design_of(sizes)
    if design.reason:
        return ClusteredInterval(None, None, design.reason, design)
    alone, gaps = changes_without(fit), changes_without(fit, numbers)
    sums = n * np.bincount(numbers, weights=alone)
    powers = np.array([(sums**2).sum()]), np.array([(sums**4).sum()])
    clustered = (len(sizes) - 1) / len(sizes) * float(gaps @ gaps)
    of_items = (n - 1) / n * float(alone @ alone)
    worth = clusters.items_worth(np.array([clustered]), np.array([of_items]), powers, sizes, level)
    error = math.sqrt(of_items * n / float(worth.items[0]))
    odds = math.log(fit.value / (1 - fit.value))
    reach = normal_quantile(level) * error / (fit.value * (1 - fit.value))
    low, high = (1 / (1 + math.exp(min(700.0, -end))) for end in (odds - reach, odds + reach))
    return ClusteredInterval(
        low, high, "", design, float(worth.items[0]), float(worth.design_effect[0]), error, float(worth.degrees[0])
    )
