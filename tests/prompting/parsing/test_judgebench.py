"""JudgeBench: o1-mini under an Arena-Hard prompt, read by `arena-hard`, against the published figures.

A pair counts as right where both orders together are: +1 for a decision that is the label, -1 for its opposite, 0 for
a tie, and a sum above 0. The second reply saw the responses exchanged. The figures are those of the authors' table
(arXiv 2410.12784), in percent.
"""

import json
from collections import defaultdict
from typing import Any

import pytest

from harness.prompting.parsing.values import Answer
from harness.prompting.strategy import compile_strategy
from harness.spec.strategies import built_in
from support.paths import PUBLISHED

FILE = (
    PUBLISHED
    / "JudgeBench"
    / "outputs"
    / "dataset=judgebench,response_model=gpt-4o-2024-05-13,judge_name=arena_hard,judge_model=o1-mini-2024-09-12.jsonl"
)

pytestmark = pytest.mark.skipif(
    not FILE.is_file(), reason=f"there is no JudgeBench in {PUBLISHED}; set HARNESS_PUBLISHED_DATA"
)

SIGNS = {"A>B": 1, "A=B": 0, "B>A": -1}
FIVE_POINTS = {"A>>B": (5, 1), "A>B": (4, 2), "A=B": (3, 3), "B>A": (2, 4), "B>>A": (1, 5)}
PERCENT = {
    "mmlu-pro": 58.44,
    "livebench-reasoning": 62.24,
    "livebench-math": 82.14,
    "livecodebench": 78.57,
    "": 65.71,
}


def rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


def sign(answer: Answer | None) -> int:
    assert answer is not None
    assert answer.score_a is not None
    assert answer.score_b is not None
    return (answer.score_a > answer.score_b) - (answer.score_a < answer.score_b)


def test_every_reply_is_read_as_its_authors_read_it() -> None:
    questions = compile_strategy(built_in("arena-hard"))
    count = 0
    for row in rows():
        for judgment in row["judgments"]:
            text = judgment["judgment"]["response"]
            assert sign(questions.read(text)) == SIGNS[judgment["decision"]], text[-300:]
            count += 1
    assert count == 700


def test_the_five_points_are_the_scores() -> None:
    questions = compile_strategy(built_in("arena-hard"))
    seen = set()
    for row in rows():
        for judgment in row["judgments"]:
            text = judgment["judgment"]["response"]
            label = text[text.rindex("[[") + 2 : text.rindex("]]")]
            answer = questions.read(text)
            assert answer is not None
            assert (answer.score_a, answer.score_b) == FIVE_POINTS[label]
            seen.add(label)
    assert seen == FIVE_POINTS.keys()


def test_the_published_figures_are_reproduced() -> None:
    questions = compile_strategy(built_in("arena-hard"))
    right: dict[str, list[bool]] = defaultdict(list)
    for row in rows():
        total = sum(
            order * sign(questions.read(judgment["judgment"]["response"])) * SIGNS[row["label"]]
            for order, judgment in zip((1, -1), row["judgments"], strict=True)
        )
        source = next((name for name in PERCENT if name and row["source"].startswith(name)), row["source"])
        right[source].append(total > 0)
        right[""].append(total > 0)
    assert {source: round(100 * sum(one) / len(one), 2) for source, one in right.items()} == PERCENT
