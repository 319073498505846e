"""Sentences about figures."""

from harness import words


def test_a_difference_comes_with_its_interval_and_what_could_be_found():
    assert words.difference(0.04, 0.17, 0.2376) == (
        "difference +0.04 [−0.13, +0.21]; this run could detect about 0.24 or more"
    )


def test_a_long_list_names_some_and_counts_the_rest():
    sentence = words.not_distinguishable("fair", "kappa", "best", [f"m{k}" for k in range(8)], n=80, level=0.95)
    assert sentence == (
        "fair: not distinguishable from the best, best, by kappa at n = 80 (level 0.95): m0; m1; m2; m3; m4; and 3 more"
    )


def test_nothing_is_ever_called_equal():
    said = [value for value in vars(words).values() if isinstance(value, str) and value != words.__doc__]
    assert not any("equal" in text for text in said)
    assert "equal" not in words.degenerate("fair", "kappa", ["x"]) + words.not_distinguishable(
        "fair", "kappa", "x", ["y"], n=80, level=0.9
    )
