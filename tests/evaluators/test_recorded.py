"""Every call and outcome of conversations with scripted replies, compared with what they were before.

Other tests say what is right; this one notices every change beside them. `HARNESS_RECORD=1 python -m pytest
tests/evaluators/test_recorded.py` writes the files anew: look at their diff.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from support.held_talks import CALLS
from support.recorded import check


@pytest.mark.parametrize("name", CALLS)
def test_every_conversation_is_held_as_it_was(name: str) -> None:
    check(Path(__file__).with_name("recorded") / f"{name}.json", CALLS[name]())
