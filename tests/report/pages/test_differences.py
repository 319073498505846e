import pytest

from harness.report.charts.palette import BETTER, OTHER, WORSE
from harness.report.pages.differences import difference_forest, result_text
from support.report_runs import shipped


def difference(value):
    ends = {"low": value - 0.05, "high": value + 0.05}
    return {"to": "d/s/judge:x", "value": value, "is_distinguishable": True, "is_equivalent": False, **ends}


@pytest.mark.parametrize(
    ("metric", "value", "text", "colour"),
    [
        ("kappa", 0.1, "better", BETTER),
        ("kappa", -0.1, "worse", WORSE),
        ("brier", 0.1, "worse", WORSE),
        ("brier", -0.1, "better", BETTER),
        ("soft-win-rate", 0.1, "higher", OTHER),
        ("soft-win-rate", -0.1, "lower", OTHER),
    ],
)
def test_a_difference_is_better_or_worse_by_the_direction_of_the_metric(metric, value, text, colour):
    found = difference(value)
    assert result_text(found, metric).text == text
    row = shipped("quickstart").board["rows"][0]
    row = {**row, "metrics": {metric: {"difference": found}}}
    (line,) = difference_forest(metric, [row]).rows
    assert line.colour == colour
