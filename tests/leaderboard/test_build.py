"""Scores to a leaderboard, and its JSON."""

import json
from dataclasses import replace

import jsonschema
import numpy as np
import pytest

from harness.evaluators.voting import most_votes
from harness.hashing import rounded
from harness.leaderboard.build import leaderboard_json, make_leaderboard
from harness.leaderboard.notes import findings_on
from harness.records.experiment import Cell
from harness.records.judgments import Usage
from harness.scoring.score import score_dataset
from harness.statistics import multiplicity
from support.labelled import QUICK, Labelled, board_of, judge, labels, score, spec_of
from support.paths import SCHEMAS

CODES = labels(120)
GOOD, POOR = judge(CODES, 0.8, 1), judge(CODES, 0.3, 2)
SCHEMA = json.loads((SCHEMAS / "output/leaderboard.schema.json").read_text("utf-8"))


def models_of(board):
    return [row.score.cell.models[0] for row in board.rows]


def checked(board):
    """The board as JSON, after the schema agreed."""
    document = json.loads(json.dumps(leaderboard_json(board, "0a1b2c"), allow_nan=False))
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(document, SCHEMA)
    return document


def test_rows_are_best_first_undefined_last_and_equals_in_the_order_of_their_ids():
    ties = np.ones(120)
    board = board_of(
        score(Labelled(CODES, name="one"), {"poor": POOR, "same": GOOD, "good": GOOD}),
        score(Labelled(ties.astype(np.int8), name="two"), {"void": ties, "wrong": ties + 1}),
    )
    assert models_of(board) == ["good", "same", "poor", "void", "wrong"]  # all labels of the second are the same
    assert board.rows[-1].ranks["kappa"] is None
    assert board.metric == "kappa"
    assert board.rows[0].ranks["kappa"] == (1, 2)
    assert board.rows[2].ranks["kappa"] == (3, 3)
    checked(board)


def test_the_first_metric_of_the_spec_orders_the_rows():
    scoring = replace(QUICK, metrics=("accuracy", "kappa-ab"))
    group = score(Labelled(CODES), {"poor": POOR, "good": GOOD}, scoring)
    board = make_leaderboard(spec_of("poor", "good", scoring=scoring), [group])
    assert board.metric == "accuracy"
    assert list(board.rows[0].ranks) == ["accuracy", "kappa-ab"]
    document = checked(board)
    assert list(document["rows"][0]["metrics"]) == ["accuracy", "kappa-ab"]
    assert {"kappa", "accuracy.complete-case"} <= set(document["rows"][0]["companions"])


def test_json_keeps_the_contract():
    document = checked(board_of(score(Labelled(CODES), {"good": judge(CODES, 0.8, 1, failing=0.1), "poor": POOR})))
    assert {"run": "0a1b2c", "spec": "modes", "kind": "evaluation", "metric": "kappa"}.items() <= document.items()
    assert document["method"] == {"interval": "bootstrap", "resamples": 400, "level": 0.95, "seed": 7, "unit": "item"}
    row = document["rows"][0]
    assert row["cell"] == "fair/direct/judge:good"
    assert row["failures"].keys() == {"unparsed", "refused", "truncated", "unavailable"}
    assert sum(row["failures"].values()) > 0
    kappa = row["metrics"]["kappa"]
    assert kappa["low"] < kappa["value"] < kappa["high"]
    assert kappa["reason"] is None
    assert row["rank"] == kappa["rank"] == {"best": 1, "worst": 1}
    for figure in [*row["metrics"].values(), *row["companions"].values()]:
        assert {"n", "method", "seed", "low", "high", "unit", "resamples", "systems"} <= figure.keys()
        assert figure["systems"] == 2
    assert sum(map(sum, row["table"])) == row["n"] == sum(row["marginals"]["reference"].values())
    assert row["tokens"] == {"prompt": 1000, "completion": 10}
    assert document == rounded(document)


def test_undefined_is_null_with_a_reason():
    board = board_of(score(Labelled(np.zeros(40, dtype=np.int8)), {"m": np.zeros(40)}))
    row = checked(board)["rows"][0]
    assert row["metrics"]["kappa"]["value"] is None
    assert "chance" in row["metrics"]["kappa"]["reason"]
    assert row["rank"] is None
    assert row["metrics"]["accuracy"]["rank"] == {"best": 1, "worst": 1}


def test_methods_and_units_that_differ_between_datasets_are_mixed():
    single = score(Labelled(CODES, name="single"), {"m": GOOD})
    grouped = score(Labelled(CODES, np.arange(120) // 2, name="grouped"), {"m": GOOD})
    both = checked(board_of(single, grouped))["method"]
    assert (both["interval"], both["unit"]) == ("mixed", "mixed")
    alone = checked(board_of(grouped))["method"]
    assert (alone["interval"], alone["unit"], alone["resamples"]) == ("clustered", "cluster", 2000)
    assert checked(board_of(score(Labelled(CODES[:10]), {"m": GOOD[:10]})))["method"]["interval"] == "bootstrap"


def test_what_the_judgments_took_is_told():
    row = checked(board_of(score(Labelled(CODES), {"m": GOOD})))["rows"][0]
    assert (row["tokens"], row["calls"], row["cost_usd"]) == ({"prompt": 1000, "completion": 10}, 5, 0.0025)


def test_simulated_models_are_named_so():
    board = board_of(score(Labelled(CODES), {"m": GOOD}), provider="simulated")
    assert board.rows[0].is_simulated
    assert board.notes[0].startswith("simulated models: these figures describe the simulated world")
    assert not any("simulated" in note for note in board_of(score(Labelled(CODES), {"m": GOOD})).notes)


@pytest.mark.parametrize("members", [("simulated", "real"), ("real", "simulated")])
def test_a_jury_with_one_simulated_member_is_simulated(members):
    cells = [Cell("fair", "direct", "jury", members), Cell("fair", "direct", "judge", ("real",))]
    usage = [Usage(1, 1, 1, 0.0)] * 2
    group = score_dataset(cells, Labelled(CODES), np.column_stack([GOOD, POOR]), QUICK, 7, usage, [None] * 2)
    spec = spec_of("real")
    spec = replace(spec, models={**spec.models, **spec_of("simulated", provider="simulated").models})
    board = make_leaderboard(spec, [group])
    assert {row.score.cell.mode: row.is_simulated for row in board.rows} == {"jury": True, "judge": False}
    assert board.notes[0].startswith("simulated models:")


def test_a_leaderboard_without_intervals_has_no_resamples():
    method = checked(board_of(score(Labelled(CODES[:5]), {"m": GOOD[:5]})))["method"]
    assert (method["resamples"], method["unit"]) == (0, "item")


def note_with(words, *groups):
    """The only note with these words."""
    (note,) = (note for note in board_of(*groups).notes if words in note)
    return note


def test_what_cannot_be_told_from_the_best_is_said_with_what_could_be_found():
    near = judge(CODES, 0.75, 9)
    note = note_with("not distinguishable", score(Labelled(CODES), {"good": GOOD, "near": near, "poor": POOR}))
    assert note.startswith(
        "fair: not distinguishable from the best, direct/judge:good, by kappa at n = 120 "
        "(level 0.95, intervals simultaneous over all pairs): "
        "direct/judge:near, "
    )
    assert "this run could detect a loss of 0." in note
    assert "poor" not in note
    assert "equal" not in note
    assert not any("distinguishable" in n for n in board_of(score(Labelled(CODES), {"g": GOOD, "p": POOR})).notes)


def test_an_interval_of_what_was_not_found_holds_zero():
    rng = np.random.default_rng(2)
    many = {f"m{k}": judge(CODES, skill, k) for k, skill in enumerate(rng.uniform(0.4, 0.85, 12))}
    group = score(Labelled(CODES), many)
    contest = group.contests["kappa"]
    told = 0
    for one in contest.members:
        for other in contest.members[:one]:
            found = contest.held_against(one, other)
            assert found.is_distinguishable != (found.low <= 0 <= found.high)
            told += not found.is_distinguishable
    assert 0 < told < 66


def test_the_best_of_many_is_corrected_for_the_choice():
    many = {f"m{k}": judge(CODES, 0.5, k) for k in range(12)}
    board = board_of(score(Labelled(CODES, name="one"), many), score(Labelled(CODES, name="two"), {"good": GOOD}))
    document = checked(board)
    first, alone = document["winners"]
    assert (first["dataset"], first["cell"], first["metric"], first["tried"]) == (
        ("one", document["rows"][0]["cell"], "kappa", 12)
    )
    figure = document["rows"][0]["metrics"]["kappa"]
    assert first["value"] == figure["value"]
    assert figure["value"] - 0.2 < first["corrected"] < figure["value"]
    assert first["low"] < figure["low"]
    assert first["corrected"] < first["high"] == figure["high"]
    assert (first["method"], first["resamples"], first["seed"]) == ("hybrid", 0, None)
    assert (alone["tried"], alone["corrected"], alone["reason"]) == (1, None, "only one: nothing was chosen")
    (note,) = (note for note in board.notes if "best of K" in note)
    assert note.startswith(
        f"best of K = 12 on one: kappa {first['value']:.3f} is optimistic; corrected for the choice 0."
    )


@pytest.mark.parametrize(
    ("dataset", "judges", "reason"),
    [
        (Labelled(CODES[:19]), {"good": GOOD[:19], "poor": POOR[:19]}, "too few items or clusters"),
        (Labelled(np.full(30, -1, dtype=np.int8)), {"good": GOOD[:30], "poor": POOR[:30]}, "none has a value"),
    ],
)
def test_uncorrected_winner_has_a_reason(dataset, judges, reason):
    (winner,) = checked(board_of(score(dataset, judges)))["winners"]
    assert winner["corrected"] is None
    assert winner["reason"].startswith(reason)


def test_correction_resamples_whole_clusters():
    many = {f"m{k}": judge(CODES, 0.5, k) for k in range(6)}
    alone, paired = (
        checked(board_of(score(Labelled(CODES, clusters), many)))["winners"][0]
        for clusters in (None, np.arange(120) // 4)
    )
    assert alone["value"] == paired["value"]
    assert alone["corrected"] != paired["corrected"] < paired["value"]


def board_with_votes(votes, **cell):
    """The board of cells that asked several times."""
    named = [Cell("fair", "direct", "judge", (name,), **cell) for name in votes]
    columns = [np.asarray(cast, np.int8) for cast in votes.values()]
    outcomes = np.column_stack([most_votes(cast.T) for cast in columns])
    usage = [Usage()] * len(named)
    return board_of(score_dataset(named, Labelled(CODES), outcomes, QUICK, 7, usage, columns))


def test_flip_rates_are_noted_highest_first():
    first = np.column_stack([np.where(np.arange(120) < 40, 0, GOOD), np.where(np.arange(120) < 40, 2, GOOD)])
    board = board_with_votes({"steady": np.column_stack([GOOD, GOOD]), "swayed": first}, order="both")
    (note,) = (note for note in board.notes if "flip rate" in note)
    assert note == (
        "fair: flip rate, highest first: direct/judge:swayed/both 0.33 [0.26, 0.42] (40 of 120 items), first position "
        "favoured on 40 of 40 (p < 0.001); direct/judge:steady/both 0.00 [0.00, 0.03] (0 of 120 items)"
    )
    checked(board)


def test_self_agreement_is_noted_lowest_first():
    repeats = {f"m{k}": np.column_stack([judge(CODES, 0.3 + 0.1 * k, seed) for seed in (1, 2)]) for k in range(5)}
    board = board_with_votes(repeats, repeats=2)
    (note,) = (note for note in board.notes if "self-agreement" in note)
    assert note.startswith("fair: self-agreement, lowest first: direct/judge:m0/x2 0.")
    assert note.endswith("; and 2 more")


def test_copies_are_not_distinguishable_and_no_more_certain_than_the_items_allow():
    assert "good, difference +0.00 [−0.0" in note_with(
        "not distinguishable", score(Labelled(CODES), {"good": GOOD, "copy": GOOD})
    )


@pytest.mark.parametrize(
    ("words", "dataset", "outcomes"),
    [
        ("n = 19 is below 20: counts only", Labelled(CODES[:19]), GOOD[:19]),
        ("no reference labels", Labelled(np.full(30, -1, dtype=np.int8)), GOOD[:30]),
        ("30 of 120 items have no reference label", Labelled(np.where(np.arange(120) < 90, CODES, -1)), GOOD),
        ("intervals are cluster-robust: 120 items in 60 clusters", Labelled(CODES, np.arange(120) // 2), GOOD),
        ("12 clusters are worth fewer than 30 of one size", Labelled(CODES, np.arange(120) // 10), GOOD),
        ("6 clusters are fewer than 8: no intervals", Labelled(CODES, np.arange(120) // 20), GOOD),
        ("2 of 120 judgments failed (1 unparsed, 1 unavailable)", Labelled(CODES), np.append(GOOD[:118], [3, 6])),
        ("kappa of direct/judge:m has standard error 0", Labelled(CODES), np.zeros(120)),
    ],
)
def test_notes_tell_what_must_be_known(words, dataset, outcomes):
    assert note_with(words, score(dataset, {"m": outcomes})).startswith("fair: ")


def test_undefined_resamples_are_noted():
    codes = np.where(np.arange(25) < 24, 0, 2).astype(np.int8)
    group = score(Labelled(codes), {"m": codes}, replace(QUICK, interval="percentile"))
    assert "% of the resamples" in note_with("kappa is undefined", group)


def test_bonferronis_rule_is_noted(monkeypatch):
    monkeypatch.setattr(multiplicity, "MAX_PAIRS", 0)
    group = score(Labelled(CODES), {"good": GOOD, "poor": POOR}, replace(QUICK, metrics=("kappa",)))
    assert "Bonferroni" in note_with("too many pairs", group)


def test_a_dataset_without_cells_has_no_rows():
    group = replace(score(Labelled(CODES), {"m": GOOD}), scores=(), contests={}, winner=None)
    assert make_leaderboard(spec_of(), [group]).rows == ()


def test_rows_say_how_they_stand_to_the_best_by_each_metric():
    board = board_of(score(Labelled(CODES), {"poor": POOR, "good": GOOD}, replace(QUICK, margin=0.05)))
    best, other = checked(board)["rows"]
    assert best["metrics"]["kappa"]["difference"] is None
    assert "difference" not in best["companions"]["kappa.complete-case"]
    kappa, accuracy = (other["metrics"][name]["difference"] for name in ("kappa", "accuracy"))
    assert kappa["to"] == best["cell"]
    assert kappa["value"] == pytest.approx(other["metrics"]["kappa"]["value"] - best["metrics"]["kappa"]["value"])
    assert kappa["low"] < kappa["value"] < kappa["high"] < 0
    assert (kappa["is_distinguishable"], kappa["is_equivalent"], kappa["exact_p"]) == (True, False, None)
    assert 0 < accuracy["exact_p"] < 0.01


def test_equivalence_is_noted_only_with_a_margin():
    judges = {"good": GOOD, "near": np.where(np.arange(120) < 2, (GOOD + 1) % 3, GOOD)}
    told = board_of(score(Labelled(CODES), judges, replace(QUICK, margin=0.3))).notes
    (note,) = (note for note in told if "equivalent" in note)
    best = max(judges, key=lambda name: (judges[name] == CODES).mean())
    (other,) = set(judges) - {best}
    assert note == (
        f"fair: equivalent to the best, direct/judge:{best}, by kappa within the margin of ±0.3 (level 0.95, "
        f"intervals simultaneous over all pairs): direct/judge:{other}"
    )
    assert not any("equivalent" in note for note in board_of(score(Labelled(CODES), judges)).notes)


def test_held_out_estimate_is_noted():
    board = board_of(score(Labelled(CODES), {"good": GOOD, "poor": POOR}, replace(QUICK, holdout=0.5)))
    (winner,) = checked(board)["winners"]
    assert winner["held_out"]["cell"] == winner["cell"]
    (note,) = (note for note in board.notes if "held-out" in note)
    assert note.startswith("held-out estimate on fair: fair/direct/judge:good, chosen on 60 items, has kappa 0.")
    assert note.endswith("on the other 60")
    still = board_of(score(Labelled(CODES * 0), {"still": CODES * 0}, replace(QUICK, holdout=0.5)))
    assert any("held-out estimate on fair: undefined" in note for note in still.notes)
    checked(still)


def findings(judges, other, scoring=QUICK, metric="kappa", **options):
    return list(findings_on(score(Labelled(CODES, **options), judges, scoring), metric, other))


def test_every_cell_is_compared_with_a_baseline():
    near = judge(CODES, 0.75, 9)
    better, worse, same, *_ = findings({"best": CODES, "good": GOOD, "near": near, "poor": POOR}, 1)
    told = "(level 0.95, intervals simultaneous over all pairs): direct/judge:"
    assert better.startswith(f"fair: better than direct/judge:good by kappa at n = 120 {told}best, difference +")
    assert worse.startswith(f"fair: worse than direct/judge:good by kappa at n = 120 {told}poor, difference −")
    assert same.startswith(
        f"fair: not distinguishable from direct/judge:good by kappa at n = 120 {told}near, difference"
    )
    assert "this run could detect a loss of 0." in same


def test_equivalence_to_a_baseline_is_noted_only_with_a_margin():
    near = np.where(np.arange(120) == 5, 1, GOOD)
    judges = {"good": GOOD, "near": near, "poor": POOR}
    with_margin = findings(judges, 0, replace(QUICK, margin=0.1))
    assert any("equivalent to direct/judge:good by kappa within the margin of ±0.1" in one for one in with_margin)
    assert not any("equivalent" in one for one in findings(judges, 0))


def test_copies_of_a_cell_of_choice_are_not_distinguishable():
    assert "copy, difference +0.00 [−0.0" in findings({"good": GOOD, "copy": GOOD}, 0)[0]


def test_cell_that_cannot_be_compared_has_no_note():
    void = np.where(CODES == 1, 1, 1)
    found = findings({"void": void, "good": GOOD}, 0, replace(QUICK, metrics=("kappa-ab",)), "kappa-ab")
    assert not any(" than " in one and "level" in one for one in found)
