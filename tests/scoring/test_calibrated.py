"""Calibrated figures that cannot be had say why."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from harness.records.experiment import ScoreSpec
from harness.scoring.calibrated import NO_MAP, _figures, calibrated, verdict_codes
from harness.scoring.soft_scores import HARD


@pytest.mark.parametrize(("values", "reason"), [(None, HARD), (np.array([0.5]), NO_MAP)])
def test_a_cell_without_soft_verdicts_or_without_a_map_has_no_figure(values: object, reason: str) -> None:
    applied = SimpleNamespace(
        data=SimpleNamespace(values=[values, None]), calibration=SimpleNamespace(cells={}), is_new=np.ones(40, bool)
    )
    found = _figures("cell", values, applied, ScoreSpec(metrics=("kappa", "brier"), level=0.9), 1)
    assert sorted(found) == ["brier.calibrated", "kappa.calibrated"]
    assert {(one.value, one.reason, one.level, one.systems) for one in found.values()} == {(None, reason, 0.9, 2)}


def test_a_verdict_is_a_tie_up_to_the_margin_and_a_failure_without_a_value() -> None:
    values = np.array([0.5, 0.6, 0.6 + 1e-6, 0.4, 0.4 - 1e-6, 1.0, 0.0, np.nan])
    assert verdict_codes(values, 0.2).tolist() == [1, 1, 0, 1, 2, 0, 2, 3]
    assert verdict_codes(values, 0.0).tolist() == [1, 0, 0, 2, 2, 0, 2, 3]


def test_values_are_read_off_the_map_and_missing_ones_stay_missing() -> None:
    found = SimpleNamespace(points=((0.0, 0.2), (0.5, 0.5), (1.0, 0.9)))
    assert calibrated(np.array([0.0, 0.25, 1.0]), found).tolist() == pytest.approx([0.2, 0.35, 0.9])
    assert np.isnan(calibrated(np.array([np.nan]), found)).all()
