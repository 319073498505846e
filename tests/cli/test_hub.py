"""Commands on a spec whose data are on the Hub, on a loopback interface."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import harness
from harness.cli import main
from harness.data import first_look
from support.hub import Hub, Repository, commit_of, hub_server

pytestmark = pytest.mark.whole

SPEC = """
schema: 1
name: hub
datasets:
  pairs: {path: "hf://datasets/org/pairs/train"}
models: {judge: {provider: simulated}}
matrix: {dataset: [pairs], strategy: [direct], evaluator: [{judge: judge}]}
"""


def rows(count: int, label: str = "a") -> bytes:
    made = [
        {"id": f"p{at}", "prompt": f"Why {at}?", "response_a": "So.", "response_b": "No.", "label": label}
        for at in range(count)
    ]
    return b"".join(json.dumps(row).encode() + b"\n" for row in made)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    pytest.importorskip("huggingface_hub")
    pairs = Repository([{"train.jsonl": rows(3)}])
    with hub_server(pairs=pairs) as server, contextlib.chdir(tmp_path):
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
        Path("spec.yaml").write_text(SPEC)
        yield server
    pytest.importorskip("huggingface_hub").close_session()


def invoke(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == code, done.output
    return done.output


def test_a_run_names_the_commit_and_is_repeated_offline(hub: Hub):
    assert "from the Hub, org/pairs at commit 000000000000: 1 file" in invoke("plan", "spec.yaml")
    invoke("run", "spec.yaml")
    (folder,) = Path("results/hub").iterdir()
    saved = json.loads((folder / "spec.json").read_text())
    assert saved["datasets"]["pairs"]["path"] == f"hf://datasets/org/pairs@{commit_of(1)}/train"
    assert "org/pairs at commit" in (folder / "leaderboard.json").read_text()
    hub.repositories["org/pairs"].commits.append({"train.jsonl": rows(4)})
    hub.requests.clear()
    invoke("run", "spec.yaml", "--offline")
    invoke("runs", "spec.yaml")
    assert hub.requests == []
    assert [run.name for run in Path("results/hub").iterdir()] == [folder.name]
    Path("pinned.yaml").write_text((folder / "spec.json").read_text())
    invoke("run", "pinned.yaml")
    assert hub.requests == []  # the commit is here
    assert "4 judgments" in invoke("plan", "spec.yaml")  # the branch has moved


def test_the_rows_of_the_hub_are_those_of_the_file(hub: Hub):
    spec = harness.load_spec("spec.yaml")
    one = harness.run_spec(spec, cache="cache", results="one")
    Path("local").mkdir()
    Path("local/train.jsonl").write_bytes(rows(3))
    mapping = {**json.loads(json.dumps(one.spec)), "datasets": {"pairs": {"path": "local/train.jsonl"}}}
    other = harness.run_spec(harness.load_spec(mapping), cache="cache", results="two")
    digests = [run.manifest["datasets"]["pairs"]["digest"] for run in (one, other)]
    assert digests[0] == digests[1]


def test_validate_says_the_size_and_downloads_only_what_is_small(hub: Hub, monkeypatch):
    monkeypatch.setattr(first_look, "MAX_BYTES", 100)
    shown = invoke("validate", "spec.yaml")
    assert "not downloaded yet; `harness plan` downloads it" in shown
    assert not any("train.jsonl" in path for path in hub.downloads)
    monkeypatch.undo()


def test_validate_reports_problems_of_rows_and_of_the_spec(hub: Hub):
    hub.repositories["org/pairs"].commits.append({"train.jsonl": rows(2) + rows(1)})
    shown = invoke("validate", "spec.yaml", code=2)
    assert "hf://datasets/org/pairs/train:3: `id` `p0` occurs before" in shown
    Path("spec.yaml").write_text(SPEC.replace("strategy: [direct]", "strategy: [none]"))
    shown = invoke("validate", "spec.yaml", code=2)
    assert "occurs before" in shown
    assert "no strategy" in shown
    hub.requests.clear()
    invoke("validate", "spec.yaml", "--no-data", code=2)
    assert hub.requests == []


def test_a_spec_with_no_such_split_is_an_error_of_its_own(hub: Hub):
    Path("spec.yaml").write_text(SPEC.replace("pairs/train", "pairs/dev"))
    for verb in ("validate", "plan", "run"):
        shown = invoke(verb, "spec.yaml", code=2)
        assert "hf://datasets/org/pairs/dev: there is no split `dev`; it has `train`" in shown
    assert not Path("results").exists()


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("hf://org/pairs/train", "spec.yaml:5:17: datasets.pairs.path: `hf://org/pairs/train` is not an address"),
        ("https://huggingface.co/datasets/org/pairs", "write `hf://datasets/org/pairs/SPLIT`"),
    ],
)
def test_a_path_that_is_no_address_is_a_problem_of_the_spec(hub: Hub, path, words):
    Path("spec.yaml").write_text(SPEC.replace("hf://datasets/org/pairs/train", path))
    assert words in invoke("validate", "spec.yaml", code=2)
    assert hub.requests == []


def test_a_recording_on_the_hub_is_refused(hub: Hub):
    recorded = "{provider: recorded, path: 'hf://datasets/org/pairs/train', columns: {item: id, verdict: label}}"
    Path("spec.yaml").write_text(SPEC.replace("{provider: simulated}", recorded))
    assert "a recording is not read from the Hub; download the file" in invoke("validate", "spec.yaml", code=2)


def test_the_prompts_of_a_generation_come_from_the_hub(hub: Hub):
    Path("write.yaml").write_text(
        """
schema: 1
kind: generation
name: written
prompts: {asked: {path: "hf://datasets/org/pairs/train"}}
models: {writer: {provider: simulated}}
matrix: {prompts: [asked], generator: [writer], reviewer: [none, self], rounds: 2}
compare: {opponents: [writer], strategy: [direct], evaluator: [{judge: writer}]}
"""
    )
    invoke("run", "write.yaml")
    (folder,) = Path("results/written").iterdir()
    saved = json.loads((folder / "spec.json").read_text())
    assert saved["prompts"]["asked"]["path"] == f"hf://datasets/org/pairs@{commit_of(1)}/train"
    hub.requests.clear()
    invoke("run", "write.yaml", "--offline")
    assert hub.requests == []
