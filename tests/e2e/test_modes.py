"""Judges, juries, orders and repeats in one matrix, from the spec to the run folder."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import harness
from harness.api import FinishedRun
from harness.errors import SpecError
from harness.runner.progress import RunStats
from support.paths import QUICKSTART_DATA

DATA = QUICKSTART_DATA
SPEC = """\
schema: 1
name: modes
datasets: {{pairs: {{path: "{data}", subset: {{limit: 40}}}}}}
models:
  novice: {{provider: simulated, skill: 0.5, malformed_rate: 0.3, refusal_rate: 0.1}}
  adept: {{provider: simulated, skill: 0.7, position_bias: 0.3}}
  master: {{provider: simulated, skill: 0.95}}
matrix:
  dataset: [pairs]
  strategy: [direct, combined-10]
  evaluator:
    - jury: {{of: [novice, adept, master], sizes: all}}
    - jury: {{of: [novice, adept, master], vote: mean-score}}
    - jury: {{of: [novice, adept, master], vote: weighted, weights: {{master: 5}}}}
    - jury: {{of: [novice, adept, master], quorum: 1}}
    - jury: {{of: [{{model: adept, strategy: direct}}, {{model: adept, strategy: combined-10}}]}}
    - judge: [novice, adept, master]
  order: [given, both]
  repeats: [1, 2]
  exclude: [{{strategy: direct, evaluator: jury}}]
score: {{resamples: 200}}
"""


def spec_in(folder: Path, text: str = SPEC) -> Path:
    path = folder / "modes.yaml"
    path.write_text(text.format(data=DATA))
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[FinishedRun, RunStats, Path]:
    folder = tmp_path_factory.mktemp("modes")
    spec = harness.load_spec(spec_in(folder), allow_paths=[DATA.parent])
    watch = RunStats(spec.models)
    run = harness.run_spec(spec, cache=folder / "cache", results=folder / "results", watch=watch)
    return run, watch, folder


def verdicts(frame: pl.DataFrame, cell: str) -> list[str | None]:
    rows = frame.filter(pl.col("cell") == f"pairs/{cell}")
    return [verdict or failure for verdict, failure in rows.select("verdict", "failure").iter_rows()]


def voted(*votes: str) -> str:
    """The rule of majority, written out once more."""
    a, b, tie = (sum(vote == each for vote in votes) for each in ("a", "b", "tie"))
    if a + b + tie == 0:
        return votes[0]
    return "a" if a > b and a >= tie else "b" if b > a and b >= tie else "tie"


def test_juries_count_the_verdicts_of_their_members(finished: tuple[FinishedRun, RunStats, Path]) -> None:
    frame = finished[0].judgments_frame()
    for suffix in ("", "/both", "/x2", "/both/x2"):
        judges = {name: verdicts(frame, f"combined-10/judge:{name}{suffix}") for name in ("novice", "adept", "master")}
        for members in (("novice", "adept"), ("adept", "master"), ("novice", "adept", "master")):
            jury = verdicts(frame, f"combined-10/jury:{'+'.join(members)}{suffix}")
            assert jury == [voted(*votes) for votes in zip(*(judges[name] for name in members), strict=True)]
        weighted = verdicts(frame, f"combined-10/jury:novice+adept+master(weighted-1-1-5){suffix}")
        expected = [
            vote if vote in ("a", "b", "tie") else voted(*others)
            for vote, *others in zip(judges["master"], judges["novice"], judges["adept"], strict=True)
        ]
        assert weighted == expected
        unanimous = verdicts(frame, f"combined-10/jury:novice+adept+master(quorum=1){suffix}")
        for jury, *votes in zip(unanimous, *judges.values(), strict=True):
            cast = {vote for vote in votes if vote in ("a", "b", "tie")}
            assert jury == (cast.pop() if len(cast) == 1 else "tie")
    novice = verdicts(frame, "combined-10/judge:novice")
    jury = frame.filter(pl.col("cell") == "pairs/combined-10/jury:novice+adept")
    assert jury["abstained"].to_list() == [int(vote not in ("a", "b", "tie")) for vote in novice]
    assert jury["abstained"].sum() > 0
    mixed = verdicts(frame, "combined-10/jury:adept+adept(adept@direct,adept@combined-10)")
    members = (verdicts(frame, f"{strategy}/judge:adept") for strategy in ("direct", "combined-10"))
    assert mixed == [voted(*votes) for votes in zip(*members, strict=True)]


def test_mean_score_jury_averages_scores(finished: tuple[FinishedRun, RunStats, Path]) -> None:
    frame = finished[0].judgments_frame()
    members = [
        frame.filter(pl.col("cell") == f"pairs/combined-10/judge:{name}")["score_a"].to_list()
        for name in ("novice", "adept", "master")
    ]
    jury = frame.filter(pl.col("cell") == "pairs/combined-10/jury:novice+adept+master(mean-score)")
    for means, row in zip(zip(*members, strict=True), jury.iter_rows(named=True), strict=True):
        known = [score for score in means if score is not None]
        assert row["score_a"] == pytest.approx(sum(known) / len(known))
        assert row["calls"] == []
        difference = row["score_a"] - row["score_b"]
        assert row["verdict"] == ("tie" if abs(difference) < 1e-9 else "a" if difference > 0 else "b")


def test_votes_are_kept_and_collapse_to_the_verdict(finished: tuple[FinishedRun, RunStats, Path]) -> None:
    frame = finished[0].judgments_frame()
    given, both, swapped_too = (verdicts(frame, f"direct/judge:adept{suffix}") for suffix in ("", "/both", "/both/x2"))
    rows = frame.filter(pl.col("cell") == "pairs/direct/judge:adept/both")["votes"].to_list()
    assert [first for first, _ in rows] == given
    assert both == [first if first == second else "tie" for first, second in rows]
    repeated = frame.filter(pl.col("cell") == "pairs/direct/judge:adept/both/x2")["votes"].to_list()
    assert [[votes[0], votes[2]] for votes in repeated] == rows  # draw 0 is the same call
    assert len(swapped_too) == 40


def test_each_call_is_made_once_and_juries_make_none(finished: tuple[FinishedRun, RunStats, Path]) -> None:
    run, watch, _ = finished
    frame = run.judgments_frame()
    keys = frame["calls"].explode().drop_nulls()
    assert watch.calls == keys.n_unique()
    assert frame.filter(pl.col("cell").str.contains("jury:"))["calls"].list.len().max() == 0
    rows = {row["cell"]: row for row in run.leaderboard["rows"]}
    jury, members = (
        rows["pairs/combined-10/jury:adept+master"],
        [rows[f"pairs/combined-10/judge:{name}"] for name in ("adept", "master")],
    )
    assert jury["calls"] == sum(row["calls"] for row in members)  # what a jury costs is what its members cost


def test_replay_is_the_same_bytes(finished: tuple[FinishedRun, RunStats, Path], tmp_path: Path) -> None:
    run, _, folder = finished
    spec = harness.load_spec(folder / "modes.yaml", allow_paths=[DATA.parent])
    again = harness.run_spec(spec, cache=folder / "cache", results=tmp_path, offline=True)
    for name in ("judgments.parquet", "scores.parquet", "leaderboard.json", "manifest.json"):
        assert (again.folder / name).read_bytes() == (run.folder / name).read_bytes()


def test_mean_score_needs_scores_on_one_scale(tmp_path: Path) -> None:
    text = SPEC.replace("  exclude: [{{strategy: direct, evaluator: jury}}]\n", "")
    with pytest.raises(SpecError, match="averages scores, and direct gives none"):
        harness.make_plan(harness.load_spec(spec_in(tmp_path, text), allow_paths=[DATA.parent]))
    text = SPEC.replace("vote: mean-score", "vote: mean-score, sizes: [3]").replace(
        "[direct, combined-10]", "[direct, combined-10, combined-5]"
    )
    mixed = text.replace(
        "of: [novice, adept, master], vote: mean",
        "of: [novice, {{model: adept, strategy: combined-5}}, master], vote: mean",
    )
    with pytest.raises(SpecError, match="averages scores, and combined-5 gives others"):
        harness.make_plan(harness.load_spec(spec_in(tmp_path, mixed), allow_paths=[DATA.parent]))
