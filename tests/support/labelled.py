"""Labels and judgments without texts: what scoring needs of a dataset, and specs to score it by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from harness.leaderboard.build import make_leaderboard
from harness.records.calls import Model, Price
from harness.records.datasets import Item
from harness.records.experiment import Cell, ScoreSpec, Spec
from harness.records.judgments import Usage
from harness.records.label_set import VERDICT_LABELS, LabelSet
from harness.records.scores import Leaderboard
from harness.scoring.score import DatasetScores, score_dataset

QUICK = ScoreSpec(resamples=400)


@dataclass
class Labelled:
    """A dataset that is nothing but its labels."""

    codes: Any
    clusters: Any = None
    name: str = "fair"
    digest: str = ""
    annotators: tuple[str, ...] = ("one",)
    label_set: LabelSet = VERDICT_LABELS

    @property
    def clustered(self) -> bool:
        return self.clusters is not None

    def __len__(self) -> int:
        return len(self.codes)

    def items(self, start: int = 0, stop: int | None = None) -> Iterator[Item]:
        raise NotImplementedError

    def ids(self) -> Sequence[str]:
        return [str(k) for k in range(len(self))]

    def reference_codes(self) -> Any:
        return self.codes

    def annotator_codes(self) -> Any:
        return self.codes[:, None]

    def cluster_codes(self) -> Any:
        return np.arange(len(self)) if self.clusters is None else self.clusters


def labels(n: int, seed: int = 0) -> Any:
    """Reference verdicts."""
    return np.random.default_rng(seed).choice(3, n, p=[0.45, 0.15, 0.4]).astype(np.int8)


def judge(codes: Any, skill: float, seed: int = 1, failing: float = 0.0) -> Any:
    """Outcomes that copy the reference with some probability, and otherwise are anything."""
    rng = np.random.default_rng(seed)
    answers = np.where(rng.random(len(codes)) < skill, codes, rng.integers(0, 3, len(codes)))
    return np.where(rng.random(len(codes)) < failing, rng.integers(3, 7, len(codes)), answers).astype(np.int8)


def cells(*models: str, dataset: str = "fair") -> list[Cell]:
    """One cell for each model."""
    return [Cell(dataset, "direct", "judge", (name,)) for name in models]


def score(dataset: Labelled, judges: dict[str, Any], spec: ScoreSpec = QUICK, seed: int = 7) -> DatasetScores:
    """Scores of some judges, each given as its outcomes."""
    outcomes = np.column_stack(list(judges.values())).astype(np.int8)
    usage = [Usage(1000, 10, 5, 0.0025)] * len(judges)
    return score_dataset(
        cells(*judges, dataset=dataset.name), dataset, outcomes, spec, seed, usage, [None] * len(judges)
    )


def spec_of(*models: str, scoring: ScoreSpec = QUICK, provider: str = "openai", price: Price | None = None) -> Spec:
    """A spec with models and nothing else."""
    return Spec(
        path=Path("/nowhere/spec.yaml"),
        name="modes",
        kind="evaluation",
        seed=7,
        datasets={},
        models={name: Model(name, provider, name, price=price) for name in models},
        strategies={},
        cells=(),
        score=scoring,
        resolved={},
    )


def board_of(*groups: DatasetScores, **options: Any) -> Leaderboard:
    """The leaderboard of some datasets."""
    models = dict.fromkeys(name for group in groups for score in group.scores for name in score.cell.models)
    scoring = replace(QUICK, level=next((s.figures["kappa"].level for g in groups for s in g.scores), 0.95))
    return make_leaderboard(spec_of(*models, scoring=scoring, **options), groups)
