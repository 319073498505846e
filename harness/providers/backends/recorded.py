"""Replies that were made elsewhere, found by dataset, item, strategy, step and model.

A recording is a file of JSON lines, compressed with gzip where its name ends in `.gz`. A line is one reply:

    {"dataset": "fair-eval", "item": "7", "strategy": "combined-10", "step": "judge", "model": "gpt-4o", "text": "…",
     "finish": "stop", "prompt_tokens": 812, "completion_tokens": 164, "reasoning": "…"}

The last four may be missing: `finish` (`stop`, `length`, `refusal` or `too-long`) is then `stop`, the tokens 0.
Reasoning that stands inside the text between tags, such as `<think>…</think>`, is separated from it. Dataset and
strategy are the names that the spec gives them, the item is its id. The steps of the mode `judge` are `judge`, or
`judge-a` and `judge-b` where every response is shown alone. The parts of a step's name, in their order:

    step                      reply to
    judge                     the question in the order of the dataset
    swapped/judge             the question with the responses exchanged (`order: [swapped]` or `[both]`)
    judge#1, judge#2          the second and third of several repeats; the first is `judge`
    swapped/judge#1           a repeat in the other order
    judge.again               the follow-up question after a reply without an answer; also `swapped/judge.again#1`
    step-ID                   a preparatory step of the strategy
    judge-swapped             the other order of a strategy with a second look, whose steps are `step-ID-swapped`
    judge-second              the second look
    PROBE-ARM/STEP            a call for a probe of `score.probes`, such as padding-a/judge and padding-a/swapped/judge

A reply that is missing is reported with its step, so a run names what a recording lacks.

With `columns`, a recording is any dataset file (`harness.data.recordings`), and a row may hold a verdict, scores or a
preference in place of a reply:

    {provider: recorded, path: annotations.json, columns: {item: pair_id, given: {verdict: decision}}}
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from harness.cache.key import locator_of
from harness.data.findings import gathered
from harness.errors import DatasetError, InputError, Problem, ProviderError, SpecError
from harness.records.calls import Call, Model, Reply
from harness.records.reasoning import separated

if TYPE_CHECKING:
    from harness.providers.provider import Connection, Context

SUMMARY = "replies that were made elsewhere, from a file; for published judgments and those already paid for"

SETTINGS: Mapping[str, Any] = dict.fromkeys(
    (
        "path",
        "model",
        "columns",
        "format",
        "delimiter",
        "encoding",
        "rows",
        "verdict_values",
        "label_values",
        "order_values",
        "tie_margin",
        "mapped_back",
        "any_order",
        "logprob_tokens",
    )
)
"""The keys of the fragment; `model` is the spec's own name for the model where none is given."""

IN_MEMORY = "frame:"
"""Begins what stands in place of a path where a program gives the rows."""

IS_FREE = True
FINDS_BY_PLACE = True
IS_LOCAL = True

MAX_RATIO = 400
"""Lines to file, in bytes. Recordings compress about 10 to 1; a file made to fill a memory, 1,000 to 1."""
RATIO_FREE_BYTES = 2**26
"""Lines that may come before the ratio counts."""
MAX_LINE_BYTES = 2**24

MAX_SHOWN = 20
"""Bad lines that are listed one by one."""

_PLACE = ("dataset", "item", "strategy", "step")
_FINISHES = ("stop", "length", "refusal", "too-long")


def defaults(name: str, entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The recording's name for the model."""
    return {"model": name}


def model_id(name: str, entry: Mapping[str, Any], spec_folder: Path) -> str:
    """Such as `recorded:0123456789abcdef:gpt-4o`, with the digest of what the recording says, compressed or not.

    Raises:
        SpecError: if the recording cannot be read.
    """
    path = spec_folder / entry["path"]
    if entry["path"].startswith(IN_MEMORY):
        return f"recorded:{entry['path']}"  # `id_of_rows` gives the id, once the rows are known
    name = entry.get("model") or name
    if entry.get("columns"):
        return f"recorded:{_digest_of_mapped(path, entry)}:{name}"
    digest = hashlib.sha256()
    try:
        with _opened(path) as file:
            most, size = max(MAX_RATIO * path.stat().st_size, RATIO_FREE_BYTES), 0
            while block := file.read(1 << 20):
                digest.update(block)
                size += len(block)
                if size > most:
                    raise SpecError(f"the recording {entry['path']} unpacks to far more than a recording does")
    except (OSError, EOFError, zlib.error) as error:
        raise SpecError(f"the recording {entry['path']} cannot be read: {_reason(error)}") from None
    return f"recorded:{digest.hexdigest()[:16]}:{name}"


def id_of_rows(name: str, entry: Mapping[str, Any], rows: bytes) -> str:
    """The id of a model whose recording a program gives as JSON Lines: that of the same rows in a file."""
    from harness.providers.mapped_recording import identity_of

    content = hashlib.sha256(rows).hexdigest()
    digest = hashlib.sha256(content.encode() + identity_of(entry)).hexdigest()[:16]
    return f"recorded:{digest}:{entry.get('model') or name}"


def _digest_of_mapped(path: Path, entry: Mapping[str, Any]) -> str:
    """The digest of a file that is read by `columns`, and of how it is read."""
    from harness.data.files import content_digest
    from harness.providers.mapped_recording import identity_of

    try:
        content = content_digest(path)
    except (OSError, DatasetError) as error:
        reason = error.problems[0].message if isinstance(error, DatasetError) else _reason(error)
        raise SpecError(f"the recording {entry['path']} cannot be read: {reason}") from None
    return hashlib.sha256(content.encode() + identity_of(entry)).hexdigest()[:16]


def data_problems(model: Model, counts: Mapping[str, Mapping[str, int]] | None = None) -> list[Problem]:
    """What keeps a recording that is read by `columns` from being read.

    Args:
        model: the recording.
        counts: of each dataset the number of responses of each item, where several are ranked.
    """
    if not model.settings.get("columns"):
        return []
    from harness.providers.mapped_recording import problems_of

    return problems_of(model, counts)


def connect(model: Model, context: Context) -> Connection:
    """A connection that reads the recording when it is first asked."""
    if model.settings.get("columns"):
        from harness.providers.mapped_recording import MappedRecording

        return MappedRecording(model)
    return Recording(Path(model.settings["path"]), str(model.settings.get("model") or model.name))


class Recording:
    """The replies of one model in a recording. Implements `harness.providers.provider.Connection`.

    Args:
        path: the recording.
        model: the recording's name for the model.
    """

    def __init__(self, path: Path, model: str) -> None:
        self.path = path
        self.model = model
        self._replies: dict[str, Reply] | None = None

    async def send(self, call: Call) -> Reply:
        """The recorded reply to a call.

        Raises:
            InputError: if the recording cannot be read or has bad lines.
            ProviderError: if it holds no such reply.
        """
        if self._replies is None:
            self._replies = read_replies(self.path, self.model)
        reply = self._replies.get(call.locator)
        if reply is None:
            dataset, item, strategy, step = orjson.loads(call.locator)
            raise ProviderError(
                f"{self.path.name} has no reply of `{self.model}` to {dataset}, item {item}, {strategy}, step {step}",
                kind="not-recorded",
            )
        return reply

    async def close(self) -> None:
        """Forget the replies."""
        self._replies = None


def read_replies(path: Path, model: str) -> dict[str, Reply]:
    """All replies of a model in a recording, by `locator_of`.

    Raises:
        InputError: if the recording cannot be read, or with all its bad lines; a reply that occurs twice is one.
    """
    replies: dict[str, Reply] = {}
    problems: list[Problem] = []
    is_empty = True
    try:
        with _opened(path) as file:
            for number, line in enumerate(iter(lambda: file.readline(MAX_LINE_BYTES + 1), b""), 1):
                if len(line) > MAX_LINE_BYTES:
                    raise InputError(
                        Problem(str(path), number, message=f"a line is longer than {MAX_LINE_BYTES:,} bytes")
                    )
                row, wrong = _parsed(line)
                is_empty = is_empty and not line.strip()
                if row and row["model"] == model:
                    locator = locator_of(*(row[key] for key in _PLACE))
                    wrong = "the reply is in the recording twice" if locator in replies else ""
                    replies[locator] = _reply(row)
                if wrong:
                    problems.append(Problem(file=str(path), line=number, message=wrong))
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(Problem(file=str(path), message=f"cannot be read: {_reason(error)}")) from None
    if is_empty:
        raise InputError(Problem(file=str(path), message="holds no replies"))
    if problems:
        found = gathered([(one.file, one.line, one.message, one.hint) for one in problems])
        problems = [Problem(file=file, line=line, message=message, hint=hint) for file, line, message, hint in found]
        more = [Problem(file=str(path), message=f"and {len(problems) - MAX_SHOWN} more")]
        raise InputError([*problems[:MAX_SHOWN], *(more if len(problems) > MAX_SHOWN else [])])
    return replies


def _opened(path: Path) -> Any:
    """The recording as a binary file of JSON lines."""
    return gzip.open(path) if path.name.endswith(".gz") else path.open("rb")


def _parsed(line: bytes) -> tuple[dict[str, Any], str]:
    """A line's reply and "", or nothing and what is wrong with it; a blank line is neither."""
    if not line.strip():
        return {}, ""
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return {}, f"not valid JSON: {error.msg}"
    wrong = _what_is_wrong(row) if isinstance(row, dict) else "not a JSON object"
    return ({}, wrong) if wrong else (row, "")


def _what_is_wrong(row: Mapping[str, Any]) -> str:
    """What a line lacks, "" where it lacks nothing."""
    for key in (*_PLACE, "model", "text"):
        if not isinstance(row.get(key), str):
            return f"`{key}` is missing or not text"
    if row.get("finish", "stop") not in _FINISHES:
        return f"`finish` is {row['finish']!r}, it must be one of {', '.join(_FINISHES)}"
    for key in ("prompt_tokens", "completion_tokens"):
        if type(row.get(key, 0)) is not int or row.get(key, 0) < 0:
            return f"`{key}` is not a number of tokens"
    if not isinstance(row.get("reasoning", ""), str):
        return "`reasoning` is not text"
    return ""


def _reply(row: Mapping[str, Any]) -> Reply:
    reply = Reply(
        text=row["text"],
        finish=row.get("finish", "stop"),
        prompt_tokens=row.get("prompt_tokens", 0),
        completion_tokens=row.get("completion_tokens", 0),
        reasoning=row.get("reasoning", ""),
    )
    return separated(reply)


def _reason(error: Exception) -> str:
    return ((error.strerror if isinstance(error, OSError) else None) or str(error)).lower()
