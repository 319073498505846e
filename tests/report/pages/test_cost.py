import copy

import pytest

from harness.report.charts.cost import CostPoint, cost_chart
from harness.report.charts.frame import NARROW
from harness.report.charts.svg import svg_of
from harness.report.links import Anchors
from harness.report.pages.cost import cost_page, cost_per_item, costed_cells, unit_of
from support.report_runs import shipped


@pytest.fixture
def rows():
    """Four cells: the best costs most, a clearly worse one costs least."""
    found = copy.deepcopy(shipped("quickstart").board["rows"])
    picked = [found[0], found[1], found[2], found[-1]]
    for row, cost in zip(picked, (12.0, 6.0, 9.0, 1.2), strict=True):
        row["cost_usd"] = cost
    return picked


def test_the_front_and_the_cheapest_cell_that_may_be_the_best(rows):
    cells = costed_cells(rows, "kappa", "USD")
    assert [one.cost for one in cells] == [0.01, 0.05, 0.075, 0.1]
    assert [one.point.number for one in cells] == [1, 2, 0, 3]
    assert [one.point.is_pick for one in cells] == [False, True, False, False]


@pytest.mark.parametrize(
    ("metric", "numbers", "picks"),
    [("brier", [1, 0, 0, 0], [True, False, False, False]), ("soft-win-rate", [0] * 4, [False] * 4)],
)
def test_the_front_follows_the_direction_of_the_metric(rows, metric, numbers, picks):
    for row, value in zip(rows, (0.4, 0.3, 0.2, 0.1), strict=True):
        row["metrics"][metric] = {"value": value, "low": None, "high": None}
    cells = costed_cells(rows, metric, "USD")
    assert [one.point.number for one in cells] == numbers
    assert [one.point.is_pick for one in cells] == picks


def test_cells_without_a_price_or_a_value_have_no_point(rows):
    rows[0]["cost_usd"] = None
    rows[1]["metrics"]["kappa"]["value"] = None
    cells = costed_cells(rows, "kappa", "USD")
    assert [one.point is None for one in cells] == [False, True, False, True]
    assert cells[-1].cost is None


@pytest.mark.parametrize(
    ("costs", "unit"),
    [((1.0, 2.0), "USD"), ((0.0, 2.0), "USD"), ((0.0, 0.0), "tokens"), ((None, 2.0), "tokens")],
)
def test_cost_is_in_tokens_where_prices_say_nothing(costs, unit):
    tokens = {"prompt": 9, "completion": 1}
    assert unit_of([{"cost_usd": cost, "tokens": tokens} for cost in costs]) == unit


def test_cost_is_in_calls_without_tokens(rows):
    for row in rows:
        row |= {"cost_usd": None, "tokens": {"prompt": 0, "completion": 0}}
    assert unit_of(rows) == "calls"
    assert next(one.cost for one in costed_cells(rows, "kappa", "calls")) == pytest.approx(1.0, abs=0.1)


def test_no_items_have_no_cost():
    assert (
        cost_per_item({"items": 0, "cost_usd": 1.0, "calls": 3, "tokens": {"prompt": 1, "completion": 1}}, "USD")
        is None
    )


def test_the_page_of_a_free_run_is_in_tokens():
    (part,) = cost_page(shipped("quickstart"), Anchors()).datasets
    assert part.unit == "tokens"
    assert "tokens an item" in [column.name for column in part.table.columns]
    assert part.pick == ""  # the best cell is the cheapest of those


@pytest.mark.parametrize(("costs", "is_log"), [((1, 5), False), ((0, 900), False), ((1, 900), True)])
def test_wide_ranges_have_a_logarithmic_axis(costs, is_log):
    points = [CostPoint(f"cell {cost}", cost, 0.5, None, None, on_front=True, number=1) for cost in costs]
    assert ("logarithmic" in svg_of(cost_chart(points, "kappa", "USD", NARROW), "cost")) == is_log
