"""Every kind of experiment behind one protocol."""

import inspect
from pathlib import Path

import pytest

import harness
from harness import api
from harness.api.experiment import KINDS, Experiment, experiment_of
from harness.runner.plan import Planned, with_concurrency

SPECS = Path(__file__).parents[2] / "specs"
SHIPPED = {"evaluation": SPECS / "quickstart.yaml", "generation": SPECS / "feedback-loops.yaml"}
METHODS = {name: each for name, each in vars(Experiment).items() if inspect.isfunction(each) and name[0] != "_"}


def plan_of(kind: str) -> Planned:
    return harness.make_plan(harness.load_spec(SHIPPED[kind]))


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_implements_the_whole_protocol(kind: str) -> None:
    found = experiment_of(kind)
    for name, method in METHODS.items():
        expected = list(inspect.signature(method).parameters)[1:]
        given = inspect.signature(getattr(found, name)).parameters
        assert list(given)[: len(expected)] == expected, name
        assert all(each.default is not each.empty for each in list(given.values())[len(expected) :]), name


@pytest.mark.parametrize("kind", list(KINDS))
def test_concurrency_changes_no_digest(kind: str) -> None:
    plan = plan_of(kind)
    changed = with_concurrency(plan, 3)
    assert {model.limits.concurrency for model in changed.spec.models.values()} == {3}
    assert changed.digest == plan.digest
    assert changed.summary == plan.summary


def test_an_unknown_kind_is_a_key_error() -> None:
    with pytest.raises(KeyError, match="poem"):
        experiment_of("poem")


def test_the_public_names_are_listed_and_no_others_exist() -> None:
    assert {"load_spec", "make_plan", "run_spec", "open_run", "FinishedRun"} <= set(dir(api))
    for name in ("load_spec", "Planned", "Experiment", "spec_keys"):
        assert getattr(api, name).__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'pipeline'"):
        _ = api.pipeline
