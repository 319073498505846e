import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.prompting.strategy import compile_strategy
from harness.report.items.reading import Reader, ReadTexts, _alignment
from harness.spec.strategies import built_in


def marked(strategy: str, text: str) -> list[str]:
    return [text[start:stop] for start, stop in Reader(built_in(strategy)).reading(text).spans]


@pytest.mark.parametrize(
    ("strategy", "text", "answer", "parts"),
    [
        ("direct", "B is vague.\nVerdict: A", "verdict a", ["Verdict: A"]),
        ("direct", "B is vague.\r\n**Verdict:** “A”\r\n", "verdict a", None),
        ("combined-10", "Fine.\nScore A: 8/10\nScore B: 6/10", "scores 8 and 6", ["Score A: 8/10", "Score B: 6/10"]),
        ("independent-10", "Fine — so.\nScore: 7/10", "score 7", ["Score: 7/10"]),
        ("direct", "Fine… ★ well.\n\nVerdict: tie", "verdict tie", ["Verdict: tie"]),
        ("direct", "I cannot say.", "no answer", []),
        ("direct", "", "no answer", []),
    ],
)
def test_the_part_that_was_read_is_found_in_the_reply(strategy, text, answer, parts):
    found = Reader(built_in(strategy)).reading(text)
    assert found.answer == answer
    if parts is not None:
        assert marked(strategy, text) == parts
    elif not found.spans:
        assert found.read_text


def test_a_field_of_a_json_object_marks_the_object():
    text = 'So be it.\n{"choice": "A", "reasons": "short"}'
    assert marked("direct", text) == ['{"choice": "A", "reasons": "short"}']


def test_a_reply_of_a_megabyte_is_read():
    text = "x" * 1_000_000 + "…\nVerdict: B"
    assert marked("direct", text) == ["Verdict: B"]


@given(st.text(max_size=300), st.text(max_size=300))
def test_aligned_places_lie_in_the_text(one, other):
    aligned = _alignment(one, other)
    for start in range(len(one)):
        found = aligned(start, start + 1)
        assert found is None or one[start] == other[found[0]] or one == other


def test_places_in_what_two_texts_share_are_moved_and_others_are_not_found():
    aligned = _alignment("head XX tail", "head YYYY tail")
    assert aligned(0, 4) == (0, 4)
    assert aligned(8, 12) == (10, 14)
    assert aligned(5, 7) is None


def test_texts_that_the_rule_was_given_are_kept_with_its_answers():
    read = ReadTexts()
    questions = read.watching(compile_strategy(built_in("direct")))
    assert questions.read("Verdict: A").verdict == "a"
    assert questions.read("Hm.") is None
    assert read.given("Verdict: A") == "Verdict: A"
    assert read.given("Hm.\nVerdi") == "Hm."
    assert read.given("Other.") is None
