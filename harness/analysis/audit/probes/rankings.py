"""Rankings: whether the evaluator ranks the systems that wrote the responses as people do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np

from harness.analysis.audit.finding import DESCRIBED, Finding, unknown
from harness.analysis.audit.probe import Audited, figure_text
from harness.hashing import seed_for
from harness.records.figures import Figure
from harness.records.judgments import VERDICTS
from harness.scoring.estimates import MAX_UNDEFINED, MIN_ITEMS, NO_LABELS, NO_SPREAD, TOO_FEW_CLUSTERS, TOO_FEW_ITEMS
from harness.statistics import clusters
from harness.statistics.intervals import Interval
from harness.statistics.rankings import RESAMPLES, Games, rank_agreement

SUMMARY = "rankings: agreement with people's ranking of the systems that wrote the responses, Kendall and Spearman"
NO_WRITERS = "the data do not name the writers of the responses (`model_a` and `model_b`)"
NO_VERDICTS = "no labelled item has a verdict on responses of two systems"
COUNT = "a count, without interval"
WAYS = ("win-rate", "bradley-terry")
NAMES = (
    "rankings.systems",
    *(f"rankings.{way}.{coefficient}" for way in WAYS for coefficient in ("kendall", "spearman")),
)


def figures(audited: Audited) -> dict[str, Figure]:
    """Tau-b and rho of the rankings by win rate and by Bradley-Terry strength, on the same items."""
    games, reason = _games(audited)
    if games is None:
        return dict.fromkeys(NAMES, audited.unknown(reason))
    n = len(games.first)
    units = n if games.clusters is None else len(np.unique(games.clusters))
    reason = TOO_FEW_ITEMS if n < MIN_ITEMS else TOO_FEW_CLUSTERS if units < clusters.FEWEST else ""
    level, seed = audited.score.level, seed_for(audited.seed, "rankings", audited.cell.id)
    found = rank_agreement(games, resamples=0 if reason else RESAMPLES, level=level, seed=seed)
    unit: Literal["item", "cluster"] = "item" if games.clusters is None else "cluster"
    known = Figure(None, n=n, level=level, unit=unit, units=units, systems=len(audited.data.cells))
    made = {"rankings.systems": replace(known, value=float(games.systems), reason=COUNT)}
    for way, one in zip(WAYS, found, strict=True):
        if one.reason:
            undefined = replace(known, reason=one.reason)
            made |= {f"rankings.{way}.kendall": undefined, f"rankings.{way}.spearman": undefined}
            continue
        base = replace(known, reason=reason, seed="" if reason else f"{seed:032x}")
        made[f"rankings.{way}.kendall"] = _figure(base, one.kendall, one.kendall_interval)
        made[f"rankings.{way}.spearman"] = _figure(base, one.spearman, one.spearman_interval)
    return made


def _games(audited: Audited) -> tuple[Games | None, str]:
    """The labelled items with a verdict on responses of two systems, and why there are none."""
    data, labels, judged = audited.data, audited.data.reference_codes(), audited.judged
    writers = data.models_a, data.models_b
    is_named = np.array([a is not None and b is not None for a, b in zip(*writers, strict=True)], bool)
    if not is_named.any():
        return None, NO_WRITERS
    if not (labels >= 0).any():
        return None, NO_LABELS
    differs = np.array([a != b for a, b in zip(*writers, strict=True)], bool)
    rows = np.flatnonzero(is_named & differs & (labels >= 0) & (judged < len(VERDICTS)))
    if not rows.size:
        return None, NO_VERDICTS
    sides = [[str(side[at]) for at in rows] for side in writers]
    names = sorted({*sides[0], *sides[1]})
    number = {name: at for at, name in enumerate(names)}
    first, second = (np.array([number[name] for name in side], np.int64) for side in sides)
    group = audited.reference.all_clusters
    people, judge = (2 - codes[rows].astype(np.int64) for codes in (labels, judged))
    return Games(first, second, people, judge, None if group is None else group[rows], len(names)), ""


def _figure(known: Figure, value: float, interval: Interval) -> Figure:
    if interval.low is None:
        return replace(known, value=value, reason=known.reason or NO_SPREAD, seed="")
    flags = ("undefined-resamples",) if interval.undefined_share > MAX_UNDEFINED else ()
    return replace(
        known,
        value=value,
        low=interval.low,
        high=interval.high,
        method="percentile",
        resamples=RESAMPLES,
        undefined_share=interval.undefined_share,
        flags=flags,
    )


def sentence(figures: Mapping[str, Figure]) -> str:
    """The agreement of the rankings."""
    systems, tau = figures["rankings.systems"], figures["rankings.win-rate.kendall"]
    if tau.value is None:
        return f"ranking of systems: unknown ({tau.reason})"
    rho, strength = figures["rankings.win-rate.spearman"], figures["rankings.bradley-terry.kendall"]
    return (
        f"ranking of {systems.value:.0f} systems by win rate, against people's on the same items: "
        f"Kendall {figure_text(tau)}, Spearman {figure_text(rho)}; by Bradley-Terry strength "
        f"Kendall {figure_text(strength)}"
    )


def finding(figures: Mapping[str, Figure]) -> Finding:
    """The agreement of rankings describes the evaluator."""
    tau = figures["rankings.win-rate.kendall"]
    return unknown(tau) if tau.value is None else DESCRIBED
