"""What counts as worse, metric by metric."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from harness.analysis.compare.gate import _p_worse, _sign

LESS_IS_BETTER = ("mae", "rmse", "brier", "log-loss", "ece")
MORE_IS_BETTER = ("kappa", "accuracy", "pearson", "auc", "icc", "soft-win-rate", "top-1")


def figure(difference: float | None) -> Any:
    return SimpleNamespace(p_beyond=lambda margin: margin, difference=SimpleNamespace(value=difference))


@pytest.mark.parametrize("metric", MORE_IS_BETTER)
def test_an_improvement_of_most_metrics_is_an_increase(metric: str) -> None:
    assert _sign(metric) == 1


@pytest.mark.parametrize("metric", LESS_IS_BETTER)
def test_an_improvement_of_an_error_is_a_decrease(metric: str) -> None:
    assert _sign(metric) == -1


@pytest.mark.parametrize(("sign", "lost", "beyond"), [(1, -0.3, -0.1), (-1, 0.3, 0.1)])
def test_a_loss_of_more_than_the_margin_has_the_p_value_of_the_test_beyond_it(
    sign: int, lost: float, beyond: float
) -> None:
    assert _p_worse(figure(lost), 0.1, sign) == beyond
    assert _p_worse(figure(-lost), 0.1, sign) == 1
    assert _p_worse(figure(lost / 10), 0.1, sign) == 1
    assert _p_worse(figure(None), 0.1, sign) == 1
