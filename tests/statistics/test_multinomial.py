from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.statistics import multinomial

WORLDS = {
    "even": [0.3, 0.05, 0.07, 0.05, 0.08, 0.05, 0.07, 0.05, 0.28],
    "rare": [0.44, 0.001, 0.02, 0.0, 0.1, 0.001, 0.008, 0.01, 0.42],
    "nearly one": [0.001, 0.998, 0.001],
    "two": [0.5, 0.5],
}


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


@pytest.mark.parametrize("items", [1, 7, 40, 999, 30_000])
@pytest.mark.parametrize("name", WORLDS)
def test_each_count_and_each_pair_has_its_distribution(name: str, items: int) -> None:
    shares = np.array(WORLDS[name])
    draws = 40_000

    drawn = multinomial.draws(generator(items), items, shares, draws)

    assert np.array_equal(drawn.sum(axis=0), np.full(draws, items))
    for share, counts in zip(shares, drawn, strict=True):
        assert fits_binomial(counts, items, share) > 1e-4
    covariance = items * (np.diag(shares) - np.outer(shares, shares))
    error = np.sqrt((np.outer(np.diag(covariance), np.diag(covariance)) + covariance**2) / draws + items / draws)
    assert (np.abs(np.cov(drawn) - covariance) <= 6 * error + 1e-12).all()


def fits_binomial(counts: np.ndarray, items: int, share: float) -> float:
    """The p of a chi-square test over about ten classes of counts that are equally likely."""
    ends = np.unique([-1, *stats.binom.ppf(np.linspace(0, 1, 11)[1:-1], items, share), items])
    expected = np.diff(stats.binom.cdf(ends, items, share)) * len(counts)
    found = np.histogram(counts, ends + 0.5)[0]
    enough = expected > 5
    if enough.sum() < 2:
        return 1.0
    rest = np.array([expected[~enough].sum()]) if expected[~enough].sum() > 5 else np.array([])
    found, expected = (
        np.append(found[enough], found[~enough].sum()) if rest.size else found[enough],
        np.append(expected[enough], rest),
    )
    return float(stats.chisquare(found, expected * found.sum() / expected.sum()).pvalue)


def test_joint_counts_are_as_likely_as_the_multinomial_says() -> None:
    shares, items, draws = np.array([0.5, 0.2, 0.3]), 4, 60_000

    drawn = multinomial.draws(generator(3), items, shares, draws)

    possible = [(a, b, items - a - b) for a in range(items + 1) for b in range(items + 1 - a)]
    found = [int((one == drawn.T).all(axis=1).sum()) for one in possible]
    expected = stats.multinomial.pmf(possible, items, shares) * draws
    assert sum(found) == draws
    assert stats.chisquare(found, expected).pvalue > 1e-4


@given(
    weights=st.lists(st.floats(0, 1), min_size=1, max_size=20).filter(lambda some: sum(some) > 0.01),
    items=st.integers(0, 3_000),
    size=st.sampled_from([0, 1, 3, multinomial.LEAST_DRAWS, 1_000]),
    seed=st.integers(0, 2**32),
)
def test_draws_hold_every_item_and_none_where_there_is_no_share(
    weights: list[float], items: int, size: int, seed: int
) -> None:
    shares = np.array(weights) / sum(weights)

    drawn = multinomial.draws(generator(seed), items, shares, size)

    assert drawn.shape == (len(weights), size)
    assert (drawn >= 0).all()
    assert (drawn == np.rint(drawn)).all()
    assert np.array_equal(drawn.sum(axis=0), np.full(size, items))
    assert not drawn[shares == 0].any()


def test_draws_depend_on_the_generator_alone() -> None:
    shares = np.array(WORLDS["even"])

    one, same, other = (multinomial.draws(generator(seed), 80, shares, 1_000) for seed in (1, 1, 2))

    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize(
    ("shares", "items", "size"),
    [
        pytest.param([0.5, 0.5], 10, multinomial.LEAST_DRAWS - 1, id="few draws"),
        pytest.param([0.5, 0.5], multinomial.MOST_ITEMS + 1, 1_000, id="many items"),
        pytest.param([1 / 40] * 40, 100, 1_000, id="many cells alike"),
        pytest.param([1.0, 0.0], 100, 1_000, id="one cell"),
    ],
)
def test_numpy_draws_where_it_is_faster(shares: list[float], items: int, size: int) -> None:
    drawn = multinomial.draws(generator(), items, np.array(shares), size)
    possible = np.flatnonzero(shares)

    assert np.array_equal(drawn[possible].T, generator().multinomial(items, np.array(shares)[possible], size))
