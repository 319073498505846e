"""The answer formats of well-known judge prompts, in the ways in which models write them."""

from typing import Any

import pytest

from harness.prompting.parsing.definition import full_rule
from harness.prompting.parsing.rules import AnswerRule, compile_answer
from harness.prompting.strategy import compile_strategy
from harness.spec.strategies import built_in

SCALE = {"min": 0, "max": 10}
RULES: dict[str, AnswerRule] = {
    "verdict": compile_answer(full_rule({"kind": "verdict"})),
    "score": compile_answer(full_rule({"kind": "score", "scale": SCALE})),
    "scores": compile_answer(full_rule({"kind": "scores", "scale": SCALE})),
    "tag": compile_answer(full_rule({"kind": "verdict", "between": ["<verdict>", "</verdict>"]})),
    "box": compile_answer(full_rule({"kind": "score", "between": ["\\boxed{", "}"], "scale": SCALE})),
    "dollars": compile_answer(full_rule({"kind": "verdict", "between": ["@@", "@@"]})),
    **{
        name: AnswerRule(compile_strategy(built_in(name)).read, (), lambda text: None)  # type: ignore[arg-type,return-value]
        for name in ("mt-bench", "arena-hard", "alpaca-eval", "alpaca-eval-ranking", "prometheus", "prometheus-pair")
    },
    "g-eval": AnswerRule(compile_strategy(built_in("g-eval")).read, (), lambda text: None),  # type: ignore[arg-type,return-value]
}


def value_of(rule: str, text: str) -> Any:
    """A verdict, a score, a pair of scores, or None."""
    answer = RULES[rule].read(text)
    if answer is None:
        return None
    if answer.verdict is not None:
        return answer.verdict
    return answer.score if answer.score is not None else (answer.score_a, answer.score_b)


FORMATS = [
    ("mt-bench", "Both are fine. [[A]]", "a"),
    ("mt-bench", "Final Verdict: [[B]]", "b"),
    ("mt-bench", "They are equal. [[C]]", "tie"),
    ("mt-bench", "[[A]] was my first thought.\n\nMy verdict is: [[B]]", "b"),
    ("mt-bench", "**[[A]]**", "a"),
    ("mt-bench", "[[ a ]]", "a"),
    ("mt-bench", "My verdict is: Assistant A is far better, see above: [[A]]", "a"),
    ("mt-bench", "Verdict: A", "a"),
    ("mt-bench", "[[A]], [[B]] or [[C]]\n[[B]]", "b"),
    ("mt-bench", "[[A or B]]", None),
    ("mt-bench", "[[neither]]", None),
    ("arena-hard", "My final verdict is Assistant A is significantly better: [[A>>B]]", (5, 1)),
    ("arena-hard", "My final verdict is slightly better: [[A>B]]", (4, 2)),
    ("arena-hard", "My final verdict is tie: [[A=B]]", (3, 3)),
    ("arena-hard", "So [[B>A]].", (2, 4)),
    ("arena-hard", "## My final verdict is:\n**[[B>>A]]**", (1, 5)),
    ("arena-hard", "[[A > B]]", (4, 2)),
    ("arena-hard", "[[A&gt;&gt;B]]", (5, 1)),
    ("arena-hard", "[[A≫B]]", (5, 1)),
    ("arena-hard", "$\\boxed{B>>A}$", (1, 5)),
    ("arena-hard", "$A \\gg B$", (5, 1)),
    ("arena-hard", "<verdict>B>>A</verdict>", (1, 5)),
    ("arena-hard", "Verdict: A>B", (4, 2)),
    ("arena-hard", "A>>B", (5, 1)),
    ("arena-hard", "[[A>B or B>A]]", None),
    ("arena-hard", "[[A>>>B]]", None),
    ("alpaca-eval", "m", "a"),
    ("alpaca-eval", "**M**", "b"),
    ("alpaca-eval", "Model: M", "b"),
    ("alpaca-eval", "MODEL: m", "a"),
    ("alpaca-eval", "m or M", None),
    ("alpaca-eval-ranking", "[{'model': 'model_1', 'rank': 1}, {'model': 'model_2', 'rank': 2}]", "a"),
    ("alpaca-eval-ranking", '[{"model": "model_1", "rank": 2}, {"model": "model_2", "rank": 1}]', "b"),
    ("alpaca-eval-ranking", '{"ranking": ["model_2", "model_1"]}', "b"),
    (
        "alpaca-eval-ranking",
        '{"ordered_models": [{"model": "model_2", "rank": 1}, {"model": "model_1", "rank": 2}]}',
        "b",
    ),
    ("alpaca-eval-ranking", '[{"model": "model_1", "rank": 1}, {"model": "model_2", "rank": 1}]', "tie"),
    ("alpaca-eval-ranking", '[{"model": "model_1", "rank": 1}]', None),
    ("prometheus", "Feedback: It is good. [RESULT] 4", 4),
    ("prometheus", "Feedback: It has 3 faults.\n[RESULT]: **5**", 5),
    ("prometheus", "Feedback: ok (RESULT) 2", 2),
    ("prometheus", "Feedback: fine. [RESULT] 9", None),
    ("prometheus-pair", "Feedback: A is full. [RESULT] A", "a"),
    ("prometheus-pair", "Feedback: A is full. [RESULT] Response B", "b"),
    ("g-eval", "4", 4),
    ("g-eval", "- Overall quality: 3", 3),
    ("g-eval", "**Overall quality:** 3.5/5", 3.5),
    ("tag", "I first thought <verdict>A</verdict>, but <verdict>\nB\n</verdict>", "b"),
    ("tag", "<VERDICT>A</VERDICT>", "a"),
    ("tag", "<verdict>A", "a"),
    ("box", "The box of B is \\boxed{3}. Mine is \\boxed{7}, for it is right.\nThat is all.", 7),
    ("dollars", "so @@A@@ or rather @@B@@.", "b"),
    ("verdict", "<verdict>A</verdict>", "a"),
    ("verdict", "<answer>Response B</answer>", "b"),
    ("verdict", "So <better_response>B</better_response>.", "b"),
    ("verdict", "Verdict: <b>B</b>", "b"),
    ("verdict", "Verdict: A</answer>", "a"),
    ("verdict", "so $\\boxed{A}$", "a"),
    ("verdict", "\\boxed{\\text{B}}", "b"),
    ("verdict", "Response B ends in \\boxed{B} and so is wrong.\nVerdict: A", "a"),
    ("verdict", "Response B ends in \\boxed{B} and so is wrong.\nI prefer the first.", None),
    ("verdict", "Final answer: $A$", "a"),
    ("verdict", "Answer: \\(B\\)", "b"),
    ("verdict", "Verdict: \\textbf{B}", "b"),
    ("verdict", '{"winner": "A"}', "a"),
    ("verdict", '{"preferred_response": "B"}', "b"),
    ("verdict", '{"choice": "Response A", "confidence": 3}', "a"),
    ("verdict", '```json\n{"better": "assistant b"}\n```', "b"),
    ("verdict", "{'betterResponse': 'B'}", "b"),
    ("verdict", '{"final_decision": {"preferred": "A"}}', "a"),
    ("verdict", '{"preferred": "A", "choice": "B"}', None),
    ("verdict", '{"choice": "neither"}', None),
    ("verdict", '{"model": "A"}', None),
    ("score", "<score>8</score>", 8),
    ("score", "<rating>7/10</rating>", 7),
    ("score", "\\boxed{8}", 8),
    ("score", "Score: $8/10$", 8),
    ("score", "Score: $\\frac{8}{10}$", 8),
    ("score", "Rating: [[8]]", 8),
    ("score", '{"overall_rating": "8/10", "reason": "x"}', 8),
    ("score", '{"style_score": 3, "points": 8}', 8),
    ("score", '{"points": true}', None),
    ("scores", '{"A": 8, "B": 7}', (8, 7)),
    ("scores", '{"response_a": 8, "response_b": "7/10"}', (8, 7)),
    ("scores", '{"scores": {"assistant_1": 8, "assistant_2": 7}}', (8, 7)),
    ("scores", '{"A": {"score": 8, "reason": "x"}, "B": {"score": 7, "reason": "y"}}', (8, 7)),
    ("scores", '{"ratingA": 8, "ratingB": 7}', (8, 7)),
    ("scores", "<score_a>8</score_a>\n<score_b>7</score_b>", (8, 7)),
    ("scores", '{"A": 8}', None),
    ("scores", '{"A": 8, "B": 11}', None),
]


@pytest.mark.parametrize(("rule", "text", "value"), FORMATS, ids=[f"{rule}: {text[:50]}" for rule, text, _ in FORMATS])
def test_format_is_read(rule: str, text: str, value: Any) -> None:
    assert value_of(rule, text) == value
