"""Coefficients of numbers and their intervals, held to pingouin."""

from __future__ import annotations

import numpy as np
import pytest

from harness.scoring.soft_metric import SoftItems, find_soft_metric

pytestmark = [pytest.mark.tools, pytest.mark.filterwarnings("ignore")]

ICC = {"icc": {"ICC(A,1)", "ICC2"}, "icc-consistency": {"ICC(C,1)", "ICC3"}}
"""The names of the two coefficients in pingouin's versions."""


def numbers(kind: str, n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([n, 6])
    truth = rng.normal(size=n)
    judge, people = truth + 0.6 * rng.normal(size=n) + 0.4, truth + 0.6 * rng.normal(size=n)
    if kind == "grades":
        return np.clip(np.round(judge + 3), 1, 5), np.clip(np.round(people + 3), 1, 5)
    return judge, people


def theirs(judge: np.ndarray, people: np.ndarray) -> dict[str, tuple[float, np.ndarray]]:
    """Coefficient and interval by metric."""
    pandas, pingouin = pytest.importorskip("pandas"), pytest.importorskip("pingouin")
    n = len(judge)
    table = pandas.DataFrame(
        {
            "item": [*range(n), *range(n)],
            "rater": ["judge"] * n + ["people"] * n,
            "number": [*judge, *people],
        }
    )
    rows = pingouin.intraclass_corr(table, "item", "rater", "number").to_dict("records")
    interval = next(key for key in rows[0] if key.startswith("CI95"))
    found = {
        name: next((row["ICC"], row[interval]) for row in rows if row["Type"] in types) for name, types in ICC.items()
    }
    for name in ("pearson", "spearman", "kendall"):
        row = pingouin.corr(judge, people, method=name).to_dict("records")[0]
        found[name] = (row["r"], row[interval])
    return found


@pytest.mark.parametrize("kind", ["numbers", "grades"])
@pytest.mark.parametrize("n", [25, 400])
def test_coefficients_are_those_of_pingouin(kind, n):
    judge, people = numbers(kind, n)
    ours = SoftItems(judge, people, None, 0.95, 0)
    for name, (value, _) in theirs(judge, people).items():
        assert find_soft_metric(name).figure(ours).value == pytest.approx(value, abs=1e-6), name


def test_intervals_of_many_normal_numbers_are_about_those_of_pingouin():
    judge, people = numbers("numbers", 2_000)
    ours = SoftItems(judge, people, None, 0.95, 0)
    found = theirs(judge, people)
    for name in ("pearson", "icc-consistency"):
        figure = find_soft_metric(name).figure(ours)
        assert (figure.low, figure.high) == pytest.approx(tuple(found[name][1]), abs=0.012), name
