"""Votes on single responses: arrays give what the same votes give one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.evaluators.aggregation import collapse_repeats
from harness.evaluators.voting import mean_labels, most_labels
from harness.prompting.single import single_rule
from harness.prompting.strategy import strategy_from
from harness.records.judgments import FAILURES, Outcome

ANSWERS = {
    "grades": {"kind": "score", "scale": {"min": 1, "max": 5}},
    "colours": {"kind": "label", "labels": {"red": None, "green": None, "blue": None}},
}


def rule_of(name):
    written = {"ask": "single", "user": "{{ response }} {{ answer_format }}", "answer": ANSWERS[name]}
    return single_rule(strategy_from(written, name=name, source=""))


def outcomes_of(column, rule):
    names = rule.labels.outcomes
    return [
        Outcome(names[code], None, float(code + 1)) if code < len(rule.labels.names) else Outcome(None, names[code])
        for code in column
    ]


@given(st.data(), st.sampled_from(list(ANSWERS)))
def test_labels_of_arrays_are_those_of_single_items(data, name):
    rule = rule_of(name)
    codes = st.integers(0, len(rule.labels.names) + len(FAILURES) - 1)
    votes = data.draw(st.lists(st.lists(codes, min_size=3, max_size=3), min_size=1, max_size=20))
    table = np.array(votes, np.int8).T
    expected = [collapse_repeats(outcomes_of(column, rule), rule, by_score=False).name for column in votes]
    assert [rule.labels.outcomes[code] for code in most_labels(table, rule.labels)] == expected
    if rule.labels.values:
        scores = np.where(table < len(rule.labels.names), table + 1.0, np.nan)
        found, means = mean_labels(table, scores, rule)
        alone = [collapse_repeats(outcomes_of(column, rule), rule, by_score=True) for column in votes]
        assert [rule.labels.outcomes[code] for code in found] == [one.name for one in alone]
        assert [None if mean != mean else round(mean, 9) for mean in means.tolist()] == [
            None if one.score_a is None else round(one.score_a, 9) for one in alone
        ]
