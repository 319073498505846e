"""What a run can find, from runs and from the simulated world."""

import json
from dataclasses import replace

import numpy as np
import pytest

from harness.analysis.power import wording as power_wording
from harness.analysis.power.detect import ONE_CELL, power_of_plan, power_of_run
from harness.analysis.power.document import detects, detects_json, power_json
from harness.analysis.power.figures import PowerQuestion
from harness.records.document import Document
from harness.scoring.estimates import NO_LABELS, TOO_FEW_CLUSTERS, TOO_FEW_ITEMS
from harness.scoring.pairwise import TOO_FEW_DRAWS
from harness.scoring.score import score_dataset
from harness.spec.schema import check
from support.readback import N, dataset, judge, labels, run_of
from support.worlds import item, plan_of

TRUTH = labels()
JUDGES = {f"m{k}": judge(TRUTH, 0.5 + 0.1 * k, k) for k in range(4)}


def made(judges=None, truth=TRUTH, ask=PowerQuestion(), **options):  # noqa: B008 - frozen
    return power_of_run(run_of(dataset(judges or JUDGES, truth, **options)), ask)


def only(found):
    """The metrics of the only dataset, by name."""
    (one,) = found.datasets
    return {metric.metric: metric for metric in one.metrics}


def document(found):
    said = json.loads(json.dumps(power_json(found), allow_nan=False))
    assert check(Document("", said), "power") == []
    return said


def test_at_its_own_size_a_run_finds_what_its_leaderboard_says():
    whole = dataset(JUDGES, TRUTH)
    run = run_of(whole)
    contests = score_dataset(whole.cells, whole, whole.outcomes, run.score, run.seed, whole.usage, whole.votes).contests
    found = power_of_run(run, PowerQuestion())
    assert (found.run, found.datasets[0].source, found.datasets[0].n) == (run.id, "pilot", N)
    for name, metric in only(found).items():
        held = contests[name].comparisons
        errors = held.errors[np.triu_indices(4, 1)]
        assert metric.error == pytest.approx((np.median(errors), errors.min(), errors.max()))
        assert metric.all_pairs.critical == held.critical
        for found_ in (metric.all_pairs.loss, metric.all_pairs.gain):
            assert (
                (held.critical + 0.84) * errors.min() * 0.8 < found_.value < (held.critical + 0.84) * errors.max() * 1.3
            )
            assert found_.low < found_.value < found_.high
        assert metric.one_pair.critical == pytest.approx(1.96, abs=0.01)
        assert (metric.measured, metric.design_effect, metric.reason) == (6, None, "")
    document(found)


@pytest.mark.parametrize("seed", [2, 6, 9])
def test_what_the_pilot_says_is_within_what_such_pilots_say(seed):
    truth = labels(seed=seed)[:60]
    judges = {f"m{k}": judge(truth, skill, 10 * seed + k) for k, skill in enumerate((0.0, 0.5, 0.75, 0.9, 0.9))}
    found = only(made(judges, truth, clusters=np.arange(60) // 3))
    reaches = [getattr(metric, way) for metric in found.values() for way in ("one_pair", "all_pairs")]
    ranges = [one for reach in reaches if reach for one in (reach.loss, reach.gain) if None not in (one.low, one.value)]
    assert len(ranges) >= 3
    for one in ranges:
        assert one.low <= one.value
        assert one.high is None or one.value <= one.high


def test_four_times_the_items_find_half_the_difference():
    own, more = (only(made(ask=PowerQuestion(n=n)))["kappa"] for n in (None, 4 * N))
    assert more.error == pytest.approx(tuple(error / 2 for error in own.error))
    assert more.one_pair.loss.value == pytest.approx(own.one_pair.loss.value / 2, rel=0.1)
    assert more.all_pairs.gain.value == pytest.approx(own.all_pairs.gain.value / 2, rel=0.1)


def test_what_an_effect_needs_is_what_finds_it():
    one = only(made(ask=PowerQuestion(effect=0.1)))["kappa"]
    for way in ("one_pair", "all_pairs"):
        reach = getattr(one, way).loss
        assert reach.n_needed == reach.units_needed > N
        assert reach.chance < 0.8
        then = getattr(only(made(ask=PowerQuestion(effect=0.1, n=reach.n_needed)))["kappa"], way).loss
        assert then.value == pytest.approx(0.1, rel=0.1)
        assert then.chance == pytest.approx(0.8, abs=0.02)
    assert one.one_pair.loss.n_needed < one.all_pairs.loss.n_needed
    document(made(ask=PowerQuestion(effect=0.1)))


def test_an_effect_that_is_easily_found_needs_the_fewest_items_there_can_be():
    assert only(made(ask=PowerQuestion(effect=0.99)))["accuracy"].one_pair.loss.n_needed in (None, 20)


def test_other_metrics_than_those_of_the_spec_can_be_asked_for():
    assert list(only(made(ask=PowerQuestion(metrics=("ac1", "kappa-ab"))))) == ["ac1", "kappa-ab"]


def test_clusters_are_the_units_and_tell_their_design_effect():
    repeated = {name: np.repeat(column[: N // 4], 4) for name, column in JUDGES.items()}
    found = made(repeated, np.repeat(TRUTH[: N // 4], 4), clusters=np.arange(N) // 4, ask=PowerQuestion(effect=0.1))
    one = only(found)["kappa"]
    assert (found.datasets[0].units, found.datasets[0].clustered) == (N // 4, True)
    assert one.design_effect == pytest.approx(4, rel=0.05)
    assert one.one_pair.loss.n_needed == 4 * one.one_pair.loss.units_needed
    alone = only(made({name: column[: N // 4] for name, column in JUDGES.items()}, TRUTH[: N // 4]))["kappa"]
    assert one.error == pytest.approx(alone.error, rel=0.05)
    assert one.all_pairs.critical == pytest.approx(alone.all_pairs.critical, rel=0.05)
    assert any("60 clusters" in note for note in found.notes)
    document(found)


TIES = np.ones(N, np.int8)


@pytest.mark.parametrize(
    ("judges", "truth", "options", "kappa", "accuracy"),
    [
        pytest.param({"m": TRUTH}, TRUTH, {}, ONE_CELL, ONE_CELL, id="one cell"),
        pytest.param(JUDGES, np.full(N, -1), {}, NO_LABELS, NO_LABELS, id="no labels"),
        pytest.param({"m": TRUTH[:1], "k": TRUTH[:1]}, TRUTH[:1], {}, TOO_FEW_ITEMS, TOO_FEW_ITEMS, id="n = 1"),
        pytest.param(JUDGES, TRUTH, {"clusters": np.zeros(N)}, TOO_FEW_CLUSTERS, TOO_FEW_CLUSTERS, id="one cluster"),
    ],
)
def test_what_is_undefined_says_why(judges, truth, options, kappa, accuracy):
    found = made(judges, truth, PowerQuestion(effect=0.1), **options)
    for name, reason in (("kappa", kappa), ("accuracy", accuracy)):
        metric = only(found)[name]
        assert reason in metric.reason
        assert (metric.error, metric.one_pair, metric.all_pairs) == (None, None, None)
    document(found)
    assert list(detects(found)) == [power_wording.cannot_detect("pairs", "kappa", only(found)["kappa"].reason)]
    assert detects_json(found)[0]["one_pair"] is None


def test_labels_that_are_all_the_same_leave_accuracy_alone():
    found = made({"m": TIES, "k": np.where(np.arange(N) % 2, 0, 1)}, TIES, PowerQuestion(effect=0.1))
    assert "all reference labels are the same" in only(found)["kappa"].reason
    assert only(found)["accuracy"].one_pair.loss.value > 0.05
    assert "kappa" in detects(found).__next__()
    document(found)


def test_a_small_pilot_says_that_it_is_the_pilot_that_is_small():
    found = made({name: column[:10] for name, column in JUDGES.items()}, TRUTH[:10], PowerQuestion(n=500))
    assert only(found)["kappa"].reason == power_wording.in_pilot(TOO_FEW_ITEMS)


def test_one_cell_with_a_value_is_no_pair():
    found = made({"m": TRUTH, "ties": TIES}, ask=PowerQuestion(metrics=("kappa-ab",)))
    assert only(found)["kappa-ab"].reason.startswith("the pilot says nothing: ")


def test_too_few_draws_leave_one_pair_alone():
    run = run_of(dataset(JUDGES, TRUTH))
    found = power_of_run(replace(run, score=replace(run.score, resamples=10)), PowerQuestion(effect=0.1))
    metric = only(found)["kappa"]
    assert (metric.all_pairs, metric.reason) == (None, TOO_FEW_DRAWS)
    assert metric.one_pair.loss.n_needed > 20
    document(found)


# --- plans ------------------------------------------------------------------------------------------------


def planned(tmp_path, ask=PowerQuestion(), **options):  # noqa: B008 - frozen
    return power_of_plan(plan_of(**options), tmp_path, ask)


def test_a_plan_without_a_run_is_simulated_and_says_so(tmp_path):
    found = planned(tmp_path, items=120)
    assert (found.run, found.datasets[0].source, found.datasets[0].cells) == (None, "simulated", 4)
    assert power_wording.SIMULATED_PILOT in found.notes
    kappa = only(found)["kappa"]
    assert kappa.error[0] == kappa.error[1] == kappa.error[2]
    assert 0.15 < kappa.one_pair.loss.value < kappa.all_pairs.loss.value < 0.45
    assert (kappa.one_pair.loss.low, kappa.one_pair.loss.high) == (None, None)
    assert found == planned(tmp_path, items=120)
    document(found)
    (sentence,) = detects(found)
    assert "by simulated judges" in sentence
    assert "all 6 pairs" in sentence
    assert detects_json(found)[0]["source"] == "simulated"


def test_more_cells_make_differences_harder_to_find(tmp_path):
    few, many = (
        only(planned(tmp_path, items=120, strategies=strategies))["kappa"]
        for strategies in (["direct"], ["direct", "independent-10", "combined-10"])
    )
    assert few.one_pair == many.one_pair
    assert few.all_pairs.critical == pytest.approx(few.one_pair.critical, rel=0.02)
    assert few.all_pairs.loss.value < many.all_pairs.loss.value


def test_data_without_labels_are_planned_as_if_each_item_had_one(tmp_path):
    plan = plan_of(items=[item(number) for number in range(90)])
    bare = plan.datasets["d"]
    bare.reference_codes = lambda: np.full(90, -1, np.int8)
    found = power_of_plan(plan, tmp_path, PowerQuestion())
    assert found.datasets[0].n == 90
    assert only(found)["kappa"].one_pair is not None


def test_clusters_of_a_plan_are_its_units(tmp_path):
    plan = plan_of(items=120)
    data = plan.datasets["d"]
    data.clustered, data.cluster_codes = True, lambda: np.arange(120) // 3
    found = power_of_plan(plan, tmp_path, PowerQuestion(n=240))
    assert (found.datasets[0].n, found.datasets[0].units) == (240, 80)
    assert only(found)["kappa"].design_effect is None
    document(found)
    data.cluster_codes = lambda: np.arange(120) // 30
    assert only(power_of_plan(plan, tmp_path, PowerQuestion()))["kappa"].reason == TOO_FEW_CLUSTERS


def test_a_metric_that_the_simulated_world_leaves_undefined_says_why(tmp_path):
    plan = plan_of(items=60)
    plan.datasets["d"].reference_codes = lambda: np.ones(60, np.int8)
    metric = only(power_of_plan(plan, tmp_path, PowerQuestion(metrics=("kappa-ab",))))["kappa-ab"]
    assert metric.reason
    assert metric.one_pair is None
