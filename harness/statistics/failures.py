"""Bounds on every figure from the possible outcomes of failed judgments.

A failure counts as a class of its own, as disagreement. Had the judge answered, it might have been right or wrong:
`all_right` and `all_wrong` are the tables of these two extremes.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from harness.statistics.agreement import Array

STEPS = 5
"""Steps of the split of one reference verdict's failures between the two wrong verdicts."""


def complete_case(table: Array) -> Array:
    """The table without its failures."""
    kept = np.array(table, dtype=float)
    kept[:, 3] = 0
    return kept


def all_right(table: Array) -> Array:
    """Every failure answered with the reference verdict: moved to the diagonal."""
    moved = complete_case(table)
    moved[:, :3] += np.diag(np.asarray(table, dtype=float)[:, 3])
    return moved


def all_wrong(table: Array) -> Array:
    """Tables in which every failure is answered with a wrong verdict; the least figure over them is the bound.

    Which wrong verdicts are the worst depends on the figure: kappa suffers most where the answers pile up on the
    most frequent class. So the failures of each reference verdict are given to one wrong verdict, the other, or
    split between them in `STEPS - 1` steps, in all combinations. For accuracy and every kappa over all items the
    worst case is among these (their numerator and denominator are linear in the split, so it lies at a corner);
    for AC1, which suffers most from an even spread, it is met up to the width of a step.
    """
    splits = np.array(list(product(np.linspace(0, 1, STEPS), repeat=3)))
    shares = np.zeros((len(splits), 3, 3))
    for row in range(3):
        one, other = (column for column in range(3) if column != row)
        shares[:, row, one] = splits[:, row]
        shares[:, row, other] = 1 - splits[:, row]
    tables = np.zeros((len(splits), 3, 4))
    tables[:, :, :3] = np.asarray(table, dtype=float)[:, :3] + shares * np.asarray(table, dtype=float)[:, 3:]
    return tables
