"""Everything that scoring says of small datasets of each kind, compared with what it said before.

Each field of each figure, comparison, winner and slice is compared. Other tests hold the values to other programs; this
one notices what changes beside them.

`HARNESS_RECORD=1 python -m pytest tests/scoring/test_recorded.py` writes the files anew: look at their diff.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.scoring.soft_metric import find_soft_metric
from support.recorded import check
from support.scored_worlds import NUMBERS, PAIRS, RANKINGS, SOFT, WORLDS, shown

RECORDS = Path(__file__).with_name("recorded")


@pytest.mark.parametrize("name", WORLDS)
def test_every_figure_is_what_it_was(name: str) -> None:
    check(RECORDS / f"{name.replace(' ', '-')}.json", shown(WORLDS[name]()))


def test_every_metric_is_in_a_record() -> None:
    kept = "".join(file.read_text(encoding="utf-8") for file in RECORDS.glob("*.json"))
    for name in (*PAIRS.metrics, *NUMBERS, *SOFT, *RANKINGS):
        assert f'"{name}"' in kept
    assert all(find_soft_metric(name) for name in (*NUMBERS, *SOFT))
