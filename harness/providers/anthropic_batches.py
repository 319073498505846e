"""Anthropic's Message Batches, through the SDK `anthropic`.

A batch carries no tag and no file. One that may have been started without its id having been recorded is recognised by
its time and its number of calls, and, once it has ended, by the ids of its calls. If it should be another one all the
same, its results hold none of the calls, which are then asked again.

This module imports `anthropic`, an extra: import it where a job is submitted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import anthropic
import httpx2
import orjson
from anthropic.types.messages import MessageBatch

from harness.providers.batch_service import JobState
from harness.providers.bounded_body import bound_sync_body
from harness.providers.chat_request import FORMAT, with_system_role
from harness.providers.endpoint import Extras
from harness.providers.faults import fault_of
from harness.providers.native_reply import without_secrets
from harness.providers.provider import Context
from harness.providers.redaction import Secrets
from harness.providers.response import read_value
from harness.providers.retry import Fault, as_answer, in_short
from harness.providers.service_faults import service_faults
from harness.providers.transport import timeout_of
from harness.providers.unpacking import ENCODINGS, MAX_BYTES
from harness.records.calls import Call, Model, Reply

PATH = "/v1/messages/batches"
JOBS_SEARCHED = 1000
"""The newest batches of an account that are searched for one."""
CLOCKS_DIFFER_S = 600.0
"""Seconds that the clock of this machine may be ahead of the provider's."""
MOST_LINES = 100_000
"""Calls of a batch that Anthropic accepts."""
MOST_BYTES = 250_000_000
"""Bytes of the calls of a batch: it accepts requests of 256 MB."""
MOST_RESULT_BYTES = 8 << 30
"""Of the results of a batch: 100,000 replies of 80 kB."""
STREAMED = {"X-Stainless-Raw-Response": "stream"}
"""What makes the SDK hand out a response whose body has not been read."""
REQUEST = "request.json"
"""The file with the body of a batch, beside its lines; removed once it has been sent."""
STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
}
"""The status of a response to a single call, by the type of an error."""


class Words(NamedTuple):
    """How calls and replies are written in Anthropic's protocol.

    Attributes:
        body_of: the request of a call.
        completion_of: the chat completion that a message amounts to.
    """

    body_of: Callable[..., dict[str, Any]]
    completion_of: Callable[[Any], Any]


class AnthropicBatches:
    """The Message Batches of one model. See `harness.providers.batch_service.BatchService`.

    Args:
        model: the model.
        context: the clock.
        arguments: of the SDK's client.
        extras: what is sent beside a request.
        words: of the protocol.
    """

    most_lines = MOST_LINES
    most_bytes = MOST_BYTES

    def __init__(
        self, model: Model, context: Context, *, arguments: Mapping[str, Any], extras: Extras, words: Words
    ) -> None:
        self._model, self._context, self._secrets, self._words = model, context, extras.secrets, words
        transport = httpx2.Client(
            trust_env=False,
            proxy=extras.proxy,
            timeout=timeout_of(model),
            follow_redirects=False,
            headers={"accept-encoding": ENCODINGS},
            event_hooks={"response": [_bound]},
        )
        self._client = anthropic.Anthropic(**arguments, http_client=transport)
        # ANTHROPIC_CUSTOM_HEADERS is read in any case; no argument prevents it.
        self._client._custom_headers = dict(extras.headers)

    def line(self, call: Call, key: str, *, asks_format: bool) -> bytes:
        """A call as a request of a batch, with a line break."""
        sent = with_system_role(call, call.model.settings.get("system"))
        body = self._words.body_of(call.model, sent, asks_format=asks_format)
        return orjson.dumps({"custom_id": key, "params": body}) + b"\n"

    def upload(self, file: Path, name: str) -> str:
        """Nothing: a batch holds its calls."""
        return ""

    def submit(self, file: Path, upload: str, tag: str) -> str:
        """Start a batch and return its id."""
        body = file.with_name(REQUEST)
        _write_request(file, body)
        try:
            with self._faults(), body.open("rb") as handle:
                headers = {"content-type": "application/json"}
                made = self._client.post(PATH, content=handle, cast_to=MessageBatch, options={"headers": headers})
                return _id(made)
        finally:
            body.unlink(missing_ok=True)

    def find(self, file: Path, upload: str, tag: str, known: Collection[str]) -> str | None:
        """The id of a batch that is not known and may hold these calls, None where there is none."""
        keys = _keys(file)
        earliest = file.stat().st_mtime - CLOCKS_DIFFER_S
        with self._faults():
            for batch in islice(self._client.messages.batches.list(limit=100), JOBS_SEARCHED):
                if batch.created_at.timestamp() < earliest:
                    return None
                counts = batch.request_counts
                lines = counts.processing + counts.succeeded + counts.errored + counts.canceled + counts.expired
                if batch.id in known or lines != len(keys):
                    continue
                if batch.processing_status != "ended" or self._holds(batch.id, keys):
                    return _id(batch)
        return None

    def state(self, job: str) -> JobState:
        """How far a batch is."""
        with self._faults():
            found = self._client.messages.batches.retrieve(job)
            counts, word = found.request_counts, str(found.processing_status)
            lines = counts.succeeded + counts.errored + counts.canceled + counts.expired
            return JobState(
                "ended" if word == "ended" else "running", in_short(word), lines, (job,) if word == "ended" else ()
            )

    def download(self, result: str, to: Path) -> None:
        """Write the results of a batch to a file."""
        with self._faults(), self._results(result) as response, to.open("wb") as handle:
            for piece in response.iter_bytes():
                handle.write(piece)

    def read(self, value: Mapping[str, Any], secrets: Secrets, params: Collection[str]) -> Reply | Fault:
        """The reply that a line of the results holds, or why it holds none."""
        result = value.get("result")
        kind = result.get("type") if isinstance(result, Mapping) else None
        if not isinstance(result, Mapping) or kind not in ("succeeded", "errored", "expired", "canceled"):
            return Fault("bad-reply", "the result has an unknown type", remedy="again", may_be_billed=True)
        if kind == "succeeded":
            return without_secrets(read_value(self._words.completion_of(result.get("message"))), secrets)
        if kind in ("expired", "canceled"):
            word = "cancelled" if kind == "canceled" else "expired"
            return Fault(word, f"the job ended before this request ({word})", remedy="again")
        error = secrets.redacted_json(result.get("error"))
        inner = error.get("error") if isinstance(error, Mapping) else None
        named = inner.get("type") if isinstance(inner, Mapping) else None
        status = STATUSES.get(named, 500) if isinstance(named, str) else 500
        return as_answer(fault_of(status, error, {}, 0.0, params=params, asks_format=FORMAT in params))

    def cancel(self, job: str) -> None:
        """Stop a batch."""
        with self._faults():
            self._client.messages.batches.cancel(job)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @contextmanager
    def _results(self, job: str) -> Iterator[Any]:
        """The response with the results of a batch, whose body has not been read."""
        # Not from the address in `results_url`: a key goes to the address in the spec and to no other.
        response = self._client.get(f"{PATH}/{job}/results", cast_to=httpx2.Response, options={"headers": STREAMED})
        try:
            yield response
        finally:
            response.close()

    def _holds(self, job: str, keys: Collection[str]) -> bool:
        """Whether the results of a batch are those of some calls; they come in any order."""
        with self._results(job) as response:
            first = next(iter(response.iter_lines()), "{}")
        return orjson.loads(first).get("custom_id") in keys

    def _faults(self) -> AbstractContextManager[None]:
        """Raise every failure of a request as a ServiceFault."""
        return service_faults(
            anthropic, anthropic.AnthropicError, "Message Batches", self._model, self._context, self._secrets
        )


def _write_request(lines: Path, to: Path) -> None:
    """Write the body of a batch from its lines, without holding them all."""
    with lines.open("rb") as calls, to.open("wb") as handle:
        handle.write(b'{"requests":[')
        for number, line in enumerate(calls):
            handle.write(b"," * bool(number) + line.rstrip(b"\n"))
        handle.write(b"]}")


def _keys(lines: Path) -> set[str]:
    """The ids of the calls of a batch."""
    with lines.open("rb") as calls:
        return {orjson.loads(line)["custom_id"] for line in calls}


def _id(made: Any) -> str:
    if not isinstance(made.id, str) or not made.id:
        raise ValueError("there is no id")
    return made.id


def _bound(response: httpx2.Response) -> None:
    """Bound the body of a response; results may be long."""
    is_file = response.request.url.path.endswith("/results")
    bound_sync_body(response, MOST_RESULT_BYTES if is_file else MAX_BYTES)
