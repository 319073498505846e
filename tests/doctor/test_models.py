"""The checks of models end, however slowly endpoints answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

import harness
from harness.doctor import models
from harness.providers.health import Finding
from harness.records.calls import Model
from support.paths import ROOT

MODEL = Model("slow", "openai", "m")


def test_findings_in_time_are_passed_on() -> None:
    finding = Finding("model slow", "ok", "answers")
    assert models.within(30, lambda: [finding], MODEL) == [finding]


def test_an_endpoint_that_never_ends_its_answer_is_a_failure() -> None:
    ended = threading.Event()

    def slow() -> list[Finding]:
        ended.wait(60)
        return []

    try:
        (found,) = models.within(0.05, slow, MODEL)
    finally:
        ended.set()
    assert (found.what, found.state, found.message) == ("model slow", "failure", "no answer within 0 s")
    assert "check `base_url`" in found.hint


def test_an_error_of_a_check_is_raised() -> None:
    def broken() -> list[Finding]:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        models.within(30, broken, MODEL)


def test_models_that_there_is_no_time_for_are_not_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    class Provider:
        @staticmethod
        def check(model: Model, environment: Any) -> Iterator[Finding]:
            yield Finding(f"model {model.name}", "ok", "answers")

    monkeypatch.setattr(models, "find_provider", lambda name: Provider)
    times = iter([0.0, 0.0, 61.0, 62.0])
    spec = harness.load_spec(ROOT / "specs/quickstart.yaml")
    found = list(models.check_models(spec, {}, offline=False, clock=lambda: next(times)))
    states = [(each.what, each.state) for each in found if each.what.startswith("model")]
    assert states == [("model novice", "ok"), ("model adept", "unknown"), ("model master", "unknown")]
    assert "the others took 60 s" in found[-1].message
