"""`harness correct` on a run of the smallest spec there is."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import orjson
import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.records.document import Document
from harness.spec.schema import check
from support.cli_folder import folder_with_starter_run
from support.readback import N, dataset, run_of
from support.readback import labels as labels_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return folder_with_starter_run(tmp_path_factory.mktemp("correct"))


@pytest.fixture(autouse=True)
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)


@pytest.fixture
def labels(tmp_path):
    """A file with labels of every third item, in words of its own."""
    (run,) = Path("results/mine").iterdir()
    (data,) = Path().glob("**/*.jsonl")
    rows = [orjson.loads(line) for line in data.read_bytes().splitlines()]
    assert (run / "items.parquet").is_file()
    path = tmp_path / "labels.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["question", "better"])
        writer.writerows([row["id"], ("one", "two")[k % 2]] for k, row in enumerate(rows) if k % 3 == 0)
    return path


READING = ["--column", "id=question", "--column", "label=better", "--value", "one=a", "--value", "two=b"]


def correct(*arguments):
    return CliRunner().invoke(main, ["correct", *arguments])


def test_labels_of_the_dataset_are_the_default():
    shown = correct("mine.yaml")
    assert shown.exit_code == 0, shown.output
    assert "win rate of" in shown.stdout
    assert "agreement with the labels" in shown.stdout
    assert "simulated world" in shown.stdout
    assert "every item has a human label" in shown.stdout
    assert "nan" not in shown.stdout.lower()
    assert correct("mine").stdout == shown.stdout


def test_json_output_matches_its_schema_with_own_and_other_labels(labels):
    for arguments in (["mine"], ["mine", "--labels", str(labels), *READING]):
        shown = correct(*arguments, "--json")
        assert shown.exit_code == 0, shown.output
        assert check(Document("", json.loads(shown.stdout)), "correct") == []
        assert correct(*arguments, "--json").stdout == shown.stdout


def test_agreement_with_own_labels_is_that_of_the_leaderboard():
    (dataset,) = json.loads(correct("mine", "--json").stdout)["datasets"]
    board = json.loads(CliRunner().invoke(main, ["leaderboard", "mine", "--format", "json"]).stdout)
    kept = {row["cell"]: row for row in board["rows"]}
    for cell in dataset["cells"]:
        for name, agreement in cell["agreement"].items():
            stored = kept[cell["cell"]]["metrics"][name]
            assert agreement["rank"] == stored["rank"]
            assert agreement["figure"].items() <= stored.items()


def test_partly_labelled_dataset_is_reported_as_such(labels):
    shown = correct("mine", "--labels", str(labels), *READING)
    assert shown.exit_code == 0, shown.output
    assert "random sample of all items" in shown.stdout
    assert f"labels from {labels}" in shown.stdout


def test_each_kind_of_error_in_the_label_file_is_one_line(labels):
    with labels.open("a") as file:
        file.write("nowhere,one\n")
    shown = correct("mine", "--labels", str(labels), *READING[:4])
    assert shown.exit_code == 2
    spelled, unknown = shown.stderr.splitlines()[:2]
    assert spelled.startswith(f"{labels}:2: `label` `one` is none of `a`, `tie`, `b`, and ")
    assert "other rows have a problem of this kind (3, 4, 5, " in spelled
    assert "--value WORD=LABEL" in spelled
    assert "`nowhere` is of no item" in unknown


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mine", "--column", "id=x"], "need --labels FILE"),
        (["mine", "--skip-unknown"], "need --labels FILE"),
        (["mine", "--labels", "x.csv", "--column", "ident=x"], "--column takes COLUMN=NAME with one of id, item"),
        (["mine", "--labels", "x.csv", "--column", "id"], "--column takes COLUMN=NAME"),
        (["mine", "--labels", "x.csv", "--value", "1"], "--value takes WORD=LABEL, such as `1=a`"),
        (["mine", "--labels", "x.csv"], "x.csv: cannot be read: no such file or directory"),
        (["nothing-like-it"], "nothing-like-it"),
    ],
)
def test_invalid_input_is_an_error(arguments, message):
    shown = correct(*arguments)
    assert shown.exit_code == 2
    assert message in shown.stderr
    assert "Traceback" not in shown.stderr


def test_several_annotators_may_have_a_column_each(tmp_path):
    (data,) = Path().glob("**/*.jsonl")
    rows = [orjson.loads(line) for line in data.read_bytes().splitlines()]
    path = tmp_path / "labels.jsonl"
    path.write_bytes(b"".join(orjson.dumps({"id": row["id"], "x": "a", "y": "b"}) + b"\n" for row in rows))
    shown = correct("mine", "--labels", str(path), "--column", "labels=x,y", "--json")
    (dataset,) = json.loads(shown.stdout)["datasets"]
    assert dataset["annotators"] == ["x", "y"]
    assert dataset["human"]["counts"] == {"won": 0, "tied": len(rows), "lost": 0}
    assert dataset["human"]["rates"]["dropped"]["reason"] == "every item is a tie"
    words = ["mine", "--labels", str(path), "--column", "labels=x,y"]
    assert "undefined: every item is a tie" in correct(*words, "--wide").stdout


def test_the_tables_fit_80_columns_and_wide_shows_the_others():
    short, wide = correct("mine").stdout, correct("mine", "--wide").stdout
    assert all(len(line) <= 80 for line in short.splitlines() if "[0." in line)
    assert "Bradley-Terry" not in short
    assert "--wide: counts" in short
    assert "win rate by other conventions of ties" in wide
    assert "--wide" not in wide


def test_run_of_an_older_format_must_be_repeated(tmp_path):
    old = tmp_path / "old"
    old.mkdir()
    (old / "manifest.json").write_text('{"format": 1, "run": "x", "cells": []}')
    shown = correct(str(old))
    assert shown.exit_code == 2
    assert "harness run" in shown.stderr


def printed_for(monkeypatch, *datasets):
    """What the verb prints of a run that is made up."""
    monkeypatch.setattr("harness.runner.run_reader.read_judged", lambda folder: run_of(*datasets))
    shown = correct("mine", "--wide")
    assert shown.exit_code == 0, shown.output
    return shown.stdout


@pytest.mark.parametrize("systems", [4, 6])
def test_strengths_have_a_column_for_each_model(monkeypatch, systems):
    rng = np.random.default_rng(2)
    names = [f"model-{k}" for k in range(systems)]
    models_a = rng.choice(names[1:-1], N).tolist()
    models_b = np.where(np.arange(N) % 8 == 0, names[0], rng.choice(names[1:-1], N)).tolist()
    models_b = np.where(np.arange(N) % 8 == 1, names[-1], models_b).tolist()
    truth = labels_of()
    truth[::8], truth[1::8] = 2, 0  # the first model always wins, the last one always loses
    lines = printed_for(monkeypatch, dataset({"x": truth}, truth, writers=(models_a, models_b))).splitlines()
    at = lines.index("Bradley-Terry strength of each model, in log-odds relative to the mean")
    assert (lines[at + 1].split()[0], lines[at + 1].split()[-1]) == (
        "model-0",
        "model-5" if systems == 6 else "model-3",
    )
    human, judge = lines[at + 2 : at + 4]
    assert human.split()[2:] == judge.split()[1:]
    assert (human.split()[2], human.split()[-1]) == ("+∞", "−∞")
    assert ("[" in human) == (systems == 4)


def test_failures_have_bounds_and_missing_labels_have_dashes(monkeypatch):
    truth = labels_of()
    failing = np.where(np.arange(N) % 10 == 0, 4, truth)
    shown = printed_for(monkeypatch, dataset({"x": failing, "y": np.full(N, 5)}, np.full(N, -1, np.int8)))
    assert re.search(r"direct/judge:x .*\] \(0\.\d\d–0\.\d\d\)", shown)
    assert "undefined: every judgment failed (0.00–1.00)" in shown
    assert "undefined: no human labels" in shown
    assert "agreement with" not in shown
    assert "nan" not in shown
