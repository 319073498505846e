"""Output in the encodings of other systems, as on Windows pipes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.paths import ROOT

ENCODINGS = ("cp1252", "latin-1", "gbk", "shift_jis", "cp437")
RUN = ROOT / "results" / "quickstart"


def harness(encoding: str, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "harness", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, env=environment, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encodings")
    row = {"id": "1", "prompt": "\u4f60\u597d \U0001f600", "response_a": "\u00e9", "response_b": "b", "label": "a"}
    (folder / "pairs.jsonl").write_text(json.dumps(row) + "\n")
    (folder / "spec.yaml").write_text(
        "schema: 1\nname: one\ndatasets: {pairs: {path: pairs.jsonl}}\nmodels: {m: {provider: simulated}}\n"
        "matrix: {dataset: [pairs], strategy: [direct], evaluator: [{judge: [m]}]}\n"
    )
    return folder


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_text_is_written_with_replacements(encoding: str, folder: Path) -> None:
    (run,) = RUN.iterdir()
    shown = harness(encoding, "leaderboard", str(run), cwd=folder)
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert "0.834 [0.728, 0.903]" in shown.stdout.decode(encoding)
    explained = harness(encoding, "explain", "spec.yaml", "judge:m", cwd=folder)
    assert (explained.returncode, explained.stderr) == (0, b"")


def test_characters_of_the_harness_have_ascii_replacements(folder: Path) -> None:
    (run,) = RUN.iterdir()
    text = harness("cp437", "leaderboard", str(run), cwd=folder).stdout.decode("cp437")
    assert "-0.077 [-0.257, +0.103]" in text
    assert "1-4" in text
    assert "?" in harness("cp437", "explain", "spec.yaml", "judge:m", cwd=folder).stdout.decode("cp437")


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
@pytest.mark.parametrize(
    "arguments",
    [("leaderboard", "RUN", "--format", "json"), ("explain", "spec.yaml", "judge:m", "--json"), ("schema", "plan")],
    ids=["leaderboard", "explain", "schema"],
)
def test_json_has_the_same_value_in_every_encoding(encoding: str, arguments: tuple[str, ...], folder: Path) -> None:
    (run,) = RUN.iterdir()
    words = [str(run) if word == "RUN" else word for word in arguments]
    expected = json.loads(harness("utf-8", *words, cwd=folder).stdout.decode())
    assert json.loads(harness(encoding, *words, cwd=folder).stdout.decode(encoding)) == expected


def test_errors_are_written_with_replacements(folder: Path) -> None:
    shown = harness("cp437", "validate", "\u4f60.yaml", cwd=folder)
    assert shown.returncode == 2
    assert b"?.yaml" in shown.stderr
