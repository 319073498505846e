"""Recordings read by `columns`: which judgment answers a call, and as what reply."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from harness.cache.entry import read_reply, reply_line
from harness.cache.key import locator_of
from harness.errors import InputError, ProviderError, SpecError
from harness.providers.backends import recorded
from harness.providers.provider import Context
from harness.records.calls import Call, Model, Reply


@pytest.fixture
def send(tmp_path: Path):
    def send(rows: list[Any], columns: dict[str, Any], *steps: str, item: str = "1", **settings: Any) -> list[Reply]:
        path = tmp_path / "r.json"
        path.write_text(json.dumps(rows))
        model = Model("m", "recorded", "id", settings={"path": str(path), "columns": columns, **settings})

        async def every() -> list[Reply]:
            connection = recorded.connect(model, Context(environment={}))
            try:
                places = [locator_of("d", item, "s", step) for step in steps]
                return [await connection.send(Call(model, [], locator=place)) for place in places]
            finally:
                await connection.close()

        return asyncio.run(every())

    return send


def test_a_text_is_a_reply_and_a_verdict_a_judged_one(send):
    rows = [{"id": 1, "t": "A wins", "v": "b", "n": 12, "usd": 0.5}]
    columns = {
        "item": "id",
        "given": {"text": "t", "prompt_tokens": "n"},
        "swapped": {"verdict": "v", "cost_usd": "usd"},
    }
    first, second = send(rows, columns, "judge", "swapped/judge")
    assert first == Reply("A wins", prompt_tokens=12)
    assert second == Reply('{"result":"b"}', "judged", cost_usd=0.5)


def test_replies_about_each_response_alone(send):
    rows = [{"id": 1, "a": "6", "b": "1"}]
    replies = send(rows, {"item": "id", "text_a": "a", "text_b": "b"}, "judge-a", "judge-b")
    assert [reply.text for reply in replies] == ["6", "1"]
    with pytest.raises(ProviderError, match=r"no judgment for d, item 1, s, step judge$"):
        send(rows, {"item": "id", "text_a": "a", "text_b": "b"}, "judge")


def test_a_repeat_is_found_by_its_number(send):
    columns = {"item": "id", "given": [{"verdict": "v[0]"}, {"verdict": "v[1]"}]}
    replies = send([{"id": 1, "v": ["a", "b"]}], columns, "judge", "judge#1")
    assert [json.loads(reply.text)["result"] for reply in replies] == ["a", "b"]


@pytest.mark.parametrize("step", ["judge#2", "step-plan", "judge.again", "swapped/judge"])
def test_what_the_file_does_not_hold_is_not_recorded(send, step):
    with pytest.raises(ProviderError, match=f"r.json has no judgment for d, item 1, s, step {step}"):
        send([{"id": 1, "v": "a"}], {"item": "id", "verdict": "v"}, step)


def test_judgments_of_other_datasets_and_strategies_are_passed_over(send):
    rows = [{"id": 1, "data": name, "how": how, "v": v} for name, how, v in [("e", "s", "b"), ("d", "s", "a")]]
    (reply,) = send(rows, {"item": "id", "dataset": "data", "strategy": "how", "verdict": "v"}, "judge")
    assert json.loads(reply.text) == {"result": "a"}


def test_any_order_answers_with_the_other_one_mapped_back(send):
    rows = [{"id": 1, "o": "swapped", "p": 0.25, "t": None}, {"id": 2, "o": "swapped", "p": None, "t": "A wins"}]
    columns = {"item": "id", "order": "o", "p_a": "p", "text": "t"}
    (reply,) = send(rows, columns, "judge", any_order=True)
    assert (json.loads(reply.text)["result"], reply.preference, reply.is_exchanged) == ("a", 0.75, False)
    (reply,) = send(rows, columns, "judge", item="2", any_order=True)
    assert (reply.text, reply.is_exchanged) == ("A wins", True)


def test_log_probabilities_are_those_of_the_places_or_of_one_place(send):
    top = [{"token": "m", "logprob": -0.1}, {"token": "M", "logprob": -2.5}]
    place = {"token": "m", "logprob": -0.1, "top_logprobs": top}
    rows = [{"id": 1, "t": "m", "l": [place], "top": top}]
    for column in ("l", "top"):
        (reply,) = send(rows, {"item": "id", "text": "t", "logprobs": column}, "judge")
        assert reply.logprobs == ((("m", -0.1), ("M", -2.5)),)


def test_replies_survive_the_cache(send):
    rows = [{"id": 1, "p": 1.0, "usd": 0.0}]
    for reply in send(rows, {"item": "id", "preference": "p", "cost_usd": "usd"}, "judge"):
        assert reply.preference == 1.0
        assert read_reply(reply_line(reply)) == reply
    exchanged = Reply("A", is_exchanged=True)
    assert read_reply(reply_line(exchanged)) == exchanged


def test_bad_rows_are_an_input_error_and_problems_of_the_data(send, tmp_path):
    with pytest.raises(InputError, match="`verdict` `x`"):
        send([{"id": 1, "v": "x"}], {"item": "id", "verdict": "v"}, "judge")
    path = str(tmp_path / "r.json")
    model = Model("m", "recorded", "id", settings={"path": path, "columns": {"item": "id", "verdict": "w"}})
    assert [one.message for one in recorded.data_problems(model)] == ["there is no column `w`; the file has `id`, `v`"]
    assert recorded.data_problems(Model("m", "recorded", "id", settings={"path": path})) == []


def test_the_id_holds_the_content_and_how_it_is_read(tmp_path):
    (tmp_path / "r.jsonl").write_text('{"id": 1, "v": "a"}\n')
    entry = {"path": "r.jsonl", "columns": {"item": "id", "verdict": "v"}}
    first = recorded.model_id("m", entry, tmp_path)
    assert first.startswith("recorded:")
    assert first.endswith(":m")
    others = [entry | {"tie_margin": 1}, entry | {"columns": {"item": "id", "score_a": "v"}}]
    assert len({first, *(recorded.model_id("m", one, tmp_path) for one in others)}) == 3
    with pytest.raises(SpecError, match=r"the recording none\.jsonl cannot be read"):
        recorded.model_id("m", entry | {"path": "none.jsonl"}, tmp_path)
    (tmp_path / "folder").mkdir()
    with pytest.raises(SpecError, match="no file matches"):
        recorded.model_id("m", entry | {"path": "folder"}, tmp_path)
