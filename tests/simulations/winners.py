"""What the figure of the best of many is worth, before and after its correction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from harness.scoring.estimates import smoothing_of
from harness.scoring.pairwise import statistic_of
from harness.statistics import clustered, intervals, selection
from simulations.comparisons import world_of
from simulations.judging import SHARES, judged, kappa, tables_of
from simulations.row import Row, scaled

WINNER = 0.92
"""The least coverage of the corrected interval in any world; on average it is at least 0.94."""
BIAS_FROM = 80
"""Independent items from which the corrected figure is held to its bound on bias."""


def simulate(scale: float) -> Iterator[Row]:
    """Bias and coverage of the best of several evaluators, in each world and on average."""
    repeats, rates = scaled(300, scale), []
    for world, skills in (
        ("57 equal evaluators", np.full(57, 0.4)),
        ("12 unequal evaluators", np.linspace(0.3, 0.55, 12)),
        ("10 equal and one far better", np.array([0.3] * 10 + [0.8])),
        ("56 equal and one clearly better", np.array([0.4] * 56 + [0.75])),
    ):
        for n in (40, 80, 200):
            for row in _best(world, skills, n, repeats):
                rates += [row.found] if row.claim.startswith("corrected interval") else []
                yield row
    for world, sizes in (("6 evaluators, 40 clusters of 5", [5] * 40), ("6 evaluators, 60 clusters of 2", [2] * 60)):
        for row in _best(world, np.linspace(0.4, 0.7, 6), sum(sizes), repeats, sizes):
            rates += [row.found] if row.claim.startswith("corrected interval") else []
            yield row
    mean = float(np.mean(rates))
    yield Row("corrected interval of the best", f"mean of {len(rates)} worlds", "", mean, 0.94, "at least", 0)


def _best(world: str, skills: Any, n: int, repeats: int, sizes: Sequence[int] | None = None) -> Iterator[Row]:
    rng, errors, held = np.random.default_rng(7), [], []
    group = None if sizes is None else np.repeat(np.arange(len(sizes)), sizes)
    for seed in range(repeats):
        if group is None:
            labels, verdicts = judged(rng, n, skills)
        else:
            drawn = world_of(rng, n, SHARES, skills, group, 0.7)
            labels, verdicts = drawn.rows, drawn.columns
        values = kappa.value(tables_of(labels, verdicts))
        best = int(values.argmax())
        truth, value = skills[best], float(values[best])
        places = labels.astype(np.intp)[:, None] * 4 + verdicts
        own = _own(places[:, best], group, value, seed)
        found = selection.correct_winner(statistic_of(kappa, (3, 4)), places, group, best, own, smoothing_of((3, 4)))
        errors.append((value - truth, found.corrected - truth))
        held.append((own.low <= truth <= own.high, found.low <= truth <= found.high))
    yield from what_it_is_worth("figure of the best", world, n, errors, held)


def _own(places: Any, group: Any, value: float, seed: int) -> selection.Own:
    """The winner's own interval, as a leaderboard shows it."""
    if group is None:
        table = np.bincount(places, minlength=12).reshape(3, 4).astype(float)
        drawn = intervals.resampled_tables(table, smoothed=True, resamples=1_000, seed=seed)
        own = intervals.percentile_interval(kappa.value(drawn), 0.95)
        assert own.low is not None
        assert own.high is not None
        return selection.Own(min(own.low, value), max(own.high, value), len(places), len(places) - 1, 0.95)
    found = clustered.table_interval(
        places, group, (3, 4), kappa.value, kappa.influence, prior=smoothing_of((3, 4)), level=0.95, seed=seed
    )
    assert found.low is not None
    assert found.high is not None
    return selection.Own(found.low, found.high, found.worth, found.degrees, 0.95, is_clustered=True)


def what_it_is_worth(
    figure: str, world: str, n: int, errors: Sequence[tuple[float, float]], held: Sequence[tuple[bool, bool]]
) -> Iterator[Row]:
    """The figure of the best and its correction: how far off, and how often their intervals hold the truth.

    Args:
        figure: its name.
        world: that was simulated.
        n: items in it.
        errors: of the figure and of the corrected one, world by world.
        held: whether their intervals held the truth.
    """
    (naive, corrected), (plain, mended) = np.mean(errors, axis=0), np.mean(held, axis=0)
    yield Row(f"{figure}, too high by", world, str(n), float(naive), 0, "shown beside", 0)
    side = "at most" if n >= BIAS_FROM and "clusters" not in world else "shown beside"  # else the noise is larger
    yield Row(f"corrected {figure}, off by", world, str(n), abs(float(corrected)), 0.05, side, 0)
    yield Row("interval of the best", world, str(n), float(plain), 0.95, "shown beside", len(held))
    yield Row("corrected interval of the best", world, str(n), float(mended), WINNER, "at least", len(held))
