"""Reading YAML: what each text means, what is refused and where."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import SpecError
from harness.records.document import Document
from harness.spec import yaml
from harness.spec.yaml import MAX_BYTES, parse_yaml, read_yaml


def problems_of(text: str) -> list[str]:
    with pytest.raises(SpecError, match=r"^f:") as caught:
        parse_yaml(text, "f")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("-3", -3),
        ("+3", 3),
        ("0", 0),
        ("0o17", 15),
        ("0x1F", 31),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1e3", 1000.0),
        ("-1.5E-3", -0.0015),
        ("true", True),
        ("FALSE", False),
        ("~", None),
        ("Null", None),
        ("", None),
        ("'no'", "no"),
        ('"010"', "010"),
        ("|\n  no", "no"),
        ("y", "y"),
        ("n", "n"),
        ("2026-01-31", "2026-01-31"),
        ("10:30h", "10:30h"),
        ("1_a", "1_a"),
        ("0b2", "0b2"),
        ("nobody", "nobody"),
        ("=", "="),
        (r'"\ud83d\ude00"', "😀"),
    ],
)
def test_a_scalar_means_what_yaml_1_2_says(text, value):
    found = parse_yaml(f"a: {text}", "").value["a"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no", "`no` is a boolean in YAML 1.1 and text in YAML 1.2; write false or 'no'"),
        ("Off", "`Off` is a boolean in YAML 1.1 and text in YAML 1.2; write false or 'Off'"),
        ("on", "`on` is a boolean in YAML 1.1 and text in YAML 1.2; write true or 'on'"),
        ("YES", "`YES` is a boolean in YAML 1.1 and text in YAML 1.2; write true or 'YES'"),
        ("010", "`010` is an octal number in YAML 1.1 and a decimal one in YAML 1.2"),
        ("-08", "`-08` is an octal number in YAML 1.1 and a decimal one in YAML 1.2"),
        ("0b11", "`0b11` is a binary number in YAML 1.1 and text in YAML 1.2"),
        ("-0x1f", "`-0x1f` is a number in YAML 1.1 and text in YAML 1.2"),
        ("1:30", "`1:30` is a number to base 60 in YAML 1.1 and text in YAML 1.2"),
        ("12:30:45.5", "`12:30:45.5` is a number to base 60 in YAML 1.1 and text in YAML 1.2"),
        ("1_000", "`1_000` is a number in YAML 1.1 and text in YAML 1.2"),
        ("1_0.5", "`1_0.5` is a number in YAML 1.1 and text in YAML 1.2"),
        (".nan", "`.nan` is not a finite number"),
        ("-.inf", "`-.inf` is not a finite number"),
        ("1e999", "the number `1e999` is too large"),
        ("9007199254740992", "the number `9007199254740992` is too large"),
        ("9" * 5000, "is too large; quotes make it text"),
        (r'"\ud800"', "this text holds half of a surrogate pair"),
        ("!!str 1", "the tag `tag:yaml.org,2002:str` has no meaning here"),
        ("! 1", "the tag `!` has no meaning here"),
        ("!python/name:os.system {}", "the tag `!python/name:os.system` has no meaning here"),
        ("!!map {}", "the tag `tag:yaml.org,2002:map` has no meaning here"),
    ],
)
def test_a_value_that_could_be_misread_is_a_named_error(text, message):
    [problem] = problems_of(f"a: {text}")
    assert problem.startswith("f:1:4: ")
    assert message in problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\nb: 2\na: 3", "f:3:1: a: the key `a` occurs twice, first in line 1; remove one"),
        ("{a: 1, 'a': 2}", "f:1:8: a: the key `a` occurs twice"),
        ("1: x", "f:1:1: the key `1` is not text; put it in quotes"),
        ("null: x", "f:1:1: the key `null` is not text"),
        ("on: x", "f:1:1: `on` is a boolean in YAML 1.1"),
        ("a: {010: x}", "f:1:5: a: `010` is an octal number"),
        ("? [a]\n: x", "f:1:3: this key is a list; keys are text"),
        (
            "a: {{ prompt }}",
            "f:1:5: a: this key is a mapping; keys are text; a text that begins with `{` or `[` needs quotes",
        ),
        ("b: &b {x: 1}\na: {<<: *b}", "f:2:5: a: merge keys are not part of YAML 1.2; write the keys out"),
    ],
)
def test_a_bad_key_is_a_named_error(text, expected):
    assert any(problem.startswith(expected) for problem in problems_of(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "f:1:1: the file is empty"),
        ("# nothing\n", "f:1:1: the file is empty"),
        ("a: 1\n---\nb: 2", "f:2:1: a second document begins here"),
        (
            "a:\n\tb: 1",
            (
                "f:2:1: not valid YAML: found character '\\t' that cannot start any token, "
                "while scanning for the next token; indent with spaces, not with tabs"
            ),
        ),
        ("a: b: c", "f:1:5: not valid YAML: mapping values are not allowed here; a text that holds `: ` needs quotes"),
        ("a: *.csv", "f:1:5: not valid YAML"),
        (
            "a: @x",
            (
                "f:1:4: not valid YAML: found character '@' that cannot start any token, "
                "while scanning for the next token; put quotes"
            ),
        ),
        (
            "a: [1,\n2\n",
            (
                "f:2:2: not valid YAML: expected ',' or ']', but got '<stream end>', "
                "while parsing a flow sequence that begins in line 1"
            ),
        ),
        ("a: *b", "f:1:4: not valid YAML: found undefined alias"),
        ('a: "\\U00110000"', "f:1:7: not valid YAML: a number in an escape"),
        ("%YAML " + "9" * 5000 + ".1\n---\na: 1", "f:1:7: not valid YAML: a number in an escape"),
        ("a: 1\nb: \x07", "f:2:4: the character 0x0007 is not allowed"),
        ("[" * 65 + "]" * 65, "f:1:65: not valid YAML: nested deeper than 64 levels"),
        ("a: &a [*a]", "f:1:4: a[0]: this value contains itself"),
        ("a: &a {b: *a}", "f:1:4: a.b: this value contains itself"),
    ],
)
def test_a_broken_file_is_one_problem_with_a_place(text, expected):
    [problem] = problems_of(text)
    assert problem.startswith(expected)


def test_everything_is_told_at_once_in_the_order_of_the_file():
    found = problems_of("a: no\nb: [1:30, {c: !x 1, c: 2}]\n3: on\n")
    assert [problem.split(":")[1] for problem in found] == ["1", "2", "2", "2", "3", "3"]


def test_what_stands_behind_an_anchor_is_told_once():
    assert len(problems_of("a: &a {b: no}\nc: [*a, *a, *a]")) == 1


def test_aliases_that_explode_are_refused_quickly():
    bomb = "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    for name, before in zip("bcdefgh", "abcdefg", strict=True):
        bomb += f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    began = time.process_time()
    [problem] = problems_of(bomb)
    assert "over 100000 keys and values or 64 levels" in problem
    assert time.process_time() - began < 20


def test_depth_made_of_aliases_is_refused():
    text = "a: &a " + "[" * 40 + "]" * 40 + "\nb: " + "[" * 40 + "*a" + "]" * 40
    assert "64 levels" in problems_of(text)[0]


def test_too_many_values_are_refused_while_parsing(monkeypatch):
    monkeypatch.setattr(yaml, "MAX_NODES", 1000)
    assert parse_yaml("[" + ",".join("a" * 999) + "]", "").value == ["a"] * 999
    assert problems_of("[" + ",".join("a" * 1000) + "]") == ["f:1:2000: not valid YAML: more than 1000 keys and values"]


def test_an_alias_is_the_value_that_it_names():
    assert parse_yaml("a: &x [1, {b: 2}]\nc: *x", "").value == {"a": [1, {"b": 2}], "c": [1, {"b": 2}]}


def test_places_of_keys_and_values():
    document = parse_yaml("a:\n  b: [1, x]\n", "f")
    assert document.place(("a", "b", 1)) == (2, 10)
    assert document.place(("a", "b"), key=True) == (2, 3)
    assert document.place(("a", "missing", 3)) == document.place(("a",)) == (2, 3)
    assert document.place(("a", "missing"), key=True) == (2, 3)
    assert str(document.problem(("a", "b", 0), "bad")) == "f:2:7: a.b[0]: bad"


def test_a_document_without_a_file_has_no_places():
    assert str(Document("", {"a": 1}).problem(("a", 0, "b c"), "bad", hint="mend")) == 'a[0]["b c"]: bad; mend'


class TestFiles:
    def test_utf_8_with_and_without_mark(self, tmp_path):
        path = tmp_path / "a.yaml"
        for encoding in ("utf-8", "utf-8-sig"):
            path.write_text("ä: ö", encoding=encoding)
            document = read_yaml(path, "a")
            assert document.value == {"ä": "ö"}
            assert document.place(("ä",), key=True) == (1, 1)

    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            (b"a: 1\nb: \xff\n", "s.yaml:2:4: byte 0xff is not UTF-8 text; save the file as UTF-8"),
            ("a: 1".encode("utf-16"), "s.yaml:1:1: byte 0xff is not UTF-8 text; save the file as UTF-8"),
            (b"#" * (MAX_BYTES + 1), "s.yaml: the file is larger than 1 MiB"),
        ],
    )
    def test_bytes_that_are_no_yaml(self, tmp_path, content, expected):
        path = tmp_path / "a.yaml"
        path.write_bytes(content)
        with pytest.raises(SpecError, match=f"^{expected}$"):
            read_yaml(path, "s.yaml")

    def test_a_file_that_cannot_be_read(self, tmp_path):
        with pytest.raises(SpecError, match=r"^s: cannot read the file: No such file"):
            read_yaml(tmp_path / "none", "s")
        with pytest.raises(SpecError, match=r"^s: cannot read the file: Is a directory"):
            read_yaml(tmp_path, "s")
        with pytest.raises(SpecError, match=r"^s: cannot read the file: embedded null"):
            read_yaml(tmp_path / "a\0b", "s")


def check_problems(error: SpecError, text: str) -> None:
    last = max(len(text.splitlines()), 1)
    for problem in error.problems:
        assert 1 <= problem.line <= last
        assert problem.column >= 1
        assert problem.message.isprintable()


PIECES = st.sampled_from(
    [
        *"ab0-:,[]{}&*!|>'\"%@`# \n\t?~<=.",
        "\n  ",
        ": ",
        "- ",
        "&a ",
        "*a",
        "<<: ",
        "no",
        "1:30",
        "---\n",
        "\x07",
        "\ud800",
    ]
)


@settings(deadline=None)
@given(st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=40).map("".join)))
def test_any_text_is_a_document_or_a_spec_error(text):
    try:
        document = parse_yaml(text, "f")
    except SpecError as error:
        check_problems(error, text)
    else:
        json.dumps(document.value, allow_nan=False).encode()


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(JSON)
def test_json_is_yaml(value):
    assert parse_yaml(json.dumps(value) + "\n", "f").value == value
