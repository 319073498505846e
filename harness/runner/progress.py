"""The progress of a run: rate, spend and time left on a terminal, nothing in a pipe."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

from harness.records.calls import Call, Model, Reply
from harness.runner.failed_calls import FailedCalls
from harness.runner.session import CallNote
from harness.text import printable

if TYPE_CHECKING:
    from rich.progress import Progress

NO_TOKENS = (0, 0, 0)


@dataclass
class RunStats:
    """Count what a run does. A silent listener, and the base of the one with a display.

    Attributes:
        models: the models of the spec, for their prices.
        conversations: number of conversations in the run.
        done: number of ended conversations.
        made: calls that were answered and stored, by model.
        failed: calls without a reply, by model.
        tokens: prompt tokens, reply tokens and cached prompt tokens of the calls made, by model.
        unbilled: attempts of unknown cost, by model, and the most that they can have cost in USD, None for a model
            without a price.
        stopped_models: models that failed, with the reason.
        say: prints a message at once.
        logs: each receives every call that ended, with or without a reply.
    """

    models: Mapping[str, Model]
    conversations: int = 0
    done: int = 0
    made: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    tokens: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    unbilled: dict[str, tuple[int, float | None]] = field(default_factory=dict)
    stopped_models: dict[str, str] = field(default_factory=dict)
    say: Callable[[str], None] = lambda _: None
    logs: list[Callable[[CallNote], None]] = field(default_factory=list)
    attempts: dict[int, int] = field(default_factory=dict)
    """Of calls that have not been noted yet, by identity."""
    failed_calls: FailedCalls = field(default_factory=FailedCalls)
    """The distinct reasons of failed calls."""

    def begin(self, conversations: int) -> None:
        """Start a run of a number of conversations."""
        self.conversations = conversations
        self.done = 0

    def reached(self, conversations: int) -> None:
        """Set the number of ended conversations."""
        self.done = max(self.done, conversations)

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
    """Run statistics with a progress line on a terminal. Use it as a context manager.

    Args:
        models: the models of the spec.
        stream: the terminal.
        refresh_s: seconds between updates, so that the display costs no throughput.
        say: prints a message at once.
    """

    def __init__(
        self,
        models: Mapping[str, Model],
        stream: TextIO,
        *,
        refresh_s: float = 0.1,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(models, say=say)
        self._stream = stream
        self._refresh_s = refresh_s
        self._shown_at = 0.0
        self._progress: Progress | None = None

    def begin(self, conversations: int) -> None:
        """Show the line."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        super().begin(conversations)
        if self._progress is not None:
            self._progress.stop()
        self._progress = Progress(
            TextColumn("judging"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
            TimeRemainingColumn(compact=True),
            console=Console(file=self._stream),
            transient=True,
            auto_refresh=False,
        )
        self._started = time.monotonic()
        self._task = self._progress.add_task("", total=conversations, note="")
        self._progress.start()

    def reached(self, conversations: int) -> None:
        """Move the line, at most every `refresh_s`."""
        super().reached(conversations)
        now = time.monotonic()
        if self._progress is not None and now - self._shown_at >= self._refresh_s:
            self._shown_at = now
            self._progress.update(self._task, completed=self.done, note=self._note(now))
            self._progress.refresh()

    def show_failure(self, message: str) -> None:
        """Print the reason above the line."""
        from rich.text import Text

        if self._progress is not None:
            self._progress.console.print(Text(printable(message)))

    def _note(self, now: float) -> str:
        spent = [self.spend_usd(name) for name in self.made]
        known = sum(cost for cost in spent if cost is not None)
        rate = self.calls / max(now - self._started, 1e-9)
        parts = [f"{self.calls} calls", f"{rate:.0f}/s", f"${known:.2f}" + ("+?" if None in spent else "")]
        if failed := self.failed.total():
            parts.append(f"{failed} failed")
        return ", ".join(parts)

    def __enter__(self) -> Display:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()
