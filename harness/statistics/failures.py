"""Bounds on every figure from the possible outcomes of failed judgments.

A failure counts as a class of its own, as disagreement. Had the judge answered, it might have been right or wrong:
`all_right` and `all_wrong` are the tables of these two extremes. Tables are reference classes × judged classes and
`failed`, for any label set of 2 to 20 classes.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from harness.statistics.agreement import Array

STEPS = 5
"""Steps of the split of one reference verdict's failures between the two wrong verdicts."""


def complete_case(tables: Array) -> Array:
    """The tables without their failures."""
    kept = np.array(tables, dtype=float)
    kept[..., -1] = 0
    return kept


def all_right(tables: Array) -> Array:
    """Every failure answered with the reference verdict: moved to the diagonal."""
    moved = complete_case(tables)
    moved[..., :-1] += np.eye(moved.shape[-2]) * np.asarray(tables, dtype=float)[..., -1:]
    return moved


def all_wrong(tables: Array) -> Array:
    """Tables in which every failure is answered with a wrong verdict; the least figure over them is the bound.

    Of tables `(..., R, R + 1)` they are `(..., candidates, R, R + 1)`.

    Which wrong verdicts are the worst depends on the figure: kappa suffers most where the answers pile up on the
    most frequent class, weighted kappa where they are far from the reference, and AC1 from an even spread. With three
    classes the failures of each reference verdict are given to one wrong verdict, the other, or split between them in
    `STEPS - 1` steps, in all combinations: for accuracy and every kappa over all items the worst case is among these
    (their numerator and denominator are linear in the split, so it lies at a corner); for AC1 it is met up to the width
    of a step. With other numbers of classes the candidates are an even spread, everything far away, and everything on
    one class, the rest of it on any other; accuracy and unweighted kappa meet their worst case among these.
    """
    counts = np.asarray(tables, dtype=float)
    classes = counts.shape[-2]
    shares = _splits_of_three() if classes == 3 else _candidates(classes)
    answered = np.zeros((*counts.shape[:-2], len(shares), classes, classes + 1))
    answered[..., :-1] = counts[..., None, :, :-1] + shares * counts[..., None, :, -1:]
    return answered


def _splits_of_three() -> Array:
    """Shares of the failures of each reference verdict that each verdict gets, splits × 3 × 3."""
    splits = np.array(list(product(np.linspace(0, 1, STEPS), repeat=3)))
    shares = np.zeros((len(splits), 3, 3))
    for row in range(3):
        one, other = (column for column in range(3) if column != row)
        shares[:, row, one] = splits[:, row]
        shares[:, row, other] = 1 - splits[:, row]
    return shares


def _candidates(classes: int) -> Array:
    """The same for any number of classes: a few candidates for the worst case."""
    rows = np.arange(classes)
    even = (1 - np.eye(classes)) / (classes - 1)
    far = np.eye(classes)[np.where(rows < classes / 2, classes - 1, 0)]
    pairs = [(most, second) for most in rows for second in rows if most != second]
    piles = [np.eye(classes)[np.where(rows == most, second, most)] for most, second in pairs]
    return np.array([even, far, *piles])
