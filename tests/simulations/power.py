"""How often a difference is found that a run is said to be able to find."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from harness.statistics import multiplicity, pairs, planning
from harness.statistics.clusters import t_quantile
from simulations.judging import judged, kappa, tables_of
from simulations.row import Row, scaled

RESAMPLES = 1_000
BASE = 0.4
EVALUATORS = {2: "2 evaluators", 10: "the first and the second of 10"}
LARGE = 200_000
SLACK = 0.02
"""By how much the power may miss 0.8: influences are a first-order account, and a difference changes its own error."""


def simulate(scale: float) -> Iterator[Row]:
    """The power at the detectable difference, with as many items as an effect needs, and beside it with half."""
    repeats = scaled(2_000, scale)
    for evaluators, world in EVALUATORS.items():
        for n in (80, 300):
            effect = _detectable(evaluators, n)
            found = _found(evaluators, n, effect, repeats)
            yield Row("a detectable difference is found", world, str(n), found, 0.8 - SLACK, "at least", repeats)
            yield Row("and no more often than said", world, str(n), found, 0.8 + 2 * SLACK, "at most", repeats)
        needed = _needed(evaluators, 0.15)
        found = _found(evaluators, needed, 0.15, repeats)
        yield Row("a difference of 0.15 is found", world, str(needed), found, 0.8 - SLACK, "at least", repeats)
        half = _found(evaluators, needed // 2, 0.15, repeats)
        yield Row("a difference of 0.15 is found", world, str(needed // 2), half, 0.8, "shown beside", repeats)


def _skills(evaluators: int, effect: float) -> NDArray[np.float64]:
    skills = np.full(evaluators, BASE)
    skills[1] += effect
    return skills


def _critical(evaluators: int, degrees: int) -> float:
    if evaluators == 2:
        return t_quantile(0.95, degrees)
    return planning.equal_critical(evaluators, level=0.95, resamples=20_000, seed=1, degrees=degrees)


def _error(effect: float) -> float:
    """Paired standard error of the difference over one item, from very many."""
    labels, verdicts = judged(np.random.default_rng(3), LARGE, _skills(2, effect))
    tables = tables_of(labels, verdicts)
    return float(pairs.paired_errors(pairs.figure_covariance(kappa.influence(tables), labels, verdicts))[0, 1]) * (
        LARGE**0.5
    )


def _detectable(evaluators: int, n: int) -> float:
    """The difference that is its own detectable one at n: its size changes its error."""
    effect = 0.2
    for _ in range(8):
        effect = pairs.detectable(_error(effect) / n**0.5, _critical(evaluators, n - 1))
    return effect


def _needed(evaluators: int, effect: float) -> int:
    found = planning.units_for(effect, _error(effect), 1, lambda degrees: _critical(evaluators, degrees), fewest=20)
    assert found is not None
    return found


def _found(evaluators: int, n: int, effect: float, repeats: int) -> float:
    """Share of the worlds in which the better of the first two is significantly better, all pairs considered."""
    found = 0
    for seed in range(repeats):
        labels, verdicts = judged(np.random.default_rng([n, evaluators, seed]), n, _skills(evaluators, effect))
        tables = tables_of(labels, verdicts)
        covariance = pairs.figure_covariance(kappa.influence(tables), labels, verdicts)
        held = multiplicity.compare_all(kappa.value(tables), covariance, resamples=RESAMPLES, seed=seed, degrees=n - 1)
        found += bool(held.p_values[0, 1] <= 0.05 and held.differences[1, 0] > 0)
    return found / repeats
