"""How often a difference is found that a run is said to be able to find."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from harness.scoring.metric import find_metric
from harness.scoring.pairwise import statistic_of
from harness.statistics import multiplicity, planning
from harness.statistics.pairs import Judgments
from simulations.row import Row, scaled

LEAST, MOST = 0.78, 0.88
"""Between which the power at a detectable difference must lie."""

PILOTS = 60
LABELS = {"even labels": (1, 1, 1), "90/5/5": (90, 5, 5)}
WORLDS = (
    ("kappa", "even labels", 0.6, (40, 150, 600)),
    ("kappa", "even labels", 0.9, (80, 150, 600)),
    ("accuracy", "even labels", 0.6, (40, 150, 600)),
    ("accuracy", "90/5/5", 0.8, (150, 600)),
    ("ac1", "even labels", 0.9, (150,)),
    ("kappa", "90/5/5", 0.8, (150, 600)),
)


def simulate(scale: float) -> Iterator[Row]:
    """The power at the median of what pilots of the same size call detectable, losses and gains."""
    repeats = scaled(2_000, scale)
    for metric, name, skill, sizes in WORLDS:
        for n in sizes:
            for way in ("loss", "gain"):
                effect, shares = _detectable(metric, name, skill, n, way)
                if not np.isfinite(effect):
                    continue
                found = _found(metric, shares, n, repeats)
                world = f"{way} of a judge of skill {skill:g}, {name}, {metric}"
                yield Row("a detectable difference is found", world, str(n), found, LEAST, "at least", repeats)
                few = way == "gain" and n == 40  # near the ceiling of what can be gained: conservative
                side = "shown beside" if few else "at most"
                yield Row("and no more often than said", world, str(n), found, MOST, side, repeats)


def _pair(rng: np.random.Generator, n: int, name: str, skill: float) -> Any:
    """Counts of label, verdict and verdict of two judges of one skill, 1 × 3 × 4 × 4."""
    shares = np.asarray(LABELS[name], float) / np.sum(LABELS[name])
    labels = rng.choice(3, n, p=shares)
    verdicts = np.where(rng.random((n, 2)) < skill, labels[:, None], rng.choice(3, (n, 2), p=shares))
    places = labels * 16 + verdicts[:, 0] * 4 + verdicts[:, 1]
    return np.bincount(places, minlength=48).reshape(1, 3, 4, 4)


def _detectable(metric: str, name: str, skill: float, n: int, way: Any) -> tuple[float, Any]:
    """The median over pilots, and the shares of the pair that truly differs by so much."""
    statistic = statistic_of(find_metric(metric), (3, 4))
    said = [
        planning.alternatives(statistic, _pair(np.random.default_rng([n, seed]), n, name, skill), way).detectable(
            n, 1.959964
        )[0]
        for seed in range(PILOTS)
    ]
    effect = float(np.median(np.nan_to_num(said, nan=np.inf)))
    truth = _pair(np.random.default_rng(1), 400_000, name, skill)
    found = planning.alternatives(statistic, truth, way)
    if not np.isfinite(effect) or found.effects[-1, 0] < effect:
        return np.inf, None
    steps = planning.SHARES if way == "loss" else planning.SHARES[planning.SHARES <= 1]
    share = float(np.interp(effect, found.effects[:, 0], steps))
    return effect, planning.replaced(statistic, truth, way, share)[0]


def _found(metric: str, shares: Any, n: int, repeats: int) -> float:
    """Share of the worlds in which the difference is significant, with the right sign."""
    statistic, rng, found = statistic_of(find_metric(metric), (3, 4)), np.random.default_rng(n), 0
    truth = np.sign(statistic.value(shares.sum(axis=1)) - statistic.value(shares.sum(axis=2)))
    for _ in range(repeats):
        places = np.repeat(np.arange(48), rng.multinomial(n, shares.ravel() / shares.sum()))
        judgments = Judgments(places // 16, np.column_stack([places // 4 % 4, places % 4]))
        if np.isnan(statistic.value(judgments.tables((3, 4)))).any():
            continue
        held = multiplicity.compare_pairs(statistic, judgments, *multiplicity.all_pairs(2), resamples=1, seed=1)
        found += bool(held.p_values[0, 1] <= 0.05 and np.sign(held.differences[1, 0]) == truth)
    return found / repeats
