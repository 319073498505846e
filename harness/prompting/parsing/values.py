"""Results of parsing: values, the reasons for none, and notes on each place that was checked."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Final, NamedTuple, Protocol, TypeAlias


class Nothing(Enum):
    """Why no value was read at a place."""

    NO_VALUE = "nothing that could be an answer, or an echoed template: look further up"
    AMBIGUOUS = "something that ought to be an answer and cannot be read safely: there is no answer"


NO_VALUE: Final = Nothing.NO_VALUE
AMBIGUOUS: Final = Nothing.AMBIGUOUS
Value: TypeAlias = float | str


class Answer(NamedTuple):
    """What was read from a reply; what the kind of the rule does not give is None.

    Attributes:
        verdict: of both responses, or the label of a single one.
        score_a: of the response shown first.
        score_b: of the response shown second.
        score: of a response that is shown alone.
        preference: the probability that the response shown first is the better one.
    """

    verdict: str | None = None
    score_a: float | None = None
    score_b: float | None = None
    score: float | None = None
    preference: float | None = None


class Note(NamedTuple):
    """A place in a normalised reply that was checked.

    Attributes:
        what: what was found there, such as `marker`.
        start: where it begins.
        stop: where the value begins, or the place ends.
        outcome: the value that was read, or why none was.
        why: in words.
    """

    what: str
    start: int
    stop: int
    outcome: Value | Nothing
    why: str = ""


Noted: TypeAlias = Callable[[Note], None]


class Reader(Protocol):
    """Reads the value that stands at a place."""

    choices: str
    """Pattern of the choices, or the scale, that a reply may repeat between a marker and its value."""

    def at(self, text: str, start: int, gap: str) -> Value | Nothing:
        """The value at `start` of a text, `gap` being what parts it from its marker."""
        ...

    def whole(self, text: str) -> Value | Nothing:
        """The value that a text is, decoration apart."""
        ...
