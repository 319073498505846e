import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.shown_text import clipped, shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain ä 中 🙂", "plain ä 中 🙂"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("windows\r\nline", "windows\nline"),
        ("a\u202eb", "a⟨U+202E⟩b"),
        ("\x1b[31m", "⟨U+001B⟩[31m"),
        ("\ud800", "⟨U+D800⟩"),
        ("\U000e0041", "⟨U+E0041⟩"),
        (7, "7"),
    ],
)
def test_hidden_characters_are_shown(text, expected):
    assert shown(text) == expected


@given(st.text())
def test_shown_text_can_be_encoded(text):
    shown(text).encode()


@given(st.text(max_size=400), st.integers(4, 100))
def test_a_clipped_text_has_its_beginning_and_its_end(text, most):
    part = clipped(text, most)
    assert len(part.start) + part.left_out + len(part.end) == len(text)
    assert text.startswith(part.start)
    assert text.endswith(part.end)
    assert len(part.start) + len(part.end) <= most
