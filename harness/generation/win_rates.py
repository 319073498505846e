"""Judgments → win rates: of each system against each opponent, and of the systems against each other.

All systems of a board met the same opponent on the same prompts and were judged by the same evaluator, so comparisons
are paired by prompt.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.hashing import seed_for
from harness.records.experiment import ScoreSpec
from harness.records.figures import Figure
from harness.records.judgments import OUTCOMES, VERDICTS
from harness.records.scores import Winner
from harness.scoring.pairwise import CellComparisons, is_comparable, why_not
from harness.scoring.win_rates import Rate, Seen, human_rates, judge_rates, sign_figure
from harness.scoring.winner import Measure, best_of_all
from harness.statistics import multiplicity, win_rate
from harness.statistics.agreement import Array
from harness.statistics.bradley_terry import Strengths, bradley_terry
from harness.statistics.clusters import t_quantile
from harness.statistics.codes import Codes
from harness.statistics.pairs import Judgments, Statistic
from harness.statistics.win_rate import Ties

SMOOTHING = np.array([[win_rate.PRIOR] * len(VERDICTS) + [0.0]])
"""What smoothing adds to wins, ties, losses and failures."""


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """One system against one opponent, judged by one evaluator.

    Attributes:
        system: its id.
        cell: id of the cell that compared the two.
        counts: prompts won, tied, lost, and failed by kind: one for each of OUTCOMES.
        rates: by the convention of ties.
        sign: the p-value of a win rate of one half.
        identical: prompts on which both drafts are the same, which are ties without a model call.
    """

    system: str
    cell: str
    counts: tuple[int, ...]
    rates: dict[Ties, Rate]
    sign: Figure
    identical: int


def outcomes_of(codes: Codes, *, is_first: bool) -> Codes:
    """Judgments as outcomes of one of the two: 0 won, 1 tied, 2 lost, failures as they are."""
    if is_first:
        return codes
    turned = np.where(codes < len(VERDICTS), len(VERDICTS) - 1 - codes, codes)
    return turned.astype(np.int8)


class Met(NamedTuple):
    """The judgments of a system's drafts against those of an opponent.

    Attributes:
        outcomes: of the system, one for each prompt.
        cluster: of each prompt, None where they are independent.
        identical: prompts that nobody was asked about, both drafts being the same.
    """

    outcomes: Codes
    cluster: NDArray[np.int64] | None
    identical: int


def standing_of(system: str, cell: str, met: Met, score: ScoreSpec, seed: int) -> Standing:
    """What the outcomes of a system against an opponent amount to.

    Args:
        system: its id.
        cell: id of the cell that compared the two.
        met: its outcomes.
        score: resamples and level.
        seed: of the spec.
    """
    outcomes, cluster, identical = met
    no_labels = np.full(len(outcomes), -1, np.int8)
    human = human_rates(no_labels, cluster, score, 0)
    own = seed_for(seed, "win-rate", system, cell)
    rates = judge_rates(Seen(outcomes, no_labels, cluster), human, score, judge_seed=own, seed=own)
    counts = np.bincount(outcomes, minlength=len(OUTCOMES))
    sign = sign_figure(outcomes, cluster, score)
    return Standing(system, cell, tuple(int(count) for count in counts), rates, sign, identical)


def compare_systems(
    standings: Sequence[Standing],
    outcomes: NDArray[np.int8],
    cluster: NDArray[np.int64] | None,
    score: ScoreSpec,
    ties: Ties,
    seed: int,
) -> CellComparisons | None:
    """All pairs of systems against one opponent and judged by one evaluator; None without a pair.

    Args:
        standings: of the systems.
        outcomes: prompts × systems.
        cluster: of each prompt, None where they are independent.
        score: resamples, level and margin.
        ties: what a tie counts as.
        seed: of the joint draws.
    """
    figures = [standing.rates[ties].judge for standing in standings]
    comparable = [k for k, figure in enumerate(figures) if is_comparable(figure)]
    members = tuple(sorted(comparable, key=lambda k: standings[k].system))
    if not members:
        return None
    ids = tuple(standing.system for standing in standings)
    values = tuple(math.nan if figure.value is None else figure.value for figure in figures)
    columns = np.minimum(outcomes[:, list(members)], len(VERDICTS)).astype(np.intp)
    judgments = Judgments(np.zeros(len(outcomes), np.intp), columns, cluster)
    first, second = multiplicity.all_pairs(len(members))
    if reason := why_not("win rate", None, judgments, len(first)):
        return CellComparisons(ids, values, reason=reason)
    statistic = rate_statistic(ties)
    comparisons = multiplicity.compare_pairs(
        statistic, judgments, first, second, resamples=score.resamples, seed=seed, level=score.level
    )
    return CellComparisons(ids, values, members, comparisons, "", statistic, judgments, (0.0, 1.0), score.margin)


def rate_statistic(ties: Ties) -> Statistic:
    """A win rate as a figure of tables with one row: wins, ties, losses, and failures, which are left out."""

    def value(tables: Array) -> Array:
        return win_rate.win_rate(tables[..., 0, :], ties)

    def influence(tables: Array) -> Array:
        return win_rate.influence(tables[..., 0, :], ties)[..., None, :]

    return Statistic(value, influence, (1, len(VERDICTS) + 1))


def best_system(
    board: str,
    standings: Sequence[Standing],
    outcomes: NDArray[np.int8],
    cluster: NDArray[np.int64] | None,
    ties: Ties,
    seed: int,
) -> Winner:
    """The system with the highest win rate of a board, its rate corrected for having been chosen.

    Args:
        board: which one, for people.
        standings: of the systems; at least one.
        outcomes: prompts × systems.
        cluster: of each prompt, None where they are independent.
        ties: what a tie counts as.
        seed: of the resamples.
    """
    places = np.minimum(outcomes, len(VERDICTS)).astype(np.intp)
    figures = {standing.system: standing.rates[ties].judge for standing in standings}
    return best_of_all(Measure(board, "win rate", rate_statistic(ties), SMOOTHING), figures, places, cluster, seed)


def strengths_json(
    systems: Sequence[str], games: Sequence[tuple[str, str, Codes]], cluster: NDArray[np.int64], level: float
) -> list[dict[str, Any]]:
    """One strength for each system from all comparisons of an evaluator, in log-odds with mean 0, best first.

    Args:
        systems: ids.
        games: the two systems of a match, and the outcomes of the first one; failures are left out.
        cluster: of each prompt; one prompt is one unit in all matches.
        level: confidence level of the intervals, which rest on prompts.
    """
    place = {name: at for at, name in enumerate(systems)}
    decided = [(place[a], place[b], codes, codes < len(VERDICTS)) for a, b, codes in games]
    first = np.concatenate([np.full(keep.sum(), a) for a, _, _, keep in decided])
    second = np.concatenate([np.full(keep.sum(), b) for _, b, _, keep in decided])
    points = np.concatenate([1 - codes[keep] / 2 for _, _, codes, keep in decided])
    units = np.concatenate([cluster[keep] for _, _, _, keep in decided])
    found = bradley_terry(first, second, points, len(systems), clusters=units)
    order = np.argsort(-np.nan_to_num(found.values, nan=-np.inf), kind="stable")
    return [_strength_json(systems[at], found, int(at), level) for at in order]


def _strength_json(system: str, found: Strengths, at: int, level: float) -> dict[str, Any]:
    value, error = float(found.values[at]), float(found.errors()[at])
    is_finite = bool(np.isfinite(value))
    has_interval = is_finite and bool(np.isfinite(error)) and found.units > 1
    reach = t_quantile(level, found.units - 1) * error if has_interval else 0.0
    return {
        "system": system,
        "value": value if is_finite else None,
        "low": value - reach if has_interval else None,
        "high": value + reach if has_interval else None,
        "reason": found.reasons[at] or ("" if has_interval else "rests on too few prompts for an interval"),
        "units": found.units,
    }
