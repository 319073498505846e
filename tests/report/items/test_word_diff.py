import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.report.items.word_diff import word_diff

WORDS = st.lists(st.sampled_from(["the", "a", "honey", "stand", "\n", " ", ".", "é", "<b>"]), max_size=40).map(" ".join)


@given(WORDS, WORDS)
def test_the_pieces_join_to_both_texts(old, new):
    pieces = word_diff(old, new)
    assert "".join(piece.text for piece in pieces if piece.kind != "added") == old
    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == new
    assert all(piece.text for piece in pieces)


def test_a_changed_word_is_removed_and_added():
    assert word_diff("Do not miss the stand.", "Do not miss the choir.") == (
        ("same", "Do not miss the "),
        ("removed", "stand"),
        ("added", "choir"),
        ("same", "."),
    )


@pytest.mark.parametrize("lines", [3, 4_000])
def test_long_texts_are_compared_by_lines_or_not_at_all(lines):
    old = "".join(f"{number} {'word ' * 1_500}\n" for number in range(lines))
    new = old + "one more"
    pieces = word_diff(old, new)
    assert pieces == (("same", old), ("added", "one more")) if lines == 3 else (("removed", old), ("added", new))
