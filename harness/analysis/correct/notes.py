"""The notes of a correction: which of them apply."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from harness.analysis.correct import wording as correct_wording
from harness.analysis.correct.pairing import Pairing
from harness.analysis.correct.strengths import MIN_SYSTEMS
from harness.analysis.correct.weighting import DesignFacts
from harness.leaderboard import wording
from harness.records.experiment import Cell
from harness.runner.run_reader import JudgedDataset
from harness.scoring.estimates import MIN_ITEMS
from harness.scoring.win_rates import Rate
from harness.statistics import clusters
from harness.statistics.codes import Codes
from harness.statistics.win_rate import TIES, Ties

SUSPICIOUS = 0.01
"""Adjusted p-value below which a note says that the labelled items differ from the others."""
CLASSES = 8
"""Classes of a covariate that are compared; rarer ones share one."""


def notes_on_labels(
    data: JudgedDataset,
    labels: Codes,
    cluster: NDArray[np.int64] | None,
    pairing: Pairing,
    rates: Sequence[Mapping[Ties, Rate]],
    design: DesignFacts | None = None,
) -> Iterator[str]:
    """The notes on the corrected figures of a dataset.

    Args:
        data: the dataset with the outcomes of its cells.
        labels: of all items, −1 where there is none.
        cluster: of each item, None where items are independent.
        pairing: the systems of the win rate.
        rates: of each cell.
        design: how the labelled items were drawn; None where that is not known.
    """
    dataset, cells, outcomes = data.name, data.cells, data.outcomes
    items, has_label = len(labels), labels >= 0
    labelled = int(has_label.sum())
    if not labelled:
        yield correct_wording.none_labelled(dataset)
    elif labelled == items:
        yield correct_wording.all_labelled(dataset)
    elif design is None:
        yield correct_wording.labelled_part(dataset, labelled, items)
        yield from _on_randomness(data, has_label, cluster)
    else:
        yield correct_wording.drawn_part(dataset, labelled, items)
        if design.is_equal:
            yield from _on_randomness(data, has_label, cluster)
        else:
            yield correct_wording.unequal(dataset, design.lowest, design.highest, design.effective)
    if 0 < labelled < MIN_ITEMS:
        yield wording.few_items(dataset, labelled, MIN_ITEMS)
    if cluster is not None and labelled:
        yield from _on_clusters(dataset, len(np.unique(cluster[has_label])), labelled)
    if len(pairing.systems) >= MIN_SYSTEMS:
        yield correct_wording.mixed_responses(dataset, len(pairing.systems))
    if pairing.rows is not None:
        yield correct_wording.same_writer(dataset, items - len(pairing.rows), items)
    failed = int((outcomes >= len(data.label_set.names)).sum())
    if failed:
        yield correct_wording.no_verdict_counts(dataset, failed, outcomes.size)
    by_cell = {_name(dataset, cell): rate[TIES[0]] for cell, rate in zip(cells, rates, strict=True)}
    if leaning := [name for name, rate in by_cell.items() if _is_outside(rate)]:
        yield correct_wording.leans(dataset, leaning)
    useless = [name for name, rate in by_cell.items() if rate.power == 0]
    if useless and labelled < items:
        yield correct_wording.not_relied_on(dataset, useless)


def _name(dataset: str, cell: Cell) -> str:
    """The id of a cell without the dataset, which the note names."""
    return cell.id.removeprefix(f"{dataset}/")


def _is_outside(rate: Rate) -> bool:
    """Whether the uncorrected win rate is outside the corrected interval."""
    own, corrected = rate.judge.value, rate.corrected
    if own is None or corrected.low is None or corrected.high is None:
        return False
    return not corrected.low <= own <= corrected.high


def _on_randomness(
    data: JudgedDataset, has_label: NDArray[np.bool_], cluster: NDArray[np.int64] | None
) -> Iterator[str]:
    """Evidence against the labelled items being a random sample: their place, their verdicts, and what they are."""
    labelled = int(has_label.sum())
    if labelled > 1 and has_label[:labelled].all():
        yield correct_wording.first_labelled(data.name, labelled)
    effect = 1.0 if cluster is None else clusters.design_of(clusters.sizes_of(cluster)).mean_size
    verdicts = np.minimum(data.outcomes, len(data.label_set.names))  # all failures as one class
    checks = {f"the verdicts of {_name(data.name, cell)}": verdicts[:, at] for at, cell in enumerate(data.cells)}
    checks |= _covariates(data)
    p_values = {what: homogeneity_p(codes[has_label], codes[~has_label], effect) for what, codes in checks.items()}
    if not p_values:
        return
    what = min(p_values, key=lambda one: p_values[one])
    p = min(1.0, p_values[what] * len(p_values))
    if p < SUSPICIOUS:
        yield correct_wording.unlike_others(data.name, what, p, len(p_values))


def _covariates(data: JudgedDataset) -> dict[str, Codes]:
    """What is known of the items without people and judges, as a few classes each; what is constant is left out."""
    lengths = data.lengths()
    known = {
        "the categories": _most_frequent(data.categories),
        "the writers of response a": _most_frequent(data.models_a),
        "the writers of response b": _most_frequent(data.models_b),
        "the lengths of response a": _quarters(lengths[:, 0]),
        "the lengths of response b": _quarters(lengths[:, 1]),
    }
    return {what: codes for what, codes in known.items() if len(np.unique(codes)) > 1}


def _most_frequent(words: Sequence[str | None]) -> Codes:
    """Words as classes: the most frequent ones have one each, all others share the last."""
    names = sorted(set(words) - {None}, key=lambda word: (-words.count(word), str(word)))[: CLASSES - 1]
    place = {name: at for at, name in enumerate(names)}
    return np.array([place.get(word, CLASSES - 1) for word in words], np.int8)


def _quarters(lengths: NDArray[np.int64]) -> Codes:
    """The quarter of all lengths that each is in."""
    return np.searchsorted(np.quantile(lengths, [0.25, 0.5, 0.75]), lengths, side="left").astype(np.int8)


def _on_clusters(dataset: str, count: int, labelled: int) -> Iterator[str]:
    yield wording.clustered(dataset, count, labelled)
    if count < clusters.FEW:
        yield wording.few_clusters(dataset, count, clusters.FEWEST, clusters.FEW)


def homogeneity_p(one: Codes, other: Codes, effect: float = 1.0) -> float:
    """p-value of two groups of items having the same shares of classes: Pearson's chi-square test.

    Classes that neither group has, and those expected less than 5 times in the smaller group, count with the rarest
    that is expected more often; so do failures of all kinds. 1 where fewer than two classes are left.

    Args:
        one: classes of the items of one group, from 0.
        other: of the other.
        effect: what the statistic is divided by where items lie in clusters, the largest design effect that they can
            have (Rao and Scott 1981).
    """
    from scipy.special import gammaincc  # slow to import, and not needed by a replay

    counts = np.array([np.bincount(np.minimum(codes, CLASSES - 1), minlength=CLASSES) for codes in (one, other)], float)
    order = np.argsort(-counts.sum(axis=0), kind="stable")
    smaller = min(len(one), len(other)) / max(1, len(one) + len(other))
    kept = max(1, int((counts.sum(axis=0)[order] * smaller >= 5).sum()))
    merged = np.column_stack([counts[:, order[: kept - 1]], counts[:, order[kept - 1 :]].sum(axis=1)])
    if merged.shape[1] < 2 or not len(one) or not len(other):
        return 1.0
    expected = np.outer(merged.sum(axis=1), merged.sum(axis=0)) / merged.sum()
    statistic = float(((merged - expected) ** 2 / expected).sum()) / effect
    p = float(gammaincc((merged.shape[1] - 1) / 2, statistic / 2))
    return 1.0 if math.isnan(p) else p
