"""Which thresholds a run can be held to: its metrics, its cells, and the side on which a metric is worse."""

from types import SimpleNamespace

import pytest

from harness.errors import InputError
from harness.leaderboard.run_gate import BEST, Threshold, check_thresholds
from harness.scoring.soft_metric import direction_of

HIGHER = ("kappa", "accuracy", "ac1", "pearson", "spearman", "kendall", "icc", "auc", "top-1", "ndcg", "mrr")
LOWER = ("mae", "rmse", "brier", "log-loss", "ece")
OF_NO_DIRECTION = ("bias",)


def spec_of(kind="evaluation"):
    cells = [SimpleNamespace(id="letters/direct/judge"), SimpleNamespace(id="letters/scores/judge")]
    score = SimpleNamespace(metrics=(*HIGHER, *LOWER, *OF_NO_DIRECTION))
    return SimpleNamespace(kind=kind, name="letters", cells=cells, score=score)


def faults(threshold, kind="evaluation"):
    try:
        check_thresholds(spec_of(kind), [threshold])
    except InputError as error:
        return " | ".join(str(problem.message) for problem in error.problems)
    return ""


@pytest.mark.parametrize(
    ("name", "direction", "fits"),
    [
        *((name, "higher", ("below",)) for name in HIGHER),
        *((name, "lower", ("above",)) for name in LOWER),
        *((name, "none", ("below", "above")) for name in OF_NO_DIRECTION),
    ],
)
def test_a_threshold_is_on_the_side_where_a_metric_is_worse(name, direction, fits):
    assert direction_of(name) == direction
    for way, other in (("below", "above"), ("above", "below")):
        said = faults(Threshold("", name, 0.5, way))
        expected = f"--fail-{way} {name}=0.5: {direction} values of {name} are better; use --fail-{other}"
        assert said == ("" if way in fits else expected)


@pytest.mark.parametrize("cell", ["", BEST, "letters/direct/judge", "direct/judge"])
def test_a_cell_is_named_with_or_without_its_dataset(cell):
    assert faults(Threshold(cell, "kappa", 0.5)) == ""


@pytest.mark.parametrize("cell", ["judge", "letters", "other/direct/judge"])
def test_another_cell_is_refused(cell):
    assert "letters has no cell" in faults(Threshold(cell, "kappa", 0.5))


def test_a_metric_that_the_spec_does_not_have_is_refused_with_those_that_it_has():
    assert "letters has no metric `win-rate-half`; it has `kappa`, " in faults(Threshold("", "win-rate-half", 0.5))
    assert "did you mean `kappa`" in faults(Threshold("", "kapa", 0.5))


@pytest.mark.parametrize(
    ("cell", "way", "is_fine"),
    [("", "below", True), (BEST, "below", True), ("", "above", True), ("direct/judge", "below", False)],
)
def test_a_generation_is_held_to_win_rates_of_all_systems_or_the_best(cell, way, is_fine):
    said = faults(Threshold(cell, "win-rate-half", 0.5, way), "generation")
    assert (said == "") is is_fine
    assert is_fine or "of a generation, thresholds are of every system, or of the `best`" in said
