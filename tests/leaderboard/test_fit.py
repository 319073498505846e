"""Which columns of a summary fit, and names that are shortened."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.leaderboard.fit import SHORTEST_NAME, fitted, shortened
from harness.leaderboard.tables import Field, Form, Marked

NAMES = ["direct/judge:a-model-with-a-long-name", "direct/judge:a-model-with-a-long-name-2"]


def fields(*more):
    return [Field([Form("cell", NAMES)], is_number=False, is_name=True), *more]


def widths(shown):
    return sum(max(map(len, (form.header, *form.texts))) for _, form in shown) + 2 * (len(shown) - 1)


def test_columns_get_room_by_priority_and_not_by_place():
    late, early = Field([Form("late", ["xxxx", "x"], 9)]), Field([Form("early", ["xxxxx", "x"], 3)])
    room = len(NAMES[1]) + 2 + 5
    assert [form.header for _, form in fitted(fields(late, early), room, may_shorten=False)] == ["cell", "early"]
    whole = fitted(fields(late, early), room + 6, may_shorten=False)
    assert [form.header for _, form in whole] == ["cell", "late", "early"]


def test_a_wider_form_replaces_a_shorter_one_where_there_is_room():
    field = Field([Form("k", ["1"] * 2), Form("k", ["1.000"] * 2, 50)])
    assert fitted([field], 4, may_shorten=True)[0][1].texts == ["1"] * 2
    assert fitted([field], 5, may_shorten=True)[0][1].texts == ["1.000"] * 2


def test_what_must_be_shown_is_shown_with_shorter_names():
    shown = fitted(fields(Field([Form("kappa", ["0.83 [0.73, 0.90]"] * 2)])), 40, may_shorten=True)
    assert widths(shown) == 40
    assert all("…" in name for name in shown[0][1].texts)
    assert len(set(shown[0][1].texts)) == 2


def test_names_get_shorter_for_what_matters_and_for_nothing_else():
    for priority, is_shown in ((20, True), (21, False)):
        field = Field([Form("x" * 7, ["1", "2"], priority)])
        shown = fitted(fields(field), len(NAMES[1]), may_shorten=True)
        assert (len(shown) == 2) == is_shown
        assert ("…" in shown[0][1].texts[0]) == is_shown


def test_names_are_whole_where_no_terminal_sets_a_width():
    assert fitted(fields(), 10, may_shorten=False)[0][1].texts == NAMES


def test_a_shortened_name_keeps_its_meaning():
    (short,) = shortened([Marked("a" * 40, "best")], 20)
    assert (len(short), short.meaning) == (20, "best")


@pytest.mark.parametrize("differing", [0, 5, 15, 25, 35, 39])
def test_shortened_names_are_distinct_wherever_they_differ(differing):
    names = ["x" * differing + letter + "x" * (39 - differing) for letter in "ab"]
    found = shortened(names, 20)
    assert len(set(found)) == 2


@given(st.lists(st.text(alphabet="ab", max_size=60), unique=True, max_size=6), st.integers(SHORTEST_NAME, 40))
def test_names_stay_distinct(names, room):
    found = shortened(names, room)
    assert len(set(found)) == len(names)
    assert found == names or max(map(len, found)) <= room
