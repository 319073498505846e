import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import kendalltau

from harness.statistics.concordance import concordance

SMALL = st.integers(0, 25).flatmap(
    lambda n: st.tuples(*(arrays(np.int64, n, elements=st.integers(-3, 3)) for _ in range(2)))
)


@given(SMALL)
def test_counts_are_those_of_all_pairs_of_items(pair):
    x, y = (values.astype(float) for values in pair)
    signs = np.sign(x[:, None] - x) * np.sign(y[:, None] - y)
    same, opposite = concordance(x, y)
    assert (same == (signs > 0).sum(axis=1)).all()
    assert (opposite == (signs < 0).sum(axis=1)).all()


def test_many_items_give_kendalls_tau():
    rng = np.random.default_rng(1)
    x = rng.normal(size=20_000)
    y = x + rng.normal(size=20_000)
    same, opposite = concordance(x, y)
    assert (same - opposite).mean() / (len(x) - 1) == pytest.approx(kendalltau(x, y).statistic)
