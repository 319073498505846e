"""`harness audit` on a run of a user's spec."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness import registry
from harness.cli import main
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


def test_every_cell_has_a_card_with_a_line_for_each_probe():
    shown = audit("audited")
    assert shown.exit_code == 0, shown.output
    lines = shown.stdout.splitlines()
    cards = [line for line in lines if line.startswith("pairs/direct/")]
    assert len(cards) == 8
    assert sum(line.startswith("  length: ") for line in lines) == 8
    assert "agreement among the cells: fleiss-kappa" in shown.stdout
    assert "nan" not in shown.stdout.lower()


def test_json_output_matches_its_schema():
    said = json.loads(audit("spec.yaml", "--json").stdout)
    assert check(Document("", said), "audit") == []
    (dataset,) = said["datasets"]
    assert set(dataset["cells"][0]["probes"]) == set(registry.names("probes"))
    both = next(cell for cell in dataset["cells"] if cell["cell"].endswith("judge:small/both/x2"))
    assert both["probes"]["position"]["figures"]["position.flip-rate"]["value"] > 0
    assert both["probes"]["self-agreement"]["figures"]["self-agreement.repeats"]["value"] is not None


def test_one_cell_and_an_unknown_cell():
    shown = audit("audited", "--cell", "direct/judge:wordy")
    assert [line for line in shown.stdout.splitlines() if line.startswith("pairs/direct/")] == [
        "pairs/direct/judge:wordy"
    ]
    shown = audit("audited", "--cell", "direct/judge:wordi")
    assert shown.exit_code == 2
    assert "did you mean" in shown.stderr


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
    assert "unknown (counted from the judgments of other cells)" in shown.stdout
    (dataset,) = json.loads(audit("panel", "--json").stdout)["datasets"]
    judged = [cell["probes"] for cell in dataset["cells"] if "/judge:" in cell["cell"]]
    probe, name = ("position", "flip-rate") if "order" in axis else ("self-agreement", "repeats")
    assert all(cell[probe]["figures"][f"{probe}.{name}"]["value"] is not None for cell in judged)
