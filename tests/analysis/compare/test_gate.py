"""What counts as worse, metric by metric."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from harness.analysis.compare import changed
from harness.analysis.compare.changed import COUNTED, NO_ITEMS
from harness.analysis.compare.gate import GateRules, _of_judges, _of_pair, _p_worse, _sign

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
    assert _p_worse(figure(lost / 3), abs(lost / 3), sign) == 1, "exactly the margin"
    assert _p_worse(figure(None), 0.1, sign) == 1


def found_of(judge: Any, **rules: Any) -> list[str]:
    """The kinds of findings about one judge."""
    comparison: Any = SimpleNamespace(other=SimpleNamespace(id="run"))
    tested = changed.TestedJudges([judge], 1, 0.95)
    found = list(_of_judges(comparison, tested, GateRules(None, **{"if_changed": True, "min_items": 20, **rules})))
    assert all((one.run, one.cell) == ("run", "cell") for one in found)
    return [one.kind for one in found]


def judge(**others: Any) -> Any:
    sound = {"other_cell": "cell", "reason": "", "items": 20, "is_changed": False, "moved": 3}
    return SimpleNamespace(**sound | {"tests": [SimpleNamespace(adjusted=0.01)]} | others)


def test_a_judge_that_did_not_change_is_no_finding() -> None:
    assert found_of(judge()) == []


def test_a_judge_that_changed_is_a_finding_where_that_is_checked() -> None:
    assert found_of(judge(is_changed=True)) == ["changed"]
    assert found_of(judge(is_changed=True), if_changed=False) == []


def test_a_judge_that_could_not_be_tested_is_a_finding_unless_missing_cells_are_allowed() -> None:
    assert found_of(judge(reason="it has another prompt")) == ["not-tested"]
    assert found_of(judge(reason="it has another prompt"), allow_missing=True) == []
    assert found_of(judge(reason=NO_ITEMS)) == ["not-tested"]
    assert found_of(judge(reason=NO_ITEMS), allow_missing=True) == ["not-tested"], "nothing was compared"
    assert found_of(judge(reason=COUNTED)) == [], "its members are tested"


def test_too_few_items_to_test_for_a_change_are_a_finding() -> None:
    assert found_of(judge(items=19, is_changed=True)) == ["few-items"]
    assert found_of(judge(items=19), min_items=19) == []


@pytest.mark.parametrize(
    ("metric", "lost", "message"),
    [
        ("kappa", -0.1234, "kappa fell by 0.123, significantly more than 0.02"),
        ("mae", 0.5, "mae rose by 0.500, significantly more than 0.02"),
        ("kappa", None, "kappa fell by 0.000, significantly more than 0.02"),
    ],
)
def test_a_significant_loss_is_a_finding_with_its_size(metric: str, lost: float | None, message: str) -> None:
    difference = SimpleNamespace(value=lost, high=0.2, reason="")
    pair: Any = SimpleNamespace(
        pair=SimpleNamespace(one=0, other=0),
        other="cell",
        flips={"a": 1},
        figures={metric: SimpleNamespace(n=50, difference=difference)},
    )
    side = SimpleNamespace(outcomes=np.zeros((50, 1), np.int8), label_set=SimpleNamespace(names=("a", "b")))
    part: Any = SimpleNamespace(one=side, other=side, shared=SimpleNamespace(one=slice(None), other=slice(None)))
    found = list(_of_pair("run", part, pair, metric, GateRules(0.02), is_worse=True))
    assert [(one.kind, one.message) for one in found] == [("worse", message)]
    assert list(_of_pair("run", part, pair, metric, GateRules(0.02), is_worse=False)) == []
    few = list(_of_pair("run", part, pair, metric, GateRules(0.02, min_items=51), is_worse=True))
    assert [one.kind for one in few] == ["few-items"]


@pytest.mark.parametrize(
    ("metric", "flips", "n", "high", "kinds"),
    [
        ("kappa", {}, 50, None, []),  # the same outcome on every shared item
        ("mae", {}, 50, None, ["not-compared"]),
        ("mae", {}, None, None, ["few-items"]),
        ("mae", {}, 20, 0.2, []),
        ("mae", {"a": 1}, 19, None, ["not-compared"]),
        ("mae", {"a": 1}, 19, 0.2, ["few-items"]),
        ("kappa", {"a": 1}, 50, None, ["not-compared"]),
        ("kappa", {"a": 1}, 19, None, ["few-items"]),
        ("kappa", {"a": 1}, None, None, ["few-items"]),
        ("kappa", {"a": 1}, 20, 0.2, []),
    ],
)
def test_what_rests_on_too_little_or_has_no_interval_is_a_finding(
    metric: str, flips: Any, n: int | None, high: float | None, kinds: list[str]
) -> None:
    difference = SimpleNamespace(value=0.0, high=high, reason="no interval")
    figures = {} if n is None else {metric: SimpleNamespace(n=n, difference=difference)}
    pair: Any = SimpleNamespace(pair=SimpleNamespace(one=0, other=0), other="cell", flips=flips, figures=figures)
    side = SimpleNamespace(outcomes=np.zeros((50, 1), np.int8), label_set=SimpleNamespace(names=("a", "b")))
    part: Any = SimpleNamespace(one=side, other=side, shared=SimpleNamespace(one=slice(None), other=slice(None)))
    found = list(_of_pair("run", part, pair, metric, GateRules(0.02), is_worse=False))
    assert [one.kind for one in found] == kinds
    said = {"not-compared": f"{metric} was not compared: no interval", "few-items": f"{n or 0} shared items"}
    assert all(one.message.startswith(said[one.kind]) for one in found)
