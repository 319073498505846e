import pytest

from harness.viewer.guard import guarded
from support.asgi import get


async def inner(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"1")]})
    await send({"type": "http.response.body", "body": b"inside"})


APP = guarded(inner, 8000)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST:8000"])
def test_requests_to_this_machine_are_answered_with_the_headers(host):
    answer = get(APP, "/", hosts=(host,))
    assert (answer.status, answer.text, answer.headers["x-own"]) == (200, "inside", "1")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"


@pytest.mark.parametrize(
    "hosts",
    [
        ("evil.example",),
        ("evil.example:8000",),
        ("127.0.0.1:9000",),
        ("127.0.0.1",),
        ("127.0.0.1:8000@evil.example",),
        ("127.0.0.1:8000.evil.example",),
        ("[::1]:8000",),
        ("",),
        (),
        ("127.0.0.1:8000", "evil.example"),
    ],
)
def test_requests_under_another_name_are_refused(hosts):
    answer = get(APP, "/", hosts=hosts)
    assert answer.status == 421
    assert "inside" not in answer.text
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(method):
    assert get(APP, "/", method=method).status == 405
