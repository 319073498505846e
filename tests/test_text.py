import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.text import escaped_json, html_table, json_text, minus_signs_within, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("plain – text, 日本語, é", "plain – text, 日本語, é", id="what is harmless stays"),
        pytest.param("\x1b[1;31mred\x1b[0m", "red", id="colours"),
        pytest.param("\x1b]0;new title\x07x", "x", id="window title"),
        pytest.param("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", "link", id="hyperlink"),
        pytest.param("\x9b2Jx", "x", id="8-bit escape"),
        pytest.param("\x1b(0q\x1bc", "q", id="character set and reset"),
        pytest.param("a\x1b", "a", id="lone escape"),
        pytest.param("a\r\nb\tc\u2028d", "a b c d", id="breaks become a space"),
        pytest.param("a\x00\x08\x7fb", "ab", id="controls"),
        pytest.param("safe\u202etxt.exe\u2066", "safetxt.exe", id="writing direction"),
        pytest.param("bad\udcffname", "bad\ufffdname", id="undecodable byte"),
    ],
)
def test_printable(text, shown):
    assert printable(text) == shown


@given(st.text(st.characters()))
def test_whatever_comes_is_one_encodable_line_without_controls(text):
    shown = printable(text)
    shown.encode()
    assert len(shown.splitlines()) <= 1
    assert all(ord(c) >= 32 and not 0x7F <= ord(c) < 0xA0 for c in shown)
    assert printable(shown) == shown


VALUES = st.recursive(
    st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)
OBEYED = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
MARKS = ["\x1b", "\x7f", "\x9b", "\x9d", "\u061c", "\u200e", "\u2028", "\u2029", "\u202e", "\u2066"]


@given(VALUES)
def test_json_for_a_terminal_parses_to_the_same_value_and_obeys_nothing(value):
    text = json_text(value)
    assert json.loads(text) == value
    assert not OBEYED.search(text)


@pytest.mark.parametrize("mark", MARKS)
def test_each_mark_that_a_terminal_obeys_is_escaped_in_json(mark):
    text = json_text({mark: f"a{mark}b"})
    assert mark not in text
    assert json.loads(text) == {mark: f"a{mark}b"}
    assert escaped_json(text) == text


def test_a_table_says_how_many_rows_it_leaves_out():
    rows = [("<b>", None, 1 / 3, at) for at in range(5)]
    whole, part = html_table(("a", "b", "c", "d"), rows), html_table(("a", "b", "c", "d"), rows, "title", most=2)
    assert whole.count("<tr>") == 6
    assert "more" not in whole
    assert "<caption" not in whole
    assert part.count("&lt;b&gt;") == 2
    assert ">and 3 more<" in part
    assert "<td>–</td><td>0.3333</td>" in part
    assert "more" not in html_table(("a",), rows, most=5)


def test_a_sentence_has_minus_signs_before_numbers_and_keeps_the_hyphens_of_names():
    text = "top-1 of rating-10/judge:gpt-4-1: -0.5 [-.25, 1e-05], d-2(-3) and `x`-1, 2026-11-27"
    shown = "top-1 of rating-10/judge:gpt-4-1: −0.5 [−.25, 1e−05], d-2(−3) and `x`-1, 2026-11-27"
    assert minus_signs_within(text) == shown
