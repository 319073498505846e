from __future__ import annotations

from pathlib import Path

import pytest

from harness.cache.cache import Cache
from harness.cache.key import call_bytes, call_key
from harness.cache.verify import SAMPLED
from harness.hashing import canonical_json
from harness.records.calls import Call, Model, Reply
from harness.runner.other_identities import notes_on_identities, notes_on_models
from harness.runner.plan import make_plan
from harness.runner.session import start_conversations
from harness.spec.evaluation import load_spec

SPEC = """\
schema: 1
name: moved
datasets: {{pairs: {{path: pairs.jsonl}}}}
models:
  judge: {{provider: openai, model: qwen, base_url: "{url}"{more}}}
matrix: {{dataset: [pairs], strategy: [direct], evaluator: [{{judge: [judge]}}]}}
"""


@pytest.fixture
def plan_at(tmp_path: Path):
    rows = [{"id": f"{n}", "prompt": f"{n}", "response_a": "a", "response_b": "b", "label": "a"} for n in range(3)]
    (tmp_path / "pairs.jsonl").write_bytes(b"\n".join(map(canonical_json, rows)))

    def make(url: str, more: str = ""):
        (tmp_path / "spec.yaml").write_text(SPEC.format(url=url, more=more))
        return make_plan(load_spec(tmp_path / "spec.yaml"))

    return make


def stored(cache: Cache, plan) -> None:
    for chunk in plan.chunks():
        for talk in start_conversations(plan, chunk):
            for call in talk.calls:
                cache.put(call_key(call), call_bytes(call), Reply("Verdict: A")).result()


def test_replies_from_another_address_are_reported_with_the_identity_that_uses_them(plan_at, tmp_path: Path):
    with Cache(tmp_path / "cache") as cache:
        stored(cache, plan_at("http://old:8000/v1"))
        moved = plan_at("http://new:8000/v1")
        [note] = notes_on_identities(moved, cache)
        assert "from `http://old:8000/v1` to 3 of 3 calls" in note
        assert "Write `identity: http://old:8000/v1`" in note
        assert notes_on_identities(plan_at("http://new:8000/v1", ", identity: 'http://OLD:8000/v1/'"), cache) == []
        [hint] = notes_on_models(moved.spec.models.values(), cache)
        assert "`harness plan` shows" in hint


def test_replies_from_before_endpoints_were_part_of_the_key_are_reported(plan_at, tmp_path: Path):
    with Cache(tmp_path / "cache") as cache:
        stored(cache, plan_at("http://old/v1", ', identity: ""'))
        [note] = notes_on_identities(plan_at("http://old/v1"), cache)
        assert "from before endpoints were part of the cache key" in note
        assert 'Write `identity: ""`' in note
        assert notes_on_identities(plan_at("http://old/v1", ', identity: ""'), cache) == []


def test_replies_of_the_same_endpoint_and_of_other_models_are_no_news(plan_at, tmp_path: Path):
    with Cache(tmp_path / "cache") as cache:
        plan = plan_at("http://one/v1")
        assert notes_on_identities(plan, cache) == notes_on_models(plan.spec.models.values(), cache) == []
        stored(cache, plan)
        assert notes_on_identities(plan, cache) == notes_on_models(plan.spec.models.values(), cache) == []


def test_a_sample_takes_the_newest_entries_and_others_of_all_ages(tmp_path: Path):
    model = Model("m", "openai", "m")
    calls = [Call(model, [{"role": "user", "content": f"{n}"}]) for n in range(3 * SAMPLED)]
    with Cache(tmp_path / "cache") as cache:
        assert cache.sample() == []
        for call in calls:
            last = cache.put(call_key(call), call_bytes(call), Reply("x"))
        last.result()
        seen = {int(call["messages"][0]["content"]) for call in cache.sample()}
    assert {0, 3 * SAMPLED - 1, 3 * SAMPLED - SAMPLED} <= seen
    assert len(seen) <= 2 * SAMPLED + 3
