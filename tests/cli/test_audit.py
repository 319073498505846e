"""`harness audit` on a run of a user's spec."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness import registry
from harness.analysis.audit.finding import DESCRIBED, Finding
from harness.cli import main
from harness.cli._audit_summary import summary_lines
from harness.providers.simulation.dataset import make_pairs
from harness.records.document import Document
from harness.spec.schema import check
from support.cli_folder import run_commands

SPEC = """\
schema: 1
name: audited
datasets:
  pairs: {path: pairs.jsonl}
models:
  small: {provider: simulated, skill: 0.7, position_bias: 0.3}
  wordy: {provider: simulated, skill: 0.7, length_bias: 0.6, family: ada}
matrix:
  dataset: [pairs]
  strategy: [direct]
  evaluator: [{judge: [small, wordy]}]
  order: [given, both]
  repeats: [1, 2]
score: {resamples: 200, probes: [win-rate, length]}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audited")
    (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in make_pairs(3, 60)))
    (folder / "spec.yaml").write_text(SPEC)
    return run_commands(folder, ["run", "spec.yaml"])


@pytest.fixture(autouse=True)
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)


def audit(*arguments):
    return CliRunner().invoke(main, ["audit", *arguments])


@pytest.mark.whole
def test_every_cell_has_a_card_with_a_line_for_each_probe():
    shown = audit("audited", "--wide")
    assert shown.exit_code == 0, shown.output
    lines = shown.stdout.splitlines()
    cards = [line for line in lines if line.startswith("pairs/direct/")]
    assert len(cards) == 8
    assert sum(line.startswith("  length: ") for line in lines) == 8
    assert "agreement among the cells: fleiss-kappa" in shown.stdout
    assert "nan" not in shown.stdout.lower()


@pytest.mark.whole
def test_what_was_found_comes_first():
    shown = audit("audited")
    assert shown.exit_code == 0, shown.output
    lines = shown.stdout.splitlines()
    assert lines[0] == "pairs, 60 items, 8 cells"
    assert any(line.startswith("found by position in ") for line in lines)
    places = [
        next(k for k, line in enumerate(lines) if line.startswith(head)) for head in ("found by", "cannot be told")
    ]
    assert places == sorted(places)
    assert sum(line.startswith("nothing found: ") for line in lines) == 1
    assert sum(line.startswith("cannot be told: ") for line in lines) == 1
    assert lines[-1].endswith("; --wide: every probe of every cell")
    assert len(lines) < len(audit("audited", "--wide").stdout.splitlines())


def test_rankings_are_shown_for_three_cells_and_the_others_named():
    finding = DESCRIBED.to_json()
    cards = [
        {"cell": f"d/x{k}", "probes": {"rankings": {"sentence": f"ranking {k}", "finding": finding}}} for k in range(5)
    ]
    lines = list(summary_lines({"dataset": "d", "items": 3, "cells": cards}))
    shown = ["  x0: ranking 0", "  x1: ranking 1", "  x2: ranking 2", "  and x3, x4"]
    assert lines == ["d, 3 items, 5 cells", "nothing was found", "rankings of 5 cells:", *shown]


def test_a_run_without_findings_says_so_in_one_line():
    finding = Finding("nothing", "failures.all").to_json()
    card = {"cell": "d/x", "probes": {"failures": {"sentence": "every item has a verdict (n = 3)", "finding": finding}}}
    assert list(summary_lines({"dataset": "d", "items": 3, "cells": [card]})) == [
        "d, 3 items, 1 cell",
        "nothing was found",
        "nothing found: failures",
    ]


@pytest.mark.whole
def test_json_output_matches_its_schema():
    said = json.loads(audit("spec.yaml", "--json").stdout)
    assert check(Document("", said), "audit") == []
    (dataset,) = said["datasets"]
    assert set(dataset["cells"][0]["probes"]) == set(registry.names("probes"))
    both = next(cell for cell in dataset["cells"] if cell["cell"].endswith("judge:small/both/x2"))
    assert both["probes"]["position"]["figures"]["position.flip-rate"]["value"] > 0
    assert both["probes"]["self-agreement"]["figures"]["self-agreement.repeats"]["value"] is not None
    found = both["probes"]["position"]["finding"]
    assert (found["kind"], found["effect"], found["direction"], found["is_claimed"], found["reason"]) == (
        "found", "position.slot-preference", "positive", True, None,
    )  # fmt: skip


def test_the_summary_follows_the_findings_and_not_the_sentences():
    """A sentence may hold any words: a plug-in writes it."""
    finding = Finding("found", "sample.share", "positive", is_claimed=True).to_json()
    card = {"cell": "d/x", "probes": {"sample": {"sentence": "unknown (no verdict), passed", "finding": finding}}}
    lines = list(summary_lines({"dataset": "d", "items": 3, "cells": [card]}))
    assert lines[1:] == ["found by sample in 1 cell:", "  x: unknown (no verdict), passed"]
    card["probes"]["sample"]["finding"] = Finding(
        "unknown", reason="no data, see `score: {probes: [sample]}`"
    ).to_json()
    lines = list(summary_lines({"dataset": "d", "items": 3, "cells": [card]}))
    assert lines[1:] == ["nothing was found", "cannot be told: sample: no data, see `score: {probes: [PROBE]}`"]


@pytest.mark.whole
def test_one_cell_and_an_unknown_cell():
    shown = audit("audited", "--cell", "direct/judge:wordy")
    assert [line for line in shown.stdout.splitlines() if line.startswith("pairs/direct/")] == [
        "pairs/direct/judge:wordy"
    ]
    shown = audit("audited", "--cell", "direct/judge:wordi")
    assert shown.exit_code == 2
    assert "did you mean" in shown.stderr


@pytest.mark.whole
def test_probes_of_the_spec_are_companions_of_its_scores():
    (stored,) = Path("results/audited").glob("*/leaderboard.json")
    document = json.loads(stored.read_text())
    assert check(Document("", document), "leaderboard") == []
    companions = document["rows"][0]["companions"]
    assert {"win-rate.half", "win-rate.ties-lose", "length.judge", "length.beyond-quality"} <= set(companions)
    assert "family.judge" not in companions
    audited = json.loads(audit("audited", "--json").stdout)["datasets"][0]["cells"]
    card = next(card for card in audited if card["cell"] == document["rows"][0]["cell"])
    assert card["probes"]["length"]["figures"]["length.judge"]["value"] == companions["length.judge"]["value"]


def test_unknown_probe_is_an_error_with_a_suggestion():
    Path("bad.yaml").write_text(SPEC.replace("win-rate", "winrate"))
    shown = CliRunner().invoke(main, ["validate", "bad.yaml"])
    assert shown.exit_code == 2
    assert "there is no probe `winrate`; did you mean `win-rate`?" in shown.stderr


@pytest.mark.whole
@pytest.mark.parametrize("axis", ["order: [both]", "repeats: [2]"])
def test_jury_beside_orders_and_repeats(axis):
    text = SPEC.replace("  order: [given, both]\n  repeats: [1, 2]\n", f"  {axis}\n")
    text = text.replace("[{judge: [small, wordy]}]", "[{judge: [small, wordy]}, {jury: {of: [small, wordy]}}]")
    text = text.replace("name: audited", "name: panel").replace("[win-rate, length]", "[position, self-agreement]")
    Path("panel.yaml").write_text(text)
    done = CliRunner().invoke(main, ["run", "panel.yaml"])
    assert done.exit_code == 0, done.output
    shown = audit("panel")
    assert shown.exit_code == 0, shown.output
    assert "(1 cell): counted from the judgments of other cells" in shown.stdout
    (dataset,) = json.loads(audit("panel", "--json").stdout)["datasets"]
    judged = [cell["probes"] for cell in dataset["cells"] if "/judge:" in cell["cell"]]
    probe, name = ("position", "flip-rate") if "order" in axis else ("self-agreement", "repeats")
    assert all(cell[probe]["figures"][f"{probe}.{name}"]["value"] is not None for cell in judged)
