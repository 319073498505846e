"""`score: {by}` and `harness leaderboard --by`: slices through the command line."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.leaderboard.fit import GAP, fitted
from harness.leaderboard.slices import slice_summaries
from harness.leaderboard.view import Remarks
from harness.records.document import Document
from harness.spec.schema import check

ITEMS = 90
TOPICS = ("law", "math", "code")


def write_spec(folder: Path, name: str, score: str, count: int = ITEMS) -> None:
    rows = [
        {
            "id": f"i{k}",
            "prompt": f"Write about number {k}. It must mention: the mill; the boat {k}.",
            "response_a": "The mill." if k % 2 else f"The boat {k} and the mill.",
            "response_b": f"The mill and the boat {k}." if k % 2 else "Nothing.",
            "label": "b" if k % 2 else "a",
            "category": "x" if k < count // 2 else "y",
            "meta": {"topic": TOPICS[k % 3]},
            "level": k % 2,
        }
        for k in range(count)
    ]
    (folder / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / f"{name}.yaml").write_text(
        f"schema: 1\nname: {name}\nseed: 7\ndatasets:\n  pairs: {{path: data.jsonl}}\n"
        "models:\n  good: {provider: simulated, skill: 0.9}\n  poor: {provider: simulated, skill: 0.2}\n"
        f"matrix:\n  dataset: [pairs]\n  strategy: [direct]\n  evaluator:\n    - judge: [good, poor]\n{score}"
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("slices")
    write_spec(folder, "plain", "score: {resamples: 200}\n")
    write_spec(folder, "by", "score: {resamples: 200, by: [category, meta.topic, level]}\n")
    return folder


@pytest.fixture(autouse=True)
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)
    for name in ("plain", "by"):
        if not (folder / "results" / name).exists():
            assert harness("run", f"{name}.yaml").exit_code == 0


def harness(*arguments: str):
    return CliRunner().invoke(main, list(arguments))


@pytest.mark.whole
def test_spec_names_columns_and_the_run_shows_them():
    found = json.loads(harness("leaderboard", "by", "--format", "json").stdout)
    assert check(Document("", found), "leaderboard") == []
    assert [one["column"] for one in found["slices"]] == ["category", "meta.topic", "level"]
    topics = found["slices"][1]["cells"][0]["slices"]
    assert [(part["value"], part["n"]) for part in topics] == [("code", 30), ("law", 30), ("math", 30)]
    text = harness("leaderboard", "by").stdout
    assert "pairs by meta.topic" in text
    assert "accuracy vs rest" in text
    full = " ".join(harness("leaderboard", "by", "--wide", "--notes").stdout.split())
    assert "accuracy vs rest" in full
    assert "hold together at 95 %" in full


def test_slices_fit_into_80_columns_with_whole_names():
    board = json.loads(harness("leaderboard", "by", "--format", "json").stdout)
    for table in slice_summaries(board, Remarks()):
        forms = [form for _, form in fitted(table.fields, 80, may_shorten=True)]
        widths = [max(map(len, (form.header, *form.texts))) for form in forms]
        assert sum(widths) + GAP * (len(widths) - 1) <= 80
        assert set(forms[0].texts) == {"judge:good", "judge:poor"}


@pytest.mark.whole
def test_column_of_a_finished_run_is_shown_without_a_new_run():
    found = json.loads(harness("leaderboard", "plain", "--by", "category", "--format", "json").stdout)
    assert check(Document("", found), "leaderboard") == []
    stored = json.loads(harness("leaderboard", "plain", "--format", "json").stdout)
    assert {key: value for key, value in found.items() if key != "slices"} == stored
    by_spec = json.loads(harness("leaderboard", "by", "--format", "json").stdout)
    assert found["slices"] == by_spec["slices"][:1]


def test_runs_without_slices_keep_no_column_and_their_id():
    (plain,), (by,) = Path("results/plain").iterdir(), Path("results/by").iterdir()
    assert not [name for name in pl.read_parquet(plain / "items.parquet").columns if name.startswith("slice.")]
    assert "by" not in json.loads((plain / "spec.json").read_text())["score"]
    items = pl.read_parquet(by / "items.parquet")
    assert items["slice.level"].to_list()[:3] == ["0", "1", "0"]
    assert items["slice.meta.topic"].to_list()[:3] == list(TOPICS)


def test_markdown_and_csv_hold_the_slices():
    assert "### pairs by category" in harness("leaderboard", "plain", "--by", "category", "--format", "markdown").stdout
    rows = list(
        csv.DictReader(io.StringIO(harness("leaderboard", "plain", "--by", "category", "--format", "csv").stdout))
    )
    assert [row["slice"] for row in rows] == ["", "", "x", "y", "x", "y"]
    assert all(float(row["accuracy_low"]) <= float(row["accuracy"]) for row in rows)


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ("topic", "no values in a column `topic`.*score: {by: \\[topic\\]}"),
        ("categroy", "did you mean `category`"),
    ],
)
def test_unknown_column_is_an_error_with_a_fix(column: str, message: str):
    done = harness("leaderboard", "plain", "--by", column)
    assert done.exit_code == 2
    assert re.search(message, " ".join(done.stderr.split()))


def test_spec_with_a_column_that_cannot_be_sliced_is_invalid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    write_spec(tmp_path, "bad", "score: {by: [id, colour]}\n")
    done = harness("validate", "bad.yaml")
    assert done.exit_code == 2
    said = " ".join(done.output.split())
    assert "the column `id` has 90 values; slices are made of at most 50" in said
    assert "no dataset has a value in a column `colour`" in said
