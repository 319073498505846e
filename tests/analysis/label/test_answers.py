"""What annotators write: words, numbers of a scale, and rankings, each with what is wrong with it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.analysis.label.answers import choices, in_data_order, number_in, ranking_in
from harness.records.label_set import RANKED, VERDICT_LABELS, LabelSet, number_set
from harness.records.rankings import groups_of


def test_what_can_be_written_is_named_for_every_kind_of_labels():
    assert choices(VERDICT_LABELS) == "`1`, `2` or `tie`"
    assert choices(LabelSet(("fail", "pass"))) == "`fail` or `pass`"
    assert choices(number_set(1, 10)) == "a number from 1 to 10"
    assert "`2>1=3`" in choices(RANKED)


@pytest.mark.parametrize(
    ("word", "number"), [("7", 7), (" 7.5 ", 7.5), ("7,5", 7.5), ("1e0", 1), ("10", 10), ("\u22120", 0), ("0,25", 0.25)]
)
def test_numbers_of_the_scale_are_read_also_with_a_decimal_comma(word, number):
    assert number_in(word, (0, 10)) == (number, "")


@pytest.mark.parametrize(
    ("word", "wrong"),
    [
        ("nan", "is `nan`, no finite number"),
        ("inf", "is `inf`, no finite number"),
        ("1e400", "is `1e400`, no finite number"),
        ("good", "is `good`, no finite number"),
        ("1_0", "is `1_0`, no finite number"),
        ("7/10", "is `7/10`, no finite number"),
        ("10.01", "is `10.01`, outside the scale"),
        ("-1", "is `-1`, outside the scale"),
        ("1,000", "is `1,000`, which may be a decimal comma or thousands"),
    ],
)
def test_anything_else_is_no_number(word, wrong):
    assert number_in(word, (0, 10)) == (None, wrong)


@pytest.mark.parametrize(
    ("word", "ranking"),
    [
        ("2>1=3", "2>1=3"),
        ("2, 3 ,1", "2>3>1"),
        ("3=1>2", "1=3>2"),
        ("2", "2>1=3"),
        ("3=2", "2=3>1"),
        ("1=2=3", "1=2=3"),
    ],
)
def test_rankings_are_read_and_the_best_alone_leaves_the_others_tied(word, ranking):
    assert ranking_in(word, 3) == (ranking, "")


@pytest.mark.parametrize(
    ("word", "wrong"),
    [
        ("2>1", "does not name response 3"),
        ("2>4>1", "names response 4, and 3 are shown"),
        ("0", "names response 0, and 3 are shown"),
        ("2>2>1", "names response 2 twice"),
        ("2>>1", "is `2>>1`, no ranking"),
        ("B>A", "is `B>A`, no ranking"),
        ("2-1-3", "is `2-1-3`, no ranking"),
        ("²", "is `²`, no ranking"),
        (">", "is `>`, no ranking"),
        ("9" * 5000, "no ranking"),
    ],
)
def test_anything_else_is_no_ranking(word, wrong):
    found, said = ranking_in(word, 3)
    assert found is None
    assert said.endswith(wrong)


@given(st.permutations(range(5)), st.permutations(range(5)))
def test_a_ranking_of_what_was_shown_names_the_same_responses_in_the_data(ranked, order):
    shown = ">".join(str(place + 1) for place in ranked)
    (found, _) = ranking_in(shown, 5)
    assert groups_of(in_data_order(found, order)) == [[order[place] + 1] for place in ranked]
