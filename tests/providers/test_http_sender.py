from __future__ import annotations

import asyncio
import subprocess
import sys

import aiohttp
import pytest

from harness.providers.endpoint import Extras
from harness.providers.http_sender import HttpResponse, headers_of, sender_to
from harness.providers.redaction import Secrets
from harness.providers.unpacking import ENCODINGS, MAX_BYTES, LongReplyError
from harness.records.calls import Limits, Model
from support.endpoint import CUT, Endpoint, endpoint, response

KEY = "sk-recognisable-0123456789"
NOTHING = Extras({}, {}, None, Secrets([]))


def posted(*script: bytes, times: int = 1, extras: Extras = NOTHING, query: str = "") -> tuple[HttpResponse, Endpoint]:
    async def main() -> tuple[HttpResponse, Endpoint]:
        async with endpoint(*script) as scripted:
            model = Model("m", "openai", "m", base_url=scripted.url, limits=Limits(concurrency=2, timeout_s=20))
            sender = sender_to(model, scripted.url + query, "/chat/completions", KEY, extras)
            try:
                for _ in range(times):
                    found = await sender.post(b'{"model":"m"}')
            finally:
                await sender.close()
            return found, scripted

    return asyncio.run(main())


def test_a_body_is_posted_as_it_is_to_the_address_with_its_query_and_that_of_the_spec():
    found, scripted = posted(
        response(200, {"a": 1}), query="?v=1&w=a%20b", extras=NOTHING._replace(query={"api-version": "x y"})
    )
    assert (found.status_code, found.is_success, found.content) == (200, True, b'{"a": 1}')
    assert scripted.requests == [{"model": "m"}]
    assert scripted.targets == ["/v1/chat/completions?v=1&w=a+b&api-version=x+y"]
    assert scripted.headers[0]["authorization"] == f"bearer {KEY}"
    assert scripted.headers[0]["accept-encoding"] == "gzip, deflate"
    assert "stainless" not in str(scripted.headers)


def test_no_cookie_is_kept():
    _, scripted = posted(response(200, {}, set_cookie="session=1"), times=2)
    assert ["cookie" in headers for headers in scripted.headers] == [False, False]


@pytest.mark.parametrize(
    ("key", "own", "sent"),
    [
        pytest.param(KEY, {}, f"Bearer {KEY}", id="key"),
        pytest.param("", {}, "Bearer none", id="no-key"),
        pytest.param("", {"api-key": "x"}, None, id="a-header-holds-it"),
        pytest.param(KEY, {"api-key": "x"}, f"Bearer {KEY}", id="both"),
        pytest.param(KEY, {"Authorization": "Basic x"}, "Basic x", id="own-authorization"),
    ],
)
def test_a_key_is_sent_unless_the_spec_sends_another(key: str, own: dict[str, str], sent: str | None):
    assert headers_of(key, NOTHING._replace(headers=own)).get("authorization") == sent


def chunked(*pieces: bytes) -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in (*pieces, b""))
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n" + body


def test_a_body_without_a_length_is_read_up_to_a_bound():
    assert posted(chunked(b'{"a":', b"1}"))[0].content == b'{"a":1}'
    assert len(posted(chunked(b" " * MAX_BYTES))[0].content) == MAX_BYTES
    with pytest.raises(LongReplyError, match="longer than"):
        posted(chunked(b" " * MAX_BYTES, b" "))


def test_a_body_that_announces_more_than_the_bound_is_not_held():
    with pytest.raises(LongReplyError, match="longer than"):
        posted(response(200, " " * (MAX_BYTES + 1)))


def test_a_body_that_is_cut_short_is_an_error():
    with pytest.raises(aiohttp.ClientPayloadError, match="not completed"):
        posted(CUT)


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        pytest.param("text/html; charset=latin-1", b"\xe9", "é", id="named"),
        pytest.param('text/html; Charset="utf-16"', "é".encode("utf-16"), "é", id="quoted"),
        pytest.param("text/html", "é".encode(), "é", id="utf-8"),
        pytest.param("text/html; charset=nonsense", "é".encode(), "é", id="unknown"),
        pytest.param("", b"\xff", "\ufffd", id="damaged"),
    ],
)
def test_a_body_is_text_in_the_encoding_that_its_headers_name(kind: str, content: bytes, text: str):
    assert HttpResponse(400, {"content-type": kind}, content).text == text


def test_making_a_call_imports_no_client_of_a_vendor():
    code = (
        "import sys, harness.providers.chat_client, harness.providers.http_sender; "
        "sys.exit(any(name in sys.modules for name in ('openai', 'httpx2', 'pydantic')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("status", "is_success"), [(199, False), (200, True), (204, True), (299, True), (300, False), (404, False)]
)
def test_only_a_status_from_200_to_299_is_a_success(status, is_success):
    assert HttpResponse(status, {}, b"").is_success is is_success


def test_only_encodings_whose_size_is_bounded_are_asked_for():
    assert headers_of("", NOTHING)["accept-encoding"] == ENCODINGS == "gzip, deflate"
