"""What `harness explain` calls a judgment, by the kind of labels."""

import pytest

from harness.prompting.parsing.explain import answer_words
from harness.records.judgments import Outcome
from harness.records.label_set import RANKED, VERDICT_LABELS, LabelSet, number_set
from harness.runner.explain_text import outcome_words

LABELS = LabelSet(("fail", "pass"), positive="pass")


@pytest.mark.parametrize(
    ("labels", "outcome", "words"),
    [
        (VERDICT_LABELS, Outcome("a", score_a=7, score_b=6), "verdict a, scores 7 and 6"),
        (LABELS, Outcome("pass"), "label pass"),
        (LABELS, Outcome("pass", score_a=8), "label pass, score 8"),
        (LABELS, Outcome(None, "unparsed"), "failure unparsed"),
        (number_set(1, 10), Outcome("number", score_a=6.5), "number 6.5"),
        (number_set(1, 10), Outcome(None, "refused"), "failure refused"),
        (RANKED, Outcome("2>1", votes=("2>1", "1=2")), "ranking 2>1, votes 2>1, 1=2"),
    ],
)
def test_each_kind_of_judgment_has_its_word(labels, outcome, words):
    assert outcome_words(outcome, labels) == words


@pytest.mark.parametrize(
    ("ask", "words"), [("pair", "verdict x"), ("single", "label x"), ("rank", "ranking x"), ("best", "ranking x")]
)
def test_so_has_each_answer_that_is_read(ask, words):
    assert answer_words({"verdict": "x", "score": None}, ask) == words
