"""The score from which a response has the positive label: chosen for an aim, cross-fitted, and resampled.

Every step is counts of items at the scores that part them, so that the choice on a sample, on the other folds and on a
resample is the same code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.records.label_set import LabelSet
from harness.scoring.metric import Metric, find_metric
from harness.statistics.agreement import Array

Bools = NDArray[np.bool_]
Places = NDArray[np.intp]
MOST_CUTS = 1_000
"""Thresholds that are tried at most; of more scores, those at evenly spaced ranks."""
CLOSE = 1e-12
DIGITS = 17


class Aim(NamedTuple):
    """What a threshold is chosen for.

    Attributes:
        metric: its greatest value is wanted.
        keep: the label whose recall must be kept; "" for none.
        at_least: that recall.
    """

    metric: str
    keep: str = ""
    at_least: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """Labelled items with their scores.

    Attributes:
        cuts: thresholds that part the scores, rising; items with this score or more have the positive label. The first
            one is the least score.
        places: of each item, the last cut that its score reaches; `len(cuts)` of an item without a score.
        is_positive: whether an item has the positive label.
        labels: two labels, the second of which is positive.
    """

    cuts: Array
    places: Places
    is_positive: Bools
    labels: LabelSet
    metrics: dict[str, Metric] = field(default_factory=dict)

    def metric(self, name: str) -> Metric:
        """A metric of these labels, found once."""
        if name not in self.metrics:
            self.metrics[name] = find_metric(name, None, self.labels)
        return self.metrics[name]

    def counts(self, fold: Places, folds: int, weights: Array | None = None) -> Array:
        """Items: folds × places × labels.

        Args:
            fold: of each item.
            folds: how many.
            weights: how often each item counts; None for once.
        """
        width = len(self.cuts) + 1
        at = (fold * width + self.places) * 2 + self.is_positive
        return np.bincount(at, weights=weights, minlength=folds * width * 2).reshape(folds, width, 2).astype(float)


def scored_of(scores: Array, is_positive: Bools, labels: LabelSet) -> Scored:
    """Items with scores, NaN for an item without one; at least one has some."""
    known = ~np.isnan(scores)
    values = np.unique(scores[known])
    cuts = _between(values)
    if len(cuts) > MOST_CUTS:
        ranked = np.sort(scores[known])
        wanted = np.unique(ranked[np.linspace(0, len(ranked) - 1, MOST_CUTS).astype(int)])
        cuts = cuts[np.searchsorted(values, wanted)]
    places = np.searchsorted(cuts, np.where(known, scores, cuts[0]), side="right") - 1
    return Scored(cuts, np.where(known, np.maximum(places, 0), len(cuts)), is_positive, labels)


def _between(values: Array) -> Array:
    """Thresholds that part neighbouring scores: the scores themselves where all are whole numbers, else the middle."""
    if (values == np.round(values)).all():
        return values
    middle = values[:-1] / 2 + values[1:] / 2
    return np.concatenate([values[:1], np.where(middle > values[:-1], middle, values[1:])])


def tables_of(counts: Array) -> Array:
    """The tables of all thresholds: … × cuts × labels × (negative, positive, failed)."""
    scored = counts[..., :-1, :]
    above = np.flip(np.flip(scored, -2).cumsum(axis=-2), -2)
    tables = np.empty((*scored.shape, 3))
    tables[..., 1], tables[..., 2] = above, counts[..., -1:, :]
    tables[..., 0] = scored.sum(axis=-2, keepdims=True) - above
    return tables


def best_cuts(counts: Array, aim: Aim, items: Scored) -> Places:
    """The cut with the greatest value of the aim, the middle one of equal ones; −1 where none keeps the recall.

    Items without a score do not count.

    Args:
        counts: … × places × labels.
        aim: what is wanted.
        items: gives the labels.
    """
    tables = tables_of(counts)
    tables[..., 2] = 0
    with np.errstate(invalid="ignore", divide="ignore"):
        values = np.array(items.metric(aim.metric).value(tables), float)
        if aim.keep:
            at = items.labels.names.index(aim.keep)
            recall = tables[..., at, at] / tables[..., at, :].sum(axis=-1)
            values[~(recall >= aim.at_least - CLOSE)] = np.nan
    values[np.isnan(values)] = -np.inf
    is_best = (values >= values.max(axis=-1, keepdims=True) - CLOSE) & ~np.isneginf(values)
    rank = is_best.cumsum(axis=-1)
    total = rank[..., -1]
    middle = (rank > ((total - 1) // 2)[..., None]).argmax(axis=-1)
    return np.where(total > 0, middle, -1)


def fold_codes(is_positive: Bools, group: NDArray[np.int64], folds: int, seed: int) -> Places:
    """The fold of each item: whole clusters, dealt out so that each fold has a like share of the positive label.

    Args:
        is_positive: whether an item has the positive label.
        group: the cluster of each item.
        folds: how many.
        seed: of the order of clusters with the same share.
    """
    numbers = np.unique(group, return_inverse=True)[1]
    count = int(numbers.max(initial=-1)) + 1
    shares = np.bincount(numbers, weights=is_positive, minlength=count) / np.maximum(np.bincount(numbers), 1)
    order = np.lexsort((np.random.Generator(np.random.PCG64(seed)).random(count), shares))
    of_cluster = np.empty(count, np.intp)
    of_cluster[order] = np.arange(count) % folds
    return of_cluster[numbers]


class CrossFit(NamedTuple):
    """A choice on all items, and on the other folds for each fold.

    Attributes:
        cut: chosen on all items, −1 for none.
        fold_cuts: chosen on the other folds of each fold, −1 for none.
        table: labels × (negative, positive, failed): each fold by the threshold of the others.
    """

    cut: int
    fold_cuts: Places
    table: Array

    @property
    def is_complete(self) -> bool:
        """Whether every choice has a threshold."""
        return self.cut >= 0 and bool((self.fold_cuts >= 0).all())


def cross_fit(counts: Array, aim: Aim, items: Scored) -> CrossFit:
    """Choose on all items, and label each fold by the threshold that is chosen on the others.

    Args:
        counts: folds × places × labels.
        aim: what thresholds are chosen for.
        items: gives the labels.
    """
    total = counts.sum(axis=0)
    trained = np.concatenate([total[None], total - counts])
    cuts = best_cuts(trained, aim, items)
    without = (trained[:, :-1].sum(axis=1) <= 0).any(axis=1)  # a part in which a label does not occur
    cuts[without] = -1
    tables = tables_of(counts)[np.arange(len(counts)), cuts[1:]]
    return CrossFit(int(cuts[0]), cuts[1:], tables.sum(axis=0))


def resampled_errors(
    items: Scored, split: tuple[NDArray[np.int64], Places], aim: Aim, names: Sequence[str], resamples: int, seed: int
) -> Mapping[str, float]:
    """The standard errors of cross-fitted figures about what the threshold chosen on all items does.

    Clusters are drawn with replacement, and the whole procedure is repeated on each resample: the choice, the choices
    of the folds and the labels of the held-out items. What the threshold of a resample does on the sample is its truth.
    The error of a figure of fixed labels does not hold that the threshold varies.

    Args:
        items: labelled, with scores.
        split: the cluster and the fold of each item.
        aim: what thresholds are chosen for.
        names: of the metrics.
        resamples: how many.
        seed: of the draws.
    """
    group, fold = split
    numbers = np.unique(group, return_inverse=True)[1]
    count, folds = int(numbers.max()) + 1, int(fold.max()) + 1
    truths = tables_of(items.counts(np.zeros_like(fold), 1)[0])
    generator = np.random.Generator(np.random.PCG64(seed))
    held_out, real = [], []
    for drawn in generator.multinomial(count, np.full(count, 1 / count), size=resamples):
        found = cross_fit(items.counts(fold, folds, drawn[numbers].astype(float)), aim, items)
        if found.is_complete:
            held_out.append(found.table)
            real.append(truths[found.cut])
    if len(held_out) < 2:
        return {}
    spread = np.sqrt(count / max(1, count - 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = {
            name: items.metric(name).value(np.array(held_out)) - items.metric(name).value(np.array(real))
            for name in names
        }
    return {name: float(np.sqrt(np.nanmean(error**2))) * spread for name, error in errors.items()}


def written(threshold: float, scores: Array) -> float:
    """The threshold with as few digits as part the same scores.

    Args:
        threshold: as it was chosen.
        scores: of the items.
    """
    below, above = scores[scores < threshold], scores[scores >= threshold]
    if not len(above):
        return threshold
    least = float(below.max()) if len(below) else -np.inf
    for digits in range(DIGITS):
        rounded = round(threshold, digits)
        if least < rounded <= float(above.min()):
            return rounded
    return threshold
