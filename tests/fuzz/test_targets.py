"""Every target of the fuzzing for a moment; `campaign.py` does it for longer, and guided by coverage."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from targets import TARGETS, seeds

MAX_S = 10.0
"""Processor time that no input of this size may take, on the slowest machine."""
READS_PARQUET = ("dataset", "prompts", "labels")
"""Each run tries the same inputs with these: polars ends the whole process over some Parquet files, by asking for more
memory than there is, and `campaign.py`, which gives each target a process of its own, is the place to find them."""
EDIT = st.tuples(st.floats(0, 1), st.integers(0, 40), st.binary(max_size=12))
SYNTAX = st.sampled_from(
    [
        *(b"{", b"}", b"[", b"]", b": ", b"- ", b"\n", b"&a ", b"*a", b"!x ", b"<<", b"'", b'"', b"\\", b"{{", b"%}"),
        *(b"9" * 5000, b"1e999", b"-0", b"null", b"\xff", b"\xed\xa0\x80", b"\x00", b"../", b"[" * 500),
        *(b"\x1b[", b"\x1f\x8b"),
    ]
)


def edited(seed: bytes, edits: list[tuple[float, int, bytes]]) -> bytes:
    """A seed with some places cut out and others put in."""
    for share, cut, new in edits:
        at = int(share * len(seed))
        seed = seed[:at] + new + seed[at + cut :]
    return seed


def attacks(name: str) -> st.SearchStrategy[bytes]:
    """Bytes for a target: any, or honest ones that were tampered with."""
    edits = st.lists(EDIT | st.tuples(st.floats(0, 1), st.integers(0, 3), SYNTAX), max_size=5)
    return st.binary(max_size=200) | st.builds(edited, st.sampled_from(list(seeds(name))), edits)


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_but_what_is_raised_on_purpose_comes_of_strange_bytes(name: str) -> None:
    @settings(max_examples=150, deadline=None, derandomize=name in READS_PARQUET)
    @given(attacks(name))
    def attack(data: bytes) -> None:
        began = time.process_time()
        TARGETS[name](data)
        assert time.process_time() - began < MAX_S

    attack()


@pytest.mark.parametrize("name", TARGETS)
def test_honest_input_passes(name: str) -> None:
    assert any(TARGETS[name](seed) for seed in seeds(name))
