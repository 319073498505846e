"""Arrays of verdicts by many simulated judges of one skill, for planning a run without pilot data.

The world is that of `harness.providers.simulation.dataset` and `harness.providers.simulation.judge`:
two of the four writers answer a prompt and meet each requirement with the probability of their skill, three annotators
label the pair, and judges err independently. No texts are made.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.providers.simulation.dataset import ANNOTATORS, TIES_KEPT, WRITERS
from harness.providers.simulation.judge import OFF_TOPIC, TIE_MARGIN
from harness.providers.simulation.world import Knobs

Codes = NDArray[np.int8]

MIN_THINGS, MAX_THINGS = 4, 6
"""Requirements that a prompt may list."""


SKILL = 0.8
"""Of a judge of single responses: how often it gives the right label; of one that ranks, see `ranked_panel`."""


class Pairs(NamedTuple):
    """Pairs of responses.

    Attributes:
        met: pairs × 2 × requirements, whether each response meets each requirement.
        listed: pairs × requirements, which of them the prompt lists.
    """

    met: NDArray[np.bool_]
    listed: NDArray[np.bool_]


def panel(judges: int, items: int, *, seed: int, shares: Sequence[float] | None = None) -> tuple[Codes, Codes]:
    """Labels of pairs, and the verdicts of judges of the default skill.

    Args:
        judges: number of judges; they differ only in their random draws.
        items: number of pairs.
        seed: seed of all draws.
        shares: of the labels `a`, `tie`, `b`, when pairs are drawn again so that they have these; None for those of
            the simulated world.

    Returns:
        The label of each item, and the verdicts, items × judges, as positions in VERDICTS.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    pairs = _drawn(items, generator)
    labels = _majority(np.stack([verdicts(pairs, one.skill, generator) for one in ANNOTATORS]))
    if shares is not None:
        rows = _rows_with(labels, shares, items, generator)
        pairs, labels = Pairs(pairs.met[rows], pairs.listed[rows]), labels[rows]
    skill = Knobs().skill
    return labels, np.column_stack([verdicts(pairs, skill, generator) for _ in range(judges)])


def single_panel(
    judges: int, items: int, classes: int, seed: int, shares: Sequence[float] | None = None
) -> tuple[Codes, Codes]:
    """Labels of single responses, and the labels that judges of one skill give.

    A judge gives the right label with probability `SKILL`, else one of the others, all with the same probability.

    Args:
        judges: number of judges; they differ only in their random draws.
        items: number of responses.
        classes: number of labels.
        seed: seed of all draws.
        shares: of the labels; None for equal ones.

    Returns:
        The label of each item, and those of the judges, items × judges.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    weights = np.ones(classes) if shares is None else np.asarray(shares, float)
    ends = np.round(np.cumsum(weights) / weights.sum() * items).astype(int)
    labels = np.repeat(np.arange(classes), np.diff(ends, prepend=0))
    others = (labels[:, None] + generator.integers(1, classes, (items, judges))) % classes
    is_right = generator.random((items, judges)) < SKILL
    return labels.astype(np.int8), np.where(is_right, labels[:, None], others).astype(np.int8)


def ranked_panel(judges: int, scores: NDArray[np.float64], seed: int) -> list[NDArray[np.float64]]:
    """The rankings that judges of one skill give, as ranks.

    A judge sees each response on its step of people's ranking, the steps one apart, with a normal error: it puts two
    responses of neighbouring steps in the right order with probability `SKILL`. It gives no ties.

    Args:
        judges: number of judges; they differ only in their random draws.
        scores: items × responses, how good people find each; NaN beyond the responses of an item.
        seed: seed of all draws.

    Returns:
        Of each judge, items × responses, the rank of each, NaN in the same places.
    """
    generator = np.random.Generator(np.random.PCG64(seed))
    known = ~np.isnan(scores)
    ascending = np.sort(scores, axis=1)  # NaN last
    is_new = np.diff(ascending, axis=1, prepend=-np.inf) > 0
    places = (ascending[:, None, :] < scores[:, :, None]) & is_new[:, None, :]
    steps, error = places.sum(axis=2), 1 / (NormalDist().inv_cdf(SKILL) * 2**0.5)
    found = []
    for _ in range(judges):
        seen = np.where(known, steps + error * generator.standard_normal(scores.shape), -np.inf)
        ranks = (-seen).argsort(axis=1).argsort(axis=1) + 1.0
        found.append(np.where(known, ranks, np.nan))
    return found


def verdicts(pairs: Pairs, skill: float, generator: np.random.Generator) -> Codes:
    """The verdicts of one reader, as `perceive` and `verdict_of` of a simulated judge without biases give them."""
    notices = generator.random(pairs.met.shape) < skill
    guesses = generator.random(pairs.met.shape) < 0.5
    noticed = (np.where(notices, pairs.met, guesses) & pairs.listed[:, None, :]).sum(axis=2)
    errors = 2.0 * (generator.random((3, *noticed.shape)).sum(axis=0) - 1.5)
    quality = noticed / pairs.listed.sum(axis=1)[:, None] + OFF_TOPIC * (1 - skill) * errors
    gap = quality[:, 0] - quality[:, 1]
    return np.where(np.abs(gap) < TIE_MARGIN, 1, np.where(gap > 0, 0, 2)).astype(np.int8)


def _drawn(items: int, generator: np.random.Generator) -> Pairs:
    """Pairs as in a dataset of the simulated world, which drops part of the truly equal pairs."""
    skills = np.array([WRITERS[name] for name in sorted(WRITERS)])
    things = generator.integers(MIN_THINGS, MAX_THINGS + 1, items)
    first = generator.integers(0, len(skills), items)
    second = (first + generator.integers(1, len(skills), items)) % len(skills)
    listed = np.arange(MAX_THINGS) < things[:, None]
    by = skills[np.stack([first, second], axis=1)]
    met = (generator.random((items, 2, MAX_THINGS)) < by[:, :, None]) & listed[:, None, :]
    counts = met.sum(axis=2)
    kept = np.flatnonzero((counts[:, 0] != counts[:, 1]) | (generator.random(items) < TIES_KEPT))
    rows = kept[np.arange(items) % len(kept)]  # repeats replace the dropped pairs
    return Pairs(met[rows], listed[rows])


def _majority(labels: Codes) -> Codes:
    """The majority of three annotators, `tie` if all three differ."""
    alike = np.where(labels[1] == labels[2], labels[1], np.int8(1))
    return np.where((labels[0] == labels[1]) | (labels[0] == labels[2]), labels[0], alike).astype(np.int8)


def _rows_with(labels: Codes, shares: Sequence[float], items: int, generator: np.random.Generator) -> NDArray[np.intp]:
    """Rows drawn so that their labels have these shares."""
    ends = np.round(np.cumsum(shares) / np.sum(shares) * items).astype(int)
    counts = np.diff(ends, prepend=0)
    drawn = [generator.choice(np.flatnonzero(labels == code), count) for code, count in enumerate(counts)]
    return np.concatenate(drawn).astype(np.intp)
