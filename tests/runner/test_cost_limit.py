"""A limit on the cost is refused where a bill has no bound."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.errors import InputError, SpecError
from harness.providers.tokens import most_reply_tokens
from harness.records.calls import Model, Price
from harness.records.experiment import Spec
from harness.runner.cost_limit import OTHER_PRICES, check_cost_limit
from support.worlds import plan_of

BOUNDED = {"max_tokens": 100}
PRICE = Price(1, 2)


def spec_with(params: dict[str, Any], price: Price | None = PRICE) -> Spec:
    model = Model("m", "openai", "m", params, price=price, base_url="http://127.0.0.1:9/v1")
    return replace(plan_of(models=[model]).spec, shown_path="spec.yaml")


def refused(params: dict[str, Any]) -> str:
    with pytest.raises(SpecError, match="no limit on the cost can be kept") as raised:
        check_cost_limit(spec_with(params), 5.0)
    return str(raised.value)


def test_a_model_without_a_place_in_a_file_is_named_without_a_line() -> None:
    with pytest.raises(SpecError, match="no limit on the cost can be kept") as raised:
        check_cost_limit(spec_with({}), 5.0)
    (problem,) = raised.value.problems
    assert (problem.file, problem.line, problem.column) == ("spec.yaml", 0, 0)


def test_a_bounded_spec_is_accepted() -> None:
    check_cost_limit(spec_with(BOUNDED), 5.0)


@pytest.mark.parametrize("limit", [0.0, -1.0, float("nan"), float("inf")])
def test_a_limit_that_is_no_amount_is_refused(limit: float) -> None:
    with pytest.raises(InputError, match="more than 0 dollars"):
        check_cost_limit(spec_with(BOUNDED), limit)


def test_all_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(SpecError, match="has no price") as raised:
        check_cost_limit(spec_with({"tools": [{"type": "web_search"}]}, None), 5.0)
    assert [problem.path for problem in raised.value.problems] == [
        "models.m",
        "models.m.params",
        "models.m.params.tools",
    ]


def test_a_free_model_hides_none_of_the_others() -> None:
    models = [
        Model("a", "simulated", "simulated", {}),
        Model("b", "openai", "b", BOUNDED, base_url="http://127.0.0.1:9/v1"),
        Model("c", "simulated", "simulated", {}),
        Model("d", "openai", "d", BOUNDED, base_url="http://127.0.0.1:9/v1"),
    ]
    spec = replace(plan_of(models=models).spec, shown_path="spec.yaml")
    assert [model.is_free for model in models] == [True, False, True, False]
    assert set(spec.models_used) == {"a", "b", "c", "d"}
    with pytest.raises(SpecError, match="has no price") as raised:
        check_cost_limit(spec, 5.0)
    assert [problem.path for problem in raised.value.problems] == ["models.b", "models.d"]


BILLED_BEYOND_TOKENS = (
    *("service_tier", "speed", "inference_geo", "modalities", "audio", "prediction", "tools", "mcp_servers"),
    *("container", "web_search_options", "plugins", "search_parameters"),
)


def test_every_parameter_that_multiplies_the_bill_is_tested() -> None:
    assert set(BILLED_BEYOND_TOKENS) == OTHER_PRICES.keys()


@pytest.mark.parametrize("key", BILLED_BEYOND_TOKENS)
def test_a_parameter_that_multiplies_the_bill_is_refused(key: str) -> None:
    assert f"models.m.params.{key}: may be billed at more" in refused({**BOUNDED, key: "priority"})
    assert key in refused({**BOUNDED, key: ["audio"]})


@pytest.mark.parametrize(
    "params",
    [
        {"service_tier": "default"},
        {"service_tier": "flex"},
        {"service_tier": "standard"},
        {"service_tier": "standard_only"},
        {"service_tier": "batch"},
        {"inference_geo": "global"},
        {"service_tier": None},
        {"tools": []},
        {"modalities": ["text"]},
        {"speed": "standard"},
        {"web_search_options": False},
    ],
)
def test_values_that_cost_no_more_are_accepted(params: dict[str, Any]) -> None:
    check_cost_limit(spec_with({**BOUNDED, **params}), 5.0)


@pytest.mark.parametrize("tier", ["auto", "priority", "scale", 1])
def test_a_tier_whose_price_is_not_known_is_refused(tier: object) -> None:
    assert "service_tier" in refused({**BOUNDED, "service_tier": tier})


def test_several_replies_to_a_call_multiply_the_bound() -> None:
    assert most_reply_tokens(Model("m", "openai", "m", {"max_tokens": 100, "best_of": 20})) == 2000
