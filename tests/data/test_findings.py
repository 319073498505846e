"""Findings in many rows."""

from harness.data.findings import gathered


def test_few_rows_are_shown_one_by_one():
    found = [("", at, f"`id` `p{at}` occurs before", "") for at in (2, 5, 9)]
    assert gathered(found) == found


def test_many_rows_with_problems_that_differ_in_values_alone_are_one():
    found = [("", at, f"`id` `p{at}` occurs before", "") for at in range(2, 12)]
    others = [("", 4, "`label` is missing", "name it"), ("b", 4, "`id` `p4` occurs before", "")]
    assert gathered([*found, *others]) == [
        ("", 2, "`id` `p2` occurs before, and 9 other rows have a problem of this kind (3, 4, 5, 6, 7, …)", ""),
        *others,
    ]


def test_the_same_problem_of_another_column_is_another_kind():
    found = [("", at, f"`{column}` is missing", "") for column in "ab" for at in range(4)]
    assert [message for _, _, message, _ in gathered(found)] == [
        "`a` is missing, and 3 other rows have a problem of this kind (1, 2, 3)",
        "`b` is missing, and 3 other rows have a problem of this kind (1, 2, 3)",
    ]


def test_places_in_lines_do_not_make_a_kind():
    found = [("", at, f"not valid JSON: unexpected end of data at column {at}", "") for at in range(1, 6)]
    assert len(gathered(found)) == 1
