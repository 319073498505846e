"""Everything that each function of `statistics` gives for small data of each kind, compared with what it gave before.

Other tests hold the values to other programs, to published figures and to simulations; this one notices every change
beside them.

`HARNESS_RECORD=1 python -m pytest tests/statistics/test_recorded.py` writes the files anew: look at their diff.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from support import statistics_of_numbers, statistics_of_tables
from support.recorded import check

CALLS = statistics_of_tables.CALLS | statistics_of_numbers.CALLS


@pytest.mark.parametrize("name", CALLS)
def test_every_result_is_what_it_was(name: str) -> None:
    check(Path(__file__).with_name("recorded") / f"{name.replace(' ', '-')}.json", CALLS[name]())
