"""Slices that are too small for figures of soft verdicts."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from harness.scoring import soft_slices
from harness.scoring.slices import TOO_SMALL
from harness.scoring.soft_metric import TOO_FEW_VERDICTS
from support.labelled import QUICK


@pytest.mark.parametrize(("metric", "reason"), [("brier", TOO_SMALL), ("soft-win-rate", TOO_FEW_VERDICTS)])
def test_a_small_slice_of_soft_verdicts_has_no_figure_and_the_reason_of_its_metric(metric, reason):
    part = SimpleNamespace(n=3, items=3)
    found = soft_slices._figure(metric, part, SimpleNamespace(values=[None, None]), 0, QUICK, 7)
    assert (found.value, found.reason, found.n, found.systems) == (None, reason, 3, 2)
