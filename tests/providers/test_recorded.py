"""What many answers of endpoints are taken for, compared with what they were taken for before.

Other tests say what is right; this one notices every change beside them. `HARNESS_RECORD=1 python -m pytest
tests/providers/test_recorded.py` writes the files anew: look at their diff.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from support.endpoint_answers import CALLS
from support.recorded import check


@pytest.mark.parametrize("name", CALLS)
def test_every_answer_is_taken_for_what_it_was(name: str) -> None:
    check(Path(__file__).with_name("recorded") / f"{name}.json", CALLS[name]())
