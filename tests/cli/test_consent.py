"""Consent to the cost of a run on a terminal."""

from contextlib import nullcontext
from types import SimpleNamespace

import click
import pytest

from harness.cli import _consent
from harness.cli._consent import CONFIRM_VARIABLE, confirm_above_usd, confirm_cost
from harness.errors import InputError
from harness.records.calls import Model, Price
from harness.runner.estimate import estimate
from support.worlds import MemoryStore, plan_of

PRICED = Model("x", "openai", "gpt", {"max_tokens": 50}, price=Price(input=2000, output=1000))


@pytest.fixture
def asked(monkeypatch):
    """Questions that were asked; each is answered with no."""
    questions = []

    def confirm(question, **_):
        questions.append(question)
        return False

    monkeypatch.setattr(click, "confirm", confirm)
    monkeypatch.setattr(_consent, "_can_ask", lambda: True)
    monkeypatch.delenv(CONFIRM_VARIABLE, raising=False)
    return questions


def confirmed(model, said, **options):
    plan = plan_of(items=10, models=[model], strategies=["direct"])
    watch = SimpleNamespace(say=said.append, line=SimpleNamespace(paused=nullcontext), models=plan.spec.models)
    confirm_cost(watch, estimate(plan, MemoryStore()), **({"is_agreed": False} | options))


def test_a_run_that_costs_more_than_the_threshold_asks_and_stops_without_consent(asked, capsys):
    said = []
    with pytest.raises(click.exceptions.Exit) as stopped:
        confirmed(PRICED, said)
    assert stopped.value.exit_code == 1
    assert said[0].startswith("making 10–20 calls, cost $")
    assert " expected, $" in said[0]
    assert asked[0].startswith("spend about $")
    assert "nothing was spent; --yes skips this question" in capsys.readouterr().err


def test_yes_answers(asked, monkeypatch):
    monkeypatch.setattr(click, "confirm", lambda *_, **__: True)
    confirmed(PRICED, [])


@pytest.mark.parametrize("why", ["agreed", "pipe", "cheap", "no price", "environment"])
def test_no_question_where_none_is_needed(asked, monkeypatch, why):
    model, options = PRICED, {}
    if why == "agreed":
        options = {"is_agreed": True}
    elif why == "pipe":
        monkeypatch.setattr(_consent, "_can_ask", lambda: False)
    elif why == "cheap":
        model = Model("x", "openai", "gpt", {"max_tokens": 50}, price=Price(input=2, output=1))
    elif why == "no price":
        model = Model("x", "openai", "gpt", {"max_tokens": 50})
    else:
        monkeypatch.setenv(CONFIRM_VARIABLE, "1000000")
    said = []
    confirmed(model, said, **options)
    assert asked == []
    assert len(said) == 1


@pytest.mark.parametrize("text", ["many", "nan", "5 dollars"])
def test_a_threshold_that_is_no_number_is_an_error(text):
    with pytest.raises(InputError, match="is not an amount in dollars"):
        confirm_above_usd({CONFIRM_VARIABLE: text})


def test_the_threshold_is_five_dollars_unless_set():
    assert confirm_above_usd({}) == confirm_above_usd({CONFIRM_VARIABLE: ""}) == 5
    assert confirm_above_usd({CONFIRM_VARIABLE: "0.5"}) == 0.5
