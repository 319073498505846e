"""Prompts fall into the parts of a split by their id alone."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from harness.preferences.split import PARTS, part_of


def test_shares_are_about_what_was_asked_for():
    shares = (0.7, 0.2, 0.1)
    found = Counter(part_of("tasks", f"prompt {number}", shares, 7) for number in range(20_000))
    for part, share in zip(PARTS, shares, strict=True):
        assert abs(found[part] / 20_000 - share) < 0.015


@given(st.text(), st.integers(0, 2**53))
def test_a_share_of_nothing_is_empty_and_one_of_all_is_all(cluster, seed):
    assert part_of("p", cluster, (1.0, 0.0, 0.0), seed) == "train"
    assert part_of("p", cluster, (0.0, 1.0, 0.0), seed) == "validation"
    assert part_of("p", cluster, (0.0, 0.0, 1.0), seed) == "test"
    assert part_of("p", cluster, (0.5, 0.5, 0.0), seed) != "test"


def test_another_seed_is_another_split_and_the_same_one_the_same():
    parts = [[part_of("p", f"{n}", (0.5, 0.25, 0.25), seed) for n in range(200)] for seed in (1, 1, 2)]
    assert parts[0] == parts[1] != parts[2]
