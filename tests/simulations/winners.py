"""What the figure of the best of many is worth, before and after its correction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from harness.scoring.estimates import SMOOTHING
from harness.scoring.pairwise import statistic_of
from harness.statistics import intervals, selection
from simulations.judging import judged, kappa, tables_of
from simulations.row import Row, scaled


def simulate(scale: float) -> Iterator[Row]:
    """Bias and coverage of the best of several evaluators."""
    repeats = scaled(300, scale)
    for world, skills in (
        ("57 equal evaluators", np.full(57, 0.4)),
        ("12 unequal evaluators", np.linspace(0.3, 0.55, 12)),
        ("10 equal and one far better", np.array([0.3] * 10 + [0.8])),
    ):
        rng, n = np.random.default_rng(7), 80
        errors, held = [], []
        for seed in range(repeats):
            labels, verdicts = judged(rng, n, skills)
            tables = tables_of(labels, verdicts)
            best = int(kappa.value(tables).argmax())
            truth, value = skills[best], float(kappa.value(tables[best]))
            drawn = intervals.resampled_tables(tables[best], smoothed=True, resamples=1_000, seed=seed)
            own = intervals.percentile_interval(kappa.value(drawn), 0.95)
            places = labels.astype(np.intp)[:, None] * 4 + verdicts
            assert own.low is not None
            assert own.high is not None
            whole = selection.Own(min(own.low, value), max(own.high, value), n, n - 1, 0.95)
            found = selection.correct_winner(statistic_of(kappa), places, None, best, whole, SMOOTHING)
            errors.append((value - truth, found.corrected - truth))
            held.append((own.low <= truth <= own.high, found.low <= truth <= found.high))
        yield from what_it_is_worth("figure of the best", world, n, errors, held)


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
    yield Row(f"corrected {figure}, off by", world, str(n), abs(float(corrected)), 0.05, "at most", 0)
    yield Row("interval of the best", world, str(n), float(plain), 0.95, "shown beside", len(held))
    yield Row("corrected interval of the best", world, str(n), float(mended), 0.94, "at least", len(held))
