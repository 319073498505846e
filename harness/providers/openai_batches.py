"""OpenAI's Batch API, and those of endpoints that are compatible with it, through the `openai` client.

This module imports `openai`, which takes half a second: import it where a job is submitted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import httpx2
import openai

from harness.providers.batch_lines import OPENAI_BYTES, OPENAI_LINES, read_result, request_line
from harness.providers.batch_service import JobState
from harness.providers.bounded_body import bound_sync_body
from harness.providers.endpoint import Extras
from harness.providers.openai_client import bare_arguments, forget_environment
from harness.providers.provider import Context
from harness.providers.redaction import Secrets
from harness.providers.retry import Fault, in_short
from harness.providers.service_faults import service_faults
from harness.providers.transport import timeout_of
from harness.providers.unpacking import ENCODINGS, MAX_BYTES
from harness.records.calls import Call, Model, Reply

TAG = "harness_job"
"""The key of the metadata that holds the tag of a job."""
JOBS_SEARCHED = 2000
"""The newest jobs of an account that are searched for one."""
MOST_RESULT_BYTES = 4 << 30
"""Of a file with results: 50,000 replies of 80 kB."""
ENDED = frozenset({"completed", "expired", "cancelled"})
"""States of a job that may have results; one that ended before its first line has none."""


class OpenAIBatches:
    """The Batch API of one model's endpoint. See `harness.providers.batch_service.BatchService`.

    Args:
        model: the model.
        context: the clock.
        base_url: the endpoint.
        api_key: the key, "" for none.
        extras: what is sent beside a request.
    """

    most_lines = OPENAI_LINES
    most_bytes = OPENAI_BYTES

    def __init__(self, model: Model, context: Context, *, base_url: str, api_key: str, extras: Extras) -> None:
        self._model, self._context, self._secrets = model, context, extras.secrets
        transport = httpx2.Client(
            trust_env=False,
            proxy=extras.proxy,
            timeout=timeout_of(model),
            follow_redirects=False,
            headers={"accept-encoding": ENCODINGS},
            event_hooks={"response": [_bound]},
        )
        self._client = openai.OpenAI(**bare_arguments(model, base_url, api_key, extras), http_client=transport)
        forget_environment(self._client, extras)

    def line(self, call: Call, key: str, *, asks_format: bool) -> bytes:
        """A call as a line of a job, with its line break."""
        return request_line(call, key, asks_format=asks_format)

    def upload(self, file: Path, name: str) -> str:
        """Upload the lines of a job, which starts nothing; the id of the file."""
        with self._faults(), file.open("rb") as handle:
            made = self._client.files.create(file=(name, handle, "application/jsonl"), purpose="batch")
            return _id(made)

    def submit(self, file: Path, upload: str, tag: str) -> str:
        """Start a job and return its id."""
        with self._faults():
            made = self._client.batches.create(
                input_file_id=upload, endpoint="/v1/chat/completions", completion_window="24h", metadata={TAG: tag}
            )
            return _id(made)

    def find(self, file: Path, upload: str, tag: str, known: Collection[str]) -> str | None:
        """The id of a job with that file or that tag, None where there is none among the newest ones."""
        with self._faults():
            for job in islice(self._client.batches.list(limit=100), JOBS_SEARCHED):
                metadata = getattr(job, "metadata", None)
                named = metadata.get(TAG) if isinstance(metadata, Mapping) else None
                if getattr(job, "input_file_id", None) == upload or named == tag:
                    return _id(job)
        return None

    def state(self, job: str) -> JobState:
        """How far a job is."""
        with self._faults():
            found = self._client.batches.retrieve(job)
            word = str(found.status)
            results = tuple(name for name in (found.output_file_id, found.error_file_id) if isinstance(name, str))
            counts = found.request_counts
            lines = sum(n for n in (counts.completed, counts.failed) if type(n) is int) if counts else 0
            code, message = _first_error(found.errors)
            status: Literal["running", "ended", "failed"] = "running"
            if word in ("failed", *ENDED):
                status = "failed" if word == "failed" else "ended"
            clean = self._secrets.redacted_message
            return JobState(status, in_short(word), lines, results, code, in_short(clean(message)))

    def download(self, result: str, to: Path) -> None:
        """Write the results of a job to a file."""
        content = self._client.files.with_streaming_response.content
        with self._faults(), content(result) as response, to.open("wb") as handle:
            for piece in response.iter_bytes():
                handle.write(piece)

    def read(self, value: Mapping[str, Any], secrets: Secrets, params: Collection[str]) -> Reply | Fault:
        """The reply that a line of the results holds, or why it holds none."""
        return read_result(value, secrets, params=params)

    def cancel(self, job: str) -> None:
        """Stop a job."""
        with self._faults():
            self._client.batches.cancel(job)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _faults(self) -> AbstractContextManager[None]:
        """Raise every failure of a request as a ServiceFault."""
        return service_faults(openai, openai.OpenAIError, "a Batch API", self._model, self._context, self._secrets)


def _id(made: Any) -> str:
    if not isinstance(made.id, str) or not made.id:
        raise ValueError("there is no id")
    return made.id


def _first_error(errors: Any) -> tuple[str, str]:
    """Code and message of the first error of a job."""
    data = getattr(errors, "data", None)
    first = data[0] if isinstance(data, list) and data else None
    code, message = getattr(first, "code", None), getattr(first, "message", None)
    return code if isinstance(code, str) else "", message if isinstance(message, str) else ""


def _bound(response: httpx2.Response) -> None:
    """Bound the body of a response; files with results may be long."""
    is_file = response.request.url.path.endswith("/content")
    bound_sync_body(response, MOST_RESULT_BYTES if is_file else MAX_BYTES)
