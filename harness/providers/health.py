"""Health check of an endpoint: whether it can be reached and knows a model, without a call to the model."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from harness.errors import ModelStopped
from harness.providers.endpoint import api_key_of, extras_of, without_query
from harness.providers.unpacking import ENCODINGS, LongReplyError, PackingError
from harness.records.calls import Model

if TYPE_CHECKING:
    import httpx2

TIMEOUT_S = 10.0
MAX_BYTES = 2**22
"""A list of models is kilobytes; more than this is not read."""

CLOCK_TOLERANCE_S = 60.0
"""A request takes seconds; a larger difference is a wrong clock."""

State = Literal["ok", "warning", "failure", "unknown"]


class Finding(NamedTuple):
    """The result of one check.

    Attributes:
        what: a short name of it, such as `cache`, or `model gpt-4o`.
        state: `ok`; `warning` where it works but may disappoint; `failure` where a run would fail; `unknown` where it
            could not be checked.
        message: what was found, without a full stop.
        hint: what to do about it, or "".
    """

    what: str
    state: State
    message: str
    hint: str = ""


def check_endpoint(
    model: Model,
    environment: Mapping[str, str],
    base_url: str,
    *,
    key_header: str = "Authorization",
    headers: Mapping[str, str] | None = None,
    transport: Any = None,
) -> Iterator[Finding]:
    """Ask an endpoint for its list of models, which costs nothing.

    Args:
        model: whose endpoint it is.
        environment: where keys are found; they are sent, and are part of no finding.
        base_url: the endpoint.
        key_header: the header that the API key is sent in.
        headers: others that the protocol wants.
        transport: takes the place of the network in tests.
    """
    what = f"model {model.name}"
    try:
        key = api_key_of(model, environment)
    except ModelStopped:
        key = ""  # that it is missing is found elsewhere
    try:
        extras = extras_of(model, environment, key, base_url)
    except ModelStopped as error:
        yield Finding(what, "failure", error.problems[0].message, error.problems[0].hint)
        return
    own = {key_header: f"Bearer {key}" if key_header == "Authorization" else key} if key else {}
    address, query = without_query(base_url)
    started = time.monotonic()
    found = _listed(
        address, {**(headers or {}), **own, **extras.headers}, {**query, **extras.query}, extras.proxy, transport
    )
    if isinstance(found, str):
        reason = extras.secrets.redacted_message(found)
        hint = f"check `base_url` and `proxy` of {model.name}"
        yield Finding(what, "failure", f"{address} cannot be reached: {reason}", hint)
        return
    milliseconds = round(1000 * (time.monotonic() - started))
    yield _finding(model, address, found, milliseconds, has_key=bool(key))
    yield from _clock(model, found.date)


class Listed(NamedTuple):
    """An endpoint's answer to a request for its list of models.

    Attributes:
        status: HTTP status.
        body: the body, b"" where it is longer than any list of models.
        date: the header of that name.
    """

    status: int
    body: bytes
    date: str


def _listed(
    address: str, headers: Mapping[str, str], query: Mapping[str, str], proxy: str | None, transport: Any
) -> Listed | str:
    """Status, body and date of an endpoint's list of models, or why there is none."""
    import httpx2  # not at the top: only this needs it

    from harness.providers.bounded_body import bound_sync_body

    hooks = {"response": [bound_sync_body]}
    headers = {"Accept-Encoding": ENCODINGS, **headers}
    try:
        with (
            httpx2.Client(
                trust_env=False, timeout=TIMEOUT_S, transport=transport, event_hooks=hooks, proxy=proxy
            ) as client,
            client.stream("GET", f"{address.rstrip('/')}/models", headers=headers, params=query) as response,
        ):
            return Listed(response.status_code, _body_of(response), response.headers.get("date", ""))
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        return str(error) or type(error).__name__


def _body_of(response: httpx2.Response) -> bytes:
    """The body, or b"" where it is longer than any list of models."""
    body = b""
    try:
        for piece in response.iter_bytes():
            body += piece
            if len(body) > MAX_BYTES:
                return b""
    except (LongReplyError, PackingError):
        return b""
    return body


def _finding(model: Model, base_url: str, listed: Listed, milliseconds: int, *, has_key: bool) -> Finding:
    """The finding about the endpoint."""
    what, status = f"model {model.name}", listed.status
    reached = f"{base_url} answers in {milliseconds} ms"
    if status in (401, 403):
        refusal = "refuses the key" if has_key else "asks for a key"
        variable = model.api_key_env
        hint = f"check the value of {variable}" if variable else f"name its variable as `api_key_env` of {model.name}"
        return Finding(what, "failure", f"{base_url} {refusal} (status {status})", hint)
    if status == 429 or status >= 500:
        return Finding(what, "warning", f"{reached}, but with status {status}", "try again later")
    if status != 200:
        return Finding(what, "ok", f"{reached}; it lists no models (status {status})")
    names = _models_in(listed.body)
    if names is None:
        return Finding(
            what, "warning", f"{reached}, but not with a list of models", f"check `base_url` of {model.name}"
        )
    if model.id in names:
        return Finding(what, "ok", f"{reached} and has {model.id}")
    hint = f"check `model` of {model.name}; some endpoints answer for models that they do not list"
    return Finding(what, "warning", f"{reached}, but does not list {model.id}", hint)


def _models_in(body: bytes) -> set[str] | None:
    """The ids in a list of models; None where it is no such list."""
    import orjson

    try:
        entries = orjson.loads(body)["data"]
        return {str(entry["id"]) for entry in entries}
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None


def _clock(model: Model, date: str) -> Iterator[Finding]:
    """How far this machine's clock is from that of the endpoint."""
    try:
        gap = time.time() - parsedate_to_datetime(date).timestamp()
    except (TypeError, ValueError):
        return
    if abs(gap) > CLOCK_TOLERANCE_S:
        side = "ahead of" if gap > 0 else "behind"
        message = f"it is {abs(gap):,.0f} s {side} the clock of {model.name}'s endpoint"
        yield Finding("clock", "warning", message, "set the clock; certificates and waiting times depend on it")
