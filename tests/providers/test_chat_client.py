from __future__ import annotations

import asyncio
import os
import re
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from harness.errors import ModelStopped, ProviderError
from harness.providers.backends import openai as provider
from harness.providers.provider import Connection, Context
from harness.providers.retry import FAILURES_TO_STOP, REJECTIONS_TO_STOP
from harness.records.calls import Call, Limits, Model, Price, Reply
from harness.records.datasets import Message
from harness.records.frozen import freeze
from support.endpoint import CUT, HANG, Endpoint, completion, endpoint, response

KEY = "sk-recognisable-0123456789"
MESSAGES: list[Message] = [{"role": "user", "content": "Which is better?"}]
OK = completion()
REPLY = Reply("hi", "stop", 5, 2, "served-name")


class Slept:
    """Sleeps that take no time and are kept."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.now = 0.0

    async def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


def model_at(
    url: str, *, params: dict[str, Any] | None = None, settings: dict[str, Any] | None = None, **limits: Any
) -> Model:
    return Model(
        name="judge-1",
        provider="openai",
        id="gpt-test",
        params={} if params is None else params,
        base_url=url,
        api_key_env="TEST_KEY",
        limits=Limits(**limits),
        settings=settings or {},
    )


def asked(
    *script: bytes,
    say: Callable[[Connection, Model], Awaitable[Any]] | None = None,
    params: dict[str, Any] | None = None,
    **limits: Any,
) -> tuple[Any, Endpoint, Slept]:
    """What comes of one call (or of what `say` does) to an endpoint with a script."""
    slept = Slept()

    async def main() -> tuple[Any, Endpoint]:
        async with endpoint(*script) as scripted:
            model = model_at(scripted.url, params=params, **limits)
            context = Context({"TEST_KEY": KEY}, clock=lambda: slept.now, sleep=slept, random=Random(1))
            connection = provider.connect(model, context)
            try:
                result = await (say(connection, model) if say else connection.send(Call(model, MESSAGES)))
            except ProviderError as error:
                result = error
            finally:
                await connection.close()
            return result, scripted

    result, scripted = asyncio.run(main())
    return result, scripted, slept


def test_a_call_is_sent_as_it_is_and_its_reply_is_read():
    params = freeze({"temperature": 0, "max_tokens": 9, "top_k": 5, "response_format": {"type": "json_object"}})
    reply, scripted, _ = asked(OK, params=params)
    assert reply == REPLY
    assert scripted.requests == [{"model": "gpt-test", "messages": MESSAGES, **params}]
    assert scripted.headers[0]["authorization"] == f"bearer {KEY}"


def test_a_seed_of_the_params_counts_on_with_the_draw():
    async def say(connection: Connection, model: Model) -> None:
        await connection.send(Call(model, MESSAGES, draw=2))

    assert asked(OK, say=say, params={"seed": 40})[1].requests[0]["seed"] == 42
    assert "seed" not in asked(OK, say=say)[1].requests[0]


FORMAT = {"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": {}}}}


def ask_in_form(connection: Connection, model: Model) -> Awaitable[Reply]:
    return connection.send(Call(model, MESSAGES, params=FORMAT))


def test_a_call_may_have_parameters_of_its_own():
    _, scripted, _ = asked(OK, say=ask_in_form, params={"temperature": 0, "response_format": {"type": "text"}})
    assert scripted.requests == [{"model": "gpt-test", "messages": MESSAGES, "temperature": 0, **FORMAT}]


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({"error": {"message": "'response_format' of type 'json_schema' is not supported"}}, id="named"),
        pytest.param({"error": {"message": "not supported", "param": "response_format"}}, id="as-parameter"),
        pytest.param("json_schema: unknown", id="text"),
    ],
)
def test_an_endpoint_that_knows_no_schemas_is_asked_without_from_then_on(said: Any):
    async def twice(connection: Connection, model: Model) -> list[Reply]:
        return [await ask_in_form(connection, model) for _ in range(2)]

    replies, scripted, slept = asked(response(400, said), OK, say=twice, attempts=1)
    assert replies == [REPLY, REPLY]
    assert ["response_format" in request for request in scripted.requests] == [True, False, False]
    assert slept.seconds == []


REJECTION = response(400, {"error": {"message": "no"}})


def test_a_call_rejected_in_unknown_words_shows_without_its_format_whether_that_was_at_fault():
    async def twice(connection: Connection, model: Model) -> list[Reply]:
        return [await ask_in_form(connection, model) for _ in range(2)]

    replies, scripted, _ = asked(REJECTION, OK, say=twice, attempts=1)
    assert replies == [REPLY, REPLY]
    assert ["response_format" in request for request in scripted.requests] == [True, False, False]


@pytest.mark.parametrize(
    ("status", "message"), [(400, "no"), (422, "no"), (404, "no"), (400, "response_format is not supported")]
)
def test_each_rejection_that_a_format_may_cause_is_tried_without_it(status: int, message: str):
    replies, scripted, _ = asked(response(status, {"error": {"message": message}}), OK, say=ask_in_form, attempts=1)
    assert replies == REPLY
    assert ["response_format" in request for request in scripted.requests] == [True, False]


@pytest.mark.parametrize(("status", "kind"), [(403, "forbidden"), (413, "too-long")])
def test_a_rejection_that_no_format_causes_is_not_tried_without_it(status: int, kind: str):
    found, scripted, _ = asked(response(status, {"error": {"message": "no"}}), say=ask_in_form, attempts=1)
    assert (found.kind if kind == "forbidden" else found.finish) == kind
    assert len(scripted.requests) == 1


def test_a_call_rejected_with_and_without_a_format_fails():
    error, scripted, _ = asked(REJECTION, say=ask_in_form)
    assert (error.kind, len(scripted.requests)) == ("rejected", 2)


def test_a_rejection_after_a_call_with_a_format_was_answered_is_about_something_else():
    async def twice(connection: Connection, model: Model) -> None:
        await ask_in_form(connection, model)
        await ask_in_form(connection, model)

    error, scripted, _ = asked(OK, REJECTION, say=twice)
    assert (error.kind, len(scripted.requests)) == ("rejected", 2)


def test_an_endpoint_that_rejects_formats_and_all_else_fails_the_call():
    error, scripted, _ = asked(response(400, {"error": {"message": "response_format"}}), say=ask_in_form)
    assert (error.kind, len(scripted.requests)) == ("rejected", 2)


@pytest.mark.parametrize(
    "fault",
    [
        *(
            pytest.param(response(status, {"error": {"message": "x"}}), id=str(status))
            for status in (408, 409, 429, 500)
        ),
        pytest.param(response(503, "<html>busy"), id="503 without JSON"),
        pytest.param(response(200, "<html>hello"), id="html"),
        pytest.param(response(200, {"error": {"message": "x"}, "choices": None}), id="error with status 200"),
        pytest.param(response(200, {"choices": []}), id="no choices"),
        pytest.param(completion(None), id="null content"),
        pytest.param(CUT, id="cut"),
        pytest.param(b"no http at all\r\n\r\n", id="no http"),
        pytest.param(response(500, "not gzip", content_encoding="gzip"), id="broken compression"),
    ],
)
def test_faults_that_may_heal_are_tried_again(fault: bytes):
    reply, scripted, slept = asked(fault, fault, OK)
    assert reply == REPLY
    assert len(scripted.requests) == 3
    assert scripted.requests[0] == scripted.requests[2]
    assert len(slept.seconds) == 2


def test_an_endpoint_that_hangs_is_tried_again():
    reply, scripted, _ = asked(HANG, OK, timeout_s=0.2)
    assert reply == REPLY
    assert len(scripted.requests) == 2


def test_attempts_are_bounded():
    error, scripted, slept = asked(response(500, {"error": {"message": "boom"}}), attempts=3)
    assert type(error) is ProviderError
    assert (error.kind, error.status) == ("server", 500)
    assert str(error) == "model judge-1: status 500: boom (3 attempts)"
    assert len(scripted.requests) == 3
    assert len(slept.seconds) == 2


def test_an_endpoint_that_is_not_there_is_named_in_the_error():
    async def main() -> None:
        model = model_at("http://127.0.0.1:1/v1", attempts=2)
        connection = provider.connect(model, Context({"TEST_KEY": KEY}, sleep=Slept()))
        try:
            for _ in range(FAILURES_TO_STOP - 1):
                with pytest.raises(ProviderError, match="connection failed") as caught:
                    await connection.send(Call(model, MESSAGES))
                assert caught.value.kind == "connection"
            with pytest.raises(ModelStopped, match="check `base_url`"):
                await connection.send(Call(model, MESSAGES))
        finally:
            await connection.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("status", "code", "kind", "hint"),
    [
        pytest.param(401, "invalid_api_key", "key", "TEST_KEY", id="wrong key"),
        pytest.param(403, "permission_denied", "key", "TEST_KEY", id="forbidden"),
        pytest.param(404, "model_not_found", "unknown-model", "gpt-test", id="unknown model"),
        pytest.param(429, "insufficient_quota", "quota", "credit", id="no credit"),
    ],
)
def test_a_model_that_cannot_be_used_is_stopped_and_asked_no_more(status: int, code: str, kind: str, hint: str):
    async def say(connection: Connection, model: Model) -> ModelStopped:
        for _ in range(2):
            with pytest.raises(ModelStopped, match=hint) as caught:
                await connection.send(Call(model, MESSAGES))
        return caught.value

    error, scripted, slept = asked(response(status, {"error": {"message": "no", "code": code}}), say=say)
    assert (error.kind, error.status) == (kind, status)
    assert hint in str(error)
    assert "judge-1" in str(error)
    assert len(scripted.requests) == 1
    assert not slept.seconds


TOO_LONG = response(400, {"error": {"message": "too long", "code": "context_length_exceeded"}})
FLAGGED = response(403, {"error": {"message": "your input was flagged"}})


@pytest.mark.parametrize(
    ("answer", "reply"),
    [
        pytest.param(TOO_LONG, Reply("status 400: too long", "too-long"), id="too-long"),
        pytest.param(FLAGGED, Reply("status 403: your input was flagged", "refusal"), id="flagged"),
    ],
)
def test_a_fault_of_a_prompt_is_its_answer_and_says_nothing_of_other_calls(answer: bytes, reply: Reply):
    async def say(connection: Connection, model: Model) -> list[Reply]:
        return [await connection.send(Call(model, MESSAGES)) for _ in range(REJECTIONS_TO_STOP + 2)]

    replies, scripted, slept = asked(*[answer] * (REJECTIONS_TO_STOP + 1), OK, say=say)
    assert replies == [*[reply] * (REJECTIONS_TO_STOP + 1), REPLY]
    assert len(scripted.requests) == REJECTIONS_TO_STOP + 2
    assert not slept.seconds


def test_rejected_prompts_cost_nothing():
    assert unbilled(TOO_LONG, price=Price(1, 1)) == []
    assert unbilled(FLAGGED, price=Price(1, 1)) == []


def test_a_forbidden_call_before_any_answer_does_not_stop_the_model():
    page = response(403, "<html><h1>403 Forbidden</h1></html>")

    async def say(connection: Connection, model: Model) -> Reply:
        with pytest.raises(ProviderError, match="403 Forbidden") as caught:
            await connection.send(Call(model, MESSAGES))
        assert caught.value.kind == "forbidden"
        return await connection.send(Call(model, MESSAGES))

    assert asked(page, OK, say=say)[0] == REPLY


def test_a_redirect_is_not_followed_and_names_the_address():
    async def main() -> tuple[ModelStopped, int]:
        async with endpoint(OK) as other:
            moved = response(307, {}, location=f"{other.url}/chat/completions?key=secret")
            async with endpoint(moved) as scripted:
                connection = provider.connect(model_at(scripted.url), Context({"TEST_KEY": KEY}))
                with pytest.raises(
                    ModelStopped, match=re.escape(f"redirects to {other.url}/chat/completions;")
                ) as caught:
                    await connection.send(Call(model_at(scripted.url), MESSAGES))
                await connection.close()
                return caught.value, len(other.requests)

    error, requests = asyncio.run(main())
    assert (error.kind, error.status, requests) == ("redirect", 307, 0)


def test_attempts_span_more_than_a_minute_before_a_call_fails():
    error, scripted, slept = asked(response(500, {"error": {"message": "boom"}}))
    assert (error.kind, len(scripted.requests)) == ("server", 6)
    assert slept.now > 60


def test_a_wait_in_the_body_is_kept():
    busy = response(429, {"error": {"message": "Rate limit reached. Please try again in 38.2s."}})
    reply, _, slept = asked(busy, OK)
    assert reply == REPLY
    assert slept.now >= 38.2


def test_all_calls_wait_when_the_endpoint_asks_for_it():
    async def say(connection: Connection, model: Model) -> list[Reply]:
        return await asyncio.gather(*(connection.send(Call(model, MESSAGES)) for _ in range(4)))

    replies, scripted, slept = asked(
        response(429, {"error": {"message": "slow down"}}, retry_after="40"), OK, say=say, concurrency=1
    )
    assert replies == [REPLY] * 4
    assert slept.now >= 40
    assert len(scripted.requests) == 5


def test_no_more_calls_are_under_way_than_allowed():
    async def say(connection: Connection, model: Model) -> None:
        await asyncio.gather(*(connection.send(Call(model, MESSAGES)) for _ in range(40)))

    _, scripted, _ = asked(OK, say=say, concurrency=4)
    assert 1 < scripted.most_at_once <= 4


def test_tokens_are_announced_and_settled():
    async def say(connection: Connection, model: Model) -> None:
        for _ in range(3):
            await connection.send(Call(model, MESSAGES))

    # Announced are 4 tokens for the prompt and 118 for the reply, at 2 a second; 7 are reported.
    assert asked(OK, say=say, params={"max_tokens": 118}, tpm=122)[2].now == pytest.approx(2 * 3.5, abs=1.5)
    silent = response(200, {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]})
    assert asked(silent, say=say, params={"max_tokens": 118}, tpm=122)[2].now == pytest.approx(2 * 61, abs=1.5)
    both = {"max_tokens": 118, "max_completion_tokens": 10}  # the larger one binds, in whichever order they are written
    assert asked(silent, say=say, params=both, tpm=122)[2].now == pytest.approx(2 * 61, abs=1.5)


def unbilled(*script: bytes, price: Price | None, **limits: Any) -> list[tuple[str, float | None]]:
    """What a connection tells of attempts whose bill is not known."""
    told: list[tuple[str, float | None]] = []

    async def main() -> None:
        async with endpoint(*script) as scripted:
            model = replace(model_at(scripted.url, params={"max_tokens": 100}, **limits), price=price)
            context = Context({"TEST_KEY": KEY}, sleep=Slept(), unbilled=lambda name, usd: told.append((name, usd)))
            connection = provider.connect(model, context)
            try:
                await connection.send(Call(model, MESSAGES))
            except ProviderError:
                pass
            finally:
                await connection.close()

    asyncio.run(main())
    return told


SILENT = response(200, {"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]})


@pytest.mark.parametrize(
    ("answer", "is_unknown"),
    [
        pytest.param(OK, False, id="answered"),
        pytest.param(SILENT, True, id="answered without usage"),
        pytest.param(CUT, True, id="cut"),
        pytest.param(HANG, True, id="hangs"),
        pytest.param(response(200, "<html>"), True, id="unreadable"),
        pytest.param(response(500, "x"), True, id="500"),
        pytest.param(response(502, "x"), True, id="502"),
        pytest.param(response(503, "x"), False, id="503"),
        pytest.param(response(429, "x"), False, id="429"),
        pytest.param(response(400, "x"), False, id="400"),
    ],
)
def test_attempts_whose_bill_is_not_known_are_told_with_the_most_that_they_can_cost(answer: bytes, is_unknown: bool):
    priced = unbilled(answer, price=Price(1, 1), attempts=1, timeout_s=0.3)
    assert [name for name, _ in priced] == ["judge-1"] * is_unknown
    assert all(usd is not None and 100e-6 < usd < 300e-6 for _, usd in priced)
    assert unbilled(answer, price=None, attempts=1, timeout_s=0.3) == [("judge-1", None)] * is_unknown


def test_a_failed_tls_handshake_bills_nothing():
    told: list[object] = []

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        model = model_at(f"https://127.0.0.1:{port}/v1", attempts=1)
        connection = provider.connect(model, Context({"TEST_KEY": KEY}, unbilled=lambda *args: told.append(args)))
        with pytest.raises(ProviderError, match="connection failed"):
            await connection.send(Call(model, MESSAGES))
        await connection.close()
        server.close()
        await server.wait_closed()

    asyncio.run(main())
    assert told == []


def test_an_endpoint_that_is_not_there_bills_nothing():
    told: list[object] = []

    async def main() -> None:
        model = model_at("http://127.0.0.1:1/v1", attempts=1)
        connection = provider.connect(model, Context({"TEST_KEY": KEY}, unbilled=lambda *args: told.append(args)))
        with pytest.raises(ProviderError, match=r"^model judge-1: "):
            await connection.send(Call(model, MESSAGES))
        await connection.close()

    asyncio.run(main())
    assert told == []


def test_fewer_calls_are_under_way_after_a_429_and_more_again_after_answers():
    limits: list[int] = []

    async def say(connection: Connection, model: Model) -> None:
        slots = connection._pace.slots  # type: ignore[attr-defined]
        for _ in range(6):
            limits.append(slots.limit)
            await asyncio.gather(*(connection.send(Call(model, MESSAGES)) for _ in range(8)))

    slow_down = response(429, {"error": {"message": "slow down"}})
    _, scripted, _ = asked(OK, *[slow_down] * 8, OK, say=say, concurrency=8)
    assert limits[0] == 8
    assert min(limits) < 8, "asked to slow down, it does"
    assert limits[-1] == 8, "and it recovers"
    assert len(scripted.requests) == 48 + 8


def test_nothing_of_the_environment_leaks_into_a_call(monkeypatch: pytest.MonkeyPatch):
    leaks = {
        "OPENAI_API_KEY": "sk-leak-key",
        "OPENAI_ADMIN_KEY": "sk-leak-admin",
        "OPENAI_BASE_URL": "http://127.0.0.1:1/leak",
        "OPENAI_ORG_ID": "leak-org",
        "OPENAI_PROJECT_ID": "leak-project",
        "OPENAI_WEBHOOK_SECRET": "leak-secret",
        "OPENAI_CUSTOM_HEADERS": "x-leak: leak\nauthorization: leak",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1",
        "ALL_PROXY": "http://127.0.0.1:1",
    }
    for name, value in leaks.items():
        monkeypatch.setenv(name, value)
    reply, scripted, _ = asked(OK)
    assert reply == REPLY
    assert "leak" not in str(scripted.headers)
    assert "openai-organization" not in scripted.headers[0]
    assert "openai-project" not in scripted.headers[0]
    assert scripted.headers[0]["authorization"] == f"bearer {KEY}"


def test_without_a_key_variable_no_key_of_the_environment_is_sent(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)

    async def main() -> str:
        async with endpoint(OK) as scripted:
            model = Model("local", "openai", "llama", base_url=scripted.url)
            connection = provider.connect(model, Context(os.environ))
            await connection.send(Call(model, MESSAGES))
            await connection.close()
            return scripted.headers[0]["authorization"]

    assert asyncio.run(main()) == "bearer none"


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(response(401, {"error": {"message": f"Incorrect API key provided: {KEY}."}}), id="401"),
        pytest.param(response(500, f"<html>{'x' * 290}{KEY}"), id="500 with the key where the message is cut"),
        pytest.param(response(400, {"error": {"message": f"header authorization: Bearer {KEY}"}}), id="400"),
        pytest.param(response(200, {"error": {"message": f"key {KEY} is blocked"}}), id="error with status 200"),
        pytest.param(response(200, f"<html>{KEY}"), id="html"),
        pytest.param(f"{KEY} no http\r\n\r\n".encode(), id="no http"),
    ],
)
def test_the_key_is_in_no_error(answer: bytes):
    error, _, _ = asked(answer, attempts=2)
    assert isinstance(error, ProviderError)
    told = "".join(traceback.format_exception(error)) + repr(error.problems)
    assert KEY not in told
    assert KEY[:16] not in told


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({}, id="not set"),
        pytest.param({"TEST_KEY": "  "}, id="empty"),
        pytest.param({"TEST_KEY": "sk-\nx"}, id="with a line break inside"),
        pytest.param({"TEST_KEY": "sk-ключ"}, id="not ASCII"),
    ],
)
def test_a_key_that_cannot_be_one_stops_the_model_before_any_call(environment: dict[str, str]):
    with pytest.raises(ModelStopped, match="TEST_KEY") as caught:
        provider.connect(model_at("http://127.0.0.1:1/v1"), Context(environment))
    assert "sk-" not in str(caught.value)


def test_white_space_around_a_key_is_no_part_of_it():
    async def main() -> str:
        async with endpoint(OK) as scripted:
            connection = provider.connect(model_at(scripted.url), Context({"TEST_KEY": f" {KEY}\n"}))
            await connection.send(Call(model_at(scripted.url), MESSAGES))
            await connection.close()
            return scripted.headers[0]["authorization"]

    assert asyncio.run(main()) == f"bearer {KEY}"


def test_a_context_does_not_show_the_environment():
    assert KEY not in repr(Context({"TEST_KEY": KEY}))


def test_the_id_of_a_model_is_the_endpoints_name_for_it():
    assert provider.model_id("judge-1", {"model": "gpt-test", "price": {}}, Path()) == "gpt-test"
    assert provider.model_id("judge-1", {}, Path()) == "judge-1"


def test_a_body_that_goes_on_and_on_is_cut_off_tried_again_and_perhaps_billed():
    endless = response(200, '{"choices": "' + "x" * (50 << 20) + '"}')
    result, scripted, slept = asked(endless, OK, attempts=3)
    assert result == REPLY
    assert len(scripted.requests) == 2
    assert slept.now > 0
    result, scripted, _ = asked(endless, attempts=2)
    assert isinstance(result, ProviderError)
    assert "longer than 16,777,216 bytes" in str(result)
    assert result.kind == "connection"
    assert len(scripted.requests) == 2


SYSTEM: list[Message] = [{"role": "system", "content": "Judge."}, *MESSAGES]
NO_SYSTEM = response(400, {"message": "System role not supported"})


def sent_with(
    *script: bytes, environment: dict[str, str] | None = None, **settings: Any
) -> tuple[Any, Endpoint, list[str]]:
    """What comes of two calls with a system message to a model with some settings, and what is reported meanwhile."""
    reports: list[str] = []

    async def main() -> tuple[Any, Endpoint]:
        async with endpoint(*script) as scripted:
            model = model_at(scripted.url, settings=settings)
            if "headers" in settings:
                model = replace(model, api_key_env=None)
            context = Context({"TEST_KEY": KEY, **(environment or {})}, sleep=Slept(), report=reports.append)
            connection = provider.connect(model, context)
            try:
                return [await connection.send(Call(model, SYSTEM)) for _ in range(2)], scripted
            except ProviderError as error:
                return error, scripted
            finally:
                await connection.close()

    result, scripted = asyncio.run(main())
    return result, scripted, reports


def test_an_endpoint_that_knows_no_system_role_gets_the_text_with_the_users_and_that_is_said_once():
    replies, scripted, reports = sent_with(NO_SYSTEM, OK)
    assert replies == [REPLY, REPLY]
    merged = [{"role": "user", "content": "Judge.\n\nWhich is better?"}]
    assert [request["messages"] for request in scripted.requests] == [SYSTEM, merged, merged]
    assert len(reports) == 1
    assert "judge-1: the endpoint knows no system role" in reports[0]


def test_a_system_role_that_the_spec_asks_for_is_not_replaced():
    error, scripted, _ = sent_with(NO_SYSTEM, system="system")
    assert isinstance(error, ModelStopped)
    assert "write `system: user`" in str(error)
    assert len(scripted.requests) == 1


@pytest.mark.parametrize(
    ("role", "sent"), [("developer", ["developer", "user"]), ("user", ["user"]), ("none", ["user"])]
)
def test_system_messages_are_sent_as_the_spec_says(role: str, sent: list[str]):
    _, scripted, _ = sent_with(OK, system=role)
    assert [message["role"] for message in scripted.requests[0]["messages"]] == sent


def test_headers_and_query_are_sent_with_values_of_the_environment_which_get_out_nowhere():
    said = response(400, {"error": {"message": f"bad header {KEY}"}})
    settings = {"headers": {"X-Team": "eval", "api-key": "${AZURE}"}, "query": {"api-version": "2024-06-01"}}
    error, scripted, _ = sent_with(said, environment={"AZURE": KEY}, **settings)
    assert scripted.headers[0]["x-team"] == "eval"
    assert scripted.headers[0]["api-key"] == KEY.lower()
    assert "authorization" not in scripted.headers[0], "the header holds the key"
    assert scripted.targets[0].endswith("/chat/completions?api-version=2024-06-01")
    assert KEY not in str(error)


def test_a_variable_that_is_not_set_stops_the_model_before_any_call():
    model = model_at("http://127.0.0.1:1/v1", settings={"headers": {"api-key": "${AZURE}"}})
    with pytest.raises(ModelStopped, match=r"the environment variable AZURE is not set; `headers.api-key` needs it"):
        provider.connect(model, Context({"TEST_KEY": KEY}))


def test_a_proxy_is_used_where_the_spec_names_one():
    async def main(proxy: str | None) -> Endpoint:
        async with endpoint(OK) as scripted:
            address = scripted.url.removesuffix("/v1")
            environment = {"TEST_KEY": KEY, "HTTP_PROXY": address}
            model = model_at("http://judge.invalid/v1", settings={"proxy": proxy and proxy.format(address)}, attempts=1)
            connection = provider.connect(model, Context(environment))
            try:
                await connection.send(Call(model, MESSAGES))
            finally:
                await connection.close()
            return scripted

    for proxy in ("env", "{}"):
        assert asyncio.run(main(proxy)).targets == ["http://judge.invalid/v1/chat/completions"]
    with pytest.raises(ProviderError, match="write `proxy: env` at judge-1"):
        asyncio.run(main(None))
