"""Calls of every function of tables of counts: figures, errors, comparisons, plans.

`tests/statistics/test_recorded.py` keeps the results.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from harness.statistics import (
    agreement,
    alternative_annotator,
    among,
    annotators,
    classes,
    clustered,
    clusters,
    consistency,
    failures,
    intervals,
    label_planning,
    mcnemar,
    multinomial,
    multiplicity,
    pairs,
    planning,
    selection,
    slice_differences,
    win_rate,
)
from harness.statistics.pairs import Judgments, Statistic
from support.recorded import alike

N = 60
SHAPE = (3, 4)
TABLES = np.array([
    [[20, 3, 2, 1], [2, 5, 1, 0], [1, 2, 18, 5]], [[9, 0, 0, 0], [0, 4, 0, 0], [0, 0, 7, 0]],
    [[9, 2, 1, 3], [0, 0, 0, 0], [0, 0, 0, 0]], [[0, 0, 0, 5], [0, 0, 0, 2], [0, 0, 0, 1]],
    [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]], [[6, 0, 9, 0], [0, 0, 0, 0], [8, 0, 5, 2]],
    [[1, 7, 2, 1], [3, 1, 4, 1], [6, 1, 1, 2]],
], float)  # fmt: skip
TWO = np.array([[[12, 3, 1], [2, 9, 0]], [[0, 0, 4], [3, 8, 0]], [[5, 0, 0], [7, 0, 0]]], float)
FIVE = np.random.default_rng(2).integers(0, 6, (4, 5, 6)).astype(float)
ONE_ROW = np.array([[[9, 3, 5]], [[0, 0, 7]], [[4, 4, 4]]], float)
WINS = np.array([[9, 3, 5, 2], [0, 0, 7, 0], [0, 6, 0, 1], [0, 0, 0, 3], [30, 1, 0, 0]], float)
GROUPS = {"alone": None, "even": np.arange(N) // 3, "unequal": np.minimum(np.arange(N) ** 2 // 90, 25),
          "few": np.arange(N) // 20, "large": np.where(np.arange(N) < 35, 0, np.arange(N))}  # fmt: skip
RNG = np.random.default_rng(11)
ROWS = RNG.integers(0, 3, N)
COLUMNS = np.where(RNG.random((N, 4)) < [0.3, 0.5, 0.7, 0.7], ROWS[:, None], RNG.integers(0, 4, (N, 4)))
COLUMNS[:, 3] = np.where(np.arange(N) < 55, COLUMNS[:, 2], 1)
GROUPS["alike"] = alike(np.where(COLUMNS[:, 2] == ROWS, 1.0, 0.0) + (COLUMNS[:, 1] == ROWS))
LINEAR = agreement.linear_weights()
KAPPA = Statistic(lambda t: agreement.kappa(t, LINEAR), lambda t: agreement.kappa_influence(t, LINEAR), SHAPE)
ACCURACY = Statistic(agreement.accuracy, agreement.accuracy_influence, SHAPE)
F1 = Statistic(lambda t: classes.f1(t, 1), lambda t: classes.f1_influence(t, 1), SHAPE)
RATE = Statistic(
    lambda t: win_rate.win_rate(t[..., 0, :], "dropped"),
    lambda t: win_rate.influence(t[..., 0, :], "dropped")[..., None, :],
    (1, 4),
)
STATISTICS = {"kappa": KAPPA, "accuracy": ACCURACY, "f1": F1, "rate": RATE}
FIRST, SECOND = multiplicity.all_pairs(4)
PRIOR = np.array([[2 / 9] * 3 + [0.0]] * 3)
CODES = np.where(RNG.random((N, 4)) < 0.7, ROWS[:, None], RNG.integers(-1, 3, (N, 4))).astype(np.int8)
CODES[:6, 1:] = -1
DRAWS = RNG.integers(0, 5, (N, 3)).astype(np.int8)
OTHER_DRAWS = RNG.integers(0, 4, (N, 3)).astype(np.int8)


def judgments(statistic: Statistic, groups: Any) -> Judgments:
    """Four judges, the last of which copies the third but for five items."""
    return Judgments(ROWS if statistic.shape[0] > 1 else ROWS * 0, COLUMNS, groups)


def figures() -> Any:
    """Figures and influences of tables of 2, 3 and 5 classes, also of empty ones."""
    found: dict[str, Any] = {}
    for name, tables in (("two", TWO), ("three", TABLES), ("five", FIVE)):
        size, at = tables.shape[1], 1
        used = np.arange(size) != 1
        weights = [agreement.identity_weights(size), agreement.linear_weights(size), agreement.quadratic_weights(size)]
        kappas = [(agreement.kappa(tables, one), agreement.kappa_influence(tables, one)) for one in weights]
        every = {
            "kappa": kappas, "weights": weights, "total": agreement.total(tables),
            "ac1": [(agreement.ac1(tables, one), agreement.ac1_influence(tables, one)) for one in (None, used)],
            "accuracy": (agreement.accuracy(tables), agreement.accuracy_influence(tables)),
            "recall": (classes.recall(tables, at), classes.recall_influence(tables, at)),
            "precision": (classes.precision(tables, at), classes.precision_influence(tables, at)),
            "f1": (classes.f1(tables, at), classes.f1_influence(tables, at)),
            "balanced": (classes.balanced_accuracy(tables), classes.balanced_accuracy_influence(tables)),
            "alpha": (classes.ordinal_alpha(tables), classes.ordinal_alpha_influence(tables)),
            "failures": [one(tables) for one in (failures.complete_case, failures.all_right, failures.all_wrong)],
        }  # fmt: skip
        influence = agreement.kappa_influence(tables, weights[1])
        mask = np.ones_like(tables[0])
        mask[0] = 0
        among_some = agreement.influence_among(influence, tables, mask)
        errors = agreement.standard_error(tables, influence)
        found[name] = every | {"among": among_some, "errors": errors, "laid": agreement.laid_out(tables[:1])}
    return found


def paired(name: str) -> Any:
    """Errors and simultaneous comparisons of four judges, by the clusters of their items."""
    statistic, found = STATISTICS[name], dict[str, Any]()
    for kind, groups in GROUPS.items():
        given = judgments(statistic, groups)
        errors = pairs.paired_errors(statistic, given, FIRST, SECOND, 0.95)
        one = multiplicity.compare_pairs(statistic, given, FIRST[:3], SECOND[:3], resamples=400, seed=3, level=0.9)
        two = multiplicity.compare_pairs(statistic, given, FIRST[:1], SECOND[:1], resamples=400, seed=3)
        few = multiplicity.compare_pairs(statistic, given, FIRST, SECOND, resamples=10, seed=3)
        beyond = [each.p_beyond(0, 1, margin) for each in (one, two, few) for margin in (-0.1, 0.0, 0.05)]
        facts = [(each.method, each.pairs) for each in (one, two, few)]
        found[kind] = [errors, one, two, few.reach, beyond, facts]
    return found


def planned(name: str) -> Any:
    """Detectable differences of pairs of a pilot, in both directions."""
    statistic, found = STATISTICS[name], dict[str, Any]()
    joint = pairs.joint_counts(judgments(statistic, None), statistic.shape)
    cells = np.array([joint[:, one, :, other, :] for one, other in zip(FIRST, SECOND, strict=True)])
    worth, critical = np.linspace(20, 70, len(cells)), np.linspace(1.9, 2.6, len(cells))
    for direction in ("loss", "gain"):
        every = planning.alternatives(statistic, cells, direction)
        at = [every.at(effect) for effect in (0.02, 0.1, 0.3, 2.0)]
        chances = [one and one.chance(40.0, 2.1) for one in at]
        detectable = [every.detectable(*given) for given in ((worth, critical), (5.0, 3.0), (4000.0, 1.96))]
        units = [
            one and planning.units_for(one, start, lambda units: 0.8 * units, lambda units: 2.0 + 3 / units, fewest=8)
            for one in at
            for start in (3, 60)
        ]
        drawn = planning.redrawn(cells[0], 33.4, seed=4, redraws=40)
        found[f"{direction} of little"] = [
            planning.redrawn(cells[1], worth_, seed=4, redraws=9) for worth_ in (0.4, 1.2, 2.4)
        ]
        ranges = planning.alternatives(statistic, drawn, direction).detectable(30.0, 2.0)
        replaced = [planning.replaced(statistic, cells, direction, share) for share in (0.0, 0.3, 1.0, 1.4, 2.0)]
        errors = [every.test_error(9.0), every.surplus(9.0, 2.0)]
        found["equal"] = [
            planning.equal_critical(count, level=level, resamples=200, seed=3)
            for count in (1, 2, 3, 5)
            for level in (0.8, 0.95)
        ]
        found[direction] = [every, at, chances, detectable, units, drawn, planning.range_of(ranges), replaced, errors]
    return found


def own_intervals(name: str) -> Any:
    """Intervals of one judge's table, by clusters."""
    statistic, found = STATISTICS[name], dict[str, Any]()
    rows = judgments(statistic, None).rows
    places = rows[:, None] * statistic.shape[1] + COLUMNS
    prior = PRIOR if statistic.shape[0] == 3 else np.array([[1 / 3] * 3 + [0.0]])
    size = statistic.shape[0] * statistic.shape[1]
    for kind, groups in GROUPS.items():
        group = np.arange(N) if groups is None else groups
        worths = clustered.table_worths(places, group, statistic.shape, *statistic[:2], level=0.9)
        drawn = clustered.drawn_intervals(worths, [2, 0], statistic.value, prior=prior, level=0.9, seeds=[4, 5])
        given = statistic.shape, *statistic[:2]
        one = clustered.table_interval(places[:, 1], group, *given, prior=prior, level=0.95, seed=8)
        own = selection.Own(0.2, 0.9, 40.0, 25.0, 0.95, is_clustered=groups is not None)
        best = int(statistic.value(np.array([np.bincount(each, minlength=size) for each in places.T], float)
                                   .reshape(-1, *statistic.shape)).argmax())  # fmt: skip
        found[kind] = [worths, drawn, one, selection.correct_winner(statistic, places, groups, best, own, prior)]
        few, where = np.arange(4), np.arange(N) % 4
        none = slice_differences.slice_differences(statistic, places[:, 1], where, 3, groups, level=0.9, seed=2)
        found[kind] += [none, len(few)]
    return found


def table_intervals() -> Any:
    """Every kind of interval of single tables."""
    found = []
    for table in TABLES[[0, 1, 5, 6]]:
        for is_smoothed in (True, False):
            drawn = intervals.resampled_tables(table, smoothed=is_smoothed, resamples=600, seed=6)
            few = intervals.resampled_tables(table, smoothed=is_smoothed, resamples=50, seed=6)
            values = KAPPA.value(drawn)
            found += [drawn, few, intervals.percentile_interval(values, 0.9)]
            found.append(intervals.bca_interval(table, KAPPA.value, values, 0.95))
        found.append(intervals.turned_cells(table))
    nothing = np.array([np.nan, np.nan])
    some = np.array([3.0, np.nan, 1.0, 2.5, 7.0])
    found += [intervals.percentile_interval(one, 0.8) for one in (nothing, some, np.zeros(0), some[:1])]
    found += [intervals.quantiles(some[[0, 2, 3, 4]], 0.0, 0.1, 0.5, 0.77, 1.0), intervals.normal_quantile(0.9)]
    found += [intervals.bca_interval(TABLES[0], KAPPA.value, nothing, 0.9)]
    found += [intervals.bca_interval(TABLES[0], KAPPA.value, np.full(5, at), 0.9) for at in (-1.0, 1.0)]
    for interval in (intervals.Interval(0.2, 0.4, 0.1), intervals.NO_INTERVAL):
        found += [intervals.holding(interval, value) for value in (0.1, 0.3, 0.5)]
    found += [intervals.wald_interval(0.5, 0.1, each, (0.4, 0.63)) for each in (0.5, 1.2, 3.0)]
    found += [intervals.turned_cells(np.arange(48.0).reshape(3, 4, 4) % (7 - 2 * k), 3) for k in range(3)]
    return found


def designs() -> Any:
    """What the sizes of clusters allow, at each of its limits."""
    sizes = [np.zeros(0), np.ones(19), np.ones(20), np.full(7, 5.0), np.full(8, 5.0), np.array([30.0] + [1] * 20),
             np.array([40.0, 40, 40, 2, 1, 1, 1, 1, 1, 1]), np.arange(1.0, 12), np.repeat([1.0, 6], 10)]  # fmt: skip
    found = []
    for each in sizes:
        design = clusters.design_of(each)
        found.append([design, design.is_independent, design.is_worst_case, design.effective])
        if design.n:
            given = np.array([0.02, 0.004, 0.0, 0.3]), np.array([0.01, 0.006, 0.0, 0.002])
            powers = np.array([40.0, 9.0, 0.0, 300.0]), np.array([90.0, 30.0, 0.0, 9000.0])
            found.append(clusters.items_worth(*given, powers, each, 0.9))
    values = np.sin(np.arange(30.0))
    found += [clusters.clustered_error(values, groups, 30) for groups in (np.arange(30) // 4, np.zeros(30, int))]
    found += [clusters.clustered_error(values * 0, np.arange(30) // 4, 30), clusters.t_quantile(0.9, 7.5)]
    found.append(clusters.sizes_of(np.array([3, 3, 1, 9, 9, 9])))
    for one in ([0, 0, 1, 1, 2], [1, 1, 1], [], [0, 1, 1, 1, 0, 2, 2, 2]):
        for groups in (None, np.arange(len(one)) // 2):
            found.append(clusters.minority_clusters(np.array(one), groups))
    for groups in GROUPS.values():
        for bounds in ((0.0, 1.0), (-1.0, 1.0)):
            mean = RNG_VALUES if bounds[0] == 0 else 2 * RNG_VALUES - 1
            half = (mean + np.sort(mean)) / 2  # alike within clusters of neighbours
            found += [clustered.mean_interval(each, groups, bounds, 0.9) for each in (mean, mean * 0 + 1, half)]
    return [*found, clustered.mean_interval(np.zeros(0), None, (0.0, 1.0), 0.9)]


RNG_VALUES = np.random.default_rng(4).random(N)


def sampled() -> Any:
    """Draws of multinomials: few and many items, cells without a share, another order, no large cell."""
    shares = [np.array([0.5, 0.2, 0.0, 0.3]), np.full(12, 1 / 12), np.array([1.0, 0.0]), np.array([0.97, 0.03]),
              np.array([0.1, 0.4, 0.1, 0.4])]  # fmt: skip
    found = []
    for share in shares:
        # Not many items without a large cell: numpy's own draws of these differ between its versions.
        for items in (0, 1, 7, 300, *((5000, 100_001) if share.max() > 0.1 else ())):
            sizes = (499, 500, 3000) if items in (7, 5000) else (499, 500)
            found += [multinomial.draws(np.random.default_rng(3), items, share, size) for size in sizes]
    order = np.array([3, 1, 0, 2])
    out = np.empty((4, 700))
    multinomial.draws(np.random.default_rng(3), 40, shares[0], 700, order, out)
    return [*found, out, multinomial.draws(np.random.default_rng(3), 40, shares[4], 60_000, order)]


def raters() -> Any:
    """Agreement of people with each other, and of a judge with them."""
    found: list[Any] = []
    counts = [among.counts_of(CODES, 3), np.array([[3.0, 0], [3, 0]]), np.array([[1.0, 0], [0, 1]]), np.zeros((0, 3)),
              np.array([[2.0, 1, 0], [0, 3, 0], [1, 1, 1], [0, 2, 0]])]  # fmt: skip
    found += [(among.fleiss_kappa(one), among.krippendorff_alpha(one)) for one in counts]
    judged = COLUMNS[:, 2].astype(np.int8)
    for groups in GROUPS.values():
        group = np.arange(N) if groups is None else groups
        found.append(annotators.ceiling(judged, CODES, ACCURACY.value, group))
        found.append(annotators.ceiling(judged, CODES, KAPPA.value, group, split=0))
        found.append(alternative_annotator.alternative_test(judged, CODES, clusters=groups, level=0.9))
        found.append(alternative_annotator.alternative_test(judged, CODES[:33], clusters=None, epsilon=0.3)
                     if len(judged) == 33 else None)  # fmt: skip
    for items in (29, 30, 31, 45):
        found.append(alternative_annotator.alternative_test(judged[:items], CODES[:items], epsilon=0.3))
    found += [annotators.majority(CODES), annotators.majority(CODES, 3, 2), list(annotators.leave_one_out(CODES))]
    return [*found, annotators.ceiling(judged, CODES[:, :1], KAPPA.value, np.arange(N)),
            list(annotators.leave_one_out(CODES[:, :1]))]  # fmt: skip


def orders() -> Any:
    """Consistency between orders and repeats, and McNemar's counts."""
    given, swapped, collapsed = DRAWS[:, 0], OTHER_DRAWS[:, 0], np.where(DRAWS[:, 0] == OTHER_DRAWS[:, 0], 0, 1)
    found: list[Any] = [consistency.flips(given, swapped), consistency.first_slot_wins(given, swapped)]
    found += [consistency.made_ties(given, swapped, collapsed), consistency.disagreement_within(DRAWS, OTHER_DRAWS)]
    found += [consistency.disagreement_within(DRAWS, classes=5), consistency.disagreement_between(DRAWS, OTHER_DRAWS)]
    found += [consistency.wilson_interval(share, 17, 0.9) for share in (0.0, 0.2, 1.0)]
    found += [[consistency.even_chance_p(count, n) for count in range(n + 1)] for n in (0, 1, 5, 12)]
    found += [[mcnemar.exact_p(one, other) for one in range(4)] for other in (0, 2, 5)]
    return [*found, mcnemar.discordant(ROWS[:, None] == COLUMNS)]


def rates() -> Any:
    """Win rates of one system, by what a tie counts as."""
    found = []
    for ties in win_rate.TIES:
        found += [one(WINS, ties) for one in (win_rate.win_rate, win_rate.rests_on, win_rate.influence)]
        found += [win_rate.standard_error(WINS, ties), win_rate.failure_bounds(WINS[:, :3], WINS[:, 3], ties)]
        for counts in WINS[[0, 1, 2]]:
            for resamples in (90, 800):
                given = {"resamples": resamples, "level": 0.9, "seed": 5}
                found.append(win_rate.bootstrap_interval(counts, ties, **given))
        found.append(win_rate.bootstrap_interval(WINS[0], ties, resamples=90, level=0.9, seed=5, prior=0.0))
    found += [win_rate.of_b(WINS), win_rate.resampled_counts(np.zeros(3), resamples=9, seed=1)]
    found += [[win_rate.sign_test(wins, losses) for wins in (0, 3, 7)] for losses in (0, 4, 9_990, 10_000)]
    outcomes = RNG_OUTCOMES
    found += [win_rate.cluster_signs(outcomes, groups) for groups in GROUPS.values() if groups is not None]
    return found


RNG_OUTCOMES = np.random.default_rng(6).integers(0, 4, N).astype(np.int8)


def labels_planned() -> Any:
    """Further labels that an interval needs: uniform and stratified, few labels, clusters, numbers."""
    sizes, shares = np.array([120, 60, 40]), np.array([0.0, 0.2, 0.4])
    found: list[Any] = []
    for count in (0, 1, 2, 30):
        strata = np.arange(count) % 3
        human, error = (np.arange(count) % 2).astype(float), 0.6 * np.sin(np.arange(count))
        for is_stratified in (True, False):
            plan = label_planning.plan_of(strata, sizes, shares, stratified=is_stratified)
            found.append(plan)
            for width, unit in ((0.2, None), (0.12, None), (0.001, None), (0.3, 0.5)):
                wanted = label_planning.Wanted(width, 0.9, 3, unit)
                found += [label_planning.labels_needed(plan, human, error, wanted, effect) for effect in (1.0, 2.5)]
    return found


CALLS: dict[str, Callable[[], Any]] = {
    "figures of tables": figures, "intervals of single tables": table_intervals, "designs": designs,
    "multinomial draws": sampled, "raters": raters, "orders and repeats": orders, "win rates": rates,
    "labels planned": labels_planned,
    **{f"pairs by {name}": lambda name=name: paired(name) for name in STATISTICS},
    **{f"plans by {name}": lambda name=name: planned(name) for name in STATISTICS},
    **{f"intervals by {name}": lambda name=name: own_intervals(name) for name in STATISTICS},
}  # fmt: skip
