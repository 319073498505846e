"""When a call is retried, and when a model counts as failed. Pure: no clock, no network.

`harness.providers.faults` reads from a response which of three remedies fits:

again     408, 409, 424, 425, 429, 498, 500 and above, connection errors, timeouts, unreadable replies
give-up   this call fails: its prompt is too long or refused, or it is rejected for an unknown reason
stop      the model fails: authentication, billing, an unknown model, an unsupported parameter, a redirect
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from random import Random
from typing import Literal

from harness.records.calls import Finish, Reply
from harness.text import printable

FIRST_WAIT_S = 0.5
GROWTH = 3.0
MAX_BACKOFF_S = 45.0
MIN_WAIT = 0.6
"""The least wait as a share of its limit; more than half, so that waits grow."""
WINDOW_S = 62.0
"""Rate limits count by the minute: the attempts of a call span more than one before the call fails."""
WINDOW_ATTEMPTS = 6
"""The default of `limits.attempts`; a smaller number asks for a failure sooner than that."""
MAX_WAIT_S = 600.0
"""Seconds. An endpoint that asks for a longer wait fails the call; a later run repeats it."""

FAILURES_TO_STOP = 5
"""Consecutive calls without an answer, all for the same reason, that fail the model."""
REJECTIONS_TO_STOP = 25
"""The same for rejections with an unknown text, since the longest prompts may come first."""

MESSAGE_LENGTH = 300

ANSWERS: Mapping[str, Finish] = {"refused": "refusal", "too-long": "too-long"}
"""Faults of a prompt that are its answer: the same prompt meets them again, so they are stored as replies."""

OF_ONE_CALL = frozenset({"too-long", "refused", "format"})
"""Kinds of faults that never count against the model."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an attempt got no reply, and the remedy.

    Attributes:
        kind: a short stable word, as in ProviderError.
        message: what happened, in a sentence without a full stop.
        remedy: `again`: retry the call; `give-up`: fail the call; `stop`: fail the model.
        status: the HTTP status, or 0 where there was none.
        wait_s: how long the endpoint asks to wait, None if it does not.
        hint: what the user can do, or "".
        may_be_billed: whether the endpoint may have made a reply that did not arrive or could not be read.
    """

    kind: str
    message: str
    remedy: Literal["again", "give-up", "stop"]
    status: int = 0
    wait_s: float | None = None
    hint: str = ""
    may_be_billed: bool = False

    @property
    def is_too_many(self) -> bool:
        """Whether the endpoint asks for fewer calls at once."""
        return self.status == 429 or (self.status == 503 and self.wait_s is not None)


def as_answer(fault: Fault) -> Reply | Fault:
    """A fault, or the reply that it is where it is the answer to its prompt."""
    return Reply(text=fault.message, finish=ANSWERS[fault.kind]) if fault.kind in ANSWERS else fault


def backoff_s(failed_attempts: int, random: Random, *, attempts: int = 0, elapsed_s: float = 0.0) -> float:
    """Seconds to wait after a number of failed attempts: random, below a limit that grows with each attempt.

    Spreading waits over less than half of the limit keeps calls from coming back together, and makes each wait longer
    than the one before it: with any time up to the limit a call could be tried again and again at once. Before the
    last attempt of a call with `WINDOW_ATTEMPTS` or more, a minute has passed since its first one.

    Args:
        failed_attempts: so far.
        random: spreads the waits.
        attempts: how often the call is tried in all, 0 where that does not matter.
        elapsed_s: seconds since the call was tried first.
    """
    limit = min(MAX_BACKOFF_S, FIRST_WAIT_S * GROWTH ** min(failed_attempts - 1, 16))
    wait_s = random.uniform(MIN_WAIT * limit, limit)
    is_last = attempts >= WINDOW_ATTEMPTS and failed_attempts == attempts - 1
    return max(wait_s, WINDOW_S - elapsed_s) if is_last else wait_s


def in_short(text: str) -> str:
    """The text in one line, without control characters, cut to a readable length."""
    line = " ".join(printable(text[: 4 * MESSAGE_LENGTH]).split())
    return line if len(line) <= MESSAGE_LENGTH else line[: MESSAGE_LENGTH - 1] + "…"


def unexpected(error: BaseException) -> str:
    """What to say of an exception that no provider should raise: its type and place, never its text.

    Its text may hold whatever was sent, a key included.
    """
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {PurePath(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace is not None else ""
    return f"the attempt ended in a defect ({type(error).__name__}{place})"


class FailureRow:
    """Distinguishes a model that cannot answer any call from a few calls that fail."""

    def __init__(self) -> None:
        self._any_answered = False
        self._reason: tuple[object, ...] = ()
        self._in_a_row = 0

    def answered(self) -> None:
        """Reset the row of failures: a call got a reply."""
        self._any_answered = True
        self._in_a_row = 0

    def add(self, fault: Fault) -> bool:
        """Record why a call failed; return whether the model has failed.

        What concerns one prompt never counts. A status 403 or 404 without a clear meaning counts also after an
        answer: a key may have been withdrawn. Everything else counts only as long as no call was answered.
        """
        if fault.kind in OF_ONE_CALL or (self._any_answered and fault.kind not in ("forbidden", "unknown-model")):
            return False
        reason = (fault.kind, fault.status, _DIGITS.sub("0", fault.message) if fault.kind == "rejected" else "")
        self._in_a_row = self._in_a_row + 1 if reason == self._reason else 1
        self._reason = reason
        return self._in_a_row >= (REJECTIONS_TO_STOP if fault.kind == "rejected" else FAILURES_TO_STOP)


_DIGITS = re.compile(r"\d+")
