"""What a run tells of itself while it goes on: rate, spend and time left on a terminal, nothing in a pipe."""

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
    """Counts what a run does; the silent watch, and the counting part of the one that shows.

    Attributes:
        models: those of the spec, for their prices.
        conversations: how many the run will hold.
        done: how many of them have ended.
        made: calls that were answered and stored, by model.
        failed: calls that were given up, by model.
        tokens: prompt tokens, reply tokens and cached prompt tokens of the calls made, by model.
        unbilled: attempts whose bill is not known, by model, and the most that they can have cost in USD, None for a
            model without a price.
        stopped_models: models that were given up, with the reason.
        say: is told what a person must know at once.
        logs: each is told of every call that was made or given up; none keeps a log that nobody asked for.
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
        """So many conversations will be held."""
        self.conversations = conversations
        self.done = 0

    def reached(self, conversations: int) -> None:
        """So many of the conversations have ended by now."""
        self.done = max(self.done, conversations)

    def called(self, call: Call, reply: Reply) -> None:
        """A call was answered and stored, or given up."""
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
        """A call has been tried so often."""
        if self.logs:
            self.attempts[id(call)] = attempts

    def tries(self, call: Call) -> int:
        """How often a call that has ended was tried; asking forgets it."""
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
        """An attempt may be billed, by so many USD at most, and no usage tells."""
        attempts, so_far = self.unbilled.get(model, (0, 0.0))
        self.unbilled[model] = (attempts + 1, None if usd is None or so_far is None else so_far + usd)

    def stopped(self, model: str, reason: str) -> None:
        """A model was given up."""
        self.stopped_models[model] = reason

    def stopping(self, in_flight: int) -> None:
        """The run was asked to stop, and waits for so many calls."""
        calls = f"{in_flight} {'call' if in_flight == 1 else 'calls'} under way"
        self.say(f"stopping: waiting for {calls}; interrupt again to stop now")

    @property
    def calls(self) -> int:
        """Calls that were answered and stored, over all models."""
        return self.made.total()

    def spend_usd(self, model: str) -> float | None:
        """What the calls made to a model cost by their reported usage; None where it has no price."""
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
    """A tally that shows a progress line on a terminal. Use it as a context.

    Args:
        models: those of the spec.
        stream: where to show it.
        refresh_s: seconds between updates, so that showing costs nothing.
        say: is told what a person must know at once.
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
