"""LLMBar's own files, imported and run: its published statistics come out of the judgments."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest

import harness
from harness.api import FinishedRun
from harness.importers._files import Imported, write_imported
from harness.importers.llmbar import WAYS, read_benchmark
from support.paths import PUBLISHED

NATURAL = PUBLISHED / "LLMBar" / "Dataset" / "LLMBar" / "Natural"
MODELS = ("ChatGPT", "GPT-4")
EVALUATORS = [(model, way) for model in MODELS for way in WAYS]
SWAPS = {"given": "swap = False", "swapped": "swap = True"}
WINNERS = {"1": "a", "2": "b", None: "unparsed"}

# By evaluator: how many winners, in both orders together, are not what the replies say. Of all others there is none.
DIFFERENT = {
    ("ChatGPT", "Swap_CoT"): 8,  # second looks that quote "Output (a) is better" and conclude with Output (b)
    ("ChatGPT", "Rating"): 2 * 47,  # equal ratings: the output that was shown second was let win
    ("GPT-4", "Rating"): 2 * 10,
}

pytestmark = pytest.mark.skipif(
    not NATURAL.is_dir(), reason=f"the published data are not at {PUBLISHED} (HARNESS_PUBLISHED_DATA)"
)

Votes = dict[str, list[str]]
"""The verdict or failure on each item, by order."""


@pytest.fixture(scope="module")
def imported() -> Imported:
    return read_benchmark(PUBLISHED / "LLMBar")


@pytest.fixture(scope="module")
def run(imported: Imported, tmp_path_factory: pytest.TempPathFactory) -> FinishedRun:
    """One run of the imported spec, as its user would do it."""
    folder = tmp_path_factory.mktemp("llmbar")
    write_imported(imported, folder)
    spec = harness.load_spec(folder / "llmbar-natural.yaml")
    return harness.run_spec(spec, cache=folder / "cache", results=folder / "results", environment={})


@pytest.fixture(scope="module")
def labels() -> list[str]:
    return [WINNERS[str(row["label"])] for row in json.loads((NATURAL / "dataset.json").read_text(encoding="utf-8"))]


def read(model: str, way: str, file: str) -> Any:
    return json.loads((NATURAL / "evaluators" / model / way / file).read_text(encoding="utf-8"))


def published_votes(model: str, way: str) -> Votes:
    """What the benchmark counted: the winners of the last round."""
    rows = read(model, way, "result.json")
    return {order: [WINNERS[row["results"][-1][swap]["winner"]] for row in rows] for order, swap in SWAPS.items()}


def our_votes(run: FinishedRun, model: str, way: str) -> Votes:
    """What the run holds; a rating has no order."""
    order = "" if way == "Rating" else "/both"
    cell = pl.col("cell") == f"natural/{WAYS[way]}/judge:{model}{order}"
    frame = run.judgments_frame().filter(cell)
    if way == "Rating":
        verdicts = frame["verdict"].fill_null("unparsed").to_list()
        return {"given": verdicts, "swapped": verdicts}
    votes = frame["votes"].to_list()
    return {order: [vote[at] for vote in votes] for at, order in enumerate(SWAPS)}


def differing(ours: Votes, theirs: Votes) -> Iterator[tuple[str, int]]:
    """Order and place of every vote that is not the published winner."""
    for order in SWAPS:
        for at, (one, other) in enumerate(zip(ours[order], theirs[order], strict=True)):
            if one != other:
                yield order, at


def statistics(votes: Votes, labels: list[str]) -> dict[str, str]:
    """The figures of statistics.json, as it writes them."""
    right = {order: [vote == label for vote, label in zip(votes[order], labels, strict=True)] for order in SWAPS}
    both = sum(one and other for one, other in zip(*right.values(), strict=True))
    equal = sum(one == other for one, other in zip(*votes.values(), strict=True))
    items = len(labels)

    def share(count: int) -> str:
        return f"{count} / {items} = {count / items * 100}%"

    return {
        "correct_False": share(sum(right["given"])),
        "correct_True": share(sum(right["swapped"])),
        "correct_average": f"{(sum(right['given']) + sum(right['swapped'])) / 2 / items * 100}%",
        "correct_both": share(both),
        "equal": share(equal),
    }


def published_statistics(model: str, way: str) -> dict[str, str]:
    return {key: value for key, value in read(model, way, "statistics.json").items() if not key.startswith("kappa")}


def test_there_is_every_evaluator(run):
    assert {(model, way) for model in MODELS for way in WAYS} == {
        path.parent.parts[-2:] for path in NATURAL.glob("evaluators/*/*/result.json")
    }
    assert len(run.manifest["cells"]) == len(EVALUATORS) == 10


@pytest.mark.parametrize(("model", "way"), EVALUATORS, ids=lambda part: part)
def test_votes_are_the_published_winners_but_for_the_known(run, model, way):
    ours, theirs = our_votes(run, model, way), published_votes(model, way)
    assert len(list(differing(ours, theirs))) == DIFFERENT.get((model, way), 0)


@pytest.mark.parametrize(("model", "way"), EVALUATORS, ids=lambda part: part)
def test_statistics_are_the_published_ones(run, labels, model, way):
    """Exactly, with ties broken as there, and with the published winner where a reply ends with another one."""
    ours, theirs = our_votes(run, model, way), published_votes(model, way)
    if way == "Rating":
        second = {"given": "b", "swapped": "a"}
        ours = {order: [second[order] if vote == "tie" else vote for vote in ours[order]] for order in SWAPS}
        assert ours == theirs
    else:
        for order, at in list(differing(ours, theirs)):
            ours[order][at] = theirs[order][at]
    assert statistics(ours, labels) == published_statistics(model, way)


def test_the_only_replies_that_are_read_otherwise_quote_one_verdict_and_end_with_another(run):
    places = list(differing(our_votes(run, "ChatGPT", "Swap_CoT"), published_votes("ChatGPT", "Swap_CoT")))
    rows = read("ChatGPT", "Swap_CoT", "result.json")
    for order, at in places:
        reply = rows[at]["results"][1][SWAPS[order]]["completion"][0]
        assert "Output (a) is better" in reply
        assert reply.rindex("Output (b) is better") > reply.rindex("Output (a) is better")
    assert [at + 1 for order, at in places if order == "given"] == [8, 14, 34, 97]
    assert [at + 1 for order, at in places if order == "swapped"] == [31, 65, 97, 98]


def test_one_reply_names_no_winner_and_none_was_published(run):
    votes = our_votes(run, "ChatGPT", "CoT")
    assert [at for at, vote in enumerate(votes["given"]) if vote == "unparsed"] == [17]
    failed = run.judgments_frame().filter(pl.col("failure").is_not_null())
    assert failed.select("cell", "item").rows() == [("natural/cot/judge:ChatGPT/both", "18")]


@pytest.mark.parametrize(("model", "way"), [one for one in EVALUATORS if one not in DIFFERENT], ids=lambda part: part)
def test_published_figures_stand_in_the_scores(run, model, way):
    scores = run.scores_frame().filter(pl.col("cell") == f"natural/{WAYS[way]}/judge:{model}/both")
    figures = {row["metric"]: row for row in scores.iter_rows(named=True)}
    shares = published_statistics(model, way)
    published = {key: int(value.split(" / ")[0]) for key, value in shares.items() if " / " in value}
    right = {key: round(figures[key]["value"] * 100, 9) for key in ("accuracy.given", "accuracy.swapped", "accuracy")}
    flips = figures["flip-rate"]
    assert list(right.values()) == [published[key] for key in ("correct_False", "correct_True", "correct_both")]
    assert round((1 - flips["value"]) * flips["n"], 9) == published["equal"]


def test_every_difference_is_in_the_notes(imported):
    differences = [note for note in imported.notes if "winner" in note or "equal ratings" in note]
    assert [note.partition(": ")[2].partition(",")[0].partition(":")[0] for note in differences] == [
        "ChatGPT under rating",
        "ChatGPT under swap-cot",
        "ChatGPT under swap-cot",
        "GPT-4 under rating",
    ]
    assert [note.rpartition(" items (")[0].rpartition(" ")[2] for note in differences] == ["47", "4", "4", "10"]
