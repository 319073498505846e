"""Every gate stops what it says and nothing else."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.preferences.filters import GATES, OF_A_PROMPT, Bars, passed, stopped_by
from harness.records.judgments import FAILURES
from support.made import candidate

PAIRS = [
    ("failed", candidate(verdict="refused"), candidate(), Bars()),
    ("tied", candidate(verdict="tie"), candidate(), Bars()),
    ("orders-disagree", candidate(votes=("a", "b")), candidate(votes=("a", "a")), Bars()),
    ("orders-disagree", candidate(votes=("a", "tie")), candidate(verdict="b", votes=("b", "b")), Bars()),
    ("margin", candidate(score_first=7, score_second=6), candidate(score_first=8, score_second=6), Bars(margin=2)),
    ("margin", candidate(verdict="b", score_first=7, score_second=8), candidate(), Bars(margin=2)),
    ("empty", candidate(second=" "), candidate(), Bars()),
    ("same", candidate("A  red\ncar", "a RED car "), candidate("A red car", "A blue car"), Bars()),
    ("reasoning", candidate("<think>hm</think>A red car"), candidate("A red car"), Bars()),
    ("reasoning", candidate("A red car", "A [THINK]blue"), candidate("A red car", "A blue car"), Bars()),
    ("truncated", candidate(truncated=True), candidate(), Bars()),
    ("length-ratio", candidate("x" * 41, "y" * 10), candidate("x" * 40, "y" * 10), Bars()),
    ("length-ratio", candidate("x" * 10, "y" * 41), candidate("x" * 10, "y" * 40), Bars()),
    ("refusal", candidate("I'm sorry, no."), candidate("It is red."), Bars(drops_refusals=True)),
    (
        "refusal",
        candidate("A long enough text.", "As an AI I do not", "b"),
        candidate("A long enough text.", "As an AI I do not"),
        Bars(length_ratio=None, drops_refusals=True),
    ),
]


@pytest.mark.parametrize(("gate", "stopped", "let_by", "bars"), PAIRS)
def test_each_gate_stops_what_it_says(gate, stopped, let_by, bars):
    assert stopped_by(stopped, bars) == gate
    assert stopped_by(let_by, bars) is None


def test_all_gates_are_tried():
    assert {gate for gate, *_ in PAIRS} == set(GATES)


@pytest.mark.parametrize("kind", FAILURES)
def test_every_failure_is_one(kind):
    assert stopped_by(candidate(verdict=kind), Bars()) == "failed"


def test_what_is_off_stops_nothing():
    assert stopped_by(candidate("I'm sorry."), Bars()) is None
    assert stopped_by(candidate(truncated=True), Bars(drops_truncated=False)) is None
    assert stopped_by(candidate("x" * 1000, "y"), Bars(length_ratio=None)) is None


def test_the_same_pair_counts_once_for_a_prompt_and_opposites_cancel():
    counts: Counter[str] = Counter()
    kept = list(passed([candidate(), candidate("Red.", "CRIMSON.", "b"), candidate("x", "y")], Bars(), counts))
    assert [(one.first, one.second) for one in kept] == [("Crimson.", "Red."), ("x", "y")]
    assert counts["duplicate"] == 1
    counts.clear()
    assert list(passed([candidate(), candidate(verdict="b")], Bars(), counts)) == []
    assert counts["contradicted"] == 2
    other = ({"role": "user", "content": "Another."},)
    assert len(list(passed([candidate(), candidate(verdict="b", prompt=other)], Bars(), Counter()))) == 2


VERDICTS = st.sampled_from(("a", "b", "tie", "unparsed"))
MADE = st.builds(candidate, st.sampled_from("xyz"), st.sampled_from("xyz"), VERDICTS)


@given(st.lists(MADE, max_size=12))
def test_every_candidate_is_kept_or_counted_once_and_no_two_contradict(candidates):
    counts: Counter[str] = Counter()
    kept = list(passed(candidates, Bars(), counts))
    assert len(kept) + counts.total() == len(candidates)
    assert set(counts) <= {*GATES, *OF_A_PROMPT}
    better = {(one.first, one.second) if one.verdict == "a" else (one.second, one.first) for one in kept}
    assert len(better) == len(kept)
    assert all((worse, best) not in better for best, worse in better)
    assert all(best != worse for best, worse in better)
