"""`harness compare --fail-if-worse` fails closed: what could not be checked is a finding."""

import importlib
import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.analysis.compare.gate import MIN_ITEMS
from harness.cli import main
from harness.records.document import Document
from harness.spec.schema import check

PROMPT = "Choose. {{ prompt }} {{ response_a }} {{ response_b }} {{ answer_format }}"
N = 40


def write(name, right, *, own_prompt=False, items=N, labels="ab", failing=0, cells=("judge",)):
    """A spec whose recorded judge is right on `right` of the items, and its run."""
    rows = [
        {
            "id": f"n{i}",
            "prompt": f"Q{i}",
            "response_a": f"a{i}",
            "response_b": f"b{i}",
            "label": labels[i % len(labels)],
        }
        for i in range(items)
    ]
    Path(f"{name}-pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    replies = []
    for i, row in enumerate(rows):
        letter = row["label"] if i < right else "ab"[row["label"] == "a"]
        text = "Nothing to say." if i < failing else f"Verdict: {letter.upper()}"
        place = {"dataset": "pairs", "item": row["id"], "strategy": "direct", "model": "m"}
        replies += [place | {"step": step, "text": text} for step in ("judge", "judge.again")]
    Path(f"{name}.jsonl").write_text("".join(json.dumps(reply) + "\n" for reply in replies))
    strategies = (
        f'strategies: {{direct: {{ask: pair, user: "{PROMPT}", answer: {{kind: verdict}}}}}}\n' if own_prompt else ""
    )
    models = "".join(f"  {cell}: {{provider: recorded, path: {name}.jsonl, model: m}}\n" for cell in cells)
    Path(f"{name}.yaml").write_text(
        f"schema: 1\nname: {name}\ndatasets: {{pairs: {{path: {name}-pairs.jsonl}}}}\nmodels:\n{models}{strategies}"
        f"matrix: {{dataset: [pairs], strategy: [direct], evaluator: [{{judge: [{', '.join(cells)}]}}]}}\n"
        "score: {resamples: 200, metrics: [kappa, accuracy]}\n"
    )
    done = CliRunner().invoke(main, ["run", f"{name}.yaml"])
    assert done.exit_code == 0, done.output


def compare(*arguments):
    return CliRunner().invoke(main, ["compare", *arguments])


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gate")
    before = Path.cwd()
    os.chdir(folder)
    write("base", 36)
    write("same", 36)
    write("worse", 4)
    write("better", N)
    write("rewritten", 4, own_prompt=True)
    write("few", 10, items=12)
    write("one-label", 36, labels="a")
    write("one-label-worse", 20, labels="a")
    write("failing", 36, failing=8)
    try:
        yield folder
    finally:
        os.chdir(before)


@pytest.mark.parametrize(
    ("one", "other", "kinds"),
    [
        ("base", "same", []),
        ("base", "better", []),
        ("base", "worse", ["worse"]),
        ("base", "few", ["few-items"]),
        ("one-label", "one-label-worse", ["not-compared"]),
    ],
)
def test_truth_table_of_the_gate(one, other, kinds):
    shown = compare(f"{one}.yaml", f"{other}.yaml", "--fail-if-worse", "0.02", "--json")
    gate = json.loads(shown.stdout)["gate"]
    assert [finding["kind"] for finding in gate["findings"]] == kinds
    assert (gate["passed"], shown.exit_code) == (not kinds, 1 if kinds else 0)
    assert check(Document("", json.loads(shown.stdout)), "compare") == []


def test_a_cell_that_changed_under_the_same_name_does_not_pass():
    shown = compare("base.yaml", "rewritten.yaml", "--fail-if-worse", "0.02")
    assert shown.exit_code == 1
    assert "gate: 1 cell checked, 1 worse" in shown.stdout or "gate: 0 cells checked" in shown.stdout


def test_more_failures_are_a_finding_of_their_own():
    shown = compare("base.yaml", "failing.yaml", "--fail-if-worse", "0.1", "--json")
    kinds = [finding["kind"] for finding in json.loads(shown.stdout)["gate"]["findings"]]
    assert "failures" in kinds
    assert shown.exit_code == 1
    assert compare("failing.yaml", "base.yaml", "--fail-if-worse", "0.1").exit_code == 0


@pytest.mark.whole
def test_runs_without_a_shared_item_do_not_pass():
    rows = [
        {"id": f"x{i}", "prompt": "p", "response_a": "a", "response_b": "b", "label": "ab"[i % 2]} for i in range(20)
    ]
    write("elsewhere", 20, items=20)
    Path("elsewhere-pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    lines = Path("elsewhere.jsonl").read_text().replace('"item": "n', '"item": "x')
    Path("elsewhere.jsonl").write_text(lines)
    assert CliRunner().invoke(main, ["run", "elsewhere.yaml"]).exit_code == 0
    shown = compare("base.yaml", "elsewhere.yaml", "--fail-if-worse", "0.02")
    assert shown.exit_code == 1
    assert "nothing compared: run " in shown.stdout
    assert "unmatched: pairs/direct/judge:judge" in shown.stdout
    missing = compare("base.yaml", "elsewhere.yaml", "--fail-if-worse", "0.02", "--allow-missing")
    assert missing.exit_code == 1, "that nothing was compared is no missing cell"


def test_fewer_items_are_accepted_by_those_who_say_so():
    shown = compare("base.yaml", "few.yaml", "--fail-if-worse", "0.5", "--min-items", "12", "--json")
    assert "few-items" not in [finding["kind"] for finding in json.loads(shown.stdout)["gate"]["findings"]]


def test_options_of_the_gate_need_the_gate():
    shown = compare("base.yaml", "same.yaml", "--allow-missing")
    assert shown.exit_code == 2
    assert "need --fail-if-worse or --fail-if-changed" in shown.stderr
    assert json.loads(compare("base.yaml", "same.yaml", "--json").stdout)["gate"] is None
    assert importlib.import_module("harness.cli.compare").MIN_ITEMS == MIN_ITEMS


@pytest.mark.whole
def test_all_datasets_together_need_a_clearer_loss_than_one_alone():
    """A loss with p between .025 and .05 fails a gate of one family, and passes one of two."""
    write("steady", N)
    write("near", N - 1)
    write("fallen", N - 7)
    write("broken", N - 20)
    gate = ["--metric", "accuracy", "--fail-if-worse", "0.02"]
    assert compare("steady", "near", "fallen", *gate).exit_code == 1
    together = compare("steady", "near", "fallen", *gate, "--over-datasets", "--json")
    found = json.loads(together.stdout)
    assert check(Document("", found), "compare") == []
    assert found["gate"]["over_datasets"]
    assert (together.exit_code, found["gate"]["worse"]) == (0, 0)
    clear = compare("steady", "near", "broken", *gate, "--over-datasets")
    assert clear.exit_code == 1
    assert "significantly more than 0.02 over all datasets together" in clear.stdout


def test_over_datasets_needs_the_gate_of_the_metric():
    done = compare("steady", "near", "--over-datasets")
    assert done.exit_code == 2
    assert "--over-datasets needs --fail-if-worse" in done.stderr
