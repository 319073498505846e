"""Worlds in which the truth about evaluators is known."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.scoring.metric import find_metric

SHARES = np.array([0.42, 0.16, 0.42])
"""How often each verdict is the reference."""

kappa = find_metric("kappa")
accuracy = find_metric("accuracy")

EVEN, USUAL, RARE, NO_TIES = [1 / 3, 1 / 3, 1 / 3], [0.42, 0.16, 0.42], [0.8, 0.05, 0.15], [0.55, 0.0, 0.45]
HABITS = {"even": EVEN, "usual": USUAL, "rare classes": RARE, "no ties": NO_TIES}


def joint_of(human: Any, judge: Any, agreement: float) -> Any:
    """Shares, 3 × 4, of a judge that copies the reference with some probability, and answers by habit otherwise."""
    human, judge = np.array(human), np.array(judge)
    joint = np.zeros((3, 4))
    joint[:, :3] = agreement * np.diag(human) + (1 - agreement) * np.outer(human, judge)
    return joint


def scenarios() -> dict[str, Any]:
    """Twenty joint distributions of reference and judgment: middling, none, nearly perfect, nearly constant."""
    found = {}
    for name, human in HABITS.items():
        for agreement in (0.0, 0.4, 0.7, 0.97):
            found[f"{name}, agreement {agreement:g}"] = joint_of(human, human, agreement)
        constant = [0.97, 0.01, 0.02]
        found[f"{name}, a nearly constant judge"] = joint_of(human, constant, 0.02)
    return found


def judged(rng: np.random.Generator, n: int, skills: Any, common: float = 0.7) -> tuple[Any, Any]:
    """Labels, and the verdicts of evaluators (items × evaluators) whose true kappa is their skill.

    An evaluator copies the label with its skill as probability and guesses by the labels' own shares otherwise.

    Args:
        rng: of the world.
        n: items.
        skills: the true kappa of each evaluator.
        common: how much of what they are right and wrong about they share, which makes their figures correlated.
    """
    skills = np.asarray(skills)
    labels = rng.choice(3, n, p=SHARES)

    def shared(everybodys: Any, own: Any) -> Any:
        return np.where(rng.random((n, len(skills))) < common, everybodys, own)

    copies = shared(rng.random((n, 1)), rng.random((n, len(skills)))) < skills
    guesses = shared(rng.choice(3, (n, 1), p=SHARES), rng.choice(3, (n, len(skills)), p=SHARES))
    return labels.astype(np.int8), np.where(copies, labels[:, None], guesses).astype(np.int8)


def tables_of(labels: Any, verdicts: Any) -> Any:
    """Counts, evaluators × 3 × 4."""
    places = labels.astype(np.intp)[:, None] * 4 + verdicts
    return np.array([np.bincount(column, minlength=12) for column in places.T], float).reshape(-1, 3, 4)
