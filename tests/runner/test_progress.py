import io

import pytest

from harness.records.calls import UNAVAILABLE, Call, Model, Price, Reply
from harness.runner.progress import Display, RunStats

PRICED = Model("gpt", "openai", "gpt", price=Price(input=2.5, output=10))
UNPRICED = Model("other", "openai", "other")
SIMULATED = Model("sim", "simulated", "sim")
MODELS = {model.name: model for model in (PRICED, UNPRICED, SIMULATED)}


def told(watch: RunStats) -> None:
    for model in MODELS.values():
        watch.called(Call(model, ()), Reply("x", "stop", 1000, 100))
        watch.called(Call(model, ()), Reply("x", "length", 1000, 100))
    watch.called(Call(PRICED, ()), UNAVAILABLE)


def test_spend_is_told_by_model_and_unknown_without_a_price() -> None:
    watch = RunStats(MODELS)
    assert watch.spend_json() == {}
    told(watch)
    expected = {"calls": 2, "failed": 0, "prompt_tokens": 2000, "completion_tokens": 200}
    expected |= {"attempts_of_unknown_cost": 0, "unknown_cost_usd": 0.0}
    assert watch.spend_json() == {
        "gpt": {**expected, "failed": 1, "cost_usd": pytest.approx(0.007)},
        "other": {**expected, "cost_usd": None},
        "sim": {**expected, "cost_usd": 0.0},
    }
    assert watch.calls == 6


def test_attempts_whose_bill_is_not_known_are_told_beside_the_spend() -> None:
    watch = RunStats(MODELS)
    watch.not_billed("gpt", 0.5)
    watch.not_billed("gpt", 0.25)
    watch.not_billed("other", None)
    spend = watch.spend_json()
    assert (spend["gpt"]["attempts_of_unknown_cost"], spend["gpt"]["unknown_cost_usd"]) == (2, 0.75)
    assert (spend["other"]["attempts_of_unknown_cost"], spend["other"]["unknown_cost_usd"]) == (1, None)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_display_shows_counts_rate_and_spend(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    with Display(MODELS, stream, refresh_s=0) as watch:
        watch.begin(8)
        told(watch)
        watch.reached(4)
        watch.reached(3)
    assert "4/8" in stream.getvalue()
    assert "6 calls" in stream.getvalue()
    assert "$0.01+?" in stream.getvalue()
    assert "1 failed" in stream.getvalue()
    assert watch.done == 4


def test_display_that_never_began_shows_nothing() -> None:
    stream = Terminal()
    with Display(MODELS, stream) as watch:
        watch.reached(1)
    assert stream.getvalue() == ""
