"""Correct judge results with a labelled subset: win rates, and agreement with the labels.

The labels are those of the run or of a file. The verdicts of a cell on all items and the labels of some are combined to
one win rate (PPI++, see `harness/statistics/prediction_powered.py`); agreement is scored as in a run.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.analysis.correct.given_labels import LabelSource, NewLabels, Target
from harness.analysis.correct.label_file import read_labels
from harness.analysis.correct.mean_results import MeanCorrection
from harness.analysis.correct.means import correct_means
from harness.analysis.correct.notes import notes_on_labels
from harness.analysis.correct.pairing import Pairing, label_pairing, pairing_of
from harness.analysis.correct.rogan_gladen import RoganGladenRate, check_single, with_rogan_gladen
from harness.analysis.correct.soft_rates import SoftRates, soft_rates
from harness.analysis.correct.strengths import Strength, strengths_of
from harness.analysis.correct.systems import SystemDifference, SystemRate, differences_of_systems, rates_of_systems
from harness.analysis.correct.weighting import DesignFacts, design_facts, weighting_of
from harness.data.labels import majority
from harness.data.number_labels import mean_numbers
from harness.errors import RunFolderError
from harness.hashing import seed_for
from harness.leaderboard import numbers
from harness.records.calls import Model, any_simulated
from harness.records.experiment import ScoreSpec
from harness.records.figures import Figure, RankSet
from harness.records.judgments import Usage
from harness.records.scores import CellScore
from harness.scoring.score import score_dataset
from harness.scoring.soft_scores import verdict_score
from harness.scoring.win_rates import NO_VERDICTS, Rate, Seen, human_rates, judge_rates, sign_figure
from harness.statistics.codes import VERDICT_CODES, Codes
from harness.statistics.win_rate import Ties

if TYPE_CHECKING:
    from harness.runner.run_reader import Judged, JudgedDataset

Method: TypeAlias = Literal["ppi", "rogan-gladen"]
"""Ways to correct the rate of a label; prediction-powered inference is always part of it."""


@dataclass(frozen=True, slots=True)
class CellCorrection:
    """The correction of one cell.

    Attributes:
        score: its agreement with the labels, on the items that have one.
        ranks: by metric, the rank range among the cells of its dataset.
        counts: items won, tied, lost and failed, over all items of the pairing.
        rates: win rates by convention of ties.
        sign: p-value of its own win rate against one half.
    """

    score: CellScore
    ranks: Mapping[str, RankSet | None]
    counts: tuple[int, ...]
    rates: Mapping[Ties, Rate]
    sign: Figure


@dataclass(frozen=True, slots=True, eq=False)
class DatasetCorrection:
    """The correction of the cells of one dataset.

    Attributes:
        name: of the dataset.
        items: judged.
        labelled: how many of them have a label.
        annotators: who labelled.
        clusters: how many clusters the items and the labelled items are in; None where items are independent.
        pairing: the two systems of the win rate, and its items.
        human_counts: items won, tied and lost by the labels.
        human: win rates by the labels alone, by convention of ties.
        human_sign: p-value of that win rate against one half.
        cells: in the order of the run.
        strengths: of three or more systems, by the labels and by each cell; empty otherwise.
        notes: notes of every rendering.
        soft: win rates from probabilities and shares; None where neither an evaluator nor a label is soft.
        systems: of single responses, the rate of the label for each system that wrote them, by each cell.
        design: how the labelled items were drawn; None where that is not known.
        differences: of the rates of these systems.
        rogan_gladen: rates by that estimator, where it was asked for.
    """

    name: str
    items: int
    labelled: int
    annotators: tuple[str, ...]
    clusters: tuple[int, int] | None
    pairing: Pairing
    human_counts: tuple[int, ...]
    human: Mapping[Ties, Figure]
    human_sign: Figure
    cells: tuple[CellCorrection, ...]
    strengths: tuple[Strength, ...]
    notes: tuple[str, ...]
    soft: SoftRates | None = None
    systems: tuple[SystemRate, ...] = ()
    design: DesignFacts | None = None
    differences: tuple[SystemDifference, ...] = ()
    rogan_gladen: tuple[RoganGladenRate, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """The correction of a run.

    Attributes:
        run: id of the run.
        spec: name of its spec.
        labels: the file of labels as the user gave it, None for the labels of the run.
        score: metrics, resamples and level.
        seed: of the spec.
        datasets: those of the run, in its order.
        notes: notes on the whole.
        means: mean numbers of the datasets, where labels are numbers; they then have no rates.
    """

    run: str
    spec: str
    labels: str | None
    score: ScoreSpec
    seed: int
    datasets: tuple[DatasetCorrection, ...]
    notes: tuple[str, ...]
    means: tuple[MeanCorrection, ...] = ()


def correct(
    judged: Judged,
    source: LabelSource | None = None,
    given: Mapping[str, NewLabels] | None = None,
    method: Method = "ppi",
) -> Correction:
    """Correct a run with labels.

    Args:
        judged: the run.
        source: a file of labels; None for the labels of the dataset.
        given: the labels of that file, by dataset, where they were read before.
        method: `rogan-gladen` adds the rates by that estimator, of single responses.

    Raises:
        DatasetError: with all errors of the file.
        RunFolderError: where the run ranked several responses, or the method is not for its labels.
    """
    from harness.runner.run_kinds import no_rankings

    no_rankings(judged, "rates of verdicts and labels are corrected")
    if judged.label_set.is_number:
        if method == "rogan-gladen":
            message = f"{judged.folder}: Rogan and Gladen's estimator is of rates, and labels are numbers"
            raise RunFolderError(message, hint="leave out the method")
        return _correct_means(judged, source, given)
    if method == "rogan-gladen":
        check_single(judged.datasets, judged.folder)
    if given is not None:
        new = dict(given)
    elif source is None:
        new = {each.name: NewLabels(each.annotators, each.annotator_codes()) for each in judged.datasets}
    else:
        new = read_labels(source, [_target(judged, each) for each in judged.datasets])
    found = []
    for each in judged.datasets:
        labels = new.get(each.name, NewLabels((), _no_labels(each)))
        one = correct_dataset(each, labels, judged.score, judged.seed)
        soft = soft_rates(judged, each, one.pairing, None if source is None else labels, judged.score)
        one = replace(one, soft=soft)
        found.append(with_rogan_gladen(one, each, labels, judged.score) if method == "rogan-gladen" else one)
    shown = None if source is None else str(source.path)
    notes = (numbers.SIMULATED,) if _is_simulated(judged) else ()
    return Correction(judged.id, judged.spec_name, shown, judged.score, judged.seed, tuple(found), notes)


def _correct_means(judged: Judged, source: LabelSource | None, read: Mapping[str, NewLabels] | None) -> Correction:
    """Correct a run whose labels are numbers."""
    shown, found = None if source is None else str(source.path), []
    new = dict(read or {})
    if source is not None and read is None:
        new = read_labels(source, [_target(judged, each) for each in judged.datasets])
    for each in judged.datasets:
        given = new.get(each.name, NewLabels((), _no_labels(each)))
        if source is None:
            given = NewLabels(each.annotators, each.annotator_codes(), numbers=each.numbers())
        found.append(means_of(judged, each, given))
    notes = (numbers.SIMULATED,) if _is_simulated(judged) else ()
    return Correction(judged.id, judged.spec_name, shown, judged.score, judged.seed, (), notes, tuple(found))


def means_of(judged: Judged, data: JudgedDataset, given: NewLabels) -> MeanCorrection:
    """The mean numbers of one dataset.

    Args:
        judged: the run.
        data: one of its datasets.
        given: the labels, as numbers.
    """
    y = np.full(len(data), np.nan) if given.numbers is None else mean_numbers(given.numbers)
    is_equal = given.design is None or given.design.is_equal(given.is_labelled)
    return correct_means(judged, data, y, given.annotators, given.notes, None if is_equal else given.design)


def correct_dataset(dataset: JudgedDataset, new: NewLabels, score: ScoreSpec, seed: int) -> DatasetCorrection:
    """Correct the cells of one dataset.

    Seeds derive from the seed of the spec and the ids of cells, as in a run: the figures of a cell do not depend on the
    other cells, and with the labels of the dataset the agreement equals the scores of the run.

    Args:
        dataset: the items with the outcomes of the cells.
        new: the labels.
        score: metrics, resamples and level.
        seed: of the spec.
    """
    labels = majority(new.codes, dataset.label_set)
    cluster: NDArray[np.int64] | None = dataset.cluster_codes() if dataset.clustered else None
    writers = dataset.models_a, dataset.models_b
    pairing = pairing_of(*writers) if dataset.label_set.is_pair else label_pairing(dataset.label_set, len(dataset))
    human, units = pairing.outcomes(labels), None if cluster is None else pairing.of_items(cluster)
    weighting = weighting_of(new, labels, pairing, cluster, score)
    has_label = human >= 0
    if weighting is None:
        alone = human_rates(human, units, score, seed_for(seed, "win-rate", "human", dataset.name))
        sign = sign_figure(human[has_label], None if units is None else units[has_label], score)
    else:
        alone, sign = weighting.human(), weighting.sign()
    cells = _cells(dataset, _Relabelled(dataset, new), pairing, alone, score, seed)
    if weighting is not None:
        cells = weighting.ranked([weighting.cell(cell, dataset, alone) for cell in cells], dataset, seed)
    facts = design_facts(new, labels)
    systems = rates_of_systems(dataset, labels, pairing, score, seed, weighting)
    columns: dict[str | None, Codes] = {None: labels}
    columns |= {cell.id: dataset.outcomes[:, at] for at, cell in enumerate(dataset.cells)}
    rates = [cell.rates for cell in cells]
    return DatasetCorrection(
        name=dataset.name,
        items=len(dataset),
        labelled=int((labels >= 0).sum()),
        annotators=new.annotators,
        clusters=None if cluster is None else (len(np.unique(cluster)), len(np.unique(cluster[labels >= 0]))),
        pairing=pairing,
        human_counts=tuple(np.bincount(human[has_label], minlength=VERDICT_CODES).tolist()),
        human=alone,
        human_sign=sign,
        cells=cells,
        strengths=strengths_of(
            pairing.systems, writers, columns, cluster, score.level, None if weighting is None else weighting.weights()
        ),
        notes=(*notes_on_labels(dataset, labels, cluster, pairing, rates, facts), *new.notes),
        systems=systems,
        differences=differences_of_systems(dataset, labels, pairing, systems, score, weighting),
        design=facts,
    )


def _cells(
    dataset: JudgedDataset,
    labelled: _Relabelled,
    pairing: Pairing,
    human: Mapping[Ties, Figure],
    score: ScoreSpec,
    seed: int,
) -> tuple[CellCorrection, ...]:
    """Each cell beside the labels."""
    if not dataset.cells:
        return ()
    count = len(dataset.cells)
    by = verdict_score(score)
    agreement = score_dataset(dataset.cells, labelled, dataset.outcomes, by, seed, [Usage()] * count, [None] * count)
    ranks = {name: contest.rank_sets() if contest else {} for name, contest in agreement.contests.items()}
    labels = pairing.outcomes(labelled.reference_codes())
    units = pairing.of_items(labelled.cluster_codes()) if labelled.clustered else None

    def corrected(at: int) -> CellCorrection:
        cell = dataset.cells[at]
        outcomes = pairing.outcomes(dataset.outcomes[:, at])
        draws = seed_for(seed, "win-rate", cell.id), seed_for(seed, "win-rate", "corrected", cell.id)
        seen = Seen(outcomes, labels, units)
        counts = np.bincount(np.minimum(outcomes, VERDICT_CODES), minlength=VERDICT_CODES + 1)
        return CellCorrection(
            score=agreement.scores[at],
            ranks={name: sets.get(at) for name, sets in ranks.items()},
            counts=tuple(counts.tolist()),
            rates=judge_rates(seen, human, score, judge_seed=draws[0], seed=draws[1]),
            sign=sign_figure(outcomes, units, score, NO_VERDICTS),
        )

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return tuple(pool.map(corrected, range(count)))


class _Relabelled:
    """A dataset of a run with other labels. It is a `harness.records.datasets.LabelledItems`."""

    def __init__(self, dataset: JudgedDataset, new: NewLabels) -> None:
        self.name, self.annotators, self.clustered = dataset.name, new.annotators, dataset.clustered
        self.label_set = dataset.label_set
        self._dataset, self._codes = dataset, new.codes

    def __len__(self) -> int:
        return len(self._codes)

    def ids(self) -> Sequence[str]:
        """The ids of all items, in order."""
        return self._dataset.ids()

    def reference_codes(self) -> Codes:
        """The majority of the new labels of each item, −1 where there is none."""
        return majority(self._codes, self.label_set)

    def annotator_codes(self) -> Codes:
        """The new labels."""
        return self._codes

    def cluster_codes(self) -> NDArray[np.int64]:
        """The cluster of each item."""
        return self._dataset.cluster_codes()


def _is_simulated(judged: Judged) -> bool:
    """Whether a simulated model is part of the run: then no figure describes a language model."""
    named = {name for dataset in judged.datasets for cell in dataset.cells for name in cell.models}
    entries = {name: judged.spec["models"][name] for name in named}
    return any_simulated(Model(name, each["provider"], each.get("model", "")) for name, each in entries.items())


def _target(judged: Judged, dataset: JudgedDataset) -> Target:
    entry = judged.spec.get("datasets", {}).get(dataset.name, {})
    return Target(dataset.name, dataset.ids(), entry.get("label_values") or {}, dataset.label_set)


def _no_labels(dataset: JudgedDataset) -> Codes:
    return np.zeros((len(dataset), 0), np.int8)
