"""Warnings from the metadata of replies: another model replied, or the prompt was truncated."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import islice
from sys import intern
from typing import Any, NamedTuple, Protocol

from harness.records.calls import Call, Model, Reply
from harness.records.shared_prompts import text_size
from harness.text import quoted

BYTES_PER_TOKEN = 8
"""Bytes for each reported token above which a prompt is checked; languages and tokenizers have 2 to 6."""
SHORTEST_BYTES = 2_000
"""Bytes of the shortest prompt that is checked; shorter ones are too noisy."""
TOKENS_PER_WORD = 0.5
"""At least: a token rarely spans two words. A prompt with fewer reported tokens was not read whole."""
CHARACTERS_PER_TOKEN = 4
"""At most, of scripts without spaces between words."""

SERVED = "served_models.parquet"
"""One row for each reply of another model than the one asked for; written where there is one."""
SERVED_COLUMNS = ("cell", "item", "model", "served_model")
ROWS_AT_ONCE = 65_536
"""Rows that are turned into a table at once."""

_VERSION = re.compile(
    r"[-@_.:]?(?:v?\d{4}-\d{2}-\d{2}|v?\d{3,8}|\d{2}-\d{2,4}|latest|preview|exp)(?:[-@_.](?:v?\d+|preview|exp))*"
)
"""What a snapshot of a model has after the model's name: a date, a number of three digits or more, a stage."""
_TAGS = re.compile(r":(?:latest|free|beta|nitro|floor|extended|thinking|exacto)$")


class Remark(NamedTuple):
    """One remarkable reply.

    Attributes:
        model: name of the model in the spec.
        served: the name that the reply reports, where it is another model's; else "".
        prompt_tokens: that it reports, where they are far too few for its prompt; else 0.
        expected_tokens: that its prompt has at least, where it reports far fewer; else 0.
    """

    model: str
    served: str = ""
    prompt_tokens: int = 0
    expected_tokens: int = 0


def remark_on(call: Call, reply: Reply) -> Remark | None:
    """What is remarkable about a reply, None for nothing. Cheap for a reply about which nothing is."""
    served = other_model(call.model, reply)
    expected = _tokens_missing(call, reply) if reply.prompt_tokens else 0
    if not served and not expected:
        return None
    return Remark(call.model.name, served, reply.prompt_tokens if expected else 0, expected)


def other_model(model: Model, reply: Reply) -> str:
    """The name that a reply reports, where it is another model's; else ""."""
    served = reply.served_model
    return "" if not served or served == model.id or is_same_model(model.id, served) else served


def may_be_cut(reply: Reply, size: int) -> bool:
    """Whether a reply reports so few prompt tokens that its prompt, of some bytes, has to be checked."""
    reported = max(reply.prompt_tokens, reply.cached_tokens)
    return reply.prompt_tokens > 0 and size > BYTES_PER_TOKEN * reported and size >= SHORTEST_BYTES


@lru_cache(maxsize=1024)  # a run has few names, and a million replies
def is_same_model(asked: str, served: str) -> bool:
    """Whether two names are of one model: an alias and its dated snapshot, or a name with and without its path."""
    one, other = _plain(asked), _plain(served)
    if one == other:
        return True
    shorter, longer = sorted((one, other), key=len)
    return longer.startswith(shorter) and _VERSION.fullmatch(longer[len(shorter) :]) is not None


def _plain(name: str) -> str:
    base = re.sub(r"\.gguf$", "", name.strip().lower().rstrip("/").rpartition("/")[2])
    return re.sub(r"-latest$", "", _TAGS.sub("", base))


def _tokens_missing(call: Call, reply: Reply) -> int:
    """The tokens that a prompt has at least, where the reply reports less than half of them; else 0."""
    if not may_be_cut(reply, text_size(call.messages)):
        return 0
    reported = max(reply.prompt_tokens, reply.cached_tokens)
    texts = [message["content"] for message in call.messages]
    others = sum(len(text) - len(text.encode("ascii", "ignore")) for text in texts if not text.isascii())
    least = max(sum(len(text.split()) for text in texts), others // CHARACTERS_PER_TOKEN)
    return least if reported < TOKENS_PER_WORD * least else 0


class RowWriter(Protocol):
    """The part of a run folder that rows are written to."""

    def add_rows(self, name: str, rows: Sequence[Sequence[Any]], schema: Mapping[str, Any]) -> None:
        """Append rows to a Parquet file."""
        ...

    def write_rows(self, name: str, schema: Mapping[str, Any]) -> None:
        """Write the rows that were added."""
        ...


def served_columns() -> Mapping[str, Any]:
    """The columns of `SERVED`."""
    import polars as pl

    return dict.fromkeys(SERVED_COLUMNS, pl.String())


def write_served(writer: RowWriter, notes: ReplyNotes) -> None:
    """Write which replies were made by another model, where there are some."""
    every = notes.rows()
    while some := list(islice(every, ROWS_AT_ONCE)):
        writer.add_rows(SERVED, some, served_columns())
    if notes.has_rows:
        writer.write_rows(SERVED, served_columns())


def merged(first: ReplyNotes, second: ReplyNotes) -> ReplyNotes:
    """The notes of both."""
    both = ReplyNotes()
    both.columns = tuple([*one, *other] for one, other in zip(first.columns, second.columns, strict=True))
    for notes in (first, second):
        for name, counts in notes.served.items():
            both.served.setdefault(name, Counter()).update(counts)
        for name, cut in notes.cut.items():
            both.cut.setdefault(name, []).extend(cut)
    return both


class ReplyNotes:
    """The remarks of a run, in canonical order."""

    def __init__(self) -> None:
        self.served: dict[str, Counter[str]] = {}
        self.cut: dict[str, list[Remark]] = {}
        self.columns: tuple[list[str], ...] = tuple([] for _ in SERVED_COLUMNS)
        """Of `SERVED_COLUMNS`; a run may have a million rows, which take less memory so."""

    @property
    def has_rows(self) -> bool:
        """Whether a reply was made by another model."""
        return bool(self.columns[0])

    def rows(self) -> Iterator[tuple[str, ...]]:
        """The replies that were made by another model, in the columns of `SERVED_COLUMNS`."""
        return zip(*self.columns, strict=True)

    def add(self, cell: str, item: str, remarks: Iterable[Remark]) -> None:
        """Count the remarks on a conversation."""
        for one in remarks:
            if one.served:
                self.served.setdefault(one.model, Counter())[one.served] += 1
                for column, value in zip(self.columns, (cell, item, one.model, intern(one.served)), strict=True):
                    column.append(value)
            if one.expected_tokens:
                self.cut.setdefault(one.model, []).append(one)

    def notes(self) -> Iterator[str]:
        """A sentence for each model with remarkable replies."""
        for name, served in self.served.items():
            models = ", ".join(f"{quoted(other)} ({count:,})" for other, count in sorted(served.items()))
            yield f"{name}: {served.total():,} replies were made by another model than the one asked for: {models}"
        for name, cut in self.cut.items():
            low, high = min(one.prompt_tokens for one in cut), max(one.prompt_tokens for one in cut)
            reported = f"{low:,}" if low == high else f"{low:,} to {high:,}"
            least = min(one.expected_tokens for one in cut)
            yield (
                f"{name}: {len(cut):,} replies report far fewer prompt tokens ({reported}) than their prompts have "
                f"(at least {least:,}): the server may have cut the prompts to its context window"
            )

    def manifest(self) -> dict[str, Any]:
        """The part of a manifest about other models, {} where there were none."""
        served = {name: dict(sorted(counts.items())) for name, counts in self.served.items()}
        return {"served_models": served} if served else {}
