"""How often intervals hold the truth: the simulation on which the smoothed bootstrap was tuned, reduced.

Every scenario is a joint distribution of reference and judgment with a known kappa. The minimum over scenarios is
what counts: the plain percentile bootstrap fails where a judge is nearly perfect or nearly constant.
"""

import numpy as np
import pytest

from harness.metric import find_metric
from harness.statistics import intervals

REPEATS, RESAMPLES = 300, 400


def mixed(human, judge, agreement):
    """Joint shares of a judge that copies with some probability, and answers by its own habit otherwise."""
    human, judge = np.array(human), np.array(judge)
    return agreement * np.diag(human) + (1 - agreement) * np.outer(human, judge)


EVEN, USUAL, RARE = [1 / 3, 1 / 3, 1 / 3], [0.42, 0.16, 0.42], [0.8, 0.05, 0.15]
SCENARIOS = {
    "usual, middling": mixed(USUAL, USUAL, 0.4),
    "usual, no agreement": mixed(USUAL, USUAL, 0.0),
    "usual, nearly perfect": mixed(USUAL, USUAL, 0.97),
    "even, good": mixed(EVEN, EVEN, 0.7),
    "rare classes, middling": mixed(RARE, RARE, 0.4),
    "nearly constant judge": mixed(USUAL, [0.97, 0.01, 0.02], 0.02),
}


def coverage(shares, n, *, smoothed):
    """How often the interval holds the kappa of a world."""
    joint = np.zeros((3, 4))
    joint[:, :3] = shares
    kappa = find_metric("kappa")
    truth = float(kappa.value(joint))
    tables = np.random.default_rng(n).multinomial(n, joint.ravel(), size=REPEATS).reshape(-1, 3, 4)
    held = 0
    for seed, table in enumerate(tables):
        drawn = intervals.resampled_tables(table, smoothed=smoothed, resamples=RESAMPLES, seed=seed)
        interval = intervals.percentile_interval(kappa.value(drawn), 0.95)
        held += interval.low is not None and interval.low <= truth <= interval.high
    return held / REPEATS


@pytest.mark.slow
@pytest.mark.parametrize("n", [20, 40, 80, 200])
def test_smoothed_bootstrap_covers_where_the_plain_one_does_not(n):
    smoothed = {name: coverage(shares, n, smoothed=True) for name, shares in SCENARIOS.items()}
    plain = {name: coverage(shares, n, smoothed=False) for name, shares in SCENARIOS.items()}
    assert min(smoothed.values()) > 0.94 - 2.5 * np.sqrt(0.94 * 0.06 / REPEATS), smoothed
    assert min(plain.values()) < min(smoothed.values()), plain
    assert n > 80 or min(plain.values()) < 0.85, plain
