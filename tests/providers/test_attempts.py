"""What a connection does of calls whose attempts end in each way, compared with what it did before.

`HARNESS_RECORD=1 python -m pytest tests/providers/test_attempts.py` writes the file anew: look at its diff.
"""

from __future__ import annotations

from pathlib import Path

from support.attempted_calls import attempts
from support.recorded import check


def test_every_call_is_tried_and_told_of_as_it_was() -> None:
    check(Path(__file__).with_name("recorded") / "attempts.json", attempts())
