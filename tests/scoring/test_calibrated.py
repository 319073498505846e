"""Calibrated figures that cannot be had say why."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from harness.records.experiment import ScoreSpec
from harness.scoring.calibrated import NO_MAP, _figures
from harness.scoring.soft_scores import HARD


@pytest.mark.parametrize(("values", "reason"), [(None, HARD), (np.array([0.5]), NO_MAP)])
def test_a_cell_without_soft_verdicts_or_without_a_map_has_no_figure(values: object, reason: str) -> None:
    applied = SimpleNamespace(
        data=SimpleNamespace(values=[values, None]), calibration=SimpleNamespace(cells={}), is_new=np.ones(40, bool)
    )
    found = _figures("cell", values, applied, ScoreSpec(metrics=("kappa", "brier"), level=0.9), 1)
    assert sorted(found) == ["brier.calibrated", "kappa.calibrated"]
    assert {(one.value, one.reason, one.level, one.systems) for one in found.values()} == {(None, reason, 0.9, 2)}
