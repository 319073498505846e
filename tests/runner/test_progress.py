"""The progress of a run."""

import io
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TextIO

import pyte
import pytest

from harness.records.calls import UNAVAILABLE, Call, Model, Price, Reply
from harness.runner.live_line import LiveLine
from harness.runner.progress import Display, RunStats
from harness.runner.progress_line import Pace, duration_text, rate_text

PRICED = Model("gpt", "openai", "gpt", price=Price(input=2.5, output=10))
UNPRICED = Model("other", "openai", "other")
SIMULATED = Model("sim", "simulated", "sim")
MODELS = {model.name: model for model in (PRICED, UNPRICED, SIMULATED)}


def record_calls(watch: RunStats) -> None:
    for model in MODELS.values():
        watch.called(Call(model, ()), Reply("x", "stop", 1000, 100))
        watch.called(Call(model, ()), Reply("x", "length", 1000, 100))
    watch.called(Call(PRICED, ()), UNAVAILABLE)


def test_spend_is_told_by_model_and_unknown_without_a_price() -> None:
    watch = RunStats(MODELS)
    assert watch.spend_json() == {}
    record_calls(watch)
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


def screen_of(stream: io.StringIO, columns: int = 80) -> list[str]:
    """What a terminal shows after all of the output."""
    screen = pyte.Screen(columns, 24)
    pyte.Stream(screen).feed(stream.getvalue().replace("\n", "\r\n"))
    return [line.rstrip() for line in screen.display if line.strip()]


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def display(stream: io.StringIO, clock: Clock, said: list[str] | None = None) -> Display:
    """A display whose line is shown at once."""
    say = (said if said is not None else []).append
    line = partial(LiveLine, after_s=0, every_s=3600)
    return Display(MODELS, stream, name="slow", say=say, clock=clock, line=line)


def shown(watch: Display) -> None:
    """Wait until the line is on the terminal."""
    ends = time.monotonic() + 20
    while not watch.line.is_shown:
        assert time.monotonic() < ends
        time.sleep(0.001)


def test_line_has_counts_rate_failures_spend_and_time_left() -> None:
    clock = Clock()
    watch = display(io.StringIO(), clock)
    assert watch.text(200) == ""
    watch.begin(80)
    assert watch.text(200) == "slow: 0 of 80 done, 0 calls, 0 s so far"
    record_calls(watch)
    watch.ended("")
    watch.ended("unparsed")
    watch.reached(4)
    watch.reached(3)
    watch.text(200)
    clock.now += 30
    record_calls(watch)
    for failure in ("", "unparsed", "refused", ""):
        watch.ended(failure)
    watch.reached(10)
    assert watch.text(200) == (
        "slow: 10 of 80 done, 12 calls, 24/min, 4 cached, 3 failed (2 unparsed, 1 refused), $0.01+?, "
        "5 min 50 s left, 30 s so far"
    )
    assert watch.text(60) == "slow: 10 of 80 done, 12 calls, $0.01+?, 5 min 50 s left"
    assert watch.text(10) == "slow: 10 o"
    watch.reached(80)
    assert "scoring" in watch.text(200)


def test_calls_without_a_price_in_money_show_no_spend() -> None:
    watch = display(io.StringIO(), Clock())
    watch.begin(2)
    watch.called(Call(SIMULATED, ()), Reply("x", "stop", 1000, 100))
    assert "$" not in watch.text(200)


def test_messages_stand_above_the_line_and_nothing_is_left_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream, said = Terminal(), list[str]()
    watch = display(stream, Clock(), said)
    watch.say("before the line")
    with watch:
        watch.begin(8)
        shown(watch)
        watch.say("making 8 calls, cost $0.10")
        watch.show_failure("status 400: [bold]no\x1b[31m")
        watch.stopping(3)
        ends = time.monotonic() + 20
        while len(during := screen_of(stream)) < 4 and time.monotonic() < ends:
            time.sleep(0.01)  # the line is drawn again a few times a second
    assert said == ["before the line"]
    assert during[:2] == ["making 8 calls, cost $0.10", "status 400: [bold]no"]
    assert during[2] == "stopping: waiting for 3 calls in flight; interrupt again to stop now"
    assert during[3].startswith("slow: 0 of 8 done")
    assert screen_of(stream) == during[:3]


def test_a_question_is_asked_without_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    watch = display(stream, Clock())
    watch.begin(8)
    with watch:
        shown(watch)
        with watch.line.paused():
            assert screen_of(stream) == []
            stream.write("go on? ")
        assert watch.line.is_shown


@pytest.mark.parametrize("columns", [30, 80])
def test_the_line_is_no_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    stream = Terminal()
    watch = display(stream, Clock())
    watch.begin(123_456)
    record_calls(watch)
    watch.reached(98_765)
    with watch:
        shown(watch)
        assert len(screen_of(stream, columns)) == 1


def test_a_pipe_gets_a_line_now_and_then() -> None:
    stream, printed = io.StringIO(), threading.Event()

    class Line(LiveLine):
        def print_line(self) -> None:
            super().print_line()
            printed.set()

    def line(stream: TextIO, text: Callable[[int], str]) -> LiveLine:
        return Line(stream, text, every_s=0.001)

    with Display(MODELS, stream, line=line, clock=Clock()) as watch:
        watch.begin(8)
        printed.clear()
        assert printed.wait(20)
        watch.show_failure("status 400")
    assert set(stream.getvalue().splitlines()) == {"0 of 8 done, 0 calls, 0 s so far"}


def test_display_that_never_began_shows_nothing() -> None:
    stream = Terminal()
    with Display(MODELS, stream, line=partial(LiveLine, after_s=3600)) as watch:
        watch.reached(1)
    assert stream.getvalue() == ""


def test_a_terminal_without_commands_is_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    with display(stream, Clock()) as watch:
        watch.begin(1)
        watch.line.print_line()
    assert stream.getvalue() == "slow: 0 of 1 done, 0 calls, 0 s so far\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.4, "59 s"), (60, "1 min 00 s"), (3599, "59 min 59 s"), (11_100, "3 h 05 min")],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text


def test_the_rate_is_that_of_the_last_minute_from_the_first_call_on() -> None:
    pace = Pace()
    assert pace.per_second(0, 0) is None
    assert pace.per_second(50, 0) is None
    assert pace.per_second(60, 10) == 1
    assert pace.per_second(110, 60) == 1
    assert pace.per_second(170, 180) == 2
    assert [rate_text(rate) for rate in (None, 0.0, 0.5, 48.4)] == ["", "", "30/min", "48/s"]
