"""Effects of interventional probes: what a change of the responses alone does to the verdicts of a cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from harness.analysis.audit.finding import Finding, claimed, not_claimed, unknown
from harness.analysis.audit.probe import SCORES, Audited, figure_text
from harness.evaluators.mode import find_mode, is_asking, stages_of
from harness.evaluators.probing import ORDERS, probe_cell
from harness.leaderboard.numbers import p_text
from harness.records.experiment import Cell
from harness.records.figures import Figure
from harness.records.judgments import VERDICTS
from harness.scoring.estimates import MIN_ITEMS, TOO_FEW_ITEMS
from harness.statistics.agreement import Array
from harness.statistics.multiplicity import benjamini_hochberg
from harness.statistics.signs import lean_of

COUNTED = "counted from the judgments of other cells"
NOT_ASKED = "not asked; `score: {{probes: [{}]}}` asks the extra judgments"
ALL_FAILED = "no item has a verdict for every change and order"
P_VALUE = "exact sign test"
CLUSTER_P_VALUE = "exact sign test of clusters"
DETECTABLE = "the smallest effect that is found with power 0.8"
NOTHING_DETECTABLE = "too few items to find any effect"
FAMILY = "Benjamini and Hochberg over {} effects"
IN_STAGES = "not asked of cells in stages; the probe asks their judges, where they are cells"
FIGURES = ("effect", "p-value", "q-value", "detectable")


def votes_of(audited: Audited, name: str) -> Array | None:
    """The verdicts on every change as scores (1 for a, 0 for a tie, −1 for b), items × arms × orders; None without.

    NaN where a judgment failed.
    """
    votes = audited.data.probed.get(probe_cell(audited.cell, name).id)
    if votes is None:
        return None
    known = votes < len(VERDICTS)
    scores = np.where(known, SCORES[np.where(known, votes, 0)], np.nan)
    found: Array = scores.reshape(len(votes), -1, len(ORDERS))
    return found


def not_asked(name: str, cell: Cell) -> str:
    """Why a cell has no judgments for a probe."""
    if stages_of(cell):
        return IN_STAGES
    return NOT_ASKED.format(name) if is_asking(find_mode(cell.mode)) else COUNTED


def effect_figures(audited: Audited, name: str, leans: Array | None) -> dict[str, Figure]:
    """The net share of the items whose verdicts lean to the changed response, with a test and a detectable effect.

    The q-value is known once all cells are (`with_q_values`).

    Args:
        audited: the cell.
        name: of the probe, the prefix of the names of the figures.
        leans: of each item, above 0 where its verdicts lean to the changed response, NaN where one failed; None where
            the extra judgments were not asked.
    """
    names = [f"{name}.{one}" for one in FIGURES]
    if leans is None:
        reason = not_asked(name, audited.cell)
        return dict.fromkeys(names, audited.unknown(reason))
    level, n = audited.score.level, int((~np.isnan(leans)).sum())
    found = lean_of(leans, audited.clusters, level)
    if found is None or n < MIN_ITEMS:
        return dict.fromkeys(names, audited.unknown(TOO_FEW_ITEMS if n else ALL_FAILED, n))
    is_clustered = audited.reference.all_clusters is not None
    blank = Figure(
        None, n=n, level=level, unit="cluster" if is_clustered else "item", units=found.units,
        systems=len(audited.data.cells),
    )  # fmt: skip
    return {
        names[0]: replace(blank, value=found.value, low=found.low, high=found.high, method="exact"),
        names[1]: replace(blank, value=found.p_value, reason=CLUSTER_P_VALUE if is_clustered else P_VALUE),
        names[2]: replace(blank, value=found.p_value, reason=FAMILY.format(1)),
        names[3]: replace(
            blank, value=found.detectable, reason=NOTHING_DETECTABLE if found.detectable is None else DETECTABLE
        ),
    }


def with_q_values(families: Iterable[tuple[str, Mapping[str, Figure]]]) -> list[dict[str, Figure]]:
    """The figures with q-values over all effects of a run (Benjamini and Hochberg 1995).

    Args:
        families: of each cell, what distinguishes its effects, and its figures by name. Cells that differ in
            orders and repeats share an effect, which counts once.
    """
    cells = [(owner, dict(figures)) for owner, figures in families]
    p_values = {
        (owner, name): figure.value
        for owner, figures in cells
        for name, figure in figures.items()
        if name.endswith(".q-value") and figure.value is not None
    }
    q_values = dict(zip(p_values, benjamini_hochberg(np.array([*p_values.values()])).tolist(), strict=True))
    for owner, figures in cells:
        for name in figures:
            if (owner, name) in q_values:
                reason = FAMILY.format(len(q_values))
                figures[name] = replace(figures[name], value=q_values[owner, name], reason=reason)
    return [figures for _, figures in cells]


def effect_sentence(name: str, what: str, figures: Mapping[str, Figure]) -> str:
    """The effect in words; it claims one only where the q-value does.

    Args:
        name: of the probe.
        what: the changed response, such as `a padded response`.
        figures: of the probe.
    """
    effect, q_value, detectable = (figures[f"{name}.{one}"] for one in ("effect", "q-value", "detectable"))
    if effect.value is None or q_value.value is None:
        return f"unknown ({effect.reason})"
    text = f"the net share of items that move to {what} is {figure_text(effect)} (q {p_text(q_value.value)})"
    if q_value.value > 1 - effect.level:
        text += ", not distinguishable from 0"
    if detectable.value is None:
        return f"{text}; {detectable.reason}"
    return f"{text}; this run could detect {detectable.value:.2f}"


def effect_finding(name: str, figures: Mapping[str, Figure]) -> Finding:
    """An effect is claimed where its q-value is."""
    effect, q_value = figures[f"{name}.effect"], figures[f"{name}.q-value"]
    if effect.value is None or q_value.value is None:
        return unknown(effect)
    is_claimed = q_value.value <= 1 - effect.level
    return claimed(f"{name}.effect", effect.value) if is_claimed else not_claimed(f"{name}.effect")
