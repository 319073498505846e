"""Runs read back as columns: the same figures come out of the folder as went into it."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

import harness
from harness.errors import RunFolderError
from harness.hashing import rounded
from harness.records.datasets import SOFT_LABEL
from harness.records.experiment import ScoreSpec
from harness.records.judgments import OUTCOME_CODES, OUTCOMES, VERDICTS
from harness.records.label_set import VERDICT_LABELS, number_set
from harness.runner import run_reader
from harness.runner.run_reader import read_judged
from harness.scoring.score import score_dataset
from support.judged_runs import dataset

ROWS = [
    {"id": str(k), "prompt": f"p{k // 2}", "response_a": "x" * (k + 1), "response_b": f"yé{k}", "model_a": "m1"}
    | {"labels": [("a", "b", "tie", None)[(k + j) % 4] for j in range(3)]}
    for k in range(30)
]
SPEC = """\
schema: 1
name: kept
datasets:
  many: {path: many.jsonl}
  few: {path: many.jsonl, subset: {limit: 5}}
models:
  small: {provider: simulated, skill: 0.6, malformed_rate: 0.2}
  large: {provider: simulated}
matrix:
  dataset: [many, few]
  strategy: [direct]
  evaluator: [{judge: [small, large]}, {jury: {of: [small, large], sizes: [2]}}]
  order: [given, both]
score: {resamples: 300, metrics: [kappa, accuracy]}
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    (folder / "many.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    (folder / "spec.yaml").write_text(SPEC)
    return harness.run_spec(
        harness.load_spec(folder / "spec.yaml"), cache=folder / "cache", results=folder / "results", environment={}
    )


def test_items_are_kept_with_what_is_known_of_them(run):
    frame = run.items_frame()
    assert frame["dataset"].to_list() == ["many"] * 30 + ["few"] * 5
    assert frame["item"].to_list()[30:] == ["0", "1", "2", "3", "4"]
    assert frame.row(2, named=True) == {
        "dataset": "many",
        "item": "2",
        "content": frame["content"][32],
        "reference": frame["reference"][2],
        "labels": ["tie", None, "a"],
        "cluster": "2",
        "category": None,
        "model_a": "m1",
        "model_b": None,
        "length_a": 3,
        "length_b": 3,
    }
    assert frame["cluster"][3] == "2", "the same prompt"
    assert frame["content"].n_unique() == 30


def test_what_is_read_back_is_what_was_judged(run):
    judged = read_judged(run.folder)
    assert (judged.id, judged.spec_name, judged.seed) == (run.id, "kept", run.spec["seed"])
    assert judged.score.metrics == ("kappa", "accuracy")
    assert [data.name for data in judged.datasets] == ["many", "few"]
    cells = [entry["id"] for entry in run.manifest["cells"]]
    for data in judged.datasets:
        assert [cell.id for cell in data.cells] == [name for name in cells if name.startswith(f"{data.name}/")]
    frame = run.judgments_frame()
    for data in judged.datasets:
        assert data.outcomes.shape == (len(data), len(data.cells))
        for column, cell in enumerate(data.cells):
            rows = frame.filter(pl.col("cell") == cell.id)
            assert rows["item"].to_list() == data.ids()
            found = [OUTCOMES[code] for code in data.outcomes[:, column]]
            assert found == rows.select(pl.coalesce("verdict", "failure")).to_series().to_list()
    many = judged.datasets[0]
    assert many.clustered
    assert many.cluster_codes().tolist() == [k - k % 2 for k in range(30)]
    assert many.annotator_codes()[2].tolist() == [VERDICTS.index("tie"), -1, VERDICTS.index("a")]
    assert many.lengths()[4].tolist() == [5, 3]
    assert many.models_a[0] == "m1"
    assert many.models_b == many.categories == [None] * 30
    assert many.contents[:5] == judged.datasets[1].contents


def test_scores_of_what_is_read_back_are_those_of_the_run(run):
    judged = read_judged(run.folder, votes=True)
    rows = {row["cell"]: row for row in run.leaderboard["rows"]}
    for data in judged.datasets:
        found = score_dataset(data.cells, data, data.outcomes, judged.score, judged.seed, data.usage, data.votes)
        for score in found.scores:
            told = rows[score.cell.id]
            figures = {**told["metrics"], **told["companions"]}
            assert set(score.figures) == set(figures)
            for name, figure in score.figures.items():
                assert rounded(figure.value) == figures[name]["value"]
                assert rounded(figure.low) == figures[name]["low"]
            assert told["calls"] == score.usage.calls


def test_votes_come_only_where_they_are_wanted_and_there_are_any(run):
    cells = read_judged(run.folder).datasets[0]
    assert set(cells.votes) == {None}
    data = read_judged(run.folder, votes=True).datasets[0]
    cast = {cell.id: votes for cell, votes in zip(data.cells, data.votes, strict=True)}
    assert cast["many/direct/judge:small"] is None
    assert cast["many/direct/judge:small/both"].shape == (30, 2)
    assert np.array_equal(cast["many/direct/judge:small/both"][:, 0], data.outcomes[:, 0])


def test_a_part_is_chosen_by_a_mask_or_by_row_numbers(run):
    judged = read_judged(run.folder).datasets[0]
    wanted, columns = [7, 2, 11], [1, 0]
    mask = np.zeros(len(judged), bool)
    mask[wanted] = True
    for rows, expected in ((np.array(wanted), wanted), (mask, sorted(wanted)), (np.array([0]), [0])):
        part = judged.part(rows, columns)
        assert list(part.ids()) == [judged.ids()[row] for row in expected]
        assert part.cells == tuple(judged.cells[column] for column in columns)
        assert np.array_equal(part.outcomes, judged.outcomes[expected][:, columns])


def test_a_run_of_an_older_format_says_how_to_renew_it(run, tmp_path):
    import shutil

    old = tmp_path / "old"
    shutil.copytree(run.folder, old)
    manifest = json.loads((old / "manifest.json").read_text())
    (old / "manifest.json").write_text(json.dumps(manifest | {"format": 1}))
    with pytest.raises(RunFolderError, match="make the run again"):
        read_judged(old)


def test_a_run_of_a_newer_format_says_to_upgrade(run, tmp_path):
    import shutil

    newer = tmp_path / "newer"
    shutil.copytree(run.folder, newer)
    manifest = json.loads((newer / "manifest.json").read_text())
    (newer / "manifest.json").write_text(json.dumps(manifest | {"format": 3}))
    with pytest.raises(RunFolderError, match="has format 3, and this version of the harness reads up to 2; upgrade"):
        read_judged(newer)


def test_judgments_that_are_not_those_of_the_manifest_are_refused(run, tmp_path):
    import shutil

    bad = tmp_path / "bad"
    shutil.copytree(run.folder, bad)
    run.judgments_frame().slice(1).write_parquet(bad / "judgments.parquet")
    with pytest.raises(RunFolderError, match="does not hold the judgments"):
        read_judged(bad)


def test_judgment_without_votes_has_its_outcome_in_place_of_each():
    a, tie, b, unavailable = (OUTCOMES.index(name) for name in ("a", "tie", "b", "unavailable"))
    lists = pl.Series([["a", "b"], [], ["tie", "tie"]], dtype=pl.List(pl.String))
    votes = run_reader._votes(lists, np.array([a, unavailable, tie], np.int8), OUTCOME_CODES)
    assert votes.tolist() == [[a, b], [unavailable, unavailable], [tie, tie]]
    none = pl.Series([[], []], dtype=pl.List(pl.String))
    assert run_reader._votes(none, np.array([a, b], np.int8), OUTCOME_CODES) is None


def test_a_judgment_without_votes_has_its_outcome_in_place_of_each():
    outcomes = np.array([1, 3, 0], np.int8)
    assert run_reader._votes(pl.Series([["a"], [], ["tie"]]), outcomes, OUTCOME_CODES).tolist() == [[0], [3], [1]]
    assert run_reader._votes(pl.Series([["a", "b"], [], ["tie", "a"]]), outcomes, OUTCOME_CODES).tolist() == [
        [0, 2],
        [3, 3],
        [1, 0],
    ]
    assert run_reader._votes(pl.Series([[], []], dtype=pl.List(pl.String)), outcomes[:2], OUTCOME_CODES) is None


def test_verdicts_have_their_label_set_and_no_rankings(run):
    judged = read_judged(run.folder, votes=True)
    assert judged.label_set is VERDICT_LABELS
    assert [(one.rankings, one.ranking_votes) for one in judged.datasets] == [((), ())] * 2


def test_the_label_set_of_a_run_is_that_of_its_data():
    grades = number_set(1, 5)
    judged = run_reader.Judged(Path(), "id", "name", {}, 1, ScoreSpec(), (SimpleNamespace(label_set=grades),))
    assert judged.label_set is grades
    assert run_reader.Judged(Path(), "id", "name", {}, 1, ScoreSpec(), ()).label_set is VERDICT_LABELS


def test_a_run_without_a_kind_is_an_evaluation_and_every_other_kind_is_refused(run, tmp_path):
    import shutil

    other = tmp_path / "other"
    shutil.copytree(run.folder, other)
    manifest = json.loads((other / "manifest.json").read_text())
    for kind, is_read in (({}, True), ({"kind": "evaluation"}, True), ({"kind": "generation"}, False)):
        text = json.dumps({key: value for key, value in manifest.items() if key != "kind"} | kind)
        (other / "manifest.json").write_text(text)
        if is_read:
            assert read_judged(other).kind == "evaluation"
        else:
            with pytest.raises(RunFolderError, match="holds a generation, and this is for evaluations"):
                read_judged(other)


def hand_made(**more):
    """A dataset in which no two values are the same."""
    items = pl.DataFrame(
        {
            "item": ["w", "x", "y", "z"],
            "reference": ["a", None, "tie", "b"],
            "labels": [["a", "b"], [None, "tie"], ["tie"], []],
            "model_a": ["m1", "m2", None, "m3"],
            "model_b": ["n1", None, "n2", "n3"],
            "length_a": [1, 2, 3, 4],
            "length_b": [5, 6, 7, 8],
        },
        schema_overrides={"labels": pl.List(pl.String)},
    )
    kept = {
        "frame": items,
        "cells": ("c1", "c2", "c3"),
        "outcomes": np.arange(12).reshape(4, 3).astype(np.int8),
        "meanings": tuple({"k": name} for name in "abc"),
        "votes": (None, np.array([[1], [2], [3], [4]], np.int8), None),
        "usage": ("u1", "u2", "u3"),
        "probed": {"p": np.array([[9], [8], [7], [6]], np.int8)},
    }
    return run_reader.JudgedDataset("d", "x", ("one", "two"), clustered=False, **kept | more)


@pytest.mark.parametrize("rows", [np.array([2, 0]), np.array([True, False, True, False])])
def test_a_part_keeps_what_belongs_to_its_items_and_cells(rows):
    at = [2, 0] if rows.dtype != bool else [0, 2]
    texts = tuple([f"{name}{k}" for k in range(4)] for name in "pqr")
    part = hand_made(rankings=texts, ranking_votes=(None, [["v"], ["w"], ["x"], ["y"]], None)).part(rows, [2, 1])
    assert (part.cells, part.usage, part.meanings) == (("c3", "c2"), ("u3", "u2"), ({"k": "c"}, {"k": "b"}))
    assert part.outcomes.tolist() == [[3 * row + 2, 3 * row + 1] for row in at]
    assert part.votes[0] is None
    assert part.votes[1].tolist() == [[row + 1] for row in at]
    assert part.probed["p"].tolist() == [[9 - row] for row in at]
    assert [list(each) for each in part.rankings] == [[f"{name}{row}" for row in at] for name in "rq"]
    assert part.ranking_votes[0] is None
    assert list(part.ranking_votes[1]) == [["vwxy"[row]] for row in at]
    assert part.models_a == [["m1", None][row == 2] for row in at]
    assert part.models_b == [["n1", "n2"][row == 2] for row in at]
    assert part.lengths().tolist() == [[row + 1, row + 5] for row in at]
    assert (hand_made().part(rows, [0]).rankings, hand_made().part(rows, [0]).ranking_votes) == ((), ())


def test_labels_are_codes_and_those_that_are_missing_are_minus_one():
    found = hand_made()
    assert found.reference_codes().tolist() == [0, -1, 1, 2]
    assert found.annotator_codes().tolist() == [[0, 2], [-1, 1], [1, -1], [-1, -1]]
    assert found.soft_labels() is None
    assert found.opinions() == [None] * 4
    numbers = pl.DataFrame({"reference": ["3", None, "4.5"], "labels": [["3", "2"], [None], ["4.5", "5"]]})
    found = hand_made(frame=numbers, label_set=number_set(1, 5))
    assert found.reference_codes().tolist() == [0, -1, 0]
    assert found.annotator_codes().tolist() == [[0, 0], [-1, -1], [0, 0]]
    assert np.nan_to_num(found.numbers()).tolist() == [[3, 2], [0, 0], [4.5, 5]]


@pytest.mark.parametrize(
    ("labels", "expected"), [(None, None), ([None] * 3, None), ([0.5, None, 1.0], [0.5, np.nan, 1.0])]
)
def test_shares_of_annotators_are_there_where_an_item_has_one(labels, expected):
    bare = dataset([0, 1, 2], {"x": [0, 0, 0]})
    column = [] if labels is None else [pl.Series(SOFT_LABEL, labels, pl.Float64)]
    found = replace(bare, frame=bare.frame.drop(SOFT_LABEL, strict=False).with_columns(column)).soft_labels()
    assert found is None if expected is None else np.array_equal(found, expected, equal_nan=True)
