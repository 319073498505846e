"""Distinct reasons of failed calls."""

import io
import time
from functools import partial

import pytest

from harness.records.calls import Call, Model
from harness.runner.failed_calls import MAX_LETTERS, MAX_REASONS, FailedCalls
from harness.runner.live_line import LiveLine
from harness.runner.progress import Display
from harness.runner.session import CallNote

MODEL = Model("gpt", "openai", "gpt")


def note(reason: str, item: str = "n1") -> CallNote:
    return CallNote("pairs/direct/judge:gpt", item, Call(MODEL, (), step="judge"), "key", 0.1, 1, None, reason)


def test_reasons_that_differ_by_numbers_and_items_are_one() -> None:
    failed = FailedCalls()
    firsts = [
        failed.add(note(f"status 500 after {tries} tries at {item}", item)) for tries, item in ((3, "x"), (4, "y"))
    ]
    failed.add(note("status 400: no"))
    failed.add(note("timed out"))
    assert [first is not None for first in firsts] == [True, False]
    assert list(failed.messages()) == [
        "2 calls to gpt failed: status 500 after 3 tries at x (first: pairs/direct/judge:gpt, item x, step judge)",
        "1 call to gpt failed: status 400: no (first: pairs/direct/judge:gpt, item n1, step judge)",
        "1 call to gpt failed: timed out (first: pairs/direct/judge:gpt, item n1, step judge)",
    ]


def test_endless_reasons_are_bounded() -> None:
    failed = FailedCalls()
    for at in range(MAX_REASONS + 5):
        failed.add(note("".join(chr(ord("a") + at) for _ in range(2 * MAX_LETTERS))))
    messages = list(failed.messages())
    assert len(messages) == MAX_REASONS + 1
    assert messages[-1] == "5 calls failed for other reasons"
    assert all(len(message) < MAX_LETTERS + 200 for message in messages)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_display_shows_a_failure_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    stream = Terminal()
    with Display({"gpt": MODEL}, stream, line=partial(LiveLine, after_s=0)) as watch:
        watch.begin(2)
        while not watch.line.is_shown:
            time.sleep(0.001)
        watch.noted(note("status 400: [bold]no\x1b[31m[/bold]"))
        assert "1 call to gpt failed: status 400: [bold]no" in stream.getvalue()
        assert "\x1b[31m" not in stream.getvalue()
