"""What the gate on a single run says of the shipped runs, compared with what it said before.

`HARNESS_RECORD=1 python -m pytest tests/leaderboard/test_gate_recorded.py` writes the files anew: look at their diff.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from support.gated_runs import boards, thresholds
from support.recorded import check

CALLS = {"thresholds": thresholds, "boards": boards}


@pytest.mark.parametrize("name", CALLS)
def test_every_check_says_what_it_said(name: str) -> None:
    check(Path(__file__).with_name("recorded") / f"{name}.json", CALLS[name]())
