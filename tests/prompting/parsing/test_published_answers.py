"""The answer rules of the built-in strategies on thousands of published replies, against what their authors read.

`docs/guide/answer-rules.md` explains every difference.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from harness.prompting.parsing.definition import full_rule
from harness.prompting.parsing.rules import AnswerRule, compile_answer
from harness.prompting.parsing.values import Answer
from harness.prompting.strategy import Questions, compile_strategy
from harness.spec.strategies import built_in
from support.paths import PUBLISHED

DATA = PUBLISHED / "MA-PO" / "outputs"

pytestmark = pytest.mark.skipif(
    not DATA.is_dir(), reason=f"there is no published data in {DATA}; set HARNESS_PUBLISHED_DATA"
)

ALPACA, FAIR = "evaluators/alpaca-eval", "evaluators/fair-eval"
SELECTIONS = "generators/argilla-capybara-prompts-subset"
LLAMA_8B, LLAMA_70B = "Meta-Llama-3.1-8B-Instruct-Turbo", "Meta-Llama-3.1-70B-Instruct-Turbo"
GEMMA = "gemma-2-9b-it"
JUDGES = ("gpt-4o", "gpt-4o-mini", LLAMA_8B, LLAMA_70B, GEMMA, "gemma-2-27b-it")

VERDICTS = {"model_a": "a", "model_b": "b", "tie": "tie"}
WINNERS = {"agent": "a", "gpt": "b", "tie": "tie"}

# File, strategy, and how many replies are read as the authors read them, and differently. None is left unread.
READ = [
    (f"{ALPACA}/judge/gpt-4o_none.json", "direct", 454, 0),
    (f"{ALPACA}/judge/{LLAMA_8B}_none.json", "direct", 436, 18),
    (f"{ALPACA}/multi-rater5/gpt-4o_none.json", "combined-5", 454, 0),
    (f"{ALPACA}/multi-rater5/{LLAMA_8B}_none.json", "combined-5", 454, 0),
    (f"{ALPACA}/multi-rater10/gpt-4o_none.json", "combined-10", 454, 0),
    (f"{ALPACA}/multi-rater10/{LLAMA_8B}_none.json", "combined-10", 453, 1),
    (f"{ALPACA}/multi-rater100/gpt-4o_none.json", "combined-100", 454, 0),
    (f"{ALPACA}/multi-rater100/{LLAMA_8B}_none.json", "combined-100", 405, 49),
    (f"{ALPACA}/rater10/gpt-4o_none_-1.json", "independent-10", 908, 0),
    (f"{ALPACA}/rater10/{LLAMA_8B}_none_-1.json", "independent-10", 908, 0),
    *((f"{FAIR}/multi-rater10/{judge}_none.json", "combined-10", 80, 0) for judge in JUDGES),
    (f"{SELECTIONS}/feedback/{LLAMA_8B}_{LLAMA_8B}_picks.json", "combined-10", 1000, 0),
    (f"{SELECTIONS}/feedback/{LLAMA_8B}_{GEMMA}_picks.json", "combined-10", 997, 0),
    (f"{SELECTIONS}/feedback/{GEMMA}_{GEMMA}_picks.json", "combined-10", 998, 0),
    *(
        (f"{SELECTIONS}/feedback/{writer}_{reviewer}_picks_{opponent}.json", "combined-10", 500, 0)
        for writer, reviewer in ((LLAMA_8B, LLAMA_8B), (LLAMA_8B, GEMMA), (GEMMA, GEMMA))
        for opponent in ("gpt", "llama", "gemma")
    ),
    *(
        (f"{SELECTIONS}/none/{name}.json", "combined-10", 500, 0)
        for name in (f"{LLAMA_8B}_picks", f"{GEMMA}_picks", f"{GEMMA}_llama_picks")
    ),
]


def rows_of(file: str) -> list[dict[str, Any]]:
    return json.loads((DATA / file).read_text(encoding="utf-8"))


def scores_in(answer: Answer) -> tuple[float | None, float | None]:
    return answer.score_a, answer.score_b


def replies_of(row: dict[str, Any], questions: Questions) -> Iterator[tuple[str, Any, Any]]:
    """Every reply of a row, what the authors read from it, and how to see the same in an answer."""
    if "pick" in row:
        yield row["response"], VERDICTS[row["pick"]], lambda answer: answer.verdict
    elif "winner" in row:
        yield row["response"], WINNERS[row["winner"]], lambda answer: questions.compare(answer.score_a, answer.score_b)
    elif questions.strategy.ask == "each":
        for number in (1, 2):
            yield row[f"response_{number}"], row[f"score_{number}"], lambda answer: answer.score
    elif "response" in row:
        yield row["response"], (row["score_1"], row["score_2"]), scores_in
    else:
        for number in (1, 2):
            if row.get(f"response_{number}"):
                read = (row[f"score_{number}_1"], row[f"score_{number}_2"])
                yield row[f"response_{number}"], read, scores_in


@pytest.mark.parametrize(("file", "strategy", "same", "different"), READ, ids=[case[0] for case in READ])
def test_published_replies_are_read(file: str, strategy: str, same: int, different: int) -> None:
    questions = compile_strategy(built_in(strategy))
    counts: Counter[str] = Counter()
    for row in rows_of(file):
        for text, published, seen in replies_of(row, questions):
            answer = questions.read(text)
            counts["unread" if answer is None else "same" if seen(answer) == published else "different"] += 1
    assert counts == Counter({"same": same, "different": different})


def test_differences_in_direct_verdicts_are_ties_that_no_reply_names() -> None:
    """Replies that end in `### A` or `### B`, without the words `### Answer`: the authors' fallback was a tie."""
    questions = compile_strategy(built_in("direct"))
    found: Counter[tuple[str, str, str]] = Counter()
    for row in rows_of(f"{ALPACA}/judge/{LLAMA_8B}_none.json"):
        answer = questions.read(row["response"])
        assert answer is not None
        if answer.verdict != VERDICTS[row["pick"]]:
            assert row["turns_to_answer"] == 2
            found[(row["response"].rpartition("\n")[2], str(answer.verdict), row["pick"])] += 1
    assert found == {("### A", "a", "tie"): 7, ("### B", "b", "tie"): 11}


@pytest.mark.parametrize("scale", [10, 100])
def test_differences_in_scores_are_those_the_authors_did_not_read_after_asking_again(scale: int) -> None:
    """Where a reply had to be asked for again, A kept −1 and B was read as here."""
    questions = compile_strategy(built_in(f"combined-{scale}"))
    for row in rows_of(f"{ALPACA}/multi-rater{scale}/{LLAMA_8B}_none.json"):
        answer = questions.read(row["response"])
        assert answer is not None
        again = row["turns_to_answer"] == 2
        assert (answer.score_a != row["score_1"]) == again
        assert (row["score_1"] == -1) == again
        assert answer.score_b == row["score_2"]


def debate_rule() -> AnswerRule:
    markers = {side: [f"Score Assistant {number}"] for side, number in (("a", 1), ("b", 2))}
    return compile_answer(full_rule({"kind": "scores", "scale": {"min": 0, "max": 10}, "markers": markers}))


@pytest.mark.parametrize("judge", JUDGES)
def test_final_scores_of_debates_are_read_by_their_own_markers(judge: str) -> None:
    """The mean over three personas is what the authors wrote down, for all 80 items."""
    rule = debate_rule()
    for row in rows_of(f"{FAIR}/debate/{judge}_{judge}.json"):
        answers = [rule.read(row[f"response_{persona}"]) for persona in (1, 2, 3)]
        assert None not in answers
        means = [sum(answer[side] for answer in answers) / 3 for side in (1, 2)]  # type: ignore[index,misc]
        assert means == pytest.approx([row["score_1"], row["score_2"]], abs=1e-12)
