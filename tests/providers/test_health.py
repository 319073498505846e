from email.utils import formatdate
from time import time

import httpx2
import pytest

from harness.providers.health import MAX_BYTES, check_endpoint
from harness.records.calls import Model

KEY = "sk-very-secret"
URL = "http://endpoint.invalid/v1/"


def checked(answer, key=KEY, **more):
    model = Model("mine", "openai", "gpt-4o", **{"api_key_env": "MY_KEY", **more})
    asked = []

    def respond(request):
        asked.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    findings = list(check_endpoint(model, {"MY_KEY": key}, URL, transport=httpx2.MockTransport(respond)))
    assert KEY not in str(findings)
    return findings, asked


def models(*names):
    return httpx2.Response(200, json={"object": "list", "data": [{"id": name} for name in names]})


def test_only_the_list_of_models_is_asked_for_with_the_key():
    _, (request,) = checked(models("gpt-4o"))
    assert (request.method, str(request.url)) == ("GET", "http://endpoint.invalid/v1/models")
    assert request.headers["authorization"] == f"Bearer {KEY}"


def test_without_a_key_none_is_sent():
    _, (request,) = checked(models("gpt-4o"), key="")
    assert "authorization" not in request.headers


@pytest.mark.parametrize(
    ("answer", "state", "says"),
    [
        (models("other", "gpt-4o"), "ok", "and has gpt-4o"),
        (models("other"), "warning", "does not list gpt-4o"),
        (httpx2.Response(200, text="<html>"), "warning", "not with a list of models"),
        (httpx2.Response(200, json={"data": [1, 2]}), "warning", "not with a list of models"),
        (httpx2.Response(200, json=[]), "warning", "not with a list of models"),
        (httpx2.Response(404), "ok", "lists no models"),
        (httpx2.Response(401, json={"error": KEY}), "failure", "refuses the key"),
        (httpx2.Response(403), "failure", "refuses the key"),
        (httpx2.Response(429), "warning", "status 429"),
        (httpx2.Response(503), "warning", "status 503"),
        (httpx2.ConnectError(f"no route with {KEY}"), "failure", "cannot be reached: no route with ***"),
        (httpx2.ConnectTimeout(""), "failure", "cannot be reached: ConnectTimeout"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_an_answer_means(answer, state, says):
    (found,), _ = checked(answer)
    assert found.state == state
    assert says in found.message
    assert bool(found.hint) is (state != "ok")


def test_a_refused_key_names_the_variable_and_a_missing_one_the_setting():
    (found,), _ = checked(httpx2.Response(401))
    assert found.hint == "check the value of MY_KEY"
    (found,), _ = checked(httpx2.Response(401), key="", api_key_env=None)
    assert "asks for a key" in found.message
    assert "`api_key_env` of mine" in found.hint


def test_a_body_without_end_is_not_read():
    (found,), _ = checked(httpx2.Response(200, content=b" " * (MAX_BYTES + 1)))
    assert found.state == "warning"


@pytest.mark.parametrize(
    ("seconds", "side"), [(-3600, "ahead of"), (3600, "behind"), (5, None)], ids=["ahead", "behind", "right"]
)
def test_the_clock_of_the_endpoint_is_held_against_ours(seconds, side):
    answer = models("gpt-4o")
    answer.headers["date"] = formatdate(time() + seconds, usegmt=True)
    findings, _ = checked(answer)
    clocks = [finding.message for finding in findings if finding.what == "clock"]
    assert [side in message for message in clocks] == ([True] if side else [])


def test_a_date_that_is_none_is_passed_over():
    answer = models("gpt-4o")
    answer.headers["date"] = "yesterday"
    assert len(checked(answer)[0]) == 1


def test_an_address_that_is_none_is_a_failure():
    model = Model("mine", "openai", "gpt-4o")
    (found,) = check_endpoint(model, {}, "http://[broken")
    assert found.state == "failure"
