"""A run beside labels: what is put right, what is kept, and what must not matter."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from harness.analysis.correct.correct import correct, correct_dataset
from harness.analysis.correct.document import correction_json
from harness.analysis.correct.given_labels import LabelSource, NewLabels
from harness.analysis.correct.notes import homogeneity_p
from harness.records.document import Document
from harness.scoring.score import score_dataset
from harness.spec.schema import check
from support.readback import QUICK, N, dataset, judge, labels, run_of, some, word

TRUTH = labels()
JUDGES = {"good": judge(TRUTH, 0.9, 1), "poor": judge(TRUTH, 0.3, 2, failing=0.1)}


def made(judges=None, new=None, score=QUICK, **options):
    return correct_dataset(dataset(judges or JUDGES, TRUTH, **options), new or some(TRUTH), score, 7)


def document(found):
    said = correction_json(found)
    assert check(Document("", said), "correct") == []
    return said


def test_with_the_labels_of_the_run_agreement_is_that_of_its_scores():
    whole = dataset(JUDGES, TRUTH)
    scored = score_dataset(whole.cells, whole, whole.outcomes, QUICK, 7, whole.usage, whole.votes)
    found = correct(run_of(whole)).datasets[0]
    for at, cell in enumerate(found.cells):
        assert cell.score.figures == scored.scores[at].figures
        assert cell.ranks == {name: contest.rank_sets()[at] for name, contest in scored.contests.items()}
    assert found.human["half"].value == pytest.approx(np.mean(TRUTH == 2) + np.mean(TRUTH == 1) / 2)


def test_labels_that_came_later_replace_those_of_the_run():
    found = made()
    assert (found.labelled, found.items) == (60, N)
    assert {cell.score.n for cell in found.cells} == {60}
    assert found.human_counts == tuple(np.bincount(TRUTH[some(TRUTH).codes[:, 0] >= 0], minlength=3)[::-1])
    assert [sum(cell.counts) for cell in found.cells] == [N, N]
    good, poor = found.cells
    assert good.rates["half"].gain > poor.rates["half"].gain
    assert poor.counts[3] == int((JUDGES["poor"] > 2).sum())


def test_a_cell_s_figures_depend_on_no_other_cell():
    alone = made({"poor": JUDGES["poor"]}).cells[0]
    beside = made().cells[1]
    assert (beside.rates, beside.sign, beside.score.table) == (alone.rates, alone.sign, alone.score.table)
    assert beside.score.figures["kappa"].low == alone.score.figures["kappa"].low


def test_the_order_of_cells_changes_nothing():
    turned = made(dict(reversed(JUDGES.items())))
    assert [cell.rates for cell in reversed(turned.cells)] == [cell.rates for cell in made().cells]
    assert [cell.ranks for cell in reversed(turned.cells)] == [cell.ranks for cell in made().cells]


def test_swapping_the_responses_swaps_the_win_rates():
    turn = np.array([2, 1, 0, 3, 4, 5, 6], np.int8)
    judges = {name: turn[codes] for name, codes in JUDGES.items()}
    new = some(TRUTH)
    turned = made(judges, NewLabels(("human",), np.where(new.codes >= 0, 2 - new.codes, -1).astype(np.int8)))
    for one, other in zip(made().cells, turned.cells, strict=True):
        assert one.rates["half"].corrected.value + other.rates["half"].corrected.value == pytest.approx(1)
        assert one.rates["half"].power == pytest.approx(other.rates["half"].power)
        assert one.sign.value == other.sign.value


def test_two_models_are_named_wherever_they_stand():
    swapped = np.arange(N) % 2 == 1
    models_a, models_b = np.where(swapped, "new", "old").tolist(), np.where(swapped, "old", "new").tolist()
    turn = np.array([2, 1, 0, 3, 4, 5, 6], np.int8)
    judges = {name: np.where(swapped, turn[codes], codes) for name, codes in JUDGES.items()}
    new = some(TRUTH)
    turned = np.where(swapped[:, None] & (new.codes >= 0), 2 - new.codes, new.codes).astype(np.int8)
    found = made(judges, NewLabels(("human",), turned), writers=(models_a, models_b))
    assert (found.pairing.of, found.pairing.over) == ("new", "old")
    assert [cell.rates for cell in found.cells] == [cell.rates for cell in made().cells]
    assert found.strengths == ()


def test_more_models_have_strengths():
    rng = np.random.default_rng(4)
    models_a = rng.choice(["x", "y", "z"], N).tolist()
    models_b = rng.choice(["x", "y", "z"], N).tolist()
    found = made(writers=(models_a, models_b))
    assert {each.by for each in found.strengths} == {None, "pairs/direct/judge:good", "pairs/direct/judge:poor"}
    assert "the responses are by 3 models" in " ".join(found.notes)
    assert found.pairing.of == "response b"


def test_items_with_one_model_on_both_sides_are_left_out():
    models_a = ["old"] * N
    models_b = ["new"] * (N - 30) + ["old"] * 30
    found = made(writers=(models_a, models_b))
    assert "30 of 240 items with both responses by one model" in " ".join(found.notes)
    assert [sum(cell.counts) for cell in found.cells] == [N - 30] * 2
    assert {cell.score.items for cell in found.cells} == {N}  # agreement is that of all items


def test_clusters_are_the_units_of_all_intervals():
    clusters = np.arange(N) // 3
    found = made(clusters=clusters)
    labelled = len(np.unique(clusters[some(TRUTH).codes[:, 0] >= 0]))
    assert found.clusters == (80, labelled)
    assert found.human["half"].units == found.cells[0].rates["half"].corrected.units == labelled
    assert any(f"intervals are cluster-robust: 60 items in {labelled} clusters" in note for note in found.notes)
    document(correct(run_of(dataset(JUDGES, TRUTH, clusters=clusters))))


def test_several_annotators_are_made_one_by_majority():
    codes = np.stack([TRUTH, TRUTH, (TRUTH + 1) % 3], axis=1).astype(np.int8)
    assert made(new=NewLabels(("1", "2", "3"), codes)).human == made(new=NewLabels(("1",), TRUTH[:, None])).human


def test_labels_come_from_a_file(tmp_path):
    path = tmp_path / "labels.csv"
    rows = "".join(f"i{k},{word(TRUTH[k])}\n" for k in range(0, N, 4))
    path.write_text(f"id,label\n{rows}")
    run = run_of(dataset(JUDGES, TRUTH), dataset(JUDGES, TRUTH[::-1], name="others"))
    path.write_text(f"dataset,id,label\n{''.join(f'pairs,{row}' for row in rows.splitlines(keepends=True))}")
    found = correct(run, LabelSource(path))
    assert [each.labelled for each in found.datasets] == [60, 0]
    said = document(found)
    assert said["labels"] == str(path)
    assert said["datasets"][1]["cells"][0]["rates"]["half"]["corrected"]["reason"] == "no human labels"
    assert any("no item has a human label" in note for note in said["datasets"][1]["notes"])


def test_simulated_judges_are_told_of():
    assert correct(run_of(dataset(JUDGES, TRUTH))).notes == ()
    assert "simulated world" in correct(run_of(dataset(JUDGES, TRUTH), provider="simulated")).notes[0]


def only(at, code=0):
    """One label."""
    return NewLabels(("human",), np.where(np.arange(N) == at, code, -1).astype(np.int8)[:, None])


NO_EVALUATOR = NewLabels((), np.zeros((N, 0), np.int8))
TIES = np.ones(N, np.int8)


@pytest.mark.parametrize(
    ("judges", "new", "clusters"),
    [
        pytest.param(JUDGES, NO_EVALUATOR, None, id="no labels"),
        pytest.param(JUDGES, only(3), None, id="one label"),
        pytest.param(JUDGES, NewLabels(("human",), TIES[:, None]), None, id="all ties"),
        pytest.param({"constant": np.zeros(N)}, some(TRUTH), None, id="a constant judge"),
        pytest.param({"failing": np.full(N, 5)}, some(TRUTH), None, id="only failures"),
        pytest.param({"ties": TIES}, NewLabels(("human",), TIES[:, None]), None, id="ties and ties"),
        pytest.param(JUDGES, some(TRUTH), np.zeros(N, int), id="one cluster"),
        pytest.param(JUDGES, only(3), np.arange(N) // 2, id="one label in clusters"),
        pytest.param({}, some(TRUTH), None, id="no cells"),
    ],
)
def test_whatever_comes_the_answer_is_whole(judges, new, clusters):
    whole = dataset(judges, TRUTH, clusters=clusters)
    found = correct_dataset(whole, new, QUICK, 7)
    run = replace(correct(run_of()), datasets=(found,))
    said = document(run)  # NaN would be refused
    figures = list(said["datasets"][0]["human"]["rates"].values())
    for cell in said["datasets"][0]["cells"]:
        figures += [rate[part] for rate in cell["rates"].values() for part in ("judge", "corrected")]
    assert all(figure["reason"] for figure in figures if figure["value"] is None or figure["low"] is None)


def test_one_item_is_an_answer_too():
    whole = dataset({"judge": np.array([2])}, np.array([0]))
    (found,) = correct(run_of(whole)).datasets
    assert found.human["half"].value == 0
    assert "fewer than 20 items" in found.human["half"].reason
    document(correct(run_of(whole)))


def test_constant_judge_adds_no_information():
    notes = " ".join(made({"constant": np.zeros(N, np.int8), "good": JUDGES["good"]}).notes)
    assert "the verdicts of direct/judge:constant do not predict the labels: λ = 0" in notes


def test_biased_judge_is_noted():
    notes = " ".join(made(new=NewLabels(("human",), TRUTH[:, None])).notes)
    assert "the uncorrected rate is outside the corrected interval: direct/judge:poor" in notes
    assert "judge:good" not in notes


def test_evidence_against_a_random_sample_is_noted():
    first = NewLabels(("human",), np.where(np.arange(N) < 60, TRUTH, -1).astype(np.int8)[:, None])
    assert any("the labelled items are the first 60" in note for note in made(new=first).notes)
    assert not any("the first" in note or "may not be a random sample" in note for note in made().notes)
    won = NewLabels(("human",), np.where(JUDGES["good"] == 0, TRUTH, -1).astype(np.int8)[:, None])
    assert any("may not be a random sample: the verdicts of direct/judge:good" in note for note in made(new=won).notes)
    clusters = np.arange(N) // 2
    assert not any("may not be" in note for note in made(clusters=clusters).notes)
    assert any("may not be a random sample: the verdicts" in note for note in made(new=won, clusters=clusters).notes)


def test_labels_of_some_categories_or_lengths_alone_are_noted():
    """Judge and labels may agree on what was labelled: what the items are can still differ."""
    data = dataset(JUDGES, TRUTH)
    category = np.where(np.arange(N) % 4 == 0, "code", "essay")
    lengths = np.random.default_rng(3).integers(10, 900, N)
    facts = {"category": category.tolist(), "length_a": lengths}
    data = replace(data, frame=data.frame.with_columns(pl.Series(name, values) for name, values in facts.items()))

    def noted(rows):
        new = NewLabels(("human",), np.where(rows, TRUTH, -1).astype(np.int8)[:, None])
        return " ".join(correct_dataset(data, new, QUICK, 7).notes)

    assert "the categories differ from those of the other items" in noted(category == "code")
    assert "the lengths of response a differ from those of the other items" in noted(lengths > 700)
    assert "may not be a random sample" not in noted(np.random.default_rng(5).random(N) < 0.3)


def test_shares_of_outcomes_are_compared_as_scipy_would():
    from scipy.stats import chi2_contingency

    rng = np.random.default_rng(2)
    one, other = rng.choice(4, 80, p=[0.4, 0.2, 0.3, 0.1]), rng.choice(4, 400, p=[0.3, 0.2, 0.4, 0.1])
    counts = [np.bincount(codes, minlength=4) for codes in (one, other)]
    assert homogeneity_p(one, other) == pytest.approx(chi2_contingency(counts, correction=False).pvalue)
    assert homogeneity_p(one, one[:0]) == 1
    assert homogeneity_p(np.zeros(9, int), np.zeros(20, int)) == 1
    assert homogeneity_p(np.zeros(90, int), np.append(np.zeros(900, int), 5)) == 1  # too rare to tell


def test_random_labels_are_seldom_suspected():
    rng = np.random.default_rng(8)
    outcomes = rng.choice(3, 300, p=[0.5, 0.1, 0.4])
    found = []
    for _ in range(400):
        rows = rng.permutation(300)
        found.append(homogeneity_p(outcomes[rows[:40]], outcomes[rows[40:]]) < 0.05)
    assert np.mean(found) < 0.09
