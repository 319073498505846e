"""Servers that return numbers: every protocol, batches, and responses that hold no number."""

from __future__ import annotations

import asyncio
from random import Random
from typing import Any

import pytest

from harness.errors import ModelStopped, ProviderError
from harness.providers.backends import score as provider
from harness.providers.provider import Context
from harness.records.calls import Call, Limits, Model, Reply
from support.native import Slept
from support.score_server import ScoreServer, number_of, score_server

KEY = "sk-recognisable-0123456789"
TEXTS = ("short", "a longer one", "the longest one of all", "x", "yy")


def model_of(url: str, protocol: str = "vllm-score", **settings: Any) -> Model:
    limits = Limits(attempts=settings.pop("attempts", 2), timeout_s=5)
    params = settings.pop("params", {})
    return Model(
        "rm", "score", "rm-27b", base_url=url, api_key_env="TEST_KEY", limits=limits, params=params,
        settings={**provider.SETTINGS, "protocol": protocol, "model": "rm-27b", **settings},
    )  # fmt: skip


def conversation(response: str, prompt: str = "Say something.") -> list[Any]:
    return [{"role": "user", "content": prompt}, {"role": "assistant", "content": response}]


def sent(model: Model, conversations: list[Any]) -> list[Reply | ProviderError]:
    """What comes of calls that are made together."""
    slept = Slept()

    async def one(connection: Any, messages: Any) -> Reply | ProviderError:
        try:
            return await connection.send(Call(model, messages))
        except ProviderError as error:
            return error

    async def main() -> list[Reply | ProviderError]:
        context = Context({"TEST_KEY": KEY}, clock=lambda: slept.now, sleep=slept, random=Random(1))
        connection = provider.connect(model, context)
        try:
            return await asyncio.gather(*(one(connection, messages) for messages in conversations))
        finally:
            await connection.close()

    return asyncio.run(main())


@pytest.fixture
def server():
    with score_server() as state:
        yield state


PROTOCOLS = [
    ("vllm-score", None, 1),
    ("vllm-classify", 1, len(TEXTS)),
    ("vllm-pooling", None, len(TEXTS)),
    ("tei-predict", "good", 1),
    ("tei-rerank", None, 1),
]


@pytest.mark.parametrize(("protocol", "wanted", "requests"), PROTOCOLS)
def test_each_protocol_gives_the_number_of_each_response(server: ScoreServer, protocol, wanted, requests):
    found = sent(model_of(f"{server.url}/v1/", protocol, **{"class": wanted}), [conversation(one) for one in TEXTS])
    assert [float(reply.text) for reply in found] == [number_of(one) for one in TEXTS]
    assert [reply.finish for reply in found] == ["stop"] * len(TEXTS)
    assert all(reply.prompt_tokens > 0 for reply in found)
    assert len(server.requests) == requests
    assert set(server.keys) == {f"Bearer {KEY}"}
    named = {body.get("model") for _, body in server.requests}
    assert named == ({None} if protocol.startswith("tei") else {"rm-27b"})


def test_requests_hold_prompts_responses_and_params(server: ScoreServer):
    messages = [{"role": "system", "content": "Be brief."}, *conversation("Red.", "Name a colour.")]
    sent(model_of(server.url, params={"truncate_prompt_tokens": 512}), [messages])
    sent(model_of(server.url, "vllm-pooling"), [messages])
    sent(model_of(server.url, "tei-predict", **{"class": "good"}), [conversation("Red.", "Name a colour.")])
    prompt = "system: Be brief.\n\nuser: Name a colour."
    assert server.requests == [
        ("/score", {"model": "rm-27b", "truncate_prompt_tokens": 512, "text_1": [prompt], "text_2": ["Red."]}),
        ("/pooling", {"model": "rm-27b", "messages": messages}),
        ("/predict", {"inputs": [["Name a colour.", "Red."]]}),
    ]


def test_a_request_holds_no_more_than_the_batch_and_the_texts_of_one_query(server: ScoreServer):
    calls = [conversation(text, prompt) for prompt in ("one", "two") for text in TEXTS]
    found = sent(model_of(server.url, "vllm-score", batch=4), calls)
    assert [float(reply.text) for reply in found] == [number_of(one) for one in TEXTS * 2]
    assert sorted(len(body["text_2"]) for _, body in server.requests) == [2, 4, 4]
    server.requests.clear()
    sent(model_of(server.url, "tei-rerank"), calls)
    assert sorted(body["query"] for _, body in server.requests) == ["one", "two"]


def results(*scores: Any, **more: Any) -> Any:
    return {"data": [{"index": at, "score": one, **more} for at, one in enumerate(scores)]}


BAD = [
    ("vllm-score", None, results(None), "gave null in place of a number"),
    ("vllm-score", None, '{"data": [{"index": 0, "score": NaN}]}', "gave null in place of a number"),
    ("vllm-score", None, '{"data": [{"index": 0, "score": 1e999}]}', "in place of a number"),
    ("vllm-score", None, results("7"), "gave '7' in place of a number"),
    ("vllm-score", None, results(True), "gave True in place of a number"),
    ("vllm-score", None, results(), "has 0 results for 1 inputs"),
    ("vllm-score", None, {"data": [{"index": 4, "score": 1.0}]}, "do not name each input once"),
    ("vllm-score", None, {"scores": [1]}, "has no list of results"),
    ("vllm-score", None, [], "has no list of results"),
    ("vllm-score", None, "<html>", "is not JSON"),
    ("vllm-classify", None, {"data": [{"probs": [0.2, 0.8]}]}, "gives 2 numbers: write the position of one"),
    ("vllm-classify", 2, {"data": [{"probs": [0.2, 0.8]}]}, "gives 2 numbers: write the position of one"),
    ("vllm-classify", None, {"data": ["x"]}, "gave null in place of a number"),
    ("vllm-pooling", None, {"data": [{"data": []}]}, "gives 0 numbers"),
    ("tei-predict", None, [[{"score": 1, "label": "a"}, {"score": 2, "label": "b"}]], "gives the labels `a`, `b`"),
    ("tei-predict", "c", [[{"score": 1, "label": "a"}]], "gives the labels `a`: write one as `class`"),
    ("tei-predict", None, [7], "gave 7 in place of labels with scores"),
    ("tei-rerank", None, [{"index": 0}], "gave null in place of a number"),
]


@pytest.mark.parametrize(("protocol", "wanted", "value", "message"), BAD)
def test_a_response_without_a_number_is_a_failure_with_the_reason(
    server: ScoreServer, protocol, wanted, value, message
):
    server.answer = lambda path, body: (200, value)
    [error] = sent(model_of(server.url, protocol, **{"class": wanted}), [conversation("Red.")])
    assert isinstance(error, ProviderError)
    assert message in str(error)


def test_one_bad_number_fails_one_call(server: ScoreServer):
    server.answer = lambda path, body: (200, results(*([1.5, None, 2.5][: len(body["text_2"])])))
    one, two, three = sent(model_of(server.url), [conversation(text) for text in ("a", "b", "c")])
    assert (one.text, three.text) == ("1.5", "2.5")
    assert isinstance(two, ProviderError)


def test_inputs_that_are_rejected_together_are_asked_about_alone(server: ScoreServer):
    def answer(path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if any(len(text) > 15 for text in body["text_2"]):
            return 400, {
                "error": {
                    "message": "This model's maximum context length is 15 tokens. However, you requested 99 tokens."
                }
            }
        return 200, results(*map(number_of, body["text_2"]))

    server.answer = answer
    found = sent(model_of(server.url), [conversation(one) for one in TEXTS])
    assert [getattr(reply, "finish", str(reply)) for reply in found] == ["stop", "stop", "too-long", "stop", "stop"]
    assert len(server.requests) == 1 + len(TEXTS)


def test_a_server_that_is_busy_is_asked_again_and_secrets_stay_out_of_messages(server: ScoreServer):
    script = [(503, {"error": f"busy {KEY}"}), (200, results(0.25))]
    server.answer = lambda path, body: script.pop(0)
    [reply] = sent(model_of(server.url), [conversation("a")])
    assert reply.text == "0.25"
    server.answer = lambda path, body: (503, {"error": f"busy {KEY}"})
    [error] = sent(model_of(server.url), [conversation("a")])
    assert isinstance(error, ProviderError)
    assert "503" in str(error)
    assert KEY not in str(error)


def test_a_judges_prompt_stops_the_model(server: ScoreServer):
    [error] = sent(model_of(server.url), [[{"role": "user", "content": "Which is better?"}]])
    assert isinstance(error, ModelStopped)
    assert "scores responses and reads no prompt" in str(error)
    assert server.requests == []


def test_protocol_and_class_are_in_the_key():
    entry = {**provider.SETTINGS, "base_url": "http://h:1"}
    parts = [provider.key_parts({**entry, "protocol": name, "class": one}) for name, one in
             (("vllm-score", None), ("vllm-classify", None), ("vllm-classify", 1))]  # fmt: skip
    assert parts[0] == {"endpoint": "http://h:1", "protocol": "vllm-score"}
    assert len({str(one) for one in parts}) == 3
    assert parts[2]["class"] == "1"
