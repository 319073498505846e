import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from statsmodels.stats.contingency_tables import mcnemar as theirs

from harness.statistics import mcnemar


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=80))
def test_it_is_the_exact_test_of_statsmodels(pairs):
    is_right = np.array(pairs)
    counts = mcnemar.discordant(is_right)
    first, second = int(counts[0, 1]), int(counts[1, 0])
    both = int(is_right.all(axis=1).sum())
    expected = theirs([[both, first], [second, len(pairs) - both - first - second]], exact=True).pvalue
    assert mcnemar.exact_p(first, second) == pytest.approx(min(1.0, expected))
    assert counts[0, 0] == counts[1, 1] == 0


def test_the_same_items_right_say_nothing():
    assert mcnemar.exact_p(0, 0) == 1.0


def test_many_items_are_as_exact():
    assert mcnemar.exact_p(10_200, 9_900) == pytest.approx(binomtest(10_200, 20_100).pvalue)
