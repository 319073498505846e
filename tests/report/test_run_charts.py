import json

import altair as alt
import pytest

from harness import open_run
from harness.errors import InputError
from support.report_runs import shipped


def run(name):
    return open_run(shipped(name).folder)


@pytest.mark.parametrize("name", [None, "kappa", "accuracy", "differences", "cost", "agreement", "confusion", "slices"])
def test_an_evaluation_has_charts_by_name(name):
    chart = run("quickstart").chart(name)
    assert isinstance(chart, alt.LayerChart)
    assert chart.to_dict()["datasets"]


def test_a_metric_ranks_its_own_chart():
    values = run("quickstart").chart("accuracy").to_dict()["datasets"]
    shown = max(values.values(), key=len)
    assert [row["value"] for row in shown] == sorted((row["value"] for row in shown), reverse=True)


@pytest.mark.parametrize("cell", ["direct/judge:novice", "village-notices/direct/judge:novice"])
def test_a_confusion_is_that_of_a_cell_with_or_without_its_dataset(cell):
    row = next(row for row in shipped("quickstart").board["rows"] if row["cell"].endswith("direct/judge:novice"))
    squares = max(run("quickstart").chart("confusion", cell).to_dict()["datasets"].values(), key=len)
    counts = [[*line[:3], sum(line[3:])] for line in row["table"]]
    assert [int(square["count"]) for square in squares] == [count for line in counts for count in line]


def test_slices_are_those_of_a_column():
    chart = run("quickstart").chart("slices", "model_b").to_dict()
    assert "by model_b" in json.dumps(chart)


@pytest.mark.parametrize(("name", "part"), [(None, None), ("win-rate", "master"), ("drafts", None)])
def test_a_generation_has_charts_by_name(name, part):
    assert run("feedback-loops").chart(name, part).to_dict()["layer"]


@pytest.mark.parametrize(
    ("spec", "name", "part", "message"),
    [
        ("quickstart", "kapa", None, "this run has no chart `kapa`.*did you mean `kappa`"),
        ("quickstart", "confusion", "direct/judge:novise", "no cell `direct/judge:novise`.*`direct/judge:novice`"),
        ("quickstart", "slices", "topic", "this run has no column `topic`"),
        ("quickstart", "kappa", "other", "this run has no dataset `other`"),
        ("feedback-loops", "win-rate", "nobody", "this run has no opponent `nobody`"),
        ("feedback-loops", "kappa", None, "this run has no chart `kappa`"),
    ],
)
def test_an_unknown_chart_is_an_error(spec, name, part, message):
    with pytest.raises(InputError, match=message):
        run(spec).chart(name, part)
