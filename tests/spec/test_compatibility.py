"""Modes and columns that do not fit what a spec judges: the message names what does."""

import re

import pytest

import harness

SPEC = {
    "schema": 1,
    "name": "x",
    "datasets": {"d": [{"id": "1", "prompt": "p", "response_a": "a", "response_b": "b", "response": "r"}]},
    "models": {"m": {"provider": "simulated"}},
    "matrix": {"dataset": ["d"], "strategy": ["direct"], "evaluator": [{"tournament": {"judge": "m"}}]},
}


@pytest.mark.parametrize(
    ("changes", "strategy", "judged"),
    [({}, "direct", "pairs"), ({"responses": "single"}, "pass-fail", "single responses")],
)
def test_a_tournament_is_refused_where_no_item_has_several_responses(changes, strategy, judged):
    spec = {**SPEC, **changes, "matrix": {**SPEC["matrix"], "strategy": [strategy]}}
    message = f"`tournament` ranks several responses, and this spec judges {judged}; use `judge` or `jury`, or write"
    with pytest.raises(harness.SpecError, match=re.escape(message)):
        harness.load_spec(spec)


def test_a_column_of_other_data_is_refused_with_all_that_there_are():
    data = {"path": SPEC["datasets"]["d"], "columns": {"best": "winner"}}
    matrix = {**SPEC["matrix"], "strategy": ["pass-fail"], "evaluator": [{"judge": ["m"]}]}
    with pytest.raises(
        harness.SpecError, match=r"has no column `best`; its columns are .*`response`, `label`, `labels`"
    ):
        harness.load_spec({**SPEC, "responses": "single", "datasets": {"d": data}, "matrix": matrix})
