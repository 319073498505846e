"""The best draft by a ranking: which is picked, what is recorded, and which specs are refused."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import SpecError
from harness.generation.records import Draft, Selection
from harness.generation.selection import pick
from harness.generation.spec import load_generation
from harness.prompting.strategy import Questions, compile_strategy
from harness.records.calls import Reply
from harness.records.experiment import Cell
from harness.spec.strategies import built_in
from support.loops import ITEM, MODELS, system
from support.worlds import held

MODEL = next(iter(MODELS))
RANKED = Cell("", "rank-list", "judge", (MODEL,))
BY_RANK = Selection("rank", RANKED)


def drafts(*texts):
    return tuple(Draft(text, False, text) for text in texts)


def ranking(*replies, texts=("first", "second", "third"), selection=BY_RANK):
    questions: Questions = compile_strategy(built_in(selection.cell.strategy))
    talk = pick(ITEM, drafts(*texts), system("critic"), selection, questions, MODELS)
    return held(talk, *replies)


def reply(text):
    return [Reply(f"Ranking: {text}")]


@pytest.mark.parametrize(
    ("said", "picked", "verdicts"),
    [
        ("3 > 1 > 2", 2, ["a", "b"]),
        ("2 > 3 > 1", 1, ["b", "a"]),
        ("1 = 3 > 2", 0, ["a", "tie"]),
        ("2 = 3 > 1", 1, ["b", "tie"]),
    ],
)
def test_the_draft_at_the_top_is_picked_and_the_earliest_of_a_tie(said, picked, verdicts):
    (calls,), (found, comparisons) = ranking(reply(said))
    assert found == picked
    assert [one.verdict for one in comparisons] == verdicts
    assert len(calls) == 1
    assert calls[0].step == "select/judge"
    assert [len(one.keys) for one in comparisons] == [1, 0]


def test_a_ranking_that_failed_picks_the_first_draft_and_is_counted():
    _, (found, comparisons) = ranking([Reply("none")], [Reply("none")])
    assert found == 0
    assert [one.failure for one in comparisons] == ["unparsed", "unparsed"]


def test_drafts_with_one_text_are_shown_once():
    batches, (found, comparisons) = ranking(reply("2 > 1"), texts=("same", "same", "other"))
    assert "<response-3-" not in batches[0][0].messages[-1]["content"]
    assert (found, [one.verdict for one in comparisons]) == (2, ["tie", "b"])


@pytest.mark.parametrize("texts", [("only",), ("same", "same")])
def test_nothing_is_asked_where_there_is_nothing_to_rank(texts):
    talk = pick(ITEM, drafts(*texts), system("critic"), BY_RANK, compile_strategy(built_in("rank-list")), MODELS)
    with pytest.raises(StopIteration) as caught:
        next(talk)
    found, comparisons = caught.value.value
    assert found == 0
    assert [one.verdict for one in comparisons] == ["tie"] * (len(texts) - 1)


def test_a_tournament_of_pairs_ranks_drafts():
    settings = {"by": "single-elimination", "rounds": None}
    cell = replace(RANKED, strategy="direct", mode="tournament", settings=settings, variant="(single-elimination)")
    first, second = [Reply("Verdict: B")], [Reply("Verdict: A")]
    batches, (found, _) = ranking(first, second, selection=Selection("rank", cell))
    assert [call.step for batch in batches for call in batch] == ["select/2-3/judge", "select/1-3/judge"]
    assert found == 0


SPEC = """\
schema: 1
name: loops
kind: generation
prompts: {tasks: {path: prompts.jsonl}}
models: {writer: {provider: simulated, skill: 0.5}, reader: {provider: simulated, skill: 0.9}}
matrix: {prompts: [tasks], generator: [writer], reviewer: [reader], rounds: 3}
selection: {by: rank, strategy: rank-list, evaluator: {judge: reader}}
compare: {opponents: [writer], strategy: [direct], evaluator: [{judge: reader}]}
score: {resamples: 100}
"""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "{judge: reader}}\ncompare",
            "{cascade: {of: [reader, writer], escalate: failure}}}\ncompare",
            "does not rank",
        ),
        ("rank-list", "direct", "needs a strategy with `ask: rank or best or each`"),
        ("by: rank, ", "by: rank, order: alternating, ", "a ranking shows all drafts at once"),
        ("by: rank", "by: tournament", "the strategy `rank-list` asks `rank`, and two drafts are compared here"),
        ("strategy: [direct]", "strategy: [best-of-many]", "the strategy `best-of-many` asks `best`"),
        ("strategy: [direct]", "strategy: [pass-fail]", "the strategy `pass-fail` asks `single`"),
        ("evaluator: [{judge: reader}]", "evaluator: [{tournament: {judge: reader}}]", "a tournament ranks several"),
    ],
)
def test_what_does_not_rank_or_compare_drafts_is_refused(tmp_path, old, new, message):
    assert old in SPEC
    (tmp_path / "prompts.jsonl").write_text('{"id": "x", "prompt": "p"}\n', encoding="utf-8")
    path = tmp_path / "loops.yaml"
    path.write_text(SPEC.replace(old, new), encoding="utf-8")
    with pytest.raises(SpecError, match=message.replace("[", r"\[")):
        load_generation(path)


def test_a_generation_selects_by_a_ranking_from_the_spec_to_the_board(tmp_path: Path):
    from harness.api import load_spec, run_spec

    prompt = (
        "Write a notice for the harvest fair. It must mention: the choir; the raffle; the old mill; the book stall."
    )
    rows = "".join(f'{{"id": "p{at}", "prompt": "{prompt} {at}"}}\n' for at in range(4))
    (tmp_path / "prompts.jsonl").write_text(rows, encoding="utf-8")
    (tmp_path / "loops.yaml").write_text(SPEC, encoding="utf-8")
    made = run_spec(load_spec(tmp_path / "loops.yaml"), results=tmp_path / "results", cache=tmp_path / "cache")
    board = (made.folder / "leaderboard.json").read_text(encoding="utf-8")
    assert "ranking of all drafts by rank-list/judge:reader, order given" in board
