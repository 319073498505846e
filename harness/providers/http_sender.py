"""Post the bodies of calls to one address: over aiohttp, or through an `httpx2` client for proxies and the simulation.

Nothing comes from the environment, no redirect is followed, no cookie is kept, and bodies are read up to a bound only.
A vendor's client does more for each request than all the rest of a call (types, headers, its own addresses), so calls
do not pass through one.

This module imports `aiohttp`: import it where a connection is made.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

import aiohttp
from yarl import URL

from harness._version import __version__
from harness.providers.endpoint import CONNECT_TIMEOUT_S, NO_KEY, Extras, without_query
from harness.providers.unpacking import ENCODINGS, MAX_BYTES, LongReplyError, Unpacker
from harness.records.calls import Model

if TYPE_CHECKING:
    import httpx2

_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:+-]+)", re.ASCII | re.IGNORECASE)


class HttpResponse(NamedTuple):
    """A response whose body has been read.

    Attributes:
        status_code: the HTTP status.
        headers: by name, in any case.
        content: the unpacked body.
    """

    status_code: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def is_success(self) -> bool:
        """Whether the request succeeded."""
        return 200 <= self.status_code < 300

    @property
    def text(self) -> str:
        """The body as text, in the encoding that the headers name, or else in UTF-8."""
        named = _CHARSET.search(self.headers.get("content-type", ""))
        try:
            return self.content.decode(named[1] if named else "utf-8", "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")


class Sender(Protocol):
    """Posts bodies to one address."""

    async def post(self, body: bytes) -> HttpResponse:
        """The response, whatever its status. Raises what the HTTP client raises where there is none."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


def sender_to(model: Model, base_url: str, path: str, api_key: str, extras: Extras) -> Sender:
    """Posts to a path of an endpoint, through the proxy of the spec if it names one.

    Args:
        model: the model, for its limits.
        base_url: the endpoint; its query is sent along.
        path: follows the address of the endpoint.
        api_key: the key, "" for none.
        extras: what is sent beside a call.
    """
    address, query = without_query(base_url)
    url = URL(address.rstrip("/") + path).update_query({**query, **extras.query})
    headers = headers_of(api_key, extras)
    if not extras.proxy:
        return AiohttpSender(model, url, headers)
    from harness.providers.transport import plain_transport

    return HttpxSender(model, plain_transport(model, extras.proxy), str(url), headers)


def headers_of(api_key: str, extras: Extras) -> dict[str, str]:
    """The headers of every request; those of the spec replace others of the same name.

    Where a header of the spec may hold the key, no `authorization` is invented.
    """
    own = {name.lower(): value for name, value in extras.headers.items()}
    headers = {
        "accept": "application/json",
        "accept-encoding": ENCODINGS,
        "content-type": "application/json",
        "user-agent": f"fellowship-harness/{__version__}",
    }
    if api_key or not own:
        headers["authorization"] = f"Bearer {api_key or NO_KEY}"
    return headers | own


class AiohttpSender:
    """Posts over a pool of connections of its own, which is made in the event loop of the first request.

    Args:
        model: the model, for its limits.
        url: the address.
        headers: of every request.
    """

    def __init__(self, model: Model, url: URL, headers: Mapping[str, str]) -> None:
        self._model, self._url, self._headers = model, url, headers
        self._session: aiohttp.ClientSession | None = None

    async def post(self, body: bytes) -> HttpResponse:
        """The response, whatever its status; raises aiohttp.ClientError or OSError where there is none."""
        session = self._session or self._opened()
        async with session.post(self._url, data=body, allow_redirects=False) as response:
            return HttpResponse(response.status, response.headers, await _content(response))

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        limits = self._model.limits
        connector = aiohttp.TCPConnector(
            limit=limits.concurrency, ssl=_tls() if self._url.scheme == "https" else True, keepalive_timeout=5.0
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            headers=self._headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            # The caller bounds the time of the whole request.
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=min(limits.timeout_s, CONNECT_TIMEOUT_S)),
            auto_decompress=False,
            trust_env=False,
        )
        return self._session


class HttpxSender:
    """Posts through an `httpx2` client.

    Args:
        model: the model, for its limits.
        client: the client; closed with this sender.
        url: the address.
        headers: of every request.
    """

    def __init__(self, model: Model, client: httpx2.AsyncClient, url: str, headers: Mapping[str, str]) -> None:
        from harness.providers.transport import confine, timeout_of

        confine(client)
        self._client, self._url, self._headers = client, url, headers
        self._timeout = timeout_of(model)

    async def post(self, body: bytes) -> HttpResponse:
        """The response, whatever its status; raises httpx2.HTTPError or OSError where there is none."""
        response = await self._client.post(self._url, content=body, headers=self._headers, timeout=self._timeout)
        return HttpResponse(response.status_code, response.headers, response.content)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


async def _content(response: aiohttp.ClientResponse) -> bytes:
    """The unpacked body of a response.

    Raises:
        LongReplyError: where it is too long.
        PackingError: where it cannot be unpacked.
    """
    encodings = ",".join(response.headers.getall("content-encoding", ()))
    if not encodings and response.content_length is not None and response.content_length <= MAX_BYTES:
        return await response.read()
    unpacker, pieces, size = Unpacker(encodings, MAX_BYTES), list[bytes](), 0
    async for packed in response.content.iter_any():
        size += len(packed)
        if size > MAX_BYTES:
            raise LongReplyError(f"the body is longer than {MAX_BYTES:,} bytes")
        pieces += unpacker.feed(packed)
    unpacker.finish()
    return b"".join(pieces)


def _tls() -> ssl.SSLContext:
    """The context of the other HTTP clients of the harness, which takes nothing from the environment."""
    import httpx2

    return httpx2.create_ssl_context(trust_env=False)
