from harness.analysis.compare.spec_diff import ABSENT, spec_differences


def test_fields_that_are_the_same_are_not_told_whatever_their_order():
    assert spec_differences([{"a": 1, "b": {"c": 2}}, {"b": {"c": 2}, "a": 1}]) == []


def test_each_field_has_its_path_and_all_values():
    found = spec_differences([{"models": {"m": {"skill": 1}}}, {"models": {"m": {"skill": 2}}}, {"models": {}}])
    assert [(field.path, field.values) for field in found] == [
        ("models.m.skill", (1, 2, ABSENT)),
        ("models", (ABSENT, ABSENT, {})),
    ]


def test_long_texts_are_told_line_by_line():
    (field,) = spec_differences([{"user": "one\ntwo\nthree"}, {"user": "one\n2\nthree"}])
    assert "-two" in field.text.splitlines()
    assert "+2" in field.text.splitlines()
    assert " one" in field.text.splitlines()


def test_short_texts_and_lists_are_told_as_they_are():
    found = spec_differences([{"a": "x", "b": [1, 2]}, {"a": "y", "b": [2, 1]}])
    assert [(field.values, field.text) for field in found] == [(("x", "y"), ""), (([1, 2], [2, 1]), "")]


def test_descriptions_make_no_difference():
    assert spec_differences([{"description": "x", "choices": []}, {"description": "y", "choices": [1]}]) == []
