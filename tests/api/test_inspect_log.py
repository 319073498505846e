"""Runs as logs of inspect_ai."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.api.inspect_log import write_inspect_logs
from harness.cli import main
from harness.errors import InputError

PAIRS = """\
id,prompt,response_a,response_b,label,category,gpt
1,q1,l,r,a,x,a
2,q2,l,r,b,,a
3,q3,l,r,,x,tie
4,q4,l,r,a,x,
"""


@pytest.fixture
def run(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("pairs.csv").write_text(PAIRS)
    Path("mine.yaml").write_text("""\
schema: 1
name: mine
datasets: {pairs: {path: pairs.csv}}
models: {gpt: {provider: recorded, path: pairs.csv, columns: {item: id, verdict: gpt}}}
matrix: {dataset: [pairs], strategy: [recorded], evaluator: [{judge: gpt}]}
""")
    done = CliRunner().invoke(main, ["run", "mine.yaml"])
    assert done.exit_code == 0, done.output
    (folder,) = Path("results/mine").iterdir()
    return folder


def test_a_sample_is_an_item_with_its_verdict(run):
    done = CliRunner().invoke(main, ["export", "mine.yaml", "--format", "inspect", "--out", "logs"])
    assert done.exit_code == 0, done.output
    (path,) = Path("logs").iterdir()
    assert path.name.endswith(f"_pairs-recorded-judge-gpt_{run.name}.json")
    log = json.loads(path.read_bytes())
    assert (log["version"], log["status"], log["eval"]["model"]) == (2, "success", "gpt")
    assert [one["scores"]["agreement"]["value"] for one in log["samples"]] == ["C", "I", "N", "I"]
    assert [one["scores"]["agreement"]["answer"] for one in log["samples"]] == ["a", "a", "tie", None]
    assert log["samples"][3]["scores"]["agreement"]["metadata"] == {"failure": "unparsed"}
    assert [one["target"] for one in log["samples"]] == ["a", "b", "", "a"]
    assert log["samples"][0]["input"] == "q1\n\n[Response A]\nl\n\n[Response B]\nr"
    assert log["samples"][0]["metadata"]["category"] == "x"
    (score,) = log["results"]["scores"]
    assert score["metrics"]["accuracy"]["value"] == 1 / 3
    assert (score["scored_samples"], score["unscored_samples"]) == (3, 1)


def test_without_the_data_items_are_named(run):
    (path,) = write_inspect_logs(run, Path("logs"), cell="pairs/recorded/judge:gpt")
    assert json.loads(path.read_bytes())["samples"][0]["input"] == "item 1 of pairs"


def test_files_that_are_there_are_kept(run):
    words = ["export", str(run), "--format", "inspect", "--out", "logs"]
    assert CliRunner().invoke(main, words).exit_code == 0
    again = CliRunner().invoke(main, words)
    assert again.exit_code == 2
    assert "is there already" in again.output
    assert CliRunner().invoke(main, [*words, "--force"]).exit_code == 0


def test_mistakes(run):
    with pytest.raises(InputError, match="this run has no cell `x`"):
        write_inspect_logs(run, Path("logs"), cell="x")
