"""What the gate on a comparison finds between small runs, compared with what it found before.

`HARNESS_RECORD=1 python -m pytest tests/analysis/compare/test_gate_recorded.py` writes the file anew: look at its diff.
"""

from __future__ import annotations

from pathlib import Path

from support.gated_runs import comparisons
from support.recorded import check


def test_every_finding_is_what_it_was() -> None:
    check(Path(__file__).with_name("recorded_gate.json"), comparisons())
