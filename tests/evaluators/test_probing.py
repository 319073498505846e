"""The questions of interventional probes, stepped by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from harness import registry
from harness.cache.key import call_key, locator_of
from harness.evaluators.cell import asks, calls_per_item, converse
from harness.evaluators.probing import intervention, judgments_per_item, probe_cell, probe_cells
from harness.prompting.strategy import compile_strategy
from harness.records.calls import Model, Reply
from harness.records.experiment import Cell
from harness.spec.strategies import built_in
from support.worlds import item

MODELS = {"x": Model("x", "simulated", "x"), "r": Model("r", "recorded", "r")}


def held(name, answer, *, strategy="direct", model="x"):
    """The batches that a cell sends for a probe, and the outcome."""
    talk = converse(
        item(0), probe_cell(Cell("d", strategy, "judge", (model,)), name), compile_strategy(built_in(strategy)), MODELS
    )
    batches = []
    try:
        calls = next(talk)
        while True:
            batches.append(list(calls))
            calls = talk.send([Reply(answer(call)) for call in calls])
    except StopIteration as stop:
        return batches, stop.value


def test_each_response_is_changed_in_turn_and_judged_in_both_orders():
    (batch,), outcome = held("padding", lambda call: "Verdict: A")
    assert [call.step for call in batch] == [
        "padding-a/judge", "padding-a/swapped/judge", "padding-b/judge", "padding-b/swapped/judge",
    ]  # fmt: skip
    assert [call.draw for call in batch] == [0] * 4
    assert outcome.votes == ("a", "b", "a", "b")  # of the swapped order mapped back
    assert outcome.verdict == "tie"
    shown = [call.messages[-1]["content"] for call in batch]
    for text, padded, plain in ((shown[0], "first", "second"), (shown[2], "second", "first")):
        assert text.index(f"{padded} answer 0 In other words") < len(text)
        assert f"{plain} answer 0 In" not in text


def test_identical_responses_are_a_call_of_their_own_in_each_order():
    (batch,), outcome = held("identical", lambda call: "Verdict: B")
    assert [(call.step, call.draw) for call in batch] == [("identical-a/judge", 0), ("identical-a/swapped/judge", 1)]
    assert batch[0].messages == batch[1].messages
    assert len({call_key(call) for call in batch}) == 2
    assert "second answer" not in batch[0].messages[-1]["content"]
    assert outcome.votes == ("b", "a")


def test_responses_that_are_shown_alone_have_draws_of_their_own_too():
    batches, _ = held("identical", lambda call: "Score: 5/10", strategy="independent-10")
    assert len({call_key(call) for call in batches[0]}) == 4


def test_one_failed_judgment_fails_the_item_and_keeps_the_other_votes():
    batches, outcome = held("injection", lambda call: "?" if "injection-b/judge" in call.step else "Verdict: tie")
    assert (outcome.verdict, outcome.failure) == (None, "unparsed")
    assert outcome.votes == ("tie", "tie", "unparsed", "tie")
    assert [call.step for call in batches[1]] == ["injection-b/judge.again"]


def test_a_recording_finds_replies_by_the_step():
    (batch,), _ = held("padding", lambda call: "Verdict: A", model="r")
    assert batch[1].locator == locator_of("d", item(0).id, "direct", "padding-a/swapped/judge")


def test_cells_share_their_probes_and_those_that_count_have_none():
    cells = [
        Cell("d", "direct", "judge", ("x",)),
        Cell("d", "direct", "judge", ("x",), "both", 2),
        Cell("d", "direct", "jury", ("x",), settings={"of": ["x"], "vote": "majority", "quorum": 0, "weights": None}),
    ]
    found = probe_cells(cells, ["length", "padding"])
    assert [cell.id for cell in found] == ["d/direct/judge:x/probe:padding"]
    assert probe_cells(cells, ["length"]) == ()
    assert asks(found[0])
    assert judgments_per_item(found[0]) == 4
    assert calls_per_item(found[0], built_in("direct")) == (4, 8)


@pytest.mark.parametrize("name", ["padding", "injection", "identical"])
@pytest.mark.parametrize("response", ["", "x", "Some text. " * 50, "日本語\n\n\t\u2028"])
def test_changes_leave_what_the_other_response_says(name, response):
    one = item(0)._replace(response_a=response, response_b="Other.")
    probe = intervention(name)
    for arm in probe.ARMS:
        changed = probe.changed(one, arm)
        assert changed.prompt == one.prompt
        assert changed.id == one.id
        assert changed.response_a.startswith(response)
        lengths = np.array([len(changed.response_a), len(changed.response_b)]) - [len(response), len("Other.")]
        if name == "injection":
            assert lengths[0] == lengths[1]
        if name == "padding":
            assert sorted(lengths > 0) == [False, True]
            assert len(getattr(changed, f"response_{arm}")) >= 2 * len(getattr(one, f"response_{arm}"))
    assert intervention("length") is None


def test_the_question_is_asked_as_it_is_once_more_and_in_other_words():
    (batch,), outcome = held("paraphrase", lambda call: "Verdict: A")
    assert [(call.step, call.draw) for call in batch] == [
        ("paraphrase-original/judge", 0), ("paraphrase-original/swapped/judge", 0),
        ("paraphrase-repeat/judge", 1), ("paraphrase-repeat/swapped/judge", 1),
        ("paraphrase-reworded/judge", 0), ("paraphrase-reworded/swapped/judge", 0),
    ]  # fmt: skip
    original, repeat, reworded = (batch[at].messages for at in (0, 2, 4))
    assert original == repeat != reworded
    assert "Consider whether" in reworded[-1]["content"]
    assert "first answer 0" in reworded[-1]["content"]
    assert outcome.votes == ("a", "b") * 3
    assert len({call_key(call) for call in batch}) == 6


@pytest.mark.parametrize(
    ("parts", "asks"),
    [({}, False), ({"ARMS": ("a",)}, False), ({"changed": id}, False), ({"ARMS": (), "changed": id}, True)],
)
def test_a_probe_asks_only_with_arms_and_a_change(parts, asks, monkeypatch):
    monkeypatch.setattr(registry, "find", lambda kind, name: SimpleNamespace(**parts))
    assert (intervention("mine") is not None) is asks
