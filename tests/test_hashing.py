"""The golden keys here are a promise: a change makes every stored reply unreachable."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.cache.key import call_bytes, call_key
from harness.hashing import canonical_json, digest_of, rounded, seed_for
from harness.records.calls import Call, Limits, Model, Price

MODEL = Model(name="small", provider="openai", id="gpt-4o", params={"temperature": 0, "max_tokens": 16})
MESSAGES = [{"role": "system", "content": "Judge."}, {"role": "user", "content": "é“x”\n"}]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=12,
)


def test_call_bytes_are_pinned() -> None:
    assert (
        call_bytes(Call(MODEL, MESSAGES))
        == (
            '{"draw":0,"key":1,"messages":[{"content":"Judge.","role":"system"},{"content":"é“x”\\n","role":"user"}],'
            '"model":"gpt-4o","params":{"max_tokens":16,"temperature":0}}'
        ).encode()
    )


def test_call_key_is_pinned() -> None:
    assert call_key(Call(MODEL, MESSAGES)) == "d2a69ce939b335c28f4328eefcb6c21c238376e33a032128da19887621db5bac"


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Call(MODEL, MESSAGES, draw=1), id="draw"),
        pytest.param(Call(MODEL, MESSAGES[1:]), id="messages"),
        pytest.param(Call(Model("small", "openai", "gpt-4o-mini", MODEL.params), MESSAGES), id="model id"),
        pytest.param(Call(Model("small", "openai", "gpt-4o", {"temperature": 1}), MESSAGES), id="params"),
        pytest.param(Call(MODEL, MESSAGES, locator="x"), id="locator"),
        pytest.param(Call(MODEL, MESSAGES, params={"response_format": {}}), id="params of the call"),
    ],
)
def test_key_changes_with_what_can_change_a_reply(other: Call) -> None:
    assert call_key(other) != call_key(Call(MODEL, MESSAGES))


def test_params_of_the_call_come_before_those_of_the_model() -> None:
    as_model = Call(Model("small", "openai", "gpt-4o", {"temperature": 1, "max_tokens": 16}), MESSAGES)
    assert call_bytes(Call(MODEL, MESSAGES, params={"temperature": 1})) == call_bytes(as_model)


def test_key_does_not_change_with_anything_else() -> None:
    other = Model(
        name="renamed",
        provider="simulated",
        id="gpt-4o",
        params={"max_tokens": 16, "temperature": 0},
        base_url="http://127.0.0.1:1",
        api_key_env="OTHER_KEY",
        price=Price(1, 2),
        limits=Limits(concurrency=1, timeout_s=1),
        settings={"skill": 1},
    )
    assert call_key(Call(other, MESSAGES, step="judge.again")) == call_key(Call(MODEL, MESSAGES, step="judge"))


@given(JSON)
def test_digest_does_not_depend_on_the_order_of_keys(value: object) -> None:
    def reverse(inner: object) -> object:
        if isinstance(inner, dict):
            return {key: reverse(inner[key]) for key in reversed(inner)}
        return [reverse(each) for each in inner] if isinstance(inner, list) else inner

    assert digest_of(value) == digest_of(reverse(value))


def test_seeds_differ_by_what_they_are_for_and_repeat() -> None:
    seeds = {
        seed_for(7, "kappa", "x"),
        seed_for(7, "kappa", "y"),
        seed_for(8, "kappa", "x"),
        seed_for(7, "kappa", ["x"]),
    }
    assert len(seeds) == 4
    assert seed_for(7, "kappa", "x") in seeds
    assert all(0 <= seed < 2**128 for seed in seeds)


def test_rounding_keeps_twelve_digits_everywhere() -> None:
    value = {"a": 0.1234567890123456, "b": [1 / 3, 2e20 / 3, 7, True, None, "x"], "c": (1.5,)}
    assert rounded(value) == {
        "a": 0.123456789012,
        "b": [0.333333333333, 66666666666700000000.0, 7, True, None, "x"],
        "c": [1.5],
    }


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_rounding_refuses_what_is_not_a_number(value: float) -> None:
    with pytest.raises(ValueError, match="None and a reason"):
        rounded({"value": value})


def test_canonical_json_refuses_what_json_cannot_say() -> None:
    with pytest.raises(TypeError, match="not JSON serializable: set"):
        canonical_json({1, 2})
