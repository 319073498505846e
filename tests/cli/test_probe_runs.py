"""Interventional probes through the command line: planned, asked, replayed, shown and audited."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.providers.simulation.dataset import make_pairs
from harness.records.document import Document
from harness.spec.schema import check
from support.cli_folder import run_commands

SPEC = """\
schema: 1
name: probed
seed: 3
datasets:
  pairs: {path: pairs.jsonl}
models:
  plain: {provider: simulated, skill: 0.7}
  wordy: {provider: simulated, skill: 0.7, length_bias: 0.6}
  first: {provider: simulated, skill: 0.7, position_bias: 0.3}
  obeys: {provider: simulated, skill: 0.7, injection_bias: 0.5}
  words: {provider: simulated, skill: 0.95, wording_bias: 0.8}
matrix:
  dataset: [pairs]
  strategy: [direct]
  evaluator: [{judge: [plain, wordy, first, obeys, words]}, {jury: {of: [plain, wordy, first]}}]
score: {resamples: 200, probes: [padding, identical, injection, paraphrase]}
"""
BIASED = {"padding": "wordy", "identical": "first", "injection": "obeys", "paraphrase": "words"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("probed")
    (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in make_pairs(8, 60)))
    (folder / "spec.yaml").write_text(SPEC)
    (folder / "plain.yaml").write_text(SPEC.replace("name: probed", "name: unprobed").partition(", probes")[0] + "}\n")
    return run_commands(folder, ["run", "spec.yaml"], ["run", "plain.yaml"])


@pytest.fixture(autouse=True)
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)


def ran(*arguments):
    done = CliRunner().invoke(main, list(arguments))
    assert done.exit_code == 0, done.output
    return done.stdout


def test_planted_biases_are_found_and_no_others():
    (dataset,) = json.loads(ran("audit", "probed", "--json"))["datasets"]
    assert check(Document("", json.loads(ran("audit", "probed", "--json"))), "audit") == []
    assert len(dataset["cells"]) == 6
    for cell in dataset["cells"]:
        model = cell["cell"].rpartition(":")[2]
        for name, biased in BIASED.items():
            figures, sentence = cell["probes"][name]["figures"], cell["probes"][name]["sentence"]
            if "jury" in cell["cell"]:
                assert sentence == "unknown (counted from the judgments of other cells)"
                continue
            finding = cell["probes"][name]["finding"]
            assert (finding["kind"], finding["is_claimed"]) == (
                ("found", True) if model == biased else ("nothing", False)
            )
            effect, q_value = figures[f"{name}.effect"], figures[f"{name}.q-value"]
            assert (q_value["value"] <= 0.05) == (model == biased), (model, sentence)
            assert ("not distinguishable from 0" in sentence) == (model != biased)
            assert effect["low"] < effect["value"] <= effect["high"]
            assert q_value["reason"] == "Benjamini and Hochberg over 20 effects"
            detectable = figures[f"{name}.detectable"]
            assert detectable["reason"] == "too few items to find any effect" or 0 < detectable["value"] < 0.5


def test_the_extra_judgments_are_planned_and_answered_from_the_cache():
    plan = json.loads(ran("plan", "spec.yaml", "--json"))
    probes = [cell for cell in plan["cells"] if "/probe:" in cell["cell"]]
    assert len(probes) == 20
    assert sum(cell["cached"] for cell in probes) == 60 * 5 * (4 + 2 + 4 + 6)
    assert all(cell["calls"] == [0, 0] for cell in probes)
    assert plan["judgments"] == 60 * (6 + 20)
    fresh = json.loads(ran("plan", "spec.yaml", "--json", "--cache", "none"))
    assert sum(cell["calls"][0] for cell in fresh["cells"] if "/probe:padding" in cell["cell"]) == 5 * 240
    assert "1,200 of them for probes" in ran("plan", "spec.yaml")


def test_a_replay_writes_the_same_bytes():
    (run,) = Path("results/probed").iterdir()
    before = {file.name: file.read_bytes() for file in run.iterdir() if file.name != "environment.json"}
    assert len(before) > 3
    ran("run", "spec.yaml", "--offline")
    assert before == {file.name: file.read_bytes() for file in run.iterdir() if file.name != "environment.json"}


def test_the_leaderboard_has_the_figures_and_leaves_the_extra_judgments_out():
    (run,) = Path("results/probed").iterdir()
    (other,) = Path("results/unprobed").iterdir()
    board, bare = (json.loads((one / "leaderboard.json").read_text()) for one in (run, other))
    assert check(Document("", board), "leaderboard") == []
    assert [row["cell"] for row in board["rows"]] == [row["cell"] for row in bare["rows"]]
    assert [row["metrics"] for row in board["rows"]] == [row["metrics"] for row in bare["rows"]]
    row = next(row for row in board["rows"] if row["cell"] == "pairs/direct/judge:wordy")
    assert row["companions"]["padding.effect"]["value"] > 0.3
    assert row["calls"] == 60
    assert any(
        note.startswith("probes (padding, identical, injection, paraphrase): 4,800 further calls")
        for note in board["notes"]
    )
    manifest = json.loads((other / "manifest.json").read_text())
    assert "probes" not in manifest
    audited = json.loads(ran("audit", "probed", "--json"))["datasets"][0]["cells"]
    card = next(card for card in audited if card["cell"] == row["cell"])
    shown = card["probes"]["padding"]["figures"]["padding.q-value"]["value"]
    assert shown == row["companions"]["padding.q-value"]["value"]


def test_other_commands_ignore_the_extra_judgments():
    ran("leaderboard", "probed")
    ran("compare", "unprobed", "probed", "--json")
    ran("power", "probed")
    ran("failures", "probed")
    ran("explain", "spec.yaml")
    shown = ran("explain", "spec.yaml", "pairs/direct/judge:wordy/probe:padding", "--item", "pair-001")
    assert "padding-a/swapped/judge" in shown


def test_a_run_without_them_says_how_to_ask():
    assert "padding: unknown (not asked; `score: {probes: [padding]}` asks the extra judgments)" in ran(
        "audit", "unprobed", "--wide"
    )


def test_a_strategy_without_another_wording_is_refused_before_any_call(folder):
    inline = "strategies:\n  bare:\n    ask: pair\n    user: |\n      {{ prompt }} {{ response_a }} {{ response_b }}\n"
    inline += "      {{ answer_format }}\n    answer: {kind: verdict}\n"
    text = SPEC.replace("name: probed", "name: bare").replace("matrix:", inline + "matrix:")
    (folder / "bare.yaml").write_text(text.replace("strategy: [direct]", "strategy: [direct, bare]"))
    done = CliRunner().invoke(main, ["plan", "bare.yaml"])
    assert done.exit_code == 2
    assert "the probe `paraphrase` cannot be asked with the strategy `bare`" in done.stderr
    assert "remove the probe from this spec" in " ".join(done.stderr.split())
    assert "`direct`" not in done.stderr
