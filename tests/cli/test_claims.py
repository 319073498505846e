"""What a leaderboard, a comparison and a power analysis claim at the edges, through the command line."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from harness.cli import main

WORDS = {0: "A", 1: "Tie", 2: "B"}
LABELS = ("a", "tie", "b")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder, labels, judges, *, name="try", clusters=None, metrics="[kappa, accuracy]", score="", models=None):
    """A dataset, recorded verdicts of some judges and a spec."""
    pairs = [
        {"id": f"n{k}", "prompt": f"Question {k}.", "response_a": f"One {k}.", "response_b": f"Another {k}.",
         "label": LABELS[label], **({} if clusters is None else {"topic": f"t{clusters[k]}"})}
        for k, label in enumerate(labels)
    ]  # fmt: skip
    (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in pairs), "utf-8")
    replies = [
        {"dataset": "pairs", "item": f"n{k}", "strategy": "direct", "step": "judge", "model": judge,
         "text": f"Verdict: {WORDS[int(verdict)]}"}
        for judge, verdicts in judges.items()
        for k, verdict in enumerate(verdicts)
    ]  # fmt: skip
    (folder / "replies.jsonl").write_text("".join(json.dumps(row) + "\n" for row in replies), "utf-8")
    named = models or {judge: judge for judge in judges}
    lines = [f"  {one}: {{provider: recorded, path: replies.jsonl, model: {judge}}}" for one, judge in named.items()]
    grouped = "" if clusters is None else "    columns: {cluster: topic}\n"
    text = (
        f"schema: 1\nname: {name}\nseed: 1\ndatasets:\n  pairs:\n    path: pairs.jsonl\n{grouped}models:\n"
        + "\n".join(lines)
        + f"\nmatrix:\n  dataset: [pairs]\n  strategy: [direct]\n  evaluator: [{{judge: [{', '.join(named)}]}}]\n"
        + f"score: {{metrics: {metrics}, resamples: 999{score}}}\n"
    )
    (folder / f"{name}.yaml").write_text(text, "utf-8")
    return f"{name}.yaml"


def ran(*arguments, code=0):
    done = CliRunner().invoke(main, [str(one) for one in arguments])
    assert done.exit_code == code, done.output
    return done.stdout


def board(spec):
    """The leaderboard of a new run, its rows by model."""
    text = ran("run", spec)
    found = json.loads(ran("leaderboard", spec.removesuffix(".yaml"), "--format", "json"))
    return {row["models"][0]: row for row in found["rows"]}, found, " ".join(text.split())


@pytest.mark.slow
def test_equal_judges_on_lopsided_labels_are_not_told_apart(tmp_path):
    """Ten equal judges, labels 90/5/5, n = 40: told apart in 48 % of such worlds by the first edition."""
    false = worlds = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        labels = rng.choice(3, 40, p=[0.9, 0.05, 0.05])
        judges = {
            f"m{k}": np.where(rng.random(40) < 0.6, labels, rng.choice(3, 40, p=[0.9, 0.05, 0.05])) for k in range(10)
        }
        rows, _, _ = board(write(tmp_path, labels, judges, name=f"world{seed}", metrics="[kappa]"))
        ranks = [row["rank"] for row in rows.values() if row["rank"]]
        worlds += 1
        false += any(rank != {"best": 1, "worst": len(ranks)} for rank in ranks)
    assert worlds == 12
    assert false <= 1


def test_faultless_and_useless_have_different_ranks_and_the_gate_fails(tmp_path):
    labels = np.tile([0, 2], 20)
    judges = {"good": labels, "bad": 2 - labels}
    rows, _, said = board(write(tmp_path, labels, judges, name="both"))
    assert (rows["good"]["rank"], rows["bad"]["rank"]) == ({"best": 1, "worst": 1}, {"best": 2, "worst": 2})
    assert "not distinguishable" not in said
    for name, model in (("before", "good"), ("after", "bad")):
        ran("run", write(tmp_path, labels, judges, name=name, models={"judge": model}))
    ran("compare", "before.yaml", "after.yaml", "--fail-if-worse", "0.02", code=1)
    ran("compare", "after.yaml", "before.yaml", "--fail-if-worse", "0.02")


def test_a_gate_passes_where_the_loss_may_be_within_the_margin(tmp_path):
    labels = np.tile([0, 2], 60)
    worse = labels.copy()
    worse[:12] = 2 - worse[:12]
    judges = {"good": labels, "worse": worse}
    for name, model in (("before", "good"), ("after", "worse")):
        ran("run", write(tmp_path, labels, judges, name=name, models={"judge": model}, metrics="[accuracy]"))
    found = json.loads(ran("compare", "before.yaml", "after.yaml", "--json"))
    difference = found["comparisons"][0]["datasets"][0]["pairs"][0]["metrics"]["accuracy"]["difference"]
    assert difference["is_distinguishable"]
    assert difference["value"] == -0.1
    assert -0.1 < difference["high"] < -0.02
    ran("compare", "before.yaml", "after.yaml", "--fail-if-worse", "0.02", code=1)
    ran("compare", "before.yaml", "after.yaml", "--fail-if-worse", "0.08")


def test_labels_that_are_all_the_same_leave_kappa_undefined_and_accuracy_tells_judges_apart(tmp_path):
    labels = np.zeros(40, int)
    good, coin = np.where(np.arange(40) % 10 == 0, 2, 0), np.where(np.arange(40) % 2, 2, 0)
    spec = write(tmp_path, labels, {"good": good, "coin": coin}, score=", margin: 0.05")
    rows, found, said = board(spec)
    for row in rows.values():
        assert row["metrics"]["kappa"]["value"] is None
        assert row["metrics"]["kappa"]["reason"].startswith("all reference labels are the same")
        assert row["rank"] is None
    assert rows["coin"]["metrics"]["accuracy"]["difference"]["is_distinguishable"]
    assert rows["coin"]["metrics"]["accuracy"]["rank"] == {"best": 2, "worst": 2}
    assert not any("equivalent" in note or "could detect" in note for note in found["notes"])
    assert "0.00" not in said
    power = json.loads(ran("power", "try", "--effect", "0.2", "--json"))
    kappa, accuracy = power["datasets"][0]["metrics"]
    assert (kappa["one_pair"], kappa["all_pairs"]) == (None, None)
    assert "all reference labels are the same" in kappa["reason"]
    assert accuracy["one_pair"]["loss"]["n_needed"] > 20


def test_one_item_that_differs_tells_nothing_apart(tmp_path):
    labels = np.zeros(40, int)
    labels[0] = 2
    rows, found, _ = board(write(tmp_path, labels, {"right": labels, "near": np.zeros(40, int)}))
    kappa, accuracy = (rows["near"]["metrics"][name]["difference"] for name in ("kappa", "accuracy"))
    assert (kappa["low"], kappa["p_value"], kappa["is_distinguishable"]) == (None, None, False)
    assert kappa["reason"].startswith("only 1 of 40 items have another label than the most frequent one")
    assert accuracy["low"] < 0 < accuracy["high"]
    assert (accuracy["exact_p"], accuracy["is_distinguishable"]) == (1, False)
    assert any("not compared by kappa" in note and "compare by accuracy" in note for note in found["notes"])


@pytest.mark.slow
def test_judges_at_the_margin_are_not_called_equivalent(tmp_path):
    """Rare labels, a true difference at the margin: false in 33 to 80 % of such worlds by the first edition."""
    false = 0
    for seed in range(10):
        rng = np.random.default_rng(seed)
        labels = rng.choice([0, 2], 60, p=[0.9, 0.1])
        judges = {
            name: np.where(rng.random(60) < skill, labels, rng.choice([0, 2], 60, p=[0.9, 0.1]))
            for name, skill in (("one", 0.95), ("two", 0.85))
        }
        spec = write(tmp_path, labels, judges, name=f"world{seed}", metrics="[kappa]", score=", margin: 0.1")
        rows, _, _ = board(spec)
        false += any(
            (row["metrics"]["kappa"].get("difference") or {}).get("is_equivalent") or 0 for row in rows.values()
        )
    assert false <= 1


def test_a_faultless_judge_in_clusters_has_an_interval_below_one(tmp_path):
    """30 clusters of 2: shown as [1.000, 1.000] by the first edition."""
    labels = np.tile([0, 2, 1, 0, 2, 0], 10)
    rows, _, _ = board(write(tmp_path, labels, {"good": labels}, clusters=np.arange(60) // 2))
    for metric in ("kappa", "accuracy"):
        figure = rows["good"]["metrics"][metric]
        assert (figure["value"], figure["unit"], figure["units"]) == (1.0, "cluster", 30)
        assert 0.75 < figure["low"] < 0.97


@pytest.mark.slow
def test_the_best_of_many_keeps_its_interval_where_it_is_clearly_the_best(tmp_path):
    """One of 57 is clearly best: the first edition took away what the choice had not added."""
    rng = np.random.default_rng(4)
    labels = np.tile([0, 2], 30)
    judges = {f"m{k}": np.where(rng.random(60) < (0.95 if k == 9 else 0.6), labels, 2 - labels) for k in range(57)}
    rows, found, said = board(write(tmp_path, labels, judges, metrics="[accuracy]"))
    best, own = found["winners"][0], rows["m9"]["metrics"]["accuracy"]
    assert best["cell"].endswith("judge:m9")
    assert best["tried"] == 57
    assert best["corrected"] == pytest.approx(own["value"], abs=0.02)
    assert (best["low"], best["high"]) == (pytest.approx(own["low"], abs=0.03), pytest.approx(own["high"], abs=0.01))
    assert "corrected for choosing the best of 57" in said


def test_a_run_says_what_loss_and_gain_it_could_detect_from_a_good_baseline(tmp_path):
    """A gain is bounded by 1: of a judge that is right on 95 % no gain could be found, and that is said."""
    rng = np.random.default_rng(5)
    labels = np.tile([0, 2], 40)
    judges = {name: np.where(rng.random(80) < 0.95, labels, 2 - labels) for name in ("one", "other")}
    _, found, _ = board(write(tmp_path, labels, judges, metrics="[accuracy]"))
    (note,) = (note for note in found["notes"] if "not distinguishable" in note)
    assert "this run could detect a loss of 0.1" in note
    assert "and no gain" in note
    power = json.loads(ran("power", "try.yaml", "--json"))
    pair = power["datasets"][0]["metrics"][0]["one_pair"]
    assert 0.05 < pair["loss"]["value"] < 0.25
    assert pair["gain"]["value"] is None


def test_a_board_of_several_datasets_names_its_families(tmp_path):
    labels = np.tile([0, 2], 20)
    text = (tmp_path / write(tmp_path, labels, {"good": labels, "bad": 2 - labels})).read_text("utf-8")
    (tmp_path / "twice.yaml").write_text(
        text.replace("models:\n", "  again:\n    path: pairs.jsonl\nmodels:\n", 1)
        .replace("dataset: [pairs]", "dataset: [pairs, again]")
        .replace("name: try", "name: twice"),
        "utf-8",
    )
    replies = (tmp_path / "replies.jsonl").read_text("utf-8")
    with (tmp_path / "replies.jsonl").open("a", encoding="utf-8") as file:
        file.write(replies.replace('"dataset": "pairs"', '"dataset": "again"'))
    ran("run", "twice.yaml")
    notes = " ".join(ran("leaderboard", "twice.yaml", "--notes").split())
    assert "these 2 datasets are 2 such families, each with its own chance of a false claim" in notes
    ran("run", "try.yaml")
    assert "such families" not in ran("leaderboard", "try.yaml", "--notes")
