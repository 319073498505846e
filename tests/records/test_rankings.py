"""The text of rankings, their ranks, and what several of them amount to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from harness.records.label_set import RANKED, label_set_from
from harness.records.rankings import (
    best_first,
    groups_of,
    mean_ranking,
    ranking_of,
    ranks_of,
    reversed_positions,
    text_of,
)

VALUES = st.lists(st.integers(0, 5).map(float), min_size=2, max_size=26)


@given(VALUES)
def test_ranks_are_those_of_the_values(values):
    assert list(ranks_of(ranking_of(values))) == list(rankdata([-value for value in values]))


@given(VALUES)
def test_the_text_of_the_groups_is_the_text(values):
    ranking = ranking_of(values)
    assert text_of(groups_of(ranking)) == ranking
    assert reversed_positions(reversed_positions(ranking)) == ranking
    assert ranks_of(reversed_positions(ranking)) == ranks_of(ranking)[::-1]


def test_a_margin_joins_what_is_close_to_the_best_of_a_tie():
    assert ranking_of([3, 2, 1], margin=1) == "1=2>3"
    assert ranking_of([1, 2, 3], is_descending=False) == "1>2>3"


def test_the_best_alone_is_at_the_top():
    assert best_first(3, 4) == "3>1=2=4"


@given(st.integers(2, 6).flatmap(lambda n: st.lists(st.lists(st.integers(0, 3), min_size=n, max_size=n), min_size=1)))
def test_a_mean_ranking_orders_by_the_borda_count(rows):
    rankings = [ranking_of([float(one) for one in row]) for row in rows]
    borda = [
        sum((row[at] > other) + 0.5 * (row[at] == other) for row in rows for other in row) for at in range(len(rows[0]))
    ]
    assert mean_ranking(rankings) == ranking_of(borda)


def test_weights_count_as_so_many_votes():
    assert mean_ranking(["1>2", "2>1"], [1, 3]) == mean_ranking(["1>2", "2>1", "2>1", "2>1"]) == "2>1"
    assert mean_ranking(["1>2", "2>1"]) == "1=2"


@pytest.mark.parametrize("text", ["", "a", "1>1", "1>3", "2>1=", "0>1", "1 > 2"])
def test_what_is_no_ranking_is_refused(text):
    with pytest.raises(ValueError, match=r"no ranking|does not name"):
        groups_of(text)


def test_every_ranking_has_one_code_and_failures_have_their_own():
    codes = RANKED.outcome_codes
    assert [codes[name] for name in ("2>1", "1=2", "ranked", "unparsed", "unavailable")] == [0, 0, 0, 1, 4]
    assert label_set_from(RANKED.json()) == RANKED
    assert RANKED.is_single is False
