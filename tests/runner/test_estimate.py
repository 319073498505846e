from dataclasses import replace

import pytest

from harness.cache.key import call_key
from harness.cli.plan import method
from harness.evaluators.modes import debate
from harness.records.calls import Call, Model, Price, Reply
from harness.records.experiment import Cell
from harness.runner.estimate import estimate, estimate_json
from harness.runner.needs import PROMPTS_COUNTED, PromptSize, Range, Typical
from harness.runner.progress import RunStats
from harness.runner.run import Run
from support.worlds import MemoryStore, Wire, item, plan_of

PRICED = Model("x", "openai", "gpt", {"max_tokens": 50}, price=Price(input=2, output=10))
UNPRICED = Model("y", "openai", "other", {"max_completion_tokens": 70})
FREE = Model("z", "simulated", "sim", {"max_tokens": 50})


def test_nothing_cached_counts_fewest_and_most_calls() -> None:
    plan = plan_of(items=10, models=[PRICED, UNPRICED, FREE])
    found = estimate(plan, MemoryStore())
    direct, independent = (found.cells[f"d/{strategy}/judge:x"] for strategy in ("direct", "independent-10"))
    assert (direct.cached, direct.calls) == (0, Range(10, 20))
    assert (independent.cached, independent.calls) == (0, Range(20, 40))
    assert found.models["x"].calls == Range(30, 60)
    assert found.models["x"].completion_tokens == Range(30, 60 * 50)
    assert found.models["y"].completion_tokens == Range(30, 60 * 70)
    assert found.models["x"].prompt_tokens.low < found.models["x"].prompt_tokens.high


def test_cost_is_a_range_and_unknown_without_a_price() -> None:
    found = estimate(plan_of(items=10, models=[PRICED, UNPRICED, FREE]), MemoryStore())
    need = found.models["x"]
    low, high = ((p * 2 + c * 10) / 1e6 for p, c in zip(need.prompt_tokens, need.completion_tokens, strict=True))
    assert need.cost_usd(PRICED) == Range(low, high)
    assert found.models["y"].cost_usd(UNPRICED) is None
    assert found.models["z"].cost_usd(FREE) == Range(0, 0)
    assert found.cost_usd({"x": PRICED, "y": UNPRICED, "z": FREE}) is None
    assert found.cost_usd({"x": PRICED, "y": PRICED, "z": FREE}) is not None


def test_prompt_tokens_are_a_quarter_of_the_bytes() -> None:
    plan = plan_of(items=1, models=[PRICED], strategies=["direct"])
    wire = Wire()
    list(Run(plan, MemoryStore(), wire.connect, RunStats({})).parts())
    size = sum(len(message["content"].encode()) for message in wire.sent[0].messages)
    assert estimate(plan, MemoryStore()).models["x"].prompt_tokens.low == -(-size // 4)


def test_prompt_tokens_are_counted_in_some_prompts_and_estimated_from_them_in_the_rest() -> None:
    counted = []

    def count(text: str) -> int:
        counted.append(text)
        return len(text) // 2

    size = PromptSize(count)
    calls = [Call(PRICED, [{"role": "user", "content": "x" * 100}]) for _ in range(PROMPTS_COUNTED + 10)]
    assert {size.tokens(call) for call in calls} == {50}
    assert len(counted) == PROMPTS_COUNTED
    assert (size.method, PromptSize(None).method) == ("tiktoken", "bytes")


def test_where_tiktoken_can_count_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.runner.estimate.counter_of", lambda model, environment: lambda text: 7)
    plan = plan_of(items=2, models=[PRICED, FREE], strategies=["direct"])
    found = estimate(plan, MemoryStore(), {})
    assert {name: size.method for name, size in found.sizes.items()} == {"x": "tiktoken", "z": "bytes"}
    document = estimate_json(plan, found)
    assert [model["counted_by"] for model in document["models"]] == ["tiktoken", "bytes"]
    assert "counted by tiktoken on up to 64 prompts of x; others estimated as one per 4" in method(found)
    assert method(estimate(plan, MemoryStore())) == "prompt tokens: estimated as one per 4 bytes"


def test_what_is_cached_is_not_asked_again_and_makes_no_difference_to_the_rest() -> None:
    plan, store, wire = plan_of(items=10, models=[PRICED, UNPRICED]), MemoryStore(), Wire()
    list(Run(plan, store, wire.connect, RunStats({})).parts())
    full = estimate(plan, store)
    assert full.calls == Range(0, 0)
    assert sum(need.cached for need in full.cells.values()) == len(wire.sent) == 60
    assert full.cost_usd(plan.spec.models) == Range(0, 0)  # even without a price: nothing is left to ask
    one_of_two = next(call for call in wire.sent if call.step == "judge-a" and call.model is PRICED)
    del store.held[call_key(one_of_two)]
    found = estimate(plan, store)
    assert found.cells["d/independent-10/judge:x"].cached == 19
    assert found.calls == Range(1, 3)


def test_follow_up_already_asked_is_counted() -> None:
    plan, store = plan_of(items=1, models=[PRICED], strategies=["direct"]), MemoryStore()

    def answer(call: object) -> Reply:
        if call.step == "judge":
            return Reply("I cannot decide.", "stop")
        raise KeyboardInterrupt

    try:
        list(Run(plan, store, Wire(answer).connect, RunStats({})).parts())
    except KeyboardInterrupt:
        pass
    found = estimate(plan, store)
    assert (found.cells["d/direct/judge:x"].cached, found.calls) == (1, Range(1, 1))


def test_call_that_cells_share_counts_once_for_the_model() -> None:
    same = [item(0)._replace(id=f"i{k}") for k in range(5)]
    found = estimate(plan_of(items=same, models=[PRICED], strategies=["direct"]), MemoryStore())
    assert found.cells["d/direct/judge:x"].calls == Range(5, 10)
    assert found.models["x"].calls == Range(1, 2)


def test_json_says_the_same() -> None:
    plan = plan_of(items=2, models=[PRICED, UNPRICED], strategies=["direct"])
    document = estimate_json(plan, estimate(plan, MemoryStore()))
    assert (document["spec"], document["judgments"], document["cost_usd"]) == ("world", 4, None)
    assert document["cells"][0] == {"cell": "d/direct/judge:x", "items": 2, "cached": 0, "calls": [2, 4]}
    assert document["models"][1]["cost_usd"] is None


@pytest.mark.parametrize("bounds", [(2000, 100), (100, 2000)])
def test_the_plan_shows_the_larger_of_two_bounds_as_the_budget_reserves_it(bounds: tuple[int, int]) -> None:
    params = dict(zip(("max_tokens", "max_completion_tokens"), bounds, strict=True))
    both = Model("x", "openai", "gpt", params, price=Price(input=0, output=1))
    need = estimate(plan_of(items=1, models=[both], strategies=["direct"]), MemoryStore()).models["x"]
    assert need.completion_tokens == Range(1, 2 * 2000)
    assert need.cost_usd(both) == Range(1e-6, 4000e-6)


def test_the_plan_counts_every_choice_that_a_call_asks_for() -> None:
    three = Model("x", "openai", "gpt", {"max_tokens": 10, "n": 3})
    need = estimate(plan_of(items=1, models=[three], strategies=["direct"]), MemoryStore()).models["x"]
    assert need.completion_tokens == Range(1, 2 * 30)


def test_the_turns_of_a_debate_are_certain_calls_with_growing_prompts() -> None:
    judging = plan_of(items=4, models=[PRICED], strategies=["direct"])
    ((models, settings),) = debate.expand(
        {"model": "x", "rounds": 3, "personas": [{"name": "Ann", "role": "."}] * 2}, ["x"]
    )
    cell = Cell("d", "direct", "debate", models, settings=settings)
    plan = replace(judging, spec=replace(judging.spec, cells=(cell,)))
    found = estimate(plan, MemoryStore()).models["x"]
    judged = estimate(judging, MemoryStore()).models["x"]
    assert found.calls.low > 4 * 4
    assert found.calls.low == found.likely
    expected = found.expected(PRICED, Typical())
    assert expected.completion_tokens == 50 * found.likely, "a reply has at most as many tokens as the call allows"
    assert expected.prompt_tokens > found.likely * judged.prompt_tokens.low / 4
    low, high = found.cost_usd(PRICED)
    assert low < found.expected_usd(PRICED, Typical()) < high


def test_expected_replies_are_as_long_as_the_cached_ones_of_the_model() -> None:
    plan, store = plan_of(items=10, models=[PRICED], strategies=["direct"]), MemoryStore()
    list(Run(plan, store, Wire().connect, RunStats({})).parts())
    del store.held[next(iter(store.held))]
    found = estimate(plan, store)
    assert found.typical["x"].replies == 9
    assert found.typical["x"].reply_tokens(1000) == 10
    (model,) = estimate_json(plan, found)["models"]
    assert model["expected"] | {"prompt_tokens": 0, "cost_usd": 0} == {
        "calls": 1,
        "prompt_tokens": 0,
        "completion_tokens": 10,
        "cost_usd": 0,
        "reply_tokens": 10,
        "cached_replies": 9,
    }


def test_expected_cost_is_unknown_without_a_price() -> None:
    plan = plan_of(items=2, models=[PRICED, UNPRICED, FREE], strategies=["direct"])
    found = estimate(plan, MemoryStore())
    assert found.expected_usd(plan.spec.models) is None
    assert found.models["z"].expected_usd(FREE, Typical()) == 0
