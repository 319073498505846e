"""The study's win rates and picks out of its own replies, through the whole pipeline."""

from __future__ import annotations

import json

import polars as pl
import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.generation.records import DraftComparison
from harness.generation.selection import takes_over
from support.paths import PUBLISHED

STUDY = PUBLISHED / "MA-PO"
GENERATORS = STUDY / "outputs" / "generators" / "argilla-capybara-prompts-subset"
NAME = "argilla-capybara-prompts-subset"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not GENERATORS.is_dir(), reason=f"there is no published data in {GENERATORS}; set HARNESS_PUBLISHED_DATA"
    ),
]


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    out = tmp_path_factory.mktemp("study")
    words = ["import", "fellowship", str(STUDY), "--fair-eval", str(PUBLISHED / "FairEval"), "--out", str(out)]
    shown = CliRunner().invoke(main, words)
    assert shown.exit_code == 0, shown.output
    return out, shown.stdout


def ran(imported, name):
    out, _ = imported
    words = ["run", str(out / f"{name}.yaml"), "--cache", str(out / "cache"), "--results", str(out / "results")]
    shown = CliRunner().invoke(main, [*words, "--format", "json"])
    assert shown.exit_code == 0, shown.output
    (folder,) = (out / "results" / name).iterdir()
    return json.loads(shown.stdout), folder


def test_every_published_comparison_gives_the_published_win_rate(imported):
    """Llama with a Gemma reviewer won 71.8 % over Llama and 73.8 % over Gemma, a tie being no win."""
    board, _ = ran(imported, f"{NAME}-win-rates")
    told = {
        (row["system"], one["opponent"]): (row["wins"], row["ties"], row["losses"], row["win_rates"]["lose"]["value"])
        for one in board["boards"]
        for row in one["rows"]
    }
    assert told["llama-with-gemma", "llama"] == (359, 46, 95, 0.718)
    assert told["llama-with-gemma", "gemma"] == (369, 4, 127, 0.738)
    short = {"gpt": "gpt-4o", "llama": "llama", "gemma": "gemma"}
    names = {"Meta-Llama-3.1-8B-Instruct-Turbo": "llama", "gemma-2-9b-it": "gemma"}
    seen = 0
    for path in sorted(GENERATORS.glob("feedback/*_picks_*.json")):
        pair, _, opponent = path.stem.partition("_picks_")
        generator, reviewer = (names[name] for name in pair.split("_"))
        winners = [entry["winner"] for entry in json.loads(path.read_text(encoding="utf-8"))]
        won, tied = winners.count("agent"), winners.count("tie")
        found = told[f"{generator}-with-{reviewer}", short[opponent]]
        assert found == (won, tied, 500 - won - tied, won / 500), path.name
        seen += 1
    assert seen == 9


def test_no_reply_is_read_otherwise_than_the_study_did_and_its_inversions_are_counted(imported):
    _, said = imported
    assert "read otherwise" not in said
    assert "llama+llama: of 500 picks between draft 3 and the best before it the study inverted 465" in said
    assert "the earlier draft was kept (331), or it scored lower and was taken (134)" in said


def test_a_whole_loop_picks_as_the_study_did_and_the_right_rule_otherwise(imported):
    board, folder = ran(imported, f"{NAME}-gemma-gemma")
    published = json.loads((GENERATORS / "feedback" / "gemma-2-9b-it_gemma-2-9b-it_picks.json").read_text("utf-8"))
    drafts = pl.read_parquet(folder / "trajectories.parquet").filter(pl.col("system").str.ends_with("gemma+gemma"))
    by_item = {item[0]: rows.to_dicts() for item, rows in drafts.partition_by("item", as_dict=True).items()}
    inverted = 0
    for number, entry in enumerate(published, 1):
        rows = by_item[f"{number}"]
        if len(rows) < 3 or "tie" in (entry["pick_1"], entry.get("pick_2")):
            continue  # one draft, or a tie, for which the study's files name no draft
        (picked,) = [row["round"] for row in rows if row["is_picked"]]
        assert f"response_{picked}" == entry["pick_2"], number
        verdict = rows[2]["verdict"]
        assert takes_over(DraftComparison(0, 2, verdict)) != takes_over(
            DraftComparison(0, 2, verdict), is_published=True
        )
        inverted += 1
    assert inverted > 380
    rates = {
        one["opponent"]: next(row for row in one["rows"] if row["system"] == "gemma+gemma") for one in board["boards"]
    }
    assert rates["gpt-4o-alone"]["win_rates"]["lose"]["value"] == 207 / 500
    assert rates["llama-alone"]["win_rates"]["lose"]["value"] == 324 / 500
    # Where the picked draft is the single response word for word nobody is asked; the study's judge was, and called
    # ten of those texts better than themselves, and one worse.
    assert (rates["gemma-alone"]["wins"], rates["gemma-alone"]["losses"]) == (263 - 10, 124 - 1)
    assert rates["gemma-alone"]["identical"] == 103
