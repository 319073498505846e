"""Error control over several looks at growing data: alpha spending and group-sequential boundaries.

A study that looks at its data several times and ends at the first look that answers its question makes more errors than
one look would. Alpha spending (Lan and DeMets 1983) gives each look a part of the error: the boundary of a look is
chosen so that the probability of crossing it first at that look is what the spending function releases between the
looks. Under the null hypothesis the standardised figures at the looks are those of a Brownian motion at the shares of
the data seen, whose crossing probabilities are computed by recursive integration (Armitage, McPherson and Rowe 1969).

A family of figures, such as all pairs of evaluators, counts as that many independent paths (Šidák), which bounds the
error of dependent ones from above in practice (`tests/simulations/stopping.py`). Intervals at the level of a look are
repeated confidence intervals (Jennison and Turnbull 1989): they hold at all looks together, and so at whichever look
the study ended.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np

from harness.statistics.agreement import Array

Spending: TypeAlias = Literal["obrien-fleming", "pocock"]

NAMES: Mapping[str, str] = {"obrien-fleming": "O'Brien and Fleming", "pocock": "Pocock"}
"""Whose boundaries the spending functions of Lan and DeMets resemble."""
NODES = 501
"""Nodes of Simpson's rule; boundaries agree with published ones to five digits."""
FARTHEST = 38.0
"""Standard errors beyond which a normal tail is 0 in double precision."""


def spent(alpha: float, fraction: float, spending: Spending = "obrien-fleming") -> float:
    """The two-sided error that may be spent up to a share of the data.

    Args:
        alpha: the whole error, 0 to 1.
        fraction: share of the data seen, above 0 and at most 1.
        spending: the function of Lan and DeMets (1983) like O'Brien and Fleming's boundaries, each side with half of
            the error, or like Pocock's.
    """
    from scipy.stats import norm

    if spending == "pocock":
        return float(alpha * math.log(1 + (math.e - 1) * fraction))
    return float(4 * norm.sf(norm.isf(alpha / 4) / math.sqrt(fraction)))


def boundaries(
    fractions: Sequence[float], alpha: float, *, paths: int = 1, spending: Spending = "obrien-fleming"
) -> Array:
    """Critical values of the looks at a standardised figure, two-sided.

    Args:
        fractions: shares of the data at the looks, increasing, the last at most 1.
        alpha: the error over all looks and paths.
        paths: how many figures are tested, as if they were independent.
        spending: as for `spent`.

    Returns:
        One critical value for each look, at most `FARTHEST`.
    """
    found, before, gone = [], 0.0, 0.0
    places, mass = np.zeros(1), np.ones(1)  # where paths that crossed nothing are, and their weighted density
    for fraction in fractions:
        total = -math.expm1(math.log1p(-spent(alpha, fraction, spending)) / paths)
        released, step = total - gone, math.sqrt(fraction - before)

        bound = _bound(_Paths(places, mass), step, released, FARTHEST * math.sqrt(fraction))
        found.append(bound / math.sqrt(fraction))
        nodes = np.linspace(-bound, bound, NODES)
        density = (
            np.exp(-0.5 * ((nodes[:, None] - places[None, :]) / step) ** 2) @ mass / (step * math.sqrt(2 * math.pi))
        )
        places, mass = nodes, density * _simpson(nodes)
        before, gone = fraction, total
    return np.array(found)


def look_levels(
    fractions: Sequence[float], level: float, *, paths: int = 1, spending: Spending = "obrien-fleming"
) -> Array:
    """The confidence level of each look, for a family at once, so that the looks have `level` together.

    An interval of a single figure at this level holds at all looks with more than `level`.

    Args:
        fractions: shares of the data at the looks, increasing, the last at most 1.
        level: of all looks together, such as 0.95.
        paths: how many figures a family has.
        spending: as for `spent`.
    """
    from scipy.stats import norm

    critical = boundaries(fractions, 1 - level, paths=paths, spending=spending)
    return np.asarray(np.exp(paths * np.log1p(-2 * norm.sf(critical))), float)


class _Paths(NamedTuple):
    """Paths that have crossed no boundary.

    Attributes:
        places: where they are.
        mass: the probability of each place.
    """

    places: Array
    mass: Array


def _bound(paths: _Paths, step: float, released: float, farthest: float) -> float:
    """The boundary beyond which a step of a standard deviation leads with a probability; `farthest` if none does."""
    from scipy.optimize import brentq
    from scipy.special import ndtr

    def excess(bound: float) -> float:
        beyond = ndtr((paths.places - bound) / step) + ndtr((-paths.places - bound) / step)
        return float(paths.mass @ beyond) - released

    if released <= 0 or excess(farthest) >= 0:
        return farthest
    return float(brentq(excess, 0.0, farthest, xtol=1e-12))


def _simpson(nodes: Array) -> Array:
    """The weights of Simpson's rule on equidistant nodes, an odd number of them."""
    weights = np.ones(len(nodes))
    weights[1:-1:2], weights[2:-1:2] = 4.0, 2.0
    return np.asarray(weights * ((nodes[1] - nodes[0]) / 3), float)
