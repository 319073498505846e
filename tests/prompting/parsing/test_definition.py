"""Answer rules with every default written out: each kind of rule, without options and with all of them."""

import pytest

from harness.prompting.parsing.definition import answer_faults, full_rule, grades
from harness.prompting.parsing.rules import compile_answer

LETTERS = [("a", "A"), ("b", "B")]
NAMED = {side: [f"{name}{letter}" for name in ("", "Response ", "Assistant ", "Answer ", "Option ")]
         for side, letter in LETTERS}  # fmt: skip
TIES = ["tie", "a tie", "it's a tie", "it is a tie", "tied", "draw", "a draw", "equal", "C"]
ASKED = {"markers": ["Verdict", "Answer", "Winner", "Decision"]}
OTHER = {"markers": ["Choice"], "pattern": "p", "case_sensitive": True, "between": ["[[", "]]"]}
FULL = [
    ({"kind": "verdict"}, {**ASKED, "labels": {**NAMED, "tie": TIES}}),
    ({"kind": "verdict", "format": "json"}, {**ASKED, "format": "json", "reasons": True,
                                             "labels": {**NAMED, "tie": TIES}}),
    ({"kind": "verdict", "format": "json", "reasons": False},
     {**ASKED, "format": "json", "reasons": False, "labels": {**NAMED, "tie": TIES}}),
    ({"kind": "verdict", "reasons": True}, {**ASKED, "reasons": True, "labels": {**NAMED, "tie": TIES}}),
    ({"kind": "verdict", **OTHER, "between": ("[[", "]]"), "labels": {"a": ("X",)}, "statements": {"b": ("B wins",)}},
     {**OTHER, "labels": {"a": ["X"]}, "statements": {"b": ["B wins"]}}),
    ({"kind": "verdict", "pattern": "", "case_sensitive": False, "labels": {}}, {**ASKED, "labels": {}}),
    ({"kind": "label", "labels": {"pass": None, "fail": ("no", "F")}},
     {**ASKED, "labels": {"pass": ["pass"], "fail": ["no", "F"]}}),
    ({"kind": "label", "labels": {"1": [], "2": ["two"]}, "ordered": True, "markers": ("Grade",)},
     {"markers": ["Grade"], "labels": {"1": ["1"], "2": ["two"]}, "ordered": True}),
    ({"kind": "label", "labels": {"1": None}, "ordered": False}, {**ASKED, "labels": {"1": ["1"]}}),
    ({"kind": "logprobs"}, {"tokens": {"a": ["A"], "b": ["B"]}, "top": 20, "scale": {"min": 0, "max": 1}}),
    ({"kind": "logprobs", "tokens": {"pass": None, "fail": ("no",)}, "top": 7, "ordered": True, "as": "label",
      "thresholds": {"pass": 2.0, "good": 2.5}},
     {"tokens": {"pass": ["pass"], "fail": ["no"]}, "top": 7, "scale": {"min": 0, "max": 1}, "ordered": True,
      "thresholds": {"pass": 2, "good": 2.5}, "as": "label"}),
    ({"kind": "logprobs", "scale": {"min": 1.0, "max": 5.5}}, {"top": 20, "scale": {"min": 1, "max": 5.5}}),
    ({"kind": "logprobs", "scale": {"min": 1, "max": 5}, "tokens": {"x": None}},
     {"tokens": {"x": ["x"]}, "top": 20, "scale": {"min": 1, "max": 5}}),
    ({"kind": "reward"}, {}),
    ({"kind": "reward", "thresholds": {"fail": None, "pass": 2.0, "good": 2.5}},
     {"thresholds": {"fail": None, "pass": 2, "good": 2.5}}),
    ({"kind": "graded", "labels": [("a",), ("b",), ("c",)]},
     {**ASKED, "labels": [["a"], ["b"], ["c"]], "scale": {"min": 1, "max": 3}}),
    ({"kind": "graded", "labels": [["a"], ["b"]], "scale": {"min": 0.0, "max": 10.5}, "markers": ["Note"]},
     {"markers": ["Note"], "labels": [["a"], ["b"]], "scale": {"min": 0, "max": 10.5}}),
    ({"kind": "score", "scale": {"min": 1, "max": 10.0}},
     {"scale": {"min": 1, "max": 10}, "markers": ["Score", "Rating", "Grade"]}),
    ({"kind": "score", "scale": {"min": 1, "max": 5}, "markers": ("Note",), "thresholds": {"x": 3.0, "y": 4.5},
      "as": "label"},
     {"scale": {"min": 1, "max": 5}, "markers": ["Note"], "thresholds": {"x": 3, "y": 4.5}, "as": "label"}),
    ({"kind": "scores", "scale": {"min": 1, "max": 10}, "markers": {"a": ("A:",)}},
     {"scale": {"min": 1, "max": 10}, "markers": {"a": ["A:"]}}),
]  # fmt: skip


@pytest.mark.parametrize(("rule", "full"), FULL)
def test_the_defaults_of_a_rule_are_written_out(rule, full):
    found = full_rule(rule)
    assert found == {"kind": rule["kind"], **full}
    whole = [each for value in (found.get("scale", {}), found.get("thresholds", {})) for each in value.values()]
    assert all(isinstance(each, int) for each in whole if each is not None and each % 1 == 0), "2.0 and 2 are one rule"


def test_the_scores_of_two_responses_are_found_by_these_words():
    found = full_rule({"kind": "scores", "scale": {"min": 1, "max": 10}})["markers"]
    for side, letter in LETTERS:
        names = [f"{name}{letter}" for name in ("", "Response ", "Assistant ", "Answer ", "Option ")]
        before = [f"Score {of}{name}" for of in ("", "for ", "of ") for name in names]
        assert found[side] == [*before, *(f"{name}{own} Score" for own in ("'s", "") for name in names)]


@pytest.mark.parametrize(
    ("labels", "least", "greatest", "found"),
    [
        (2, 1, 2, [(2.0, 1.0), (1.0, 2.0)]),
        (3, 1, 3, [(3.0, 1.0), (2.0, 2.0), (1.0, 3.0)]),
        (5, 0, 10, [(10.0, 0.0), (7.5, 2.5), (5.0, 5.0), (2.5, 7.5), (0.0, 10.0)]),
    ],
)
def test_a_grade_stands_for_the_scores_of_both_responses(labels, least, greatest, found):
    assert grades({"labels": [["x"]] * labels, "scale": {"min": least, "max": greatest}}) == found


@pytest.mark.parametrize(("least", "greatest", "is_fault"), [(1, 2, False), (2, 2, True), (3, 2, True)])
def test_the_least_score_is_below_the_greatest(least, greatest, is_fault):
    rule = full_rule({"kind": "score", "scale": {"min": least, "max": greatest}})
    assert any(place == ("scale",) for place, _, _ in answer_faults(rule)) is is_fault


@pytest.mark.parametrize(("more", "is_fault"), [({}, False), ({"reasons": True}, True), ({"reasons": False}, True),
                                                ({"reasons": True, "format": "json"}, False)])  # fmt: skip
def test_only_an_object_has_a_place_for_reasons(more, is_fault):
    faults = [place for place, _, _ in answer_faults(full_rule({"kind": "verdict", **more}))]
    assert (("reasons",) in faults) is is_fault


XYZ = {"x": None, "y": None, "z": None}
ONE_TO_FIVE = {"scale": {"min": 1, "max": 5}}
FORMS = [
    ({"kind": "verdict"}, {}, ("Verdict: <A, B or tie>",)),
    ({"kind": "verdict", "between": ["[[", "]]"]}, {}, ("[[A]], [[B]] or [[tie]]",)),
    ({"kind": "label", "labels": {"x": None, "y": None}, "between": ["<", ">"]}, {"ask": "single"}, ("<x> or <y>",)),
    ({"kind": "label", "labels": XYZ, "markers": ["Is"]}, {"ask": "single"}, ("Is: <x, y or z>",)),
    ({"kind": "graded", "labels": [["A>B"], ["A=B"], ["B>A"]]}, {}, ("Verdict: <A>B, A=B or B>A>",)),
    ({"kind": "score", **ONE_TO_FIVE}, {"ask": "each"}, ("Score: <1 to 5>/5",)),
    ({"kind": "scores", **ONE_TO_FIVE}, {}, ("Score A: <1 to 5>/5", "Score B: <1 to 5>/5")),
    ({"kind": "ranking"}, {"ask": "rank"}, ("Ranking: <numbers of all responses, best first>",)),
    ({"kind": "choice"}, {"ask": "best"}, ("Best: <number of the best response>",)),
    ({"kind": "reward"}, {"ask": "each"}, ("<number>",)),
]


@pytest.mark.parametrize(("rule", "options", "lines"), FORMS)
def test_a_prompt_shows_the_form_that_is_wanted(rule, options, lines):
    assert compile_answer(full_rule(rule), **options).lines == lines


OWN = "give each words of its own"


@pytest.mark.parametrize(
    ("key", "groups", "hint"),
    [
        ("labels", {"a": ["x"], "b": ["X"]}, f"{OWN}, or write `case_sensitive: true`"),
        ("labels", {"a": ["x"], "b": ["x"]}, OWN),
        ("statements", {"a": ["X wins"], "b": ["x wins"]}, OWN),
    ],
)
def test_case_is_suggested_where_it_would_tell_two_labels_apart(key, groups, hint):
    rule = full_rule({"kind": "verdict", "labels": {"a": ["one"], "b": ["two"]}, key: groups})
    assert [(place, found) for place, _, found in answer_faults(rule)] == [((key, "b", 0), hint)]
