"""The progress of a run: how far it is, calls, failures, rate, spend and time left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

from harness.records.calls import Call, Model, Reply
from harness.runner.failed_calls import FailedCalls
from harness.runner.live_line import LiveLine
from harness.runner.progress_line import Pace, duration_text, failures_text, fitted, rate_text
from harness.text import pluralized

if TYPE_CHECKING:
    from harness.runner.session import CallNote

NO_TOKENS = (0, 0, 0)


@dataclass
class RunStats:
    """Count what a run does. A silent listener, and the base of the one with a display.

    Attributes:
        models: the models of the spec, for their prices.
        conversations: number of conversations in the run.
        done: number of ended conversations.
        asked: number of ended conversations that needed calls.
        failures: failures of these by kind.
        made: calls that were answered and stored, by model.
        failed: calls without a reply, by model.
        tokens: prompt tokens, reply tokens and cached prompt tokens of the calls made, by model.
        unbilled: attempts of unknown cost, by model, and the most that they can have cost in USD, None for a model
            without a price.
        stopped_models: models that failed, with the reason.
        batch: how far the batches are, "" where calls are made one by one.
        batch_jobs: number of batch jobs submitted.
        batch_lines: replies that came in batches.
        say: prints a message at once.
        logs: each receives every call that ended, with or without a reply.
    """

    models: Mapping[str, Model]
    conversations: int = 0
    done: int = 0
    asked: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    made: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    tokens: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    unbilled: dict[str, tuple[int, float | None]] = field(default_factory=dict)
    stopped_models: dict[str, str] = field(default_factory=dict)
    batch: str = ""
    batch_jobs: int = 0
    batch_lines: int = 0
    say: Callable[[str], None] = lambda _: None
    logs: list[Callable[[CallNote], None]] = field(default_factory=list)
    attempts: dict[int, int] = field(default_factory=dict)
    """Of calls that have not been noted yet, by identity."""
    failed_calls: FailedCalls = field(default_factory=FailedCalls)
    """The distinct reasons of failed calls."""

    def begin(self, conversations: int) -> None:
        """Start a run of a number of conversations."""
        self.conversations = conversations
        self.done = self.asked = 0

    def reached(self, conversations: int) -> None:
        """Set the number of ended conversations."""
        self.done = max(self.done, conversations)

    def ended(self, failure: str) -> None:
        """Count a conversation that needed calls, and its failure; "" for none."""
        self.asked += 1
        if failure:
            self.failures[failure] += 1

    def called(self, call: Call, reply: Reply) -> None:
        """Count a call that was answered and stored, or that failed."""
        name = call.model.name
        if reply.finish == "unavailable":
            self.failed[name] += 1
            return
        self.made[name] += 1
        prompt, completion, cached = self.tokens.get(name, NO_TOKENS)
        self.tokens[name] = (
            prompt + reply.prompt_tokens,
            completion + reply.completion_tokens,
            cached + reply.cached_tokens,
        )

    def tried(self, call: Call, attempts: int) -> None:
        """Record the number of attempts of a call."""
        if self.logs:
            self.attempts[id(call)] = attempts

    def tries(self, call: Call) -> int:
        """The number of attempts of an ended call, which is then removed."""
        return self.attempts.pop(id(call), 1)

    def noted(self, note: CallNote) -> None:
        """Count the reason of a failed call, and pass the call on to the logs."""
        if note.reply is None:
            first = self.failed_calls.add(note)
            if first is not None:
                self.show_failure(first.message())
        for log in self.logs:
            log(note)

    def show_failure(self, message: str) -> None:
        """Show the first failed call with a reason as it comes; without a display, the end of a run lists them."""

    def not_billed(self, model: str, usd: float | None) -> None:
        """Count an attempt of unknown cost and the most that it may cost in USD."""
        attempts, so_far = self.unbilled.get(model, (0, 0.0))
        self.unbilled[model] = (attempts + 1, None if usd is None or so_far is None else so_far + usd)

    def stopped(self, model: str, reason: str) -> None:
        """Record a model that failed."""
        self.stopped_models[model] = reason

    def stopping(self, in_flight: int) -> None:
        """Report that the run is stopping and waits for a number of calls."""
        calls = f"{in_flight} {'call' if in_flight == 1 else 'calls'} in flight"
        self.say(f"stopping: waiting for {calls}; interrupt again to stop now")

    def warned(self, message: str) -> None:
        """Print a message that the user has to know at once."""
        self.say(message)

    @property
    def calls(self) -> int:
        """Calls that were answered and stored, over all models."""
        return self.made.total()

    def spend_usd(self, model: str) -> float | None:
        """The cost of the calls to a model by their reported usage; None without a price."""
        price = self.models[model].price
        if self.models[model].is_free:
            return 0.0
        if price is None:
            return None
        return price.cost(*self.tokens.get(model, NO_TOKENS))

    def spend_json(self) -> dict[str, Any]:
        """Calls, tokens and spend by model, for those that were called."""
        return {
            name: {
                "calls": self.made[name],
                "failed": self.failed[name],
                "prompt_tokens": self.tokens.get(name, NO_TOKENS)[0],
                "completion_tokens": self.tokens.get(name, NO_TOKENS)[1],
                "cost_usd": self.spend_usd(name),
                "attempts_of_unknown_cost": self.unbilled.get(name, (0, 0.0))[0],
                "unknown_cost_usd": self.unbilled.get(name, (0, 0.0))[1],
            }
            for name in self.models
            if self.made[name] or self.failed[name] or name in self.unbilled
        }


class Display(RunStats):
    """Run statistics with one line of progress. Use it as a context manager.

    On a terminal the line is redrawn in place and erased at the end, and messages are printed above it; elsewhere it is
    printed every 30 s.

    Args:
        models: the models of the spec.
        stream: where it is shown.
        name: what the run is called.
        say: prints a message where no line is shown.
        clock: the time in seconds.
        line: makes the line from the stream and the function that writes its text.
    """

    def __init__(
        self,
        models: Mapping[str, Model],
        stream: TextIO,
        *,
        name: str = "",
        say: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        line: Callable[[TextIO, Callable[[int], str]], LiveLine] = LiveLine,
    ) -> None:
        super().__init__(models)
        self.line = line(stream, self.text)
        self.say = lambda message: None if self.line.say(message) else say(message)
        self._is_terminal = stream.isatty()
        self._name, self._clock = name, clock
        self._calls, self._asked = Pace(), Pace()
        self._started: float | None = None

    def begin(self, conversations: int) -> None:
        """Start a run of a number of conversations."""
        super().begin(conversations)
        self._started = self._clock() if self._started is None else self._started
        self._asked = Pace()

    def show_failure(self, message: str) -> None:
        """Print the reason above the line; elsewhere than on a terminal the end of a run lists them."""
        if self._is_terminal:
            self.line.say(message)

    def text(self, width: int) -> str:
        """The line as it is now, of at most `width` characters; "" before the run begins."""
        if self._started is None:
            return ""
        now = self._clock()
        done = f"{self._name}: " if self._name else ""
        done += f"{self.done:,} of {self.conversations:,} done"
        cached = 0 if self.batch else max(0, self.done - self.asked)
        parts = [
            (0, done),
            (1, self.batch),
            (2, pluralized(self.calls, "call")),
            (6, rate_text(self._calls.per_second(now, self.calls))),
            (7, f"{cached:,} cached" if cached else ""),
            (4, failures_text(self.failures)),
            (3, self._spend_text()),
            (1, self._left_text(now)),
            (8, f"{duration_text(now - self._started)} so far"),
        ]
        return fitted(parts, width)

    def _spend_text(self) -> str:
        """What the calls cost so far; `+?` where a model has no price, "" where no call costs anything."""
        spent = [self.spend_usd(name) for name in self.made if not self.models[name].is_free]
        if not spent:
            return ""
        known = sum(cost for cost in spent if cost is not None)
        return f"${known:.2f}" + ("+?" if None in spent else "")

    def _left_text(self, now: float) -> str:
        """The time that the rest takes at the rate of the last conversations with calls; `scoring` without a rest."""
        rate = self._asked.per_second(now, self.asked)
        left = self.conversations - self.done
        if left <= 0:
            return "scoring"
        return f"{duration_text(left / rate)} left" if rate else ""

    def __enter__(self) -> Display:
        self.line.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.line.__exit__(kind, error, traceback)
