"""What the best is worth on items that its choice did not see, and how often two are called equivalent that are not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.records.experiment import ScoreSpec
from harness.scoring.holdout import choose_and_measure
from harness.scoring.labels import reference_of
from simulations.judging import judged
from simulations.row import Row, scaled
from support.labelled import Labelled, cells, score

LEVEL = 0.95


def simulate(scale: float) -> Iterator[Row]:
    """Held-out figures of the best of many, and equivalence at the very margin."""
    yield from _held_out(scaled(1_000, scale))
    yield from _equivalence(scaled(600, scale))


def _held_out(repeats: int) -> Iterator[Row]:
    for world, skills in (("57 equal evaluators", np.full(57, 0.4)), ("12 unequal", np.linspace(0.3, 0.55, 12))):
        spec = ScoreSpec(metrics=("kappa",), resamples=1_000, level=LEVEL)
        named = cells(*map(str, range(len(skills))))
        errors, held = [], []
        for seed in range(repeats):
            labels, verdicts = judged(np.random.default_rng([3, seed]), 160, skills)
            reference = reference_of(Labelled(labels))
            found = choose_and_measure(named, verdicts, reference, spec, share=0.5, seed=seed)
            assert found.cell is not None
            truth = skills[int(found.cell.rpartition(":")[2])]
            figure = found.figure
            assert figure.value is not None
            assert figure.low is not None
            assert figure.high is not None
            errors.append(figure.value - truth)
            held.append(figure.low <= truth <= figure.high)
        yield Row(
            "held-out figure of the best, off by", world, "80 of 160", abs(float(np.mean(errors))), 0.02, "at most", 0
        )
        yield Row("held-out interval", world, "80 of 160", float(np.mean(held)), 0.94, "at least", repeats)


def _equivalence(repeats: int) -> Iterator[Row]:
    """Two evaluators that differ by exactly the margin must not be called equivalent."""
    margin, wrong = 0.1, 0
    spec = ScoreSpec(metrics=("kappa",), resamples=400, level=LEVEL, margin=margin)
    for seed in range(repeats):
        labels, verdicts = judged(np.random.default_rng([5, seed]), 1_500, np.array([0.6, 0.6 + margin]))
        group = score(Labelled(labels), {"one": verdicts[:, 0], "two": verdicts[:, 1]}, spec)
        contest = group.contests["kappa"]
        assert contest is not None
        wrong += bool(contest.held_against(0, 1).is_equivalent)
    yield Row(
        "called equivalent at the margin itself", "two evaluators", "1500", wrong / repeats, 0.05, "at most", repeats
    )
