"""Every gate stops what it says and nothing else."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.preferences.filters import PAIR_FILTERS, PROMPT_FILTERS, Thresholds, filter_that_drops, passed
from harness.records.judgments import FAILURES
from support.made import candidate

LABELLED = candidate("A single text.", "", source="label")
BAD = candidate("Sorry, no", "", "b", source="label")
PAIRS = [
    ("failed", candidate(verdict="refused"), candidate(), Thresholds()),
    ("unlabelled", candidate(second="", verdict="unlabelled", source="label"), LABELLED, Thresholds()),
    ("neither", candidate(second="", verdict="neither", source="label"), LABELLED, Thresholds()),
    ("empty", candidate(" ", "", source="label"), LABELLED, Thresholds(length_ratio=1)),
    ("refusal", candidate("Sorry, no", "", source="label"), BAD, Thresholds(drops_refusals=True)),
    ("tied", candidate(verdict="tie"), candidate(), Thresholds()),
    ("orders-disagree", candidate(votes=("a", "b")), candidate(votes=("a", "a")), Thresholds()),
    ("orders-disagree", candidate(votes=("a", "tie")), candidate(verdict="b", votes=("b", "b")), Thresholds()),
    (
        "margin",
        candidate(score_first=7, score_second=6),
        candidate(score_first=8, score_second=6),
        Thresholds(margin=2),
    ),
    ("margin", candidate(verdict="b", score_first=7, score_second=8), candidate(), Thresholds(margin=2)),
    ("empty", candidate(second=" "), candidate(), Thresholds()),
    ("same", candidate("A  red\ncar", "a RED car "), candidate("A red car", "A blue car"), Thresholds()),
    ("reasoning", candidate("<think>hm</think>A red car"), candidate("A red car"), Thresholds()),
    ("reasoning", candidate("A red car", "A [THINK]blue"), candidate("A red car", "A blue car"), Thresholds()),
    ("truncated", candidate(truncated=True), candidate(), Thresholds()),
    ("length-ratio", candidate("x" * 41, "y" * 10), candidate("x" * 40, "y" * 10), Thresholds()),
    ("length-ratio", candidate("x" * 10, "y" * 41), candidate("x" * 10, "y" * 40), Thresholds()),
    ("refusal", candidate("I'm sorry, no."), candidate("It is red."), Thresholds(drops_refusals=True)),
    (
        "refusal",
        candidate("A long enough text.", "As an AI I do not", "b"),
        candidate("A long enough text.", "As an AI I do not"),
        Thresholds(length_ratio=None, drops_refusals=True),
    ),
]


@pytest.mark.parametrize(("gate", "stopped", "let_by", "thresholds"), PAIRS)
def test_each_gate_stops_what_it_says(gate, stopped, let_by, thresholds):
    assert filter_that_drops(stopped, thresholds) == gate
    assert filter_that_drops(let_by, thresholds) is None


def test_all_gates_are_tried():
    assert {gate for gate, *_ in PAIRS} == set(PAIR_FILTERS)


@pytest.mark.parametrize("kind", FAILURES)
def test_every_failure_is_one(kind):
    assert filter_that_drops(candidate(verdict=kind), Thresholds()) == "failed"


def test_what_is_off_stops_nothing():
    assert filter_that_drops(candidate("I'm sorry."), Thresholds()) is None
    assert filter_that_drops(candidate(truncated=True), Thresholds(drops_truncated=False)) is None
    assert filter_that_drops(candidate("x" * 1000, "y"), Thresholds(length_ratio=None)) is None


def test_the_same_pair_counts_once_for_a_prompt_and_opposites_cancel():
    counts: Counter[str] = Counter()
    kept = list(passed([candidate(), candidate("Red.", "CRIMSON.", "b"), candidate("x", "y")], Thresholds(), counts))
    assert [(one.first, one.second) for one in kept] == [("Crimson.", "Red."), ("x", "y")]
    assert counts["duplicate"] == 1
    counts.clear()
    assert list(passed([candidate(), candidate(verdict="b")], Thresholds(), counts)) == []
    assert counts["contradicted"] == 2
    other = ({"role": "user", "content": "Another."},)
    assert len(list(passed([candidate(), candidate(verdict="b", prompt=other)], Thresholds(), Counter()))) == 2


VERDICTS = st.sampled_from(("a", "b", "tie", "unparsed"))
MADE = st.builds(candidate, st.sampled_from("xyz"), st.sampled_from("xyz"), VERDICTS)


@given(st.lists(MADE, max_size=12))
def test_every_candidate_is_kept_or_counted_once_and_no_two_contradict(candidates):
    counts: Counter[str] = Counter()
    kept = list(passed(candidates, Thresholds(), counts))
    assert len(kept) + counts.total() == len(candidates)
    assert set(counts) <= {*PAIR_FILTERS, *PROMPT_FILTERS}
    better = {(one.first, one.second) if one.verdict == "a" else (one.second, one.first) for one in kept}
    assert len(better) == len(kept)
    assert all((worse, best) not in better for best, worse in better)
    assert all(best != worse for best, worse in better)
