"""Calls of every function of columns of numbers: correlations, corrections, rankings, regressions, tests.

`tests/statistics/test_recorded.py` keeps the results.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from harness.statistics import (
    bradley_terry,
    changed,
    concordance,
    holdout,
    interaction,
    length_controlled,
    multiplicity,
    number_agreement,
    number_intervals,
    prediction_powered,
    rank_coefficients,
    rankings,
    ranks,
    rate_differences,
    regression,
    rogan_gladen,
    selection,
    sequential,
    signs,
    soft,
    soft_pairs,
    win_rate,
)
from harness.statistics import inverse_probability as weighted
from harness.statistics import sampling as samples
from harness.statistics.intervals import NO_INTERVAL, Interval
from support.recorded import alike

N = 60
GROUPS = {"alone": None, "even": np.arange(N) // 3, "unequal": np.minimum(np.arange(N) ** 2 // 90, 25),
          "few": np.arange(N) // 20, "large": np.where(np.arange(N) < 35, 0, np.arange(N))}  # fmt: skip
RNG = np.random.default_rng(12)
X = RNG.normal(3, 2, N)
Y = 0.6 * X + RNG.normal(0, 1, N)
COARSE = np.round(Y)
P = np.clip(RNG.random(N), 0.01, 0.99)
TRUTH = np.round(np.clip(P + RNG.normal(0, 0.3, N), 0, 1) * 2) / 2
IS_A = TRUTH > 0.4
OUTCOMES = RNG.integers(0, 4, N).astype(np.int8)
LABELS = np.where(RNG.random(N) < 0.6, np.minimum(OUTCOMES, 2), RNG.integers(0, 3, N)).astype(np.int8)
SOME = np.where(np.arange(N) % 3 == 0, -1, LABELS).astype(np.int8)
STRATA = np.arange(N) // 25
GROUPS |= {"alike": alike(Y - X), "near": alike(np.abs(P - TRUTH))}
COLUMNS = {"small": (X / 1000, Y / 1000), "plain": (X, Y), "ties": (np.round(X), COARSE), "alike": (X, 2 * X),
    "opposite": (X, -X),
           "few": (X[:3], COARSE[:3])}  # fmt: skip


def correlations() -> Any:
    """Coefficients of two columns of numbers, and their intervals by clusters."""
    found: dict[str, Any] = {}
    functions = (number_agreement.pearson, number_agreement.spearman, number_agreement.kendall,
                 number_agreement.icc_agreement, number_agreement.icc_consistency)  # fmt: skip
    without = (number_agreement.pearson_without, number_agreement.icc_agreement_without,
               number_agreement.icc_consistency_without)  # fmt: skip
    for name, (x, y) in COLUMNS.items():
        every = [one(x, y) for one in functions]
        left_out = [one(x, y) for one in without] if len(x) > 3 else []
        found[name] = [every, left_out, concordance.concordance(x, y)]
        if len(x) < N:
            continue
        for kind, groups in GROUPS.items():
            ends = [number_intervals.correlation_interval(*one, groups, 0.9) for one in every]
            ends += [number_intervals.correlation_interval(*one, groups, 0.9, without=each)
                     for one, each in zip((every[0], every[3], every[4]), left_out, strict=True)]  # fmt: skip
            found[f"{name} {kind}"] = ends
    columns = [np.array(one) for one in ([], [1.0], [2.0, 2.0], [2.0, 2.0 + 1e-11], [2.0, 2.1], [0.0, 0.0])]
    found["constant"] = [number_agreement.is_constant(one) for one in columns]
    found["places"] = concordance.below_in_both(np.arange(9) % 4, np.arange(9) % 5)
    return found


def means() -> Any:
    """Intervals of means and of roots of means, and errors of influences."""
    found: list[Any] = []
    gaps, squares = Y - X, np.square(Y - X)
    for groups in GROUPS.values():
        influence = (gaps - gaps.mean()) / N
        found += [number_intervals.error_of(influence, groups, 0.9), number_intervals.tail_degrees(influence)]
        found.append(number_intervals.error_of(influence * 0, groups, 0.9))
        for is_positive in (True, False):
            for one, value in ((influence, float(gaps.mean())), (influence * 0, 0.0), (influence, 0.3)):
                given = {"unit": 4.0, "is_positive": is_positive}
                found.append(number_intervals.mean_interval(value, one, groups, 0.9, **given))
        found += [number_intervals.root_interval(one, groups, 0.9, unit=4.0) for one in (squares, squares * 0)]
        found += [soft.mean_t_interval(one, groups, 0.9) for one in (gaps, gaps * 0 + 1)]
    found += [number_intervals.tail_degrees(one) for one in (np.zeros(5), np.array([1.0, -1, 0, 0]), X[:5])]
    found += [number_intervals.error_of(X[:19] / 400, None, 0.9), soft.mean_t_interval(X[:1], None, 0.9)]
    return found


def probabilities() -> Any:
    """Scores of probabilities, their intervals, and differences of judges."""
    found: list[Any] = [
        soft.brier(P, TRUTH),
        soft.log_losses(P, TRUTH),
        soft.log_losses(np.array([0.0, 1.0, 1e-7]), TRUTH[:3]),
    ]
    edges = np.array([0.0, 0.1, 0.1000001, 0.5, 0.95, 1.0])
    found += [
        soft.bin_of(edges),
        soft.bin_of(edges, 3),
        soft.calibration_error(P, TRUTH),
        soft.calibration_error(P, TRUTH, 4),
    ]
    separate = np.where(IS_A, P + 2, P)
    for p in (P, np.round(P, 1), separate, -separate):
        area = soft.auc(p, IS_A)
        found += [area, *(soft.auc_interval(*area, IS_A, groups, 0.9) for groups in GROUPS.values())]
    influences = np.column_stack([soft.brier(P, TRUTH), soft.brier(P[::-1], TRUTH), soft.brier(TRUTH, TRUTH)])
    values = influences.mean(axis=0)
    scaled = (influences - values) / N
    first, second = multiplicity.all_pairs(3)
    for groups in GROUPS.values():
        found += [
            soft.calibration_error_interval(P, TRUTH, groups, level, 4, bins) for level, bins in ((0.9, 10), (0.5, 3))
        ]
        errors = soft_pairs.influence_errors(values, scaled, groups, first, second, unit_error=0.5, level=0.9)
        none = soft_pairs.influence_errors(values, scaled, groups, first[:0], second[:0], unit_error=0.5, level=0.9)
        found += [errors, none, multiplicity.simultaneous(errors, first, second, resamples=300, seed=2)]
        own = selection.Own(-0.2, 0.9, 40.0, 25.0, 0.9, is_clustered=groups is not None)
        for best in (0, 2):
            found.append(selection.correct_figure_winner(-values, scaled, groups, best, own, 0.5))
            found.append(selection.correct_mean_winner(1 - influences, groups, best, own, (0.0, 1.0)))
    tied = np.column_stack([P, P, P, P[::-1]])
    found.append(selection.correct_mean_winner(tied, None, 1, own._replace(is_clustered=False), (0.0, 1.0)))
    found.append(selection.correct_mean_winner(tied, None, 1, own._replace(low=0.99, high=1.0), (0.0, 1.0)))
    return found


def families() -> Any:
    """Corrections of many p-values, rank sets, and laws of the largest difference."""
    p = np.array([0.001, 0.04, 0.03, 0.5, 0.03, 0.9])
    found: list[Any] = [multiplicity.holm(p), multiplicity.benjamini_hochberg(p), multiplicity.holm(p[:0])]
    found.append(multiplicity.benjamini_hochberg(p[:0]))
    alphas = (0.01, 0.05, 0.2, 0.9)
    found += [multiplicity.rejected_over_families([p, p[:0], p[3:], p[:1]], alpha) for alpha in alphas]
    covariance = np.cov(np.column_stack([X, Y, COARSE, X * 0]), rowvar=False)
    first, second = multiplicity.all_pairs(3)
    found.append(multiplicity.triangular_factor(covariance))
    for draws in (5, 19, 20, 600):
        law = multiplicity.CriticalLaw.of(covariance, first, second, resamples=draws, seed=3)
        found += [law, law.method, [law.critical(level) for level in (0.5, 0.8, 0.9, 0.95, 0.99)]]
        found.append(law.p_values(np.array([0.0, 1.0, 2.0, 9.0])))
    for pairs in (0, 1, 20_001):
        law = multiplicity.CriticalLaw(pairs, None)
        found += [law.method, law.critical(0.9), law.p_values(np.array([0.0, 2.0, 5.0]))]
    many = multiplicity.all_pairs(202)
    found.append(multiplicity.CriticalLaw.of(np.eye(202), *many, resamples=5, seed=1).maxima is None)
    wide = multiplicity.all_pairs(40)
    found.append(multiplicity.largest_differences(np.eye(40) + 0.2, *wide, 700, 5))
    found += [
        multiplicity.normal_scores(np.array([0.0, 1.0, 3.0, 90.0]), one)
        for one in (None, np.full(4, 6.5), np.full(4, 900.0))
    ]
    found += [
        multiplicity.reach_of(critical, one, 2) for critical in (2.1, np.inf) for one in (None, np.array([3.0, 40.0]))
    ]
    gaps = np.subtract.outer(p, p)
    found += [ranks.rank_sets(gaps, np.abs(gaps), level) for level in (0.5, 0.9, 0.98)]
    return found


def corrected() -> Any:
    """Means and rates of some labels, corrected with a judge."""
    found: list[Any] = []
    human, judge, others = TRUTH[:24], np.round(P[:24], 1), np.round(P[24:], 1)
    for power in (None, 0.0, 0.4, 1.0):
        for clusters in (None, (np.arange(24) // 2, np.arange(36) // 2), (np.zeros(24, int), np.arange(36))):
            for count in (24, 3, 2, 1, 0):
                cut = None if clusters is None else (clusters[0][:count], clusters[1])
                one = prediction_powered.corrected_mean(human[:count], judge[:count], others, power=power, clusters=cut)
                found += [one, one.gain]
            found.append(prediction_powered.corrected_mean(human, judge, others[:0], power=power,
                                                           clusters=clusters and (clusters[0],
                                                               clusters[1][:0])))  # fmt: skip
    found += [prediction_powered.tuned_power(*each) for each in
              ((human, judge, others), (human, -judge, others), (human, human * 9, others), (human, human * 0 + 1,
              others * 0 + 1),
               (human, judge, others[:0]), (human[:0], judge[:0], others))]  # fmt: skip
    table = np.array([[9, 2, 1, 1], [1, 4, 2, 0], [0, 3, 8, 2]], float)
    rest = np.array([30, 12, 25, 4], float)
    empty = np.zeros((3, 4))
    for ties in win_rate.TIES:
        found += [prediction_powered.corrected_rate(OUTCOMES, SOME, ties, power=power, clusters=groups)
                  for power in (None, 0.5) for groups in GROUPS.values()]  # fmt: skip
        found += [prediction_powered.corrected_rate(OUTCOMES, np.where(SOME >= 0, 1, -1).astype(np.int8), ties)]
        found.append(prediction_powered.rate_interval(table, rest, ties, resamples=300, level=0.9, seed=5))
        found += [prediction_powered.rate_of_counts(one, other, ties, power) for power in (None, 0.5)
                  for one in (table, table.T[:3].repeat(4, 1)[:, :4], empty) for other in (rest, rest * 0)]  # fmt: skip
        judged = np.array([[30, 12, 25, 4], [0, 9, 0, 3], [0, 0, 0, 4], [5, 0, 2, 0]], float)
        found.append(prediction_powered.judge_values(judged, np.array([[9.0, 3, 4]] * 4), ties))
        found.append(prediction_powered.judge_values(judged, np.array([[0.0, 3, 0]] * 4), ties))
    found.append(prediction_powered.rate_intervals(table * 0, rest, resamples=60, level=0.9, seed=5))
    found += [prediction_powered.clustered_interval(value, error, np.array([4.0, 3, 3, 1, 1, 2]), 0.9)
              for value in (0.0, 0.4, 1.0) for error in (0.0, 0.1, 0.9)]  # fmt: skip
    return found


def drawn_unequally() -> Any:
    """The same where items were drawn with unequal probabilities: by strata, by clusters, with neither."""
    found: list[Any] = []
    labelled = SOME >= 0
    probabilities = np.where(labelled, 0.2 + 0.6 * P, np.nan)
    few = labelled & (np.arange(N) > 45)
    designs = [weighted.Design(probabilities), weighted.Design(probabilities, STRATA), weighted.Design(np.full(N, 0.4)),
               weighted.Design(probabilities, np.arange(N) // 12, np.arange(N) // 3)]  # fmt: skip
    for design in designs:
        for known in (labelled, few):
            found += [design.is_equal(known)]
            if known.any():
                found += [design.of_labelled(known), design.drawn(known, STRATA)]
            human = TRUTH[known]
            for groups in (None, GROUPS["even"]):
                found += [
                    weighted.weighted_mean(human, P, known, design, power=power, clusters=groups)
                    for power in (None, 0.3)
                ]
            if known.any():
                found.append(weighted.mean_influence(human, P, known, design, 0.3))
        found.append(weighted.weighted_mean(TRUTH, P, labelled | True, design))
        found.append(weighted.weighted_mean(TRUTH[labelled], P * 0, labelled, design))
        for ties in win_rate.TIES:
            for labels in (SOME, np.where(SOME >= 0, 1, -1).astype(np.int8), np.full(N, -1, np.int8)):
                found += [weighted.weighted_rate(OUTCOMES, labels, design, ties, power=power, clusters=groups)
                          for power in (None, 0.3) for groups in (None, GROUPS["even"])]  # fmt: skip
                found.append(weighted.rate_influence(OUTCOMES, labels, design, 0.3, ties))
        found.append(design.part(np.arange(5, 20)))
    for groups in (None, np.arange(12) // 3, np.zeros(12, int)):
        found.append(weighted.weighted_interval(0.4, 0.1, P[:12], groups, 0.9))
    for judged in (
        OUTCOMES.astype(float) % 2,
        np.where(OUTCOMES == 3, np.nan, OUTCOMES > 0),
        LABELS > 0,
        LABELS == 0,
        P * 0,
    ):
        for human in (
            np.where(SOME < 0, np.nan, SOME > 0),
            np.where(np.arange(N) < 40, np.nan, LABELS > 0),
            P * 0,
            P * np.nan,
        ):
            for groups in (None, GROUPS["even"]):
                for target in (None, np.arange(N) > 30, np.arange(N) > 99):
                    one = rogan_gladen.rogan_gladen(
                        judged.astype(float), human, 1 + P, 0.9, target=target, clusters=groups
                    )
                    found += [one, one.youden, one.is_outside, one.is_unbounded]
    return found


def labelled_samples() -> Any:
    """Strata, allocation and held-out items."""
    outcomes = np.random.default_rng(3).integers(0, 3, (N, 5)).astype(np.int8)
    outcomes[:25] = outcomes[:25, :1]
    found: list[Any] = []
    for given in (
        outcomes,
        outcomes[:30],
        outcomes[:26],
        outcomes[:5],
        outcomes[:0],
        outcomes[:, :0],
        outcomes[25:],
        outcomes[:, :2],
    ):
        share = samples.disagreement(given)
        strata = samples.strata_of(share)
        found += [share, strata.tolist()]
        if len(given):
            found += [samples.shares_of(share, strata), samples.spreads_of(samples.shares_of(share, strata))]
    spreads, left = np.array([0.14, 0.3, 0.5]), np.array([40, 15, 6])
    for n in (0, 1, 2, 7, 10, 14, 15, 16, 30, 60, 61, 99):
        for drawn in (np.zeros(3, int), np.array([10, 3, 0])):
            found.append([samples.allocated(n, left, one, drawn).tolist() for one in (spreads, spreads * 0)])
        found.append(samples.allocated(n, np.array([n, 0, 3]), spreads, np.array([0, 9, 2])).tolist())
    found += [
        samples.combined_probability([P[:4], 0.5 * P[:4]]),
        samples.effective_size(P),
        samples.effective_size(P * 0),
    ]
    found += [samples.variance_cost(np.array([10, 0, 6]), np.array([40, 15, 6])), samples.variance_cost(left * 0, left)]
    ids = [f"i{k * 7 % 30}" for k in range(30)]
    for groups in (None, np.arange(30) // 4, np.zeros(30, int)):
        found += [holdout.held_out(ids, groups, share, seed=2).tolist() for share in (0.01, 0.3, 0.99)]
    return [
        *found,
        holdout.held_out([], None, 0.3, seed=2).tolist(),
        holdout.held_out(["a"], None, 0.3, seed=2).tolist(),
    ]


def systems() -> Any:
    """Rankings of systems by strengths and win rates, and their agreement."""
    rng = np.random.default_rng(8)
    first, second = rng.integers(0, 5, 90), rng.integers(0, 5, 90)
    people, score = rng.integers(0, 3, 90), rng.integers(0, 3, 90) / 2
    found: list[Any] = []
    worlds = {"all": (first, second, score, 5), "tied": (first, second, score * 0 + 0.5, 5),
              "ordered": (first, second, (first < second) * 1.0, 5), "apart": (first % 2, second % 2, score, 4),
              "groups": (np.repeat([0, 1, 2, 3, 4], 2), np.repeat([1, 0, 3, 2, 0], 2), np.tile([1.0, 0.0], 5), 6),
              "chain": (np.array([0, 1, 2, 0, 1, 3]), np.array([1, 2, 0, 1, 0, 0]), np.array([1, 1, 1, 0.5, 0, 0.0]),
              5),
              }  # fmt: skip
    for one, other, won, count in worlds.values():
        for clusters in (None, np.arange(len(one)) // 3):
            for weights in (None, 1 + np.arange(len(one)) % 4 * 1.0):
                fit = bradley_terry.bradley_terry(one, other, won, count, clusters=clusters, weights=weights)
                gaps = [fit.difference(x, y) for x in range(count) for y in range(count)]
                found += [fit, fit.errors(), gaps]
    found.append([bradley_terry.expected_score(gap) for gap in (-np.inf, -3.0, 0.0, 2.0, np.inf)])
    kept = first != second
    judge = np.where(rng.random(90) < 0.6, people, rng.integers(0, 3, 90))
    base = rankings.Games(first[kept], second[kept], people[kept], judge[kept], None, 5)
    size = len(base.first)
    every = [base, base._replace(clusters=np.arange(size) // 3), base._replace(judge=base.people),
        base._replace(systems=2),
             base._replace(systems=6), base._replace(judge=base.judge * 0 + 1), base._replace(judge=2 - base.people),
             base._replace(judge=2 * (base.first < base.second)), base._replace(first=base.first * 0,
                 second=1 + base.second % 4)]  # fmt: skip
    for games in every:
        found += [rankings.rank_agreement(games, resamples=draws, level=0.9, seed=3) for draws in (0, 60)]
    wins = rng.integers(1, 9, (4, 5, 5)).astype(float) * (1 - np.eye(5))
    found += [rankings.fit_strengths(wins, np.linspace(-7, 4, 5)), rankings.win_rates(wins, ~np.eye(5, dtype=bool))]
    found += [rankings._least_variance(wins[0], is_log_odds=is_log) for is_log in (True, False)]
    met = np.zeros((5, 5), bool)
    met[0], met[:, 0], met[0, 0] = True, True, False
    found.append(rankings.win_rates(wins * met, met))
    scores = np.array(
        [[1.0, 2, 3, 4], [4, 3, 2, 1], [1, 1, 2, 2], [5, 5, 5, 5], [np.nan, 1, 2, 3], [np.inf, 1, -np.inf, 3]]
    )
    found += [
        rank_coefficients.coefficients(scores, scores[::-1]),
        rank_coefficients.coefficients(scores[:0], scores[:0]),
    ]
    found += [rank_coefficients.most_rho(tau, 5) for tau in (-1.0, 0.0, 0.4, 1.0)]
    drawn = rng.normal(scores[0] * 3, 0.5, (40, 4))
    drawn[3, 0] = np.nan
    for draws in (drawn, drawn[:1], drawn * 0 + scores[0] * 3):
        for level in (0.5, 0.99):
            found.append(rank_coefficients.certain_orders(scores[0] * 3, draws, np.full(4, 0.1), level).tolist())
    together = drawn[4:] + rng.normal(0, 2, (36, 1)) * np.array([1.0, 1.0, 0.3, -0.5])
    for scale in np.geomspace(0.05, 20, 60):  # the least scale at which each order is certain
        made = rank_coefficients.certain_orders(scores[0] * scale, together, np.linspace(0.1, 0.9, 4), 0.9)
        found.append("".join(map(str, np.abs(made[np.triu_indices(4, 1)]))))
    orders = [np.sign(np.subtract.outer(one, one)).astype(np.int8) for one in (scores[0], scores[2])]
    for estimate in (np.array([0.3, 0.4]), np.array([-0.9, 1.0])):
        for pair in ((orders[0], orders[1]), (orders[0], -orders[1]), (orders[0] * 0, orders[1])):
            found.append(rank_coefficients.intervals_of(estimate, [drawn, drawn[:, ::-1]], pair, 0.9))
    return found


def regressions() -> Any:
    """Slopes, bounds and instruments by clusters; length-controlled win rates."""
    found: list[Any] = []
    covariates = [[], [np.sin(np.arange(N))], [np.sin(np.arange(N)), 2 * X], [np.cos(np.arange(N)), np.ones(N)]]
    people = np.column_stack([COARSE + np.sin(np.arange(N) * k) for k in (1, 2, 3)])
    people[::4, 0] = np.nan
    people[:9, 1:] = np.nan
    for groups in (np.arange(N), GROUPS["even"], GROUPS["large"], np.zeros(N, int)):
        for held in covariates:
            found += [regression.slopes_of(np.column_stack([Y, P]), X + shift, held, groups) for shift in (0.0, 1e5)]
            found += [
                regression.quality_bound(one, COARSE, X, held, groups, quantile)
                for one in (Y, P)
                for quantile in (0.5, 2.0)
            ]
            found.append(regression.instrumented_slope(Y, people, X, held, groups))
        found.append(regression.slopes_of(Y[:, None], X * 0 + 1, [], groups))
        found.append(regression.instrumented_slope(Y, people, X * 0 + 1, [], groups))
    products = np.cov(np.column_stack([X, Y, COARSE, P]), rowvar=False)
    found += [regression.partialled(products, count) for count in (0, 1, 3)]
    lengths = np.round(X * 10 - 20)
    for p in (P, TRUTH, (lengths > 0) * 1.0, P * 0 + 0.5):
        for difference in (
            lengths,
            lengths * 0,
            np.where(np.arange(N) < 5, -lengths, np.abs(lengths)),
            np.abs(lengths),
            -np.abs(lengths),
        ):
            for difficulty in (None, np.sin(np.arange(N))):
                fit = length_controlled.fit_lengths(p, difference, difficulty)
                found.append(fit)
                if not fit.reason:
                    found += [length_controlled.length_interval(fit, groups, 0.9) for groups in GROUPS.values()]
                    found += [length_controlled.changes_without(fit, groups) for groups in (None, GROUPS["even"])]
    found += [length_controlled.length_feature(one) for one in (lengths, lengths[:1], lengths[:0], lengths * 0)]
    found += [length_controlled.at_equal_lengths(0.3), length_controlled.at_equal_lengths(0.3, 0.5, X)]
    return found


def changes() -> Any:
    """Tests of changes between runs, of interactions, of leans, over several looks; differences of rates."""
    found: list[Any] = [changed.sign_test(up, down) for up in (0, 3, 9) for down in (0, 1, 12)]
    rng = np.random.default_rng(5)
    one, other = (rng.multinomial(3, share, 12) for share in ([0.6, 0.2, 0.2], [0.2, 0.5, 0.3]))
    for each in (other, one, one * 0 + [3, 0, 0], other[:, ::-1]):
        found.append(changed.exchange_test(one, each))
        found += [
            changed.direction_test(one, each, np.array(values))
            for values in ([0, 1, 2], [0, 1, 7], [1, 1, 1], [-50_000, 0, 99_991])
        ]
    scores = np.column_stack([P, IS_A * 1.0, P * 0])
    for groups in GROUPS.values():
        for count in (2, 3):
            found.append(interaction.interaction_tests(scores, np.arange(N) % 4, count, groups, 3))
    found += [interaction.exchanges(items) for items in (1, 100, 20_000, 3_000_000)]
    for leans in (
        np.sign(np.round(X - 3)),
        np.ones(N),
        np.zeros(N),
        np.where(np.arange(N) < 3, 1.0, 0.0),
        np.tile([1.0, -1.0], 30),
    ):
        for groups in (np.arange(N), GROUPS["even"], GROUPS["unequal"], np.zeros(N, int)):
            found.append(signs.lean_of(leans, groups, 0.9))
    found += [signs.exact_interval(count, 9, 0.9) for count in (0, 4, 9)]
    for spending in ("obrien-fleming", "pocock"):
        found += [sequential.spent(0.05, fraction, spending) for fraction in (0.01, 0.3, 1.0)]
        for fractions in ([1.0], [0.5, 1.0], [0.001, 0.2, 0.9], [0.25, 0.5, 0.75, 1.0]):
            for paths in (1, 6):
                found.append(sequential.boundaries(fractions, 0.1, paths=paths, spending=spending))
        found.append(sequential.look_levels([0.4, 1.0], 0.9, paths=3, spending=spending))
    influences = np.array([P - 0.5, TRUTH - 0.5, P[::-1] - 0.5, P * 0]) / N
    rates = np.array([0.5, 0.7, 0.2, 1.0])

    def interval(at: int, level: float) -> Interval:
        return NO_INTERVAL if at == 2 else Interval(rates[at] - level / 5, min(1.0, rates[at] + level / 4))

    for groups in GROUPS.values():
        for widest, draws in ((1.0, 300), (0.1, 5)):
            for count in (4, 2):
                every = rate_differences.rate_differences(
                    rates[:count], influences[:count], groups, interval, (0.9, draws, 3), widest=widest
                )
                found += [every, [each.is_distinguishable for each in every]]
    return found


CALLS: dict[str, Callable[[], Any]] = {
    "correlations": correlations, "means of numbers": means, "probabilities": probabilities, "families": families,
    "corrected": corrected, "drawn unequally": drawn_unequally, "samples to label": labelled_samples,
    "systems": systems,
    "regressions": regressions, "changes": changes,
}  # fmt: skip
