import pytest

from harness.report.charts import scatter
from harness.report.charts.scatter import MOST_DOTS, scatter_chart, scatter_of


def dots(chart):
    (rows,) = [rows for rows in chart.datasets.values() if rows and "says" in rows[0]]
    return rows


def test_a_dot_stands_for_all_items_with_the_same_numbers():
    chart = scatter_chart(scatter_of([(3.5, 4.0), (3.5, 4.0), (5.0, 2.0)], (1, 5)))
    found = {row["says"]: row["area"] for row in dots(chart)}
    assert set(found) == {"people 3.5, judge 4: 2 items", "people 5, judge 2: 1 item"}
    assert found["people 3.5, judge 4: 2 items"] > found["people 5, judge 2: 1 item"]


def test_axes_hold_the_scale_and_all_labels():
    assert scatter_of([(0.5, 4.0)], (1, 5))[1:] == (0.5, 5)
    assert scatter_of([], (1, 5)) == ((), 1, 5)


def test_many_different_numbers_are_gathered_on_a_grid():
    pairs = [(at / 500, 1 - at / 500) for at in range(MOST_DOTS + 1)]
    found = dots(scatter_chart(scatter_of(pairs, (0, 1))))
    assert len(found) <= 2 * scatter.GRID
    assert sum(int(row["says"].split(": ")[1].split()[0]) for row in found) == len(pairs)


@pytest.mark.parametrize("scale", [(0, 1), (1, 10)])
def test_the_line_joins_equal_numbers(scale):
    chart = scatter_chart(scatter_of([(0.5, 0.5)], scale))
    (line,) = [rows for rows in chart.datasets.values() if "says" not in rows[0]]
    assert all(row["people"] == row["judge"] for row in line)
