"""How often a judge that stayed the same is called changed, and how often one that changed is noticed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from harness.analysis.compare.changed import adjusted_p_values, change_tests
from harness.statistics.codes import VERDICT_CODES
from simulations.judging import SHARES
from simulations.row import Row, scaled

ALPHA = 0.05
"""The promised rate of false alarms among all judges of two runs."""
NOISE = {"low noise": 0.02, "some noise": 0.1, "much noise": 0.3, "chance": 2 / 3}
"""The probability that one draw differs from the usual verdict of its item."""


def simulate(scale: float) -> Iterator[Row]:
    """False alarms over noise levels, draws, items and numbers of judges; then the power for changes of some items."""
    for noise in NOISE:
        for draws in ((1, 1), (3, 3), (2, 5)):
            yield _row("false alarm", noise, draws, 1, 80, 0.0, scaled(400, scale))
            yield _row("false alarm", noise, draws, 1, 400, 0.0, scaled(400, scale))
        yield _row("false alarm", noise, (3, 3), 10, 80, 0.0, scaled(200, scale))
    for noise in ("low noise", "some noise"):
        for draws in ((1, 1), (3, 3), (5, 5)):
            for moved in (0.02, 0.05, 0.1):
                yield _row("change noticed", noise, draws, 1, 200, moved, scaled(400, scale))


def _row(claim: str, noise: str, draws: tuple[int, int], judges: int, n: int, moved: float, repeats: int) -> Row:
    rng = np.random.default_rng([judges, n, *draws, round(1_000 * moved), list(NOISE).index(noise)])
    alarms = sum(_is_alarm(rng, NOISE[noise], draws, judges, n, moved) for _ in range(repeats))
    shown = f"{draws[0]} and {draws[1]} draws" if sum(draws) > 2 else "no repeats"
    who = "one judge" if judges == 1 else f"{judges} judges"
    change = f", {100 * moved:g} % of the items move from b to a" if moved else ""
    side = "shown beside" if moved else "at most"
    return Row(claim, f"{who}, {noise}, {shown}{change}", f"{n}", alarms / repeats, ALPHA, side, repeats)


def _is_alarm(rng: Any, noise: float, draws: tuple[int, int], judges: int, n: int, moved: float) -> bool:
    """Whether any judge of two runs is called changed."""
    raw = []
    for _ in range(judges):
        usual = rng.choice(3, n, p=SHARES)
        later = usual.copy()
        if moved:
            usual[: round(moved * n)], later[: round(moved * n)] = 2, 0
        raw.append(change_tests(_counts(rng, usual, noise, draws[0]), _counts(rng, later, noise, draws[1])))
    return any(p_value <= ALPHA for p_value in adjusted_p_values(raw, ALPHA).values())


def _counts(rng: Any, usual: Any, noise: float, draws: int) -> Any:
    """Draws of each category, items × categories: the usual verdict, or one of the two others."""
    shape = (len(usual), draws)
    other = (usual[:, None] + rng.integers(1, 3, shape)) % 3
    drawn = np.where(rng.random(shape) < noise, other, usual[:, None])
    return np.stack([(drawn == category).sum(axis=1) for category in range(VERDICT_CODES + 1)], axis=1)
