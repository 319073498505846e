"""Whether a dataset has the reference answers that a strategy needs."""

from __future__ import annotations

from harness.errors import Problem
from harness.records.datasets import Dataset
from harness.records.experiment import Strategy

SHOWN_IDS = 3
"""Ids of items that a problem about many of them names."""


def reference_problem(strategy: Strategy, dataset: Dataset, *, file: str) -> Problem | None:
    """What is wrong where a strategy needs the reference answers of a dataset and some are missing; None where nothing.

    Args:
        strategy: may say `reference: required`.
        dataset: what it is to be asked about.
        file: what messages call the spec.
    """
    if strategy.reference != "required":
        return None
    missing = [item.id for item in dataset.items() if not item.reference]
    if not missing:
        return None
    shown = ", ".join(f"`{name}`" for name in missing[:SHOWN_IDS])
    shown = shown if len(missing) <= SHOWN_IDS else f"{shown} and others"
    message = f"the strategy `{strategy.name}` needs reference answers, which {len(missing):,} of {len(dataset):,} "
    message += f"items of `{dataset.name}` do not have: {shown}"
    hint = f"name their column as `reference` under `datasets.{dataset.name}.columns`, or `exclude` these cells"
    return Problem(file, path="matrix.strategy", message=message, hint=hint)
