"""Runs compared on the items that they share."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.analysis.compare.matching import corresponding, partner_datasets, shared_items
from harness.analysis.compare.merging import merge
from harness.analysis.compare.pairs import compare
from harness.scoring.score import score_dataset
from support.judged_runs import SCORE, dataset, meaning, run
from support.labelled import judge, labels

CODES = labels(120)
GOOD, POOR, NEAR = judge(CODES, 0.8, 1), judge(CODES, 0.3, 2), judge(CODES, 0.75, 3)


def only(comparison):
    """The only pair of two runs."""
    ((pair,),) = (dataset.pairs for dataset in comparison.datasets)
    return pair


def compared(one, other, codes=CODES, **options):
    return only(
        compare(run("one", dataset(codes, {"m": one}, **options)), run("two", dataset(codes, {"m": other}, **options)))
    )


def test_the_difference_is_that_of_the_same_cells_in_one_run():
    both = dataset(CODES, {"poor": POOR, "good": GOOD})
    contest = score_dataset(both.cells, both, both.outcomes, SCORE, 7, both.usage, both.votes).contests["kappa"]
    value = contest.held_against(1, 0).value
    error = contest.comparisons.errors[contest.members.index(1), contest.members.index(0)]
    figure = compared(POOR, GOOD).figures["kappa"]
    assert figure.difference.value == pytest.approx(value)
    assert figure.n == figure.units == 120
    assert (figure.difference.high - figure.difference.value) / error == pytest.approx(1.96, abs=0.001)
    assert figure.difference.is_distinguishable
    assert figure.one < figure.other


def test_flips_are_counted_most_frequent_first_and_their_items_known():
    after = np.where(np.arange(120) < 7, (GOOD + 1) % 3, GOOD)
    pair = compared(GOOD, after)
    assert sum(flip.items for flip in pair.flips) == 7
    assert list(pair.flipped) == list(range(7))
    assert [flip.items for flip in pair.flips] == sorted((flip.items for flip in pair.flips), reverse=True)


def test_nothing_changed_is_not_called_a_difference():
    difference = compared(GOOD, GOOD).figures["kappa"].difference
    assert (difference.value, difference.p_value, difference.is_distinguishable) == (0, 1, False)
    assert difference.low < -0.02 < 0.02 < difference.high


@settings(max_examples=20)
@given(st.integers(0, 2**16), st.booleans())
def test_exchanged_runs_reverse_the_signs(seed, clustered):
    rng = np.random.default_rng(seed)
    codes, clusters = labels(60, seed), np.arange(60) // 3 if clustered else None
    sides = []
    for name in ("one", "two"):
        order = rng.permutation(60)
        judges = {
            model: judge(codes, skill, int(rng.integers(1000)))[order] for model, skill in (("x", 0.4), ("y", 0.7))
        }
        groups = None if clusters is None else clusters[order]
        sides.append(run(name, dataset(codes[order], judges, ids=[str(k) for k in order], clusters=groups)))
    there, back = compare(*sides), compare(*reversed(sides))
    for one, two in zip(there.datasets[0].pairs, back.datasets[0].pairs, strict=True):
        assert (one.one, one.other) == (two.other, two.one)
        for name, figure in one.figures.items():
            turned = two.figures[name].difference
            assert turned.value == pytest.approx(-figure.difference.value, abs=1e-12)
            assert turned.reason == figure.difference.reason
            if figure.difference.high is not None:  # else both judged alike
                assert turned.p_value == pytest.approx(figure.difference.p_value, abs=0.03)
                assert turned.low == pytest.approx(-figure.difference.high, abs=1e-9)
        assert {(flip.one, flip.other, flip.items) for flip in one.flips} == {
            (flip.other, flip.one, flip.items) for flip in two.flips
        }


words_ = st.sampled_from(["x", "y", "z"])
meanings = st.lists(
    st.builds(meaning, words_, strategy=words_, order=st.sampled_from(["given", "both"])), max_size=8, unique_by=str
)


@given(meanings, meanings)
def test_every_cell_is_in_one_pair_or_none_and_pairs_are_the_same_both_ways(ones, others):
    pairs = corresponding(ones, others)
    assert len({pair.one for pair in pairs}) == len({pair.other for pair in pairs}) == len(pairs)
    assert {(pair.other, pair.one, pair.changed) for pair in corresponding(others, ones)} == set(pairs)
    for pair in pairs:
        changed = [name for name in ones[pair.one] if ones[pair.one][name] != others[pair.other][name]]
        assert changed == ([pair.changed] if pair.changed else [])
    same = [one for one in ones if one in others]
    assert sum(not pair.changed for pair in pairs) == len(same)


def test_a_choice_among_several_near_cells_is_not_made():
    ones, others = [meaning("x")], [meaning("x", strategy="t"), meaning("x", strategy="u")]
    assert corresponding(ones, others) == []
    assert corresponding(ones, others[:1]) == [(0, 0, "strategy")]


def test_items_are_the_same_by_id_and_content():
    one = dataset(CODES[:4], {"m": GOOD[:4]}, contents=["p", "q", "r", "s"])
    other = dataset(CODES[:4][::-1], {"m": GOOD[:4]}, ids=["3", "2", "1", "0"], contents=["s", "other", "q", "p"])
    shared = shared_items(one, other)
    assert (shared.one.tolist(), shared.other.tolist()) == ([0, 1, 3], [3, 2, 0])
    assert shared.labelled.all()


def test_items_with_other_labels_are_counted_and_left_out():
    turned = np.where(np.arange(120) < 5, (CODES + 1) % 3, CODES)
    some = np.where(np.arange(120) < 9, -1, turned)
    shared = shared_items(dataset(CODES, {"m": GOOD}), dataset(turned, {"m": GOOD}))
    assert (shared.conflicts, shared.labelled.sum()) == (5, 115)
    shared = shared_items(dataset(CODES, {"m": GOOD}), dataset(some, {"m": GOOD}))
    assert (shared.conflicts, shared.labelled.sum()) == (0, 111)


def test_each_dataset_has_the_partner_that_shares_most_and_no_other():
    first, half = dataset(CODES, {"m": GOOD}, name="x"), dataset(CODES[:50], {"m": GOOD[:50]}, name="y")
    partners = partner_datasets([half, first], [first])
    assert {i: j for i, (j, _) in partners.items()} == {1: 0}


def test_unmatched_cells_have_a_reason():
    one = run(
        "one", dataset(CODES, {"m": GOOD, "p": POOR}), dataset(CODES, {"m": GOOD}, name="z", contents=["1"] * 120)
    )
    other = run(
        "two",
        dataset(CODES, {"m": GOOD, "q": POOR, "r": NEAR}),
        dataset(CODES, {"m": GOOD}, name="w", contents=["2"] * 120),
    )
    found = compare(one, other)
    reasons = {(cell.run, cell.cell): cell.reason for cell in found.unmatched}
    assert reasons["one", "z/direct/judge:m"] == "spec-two has no items of its dataset"
    assert reasons["two", "w/direct/judge:m"] == "spec-one has no items of its dataset"
    assert reasons["one", "fair/direct/judge:p"].startswith("no cell of spec-two is the same")
    assert set(reasons) == {
        ("one", "z/direct/judge:m"), ("two", "w/direct/judge:m"), ("one", "fair/direct/judge:p"),
        ("two", "fair/direct/judge:q"), ("two", "fair/direct/judge:r"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "codes", "clusters", "reason"),
    [
        (GOOD[:1], POOR[:1], CODES[:1], None, "fewer than 20 items"),
        (GOOD, POOR, np.full(120, -1), None, "have no reference labels"),
        (np.ones(120), np.ones(120), np.ones(120, int), None, "all reference labels are the same"),
        (GOOD, POOR, CODES, np.zeros(120, int), "fewer than 8 clusters"),
    ],
)
def test_undefined_figures_have_a_reason(one, other, codes, clusters, reason):
    difference = compared(one, other, codes, clusters=clusters).figures["kappa"].difference
    assert reason in difference.reason
    assert (difference.low, difference.p_value, difference.is_distinguishable) == (None, None, False)


def test_a_constant_judge_can_be_compared():
    figure = compared(np.zeros(120), GOOD).figures["kappa"]
    assert figure.one == 0
    assert figure.difference.is_distinguishable


def test_different_labels_and_missing_labels_have_different_reasons():
    turned = (CODES + 1) % 3
    found = compare(run("one", dataset(CODES, {"m": GOOD})), run("two", dataset(turned, {"m": GOOD})))
    assert "have different labels" in only(found).figures["kappa"].difference.reason


def test_too_few_resamples_are_a_reason():
    score = replace(SCORE, resamples=100, level=0.9999)
    sides = [
        run(name, dataset(CODES, {"m": column, "k": NEAR}), score=score)
        for name, column in (("one", GOOD), ("two", POOR))
    ]
    (part,) = compare(*sides).datasets
    assert all("too few resamples" in pair.figures["kappa"].difference.reason for pair in part.pairs)


def test_only_metrics_of_both_are_compared():
    one = run("one", dataset(CODES, {"m": GOOD}), score=replace(SCORE, metrics=("ac1", "kappa")))
    other = run("two", dataset(CODES, {"m": POOR}), score=replace(SCORE, metrics=("kappa", "accuracy")))
    assert list(only(compare(one, other)).figures) == ["kappa"]


def test_merging_keeps_each_cell_once_and_every_interval():
    one = dataset(CODES, {"good": GOOD, "poor": POOR})
    other = dataset(CODES, {"good": GOOD, "near": NEAR})
    (merged,) = merge([run("one", one), run("two", other)])
    assert [(name, score.cell.models[0]) for name, score in zip(merged.runs, merged.scores.scores, strict=True)] == [
        ("one", "good"), ("one", "poor"), ("two", "near"),
    ]  # fmt: skip
    alone = score_dataset(one.cells, one, one.outcomes, SCORE, 7, one.usage, one.votes)
    for was, now in zip(alone.scores, merged.scores.scores, strict=False):
        for name, figure in was.figures.items():
            assert replace(now.figures[name], systems=figure.systems) == figure
    assert merged.order("kappa")[-1] == 1
    assert merged.ranks("kappa")[1].best == 3


def test_merging_rests_on_the_items_that_all_share():
    first = run("one", dataset(CODES, {"m": GOOD}))
    some = run("two", dataset(CODES[40:], {"m": GOOD[40:]}, ids=[str(k) for k in range(40, 120)]))
    (merged,) = merge([first, some])
    assert merged.scores.scores[0].n == 80
    assert len(merged.runs) == 1, "the same cell, with the same outcomes"
    assert merge([first, run("two", dataset(CODES, {"m": GOOD}, contents=["other"] * 120))]) == []


def test_cells_that_mean_the_same_but_answered_otherwise_stay_apart():
    (merged,) = merge([run("one", dataset(CODES, {"m": GOOD})), run("two", dataset(CODES, {"m": POOR}))])
    assert merged.runs == ("one", "two")
