"""Human labels of the items of a run: where they are, what they are of, and the labels of a dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harness.errors import DatasetError, Problem
from harness.records.label_set import VERDICT_LABELS, LabelSet
from harness.statistics.inverse_probability import Design


@dataclass(frozen=True, slots=True)
class LabelSource:
    """Where labels are and how to read them.

    Attributes:
        path: the file.
        columns: canonical column to its name (or, for `labels`, names) in the file.
        values: the file's word for a label to the verdict it means, beside the labels themselves.
        skip_unknown: leave out rows of items that the run does not have, in place of an error.
        content: the rows as JSON Lines, where a program gives them in place of a file; None for a file.
    """

    path: Path
    columns: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    skip_unknown: bool = False
    content: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Target:
    """A dataset whose items may be labelled.

    Attributes:
        name: its name.
        ids: of its items.
        values: its spec's words for labels; empty for the labels themselves.
        labels: that its items can have.
    """

    name: str
    ids: Sequence[str]
    values: Mapping[str, str] = field(default_factory=dict)
    labels: LabelSet = VERDICT_LABELS


@dataclass(frozen=True, slots=True, eq=False)
class NewLabels:
    """The labels of one dataset.

    Attributes:
        annotators: who labelled.
        codes: items × annotators, position in the label set, −1 where that annotator gave none.
        design: how the labelled items were drawn; None for a random sample with equal probabilities.
        notes: on how they were labelled, for every rendering.
        numbers: items × annotators where labels are numbers, NaN where that annotator gave none; None for classes.
        rankings: items × annotators where labels are rankings, their text, None where that annotator gave none.
    """

    annotators: tuple[str, ...]
    codes: NDArray[np.int8]
    design: Design | None = None
    notes: tuple[str, ...] = ()
    numbers: NDArray[np.float64] | None = None
    rankings: NDArray[np.object_] | None = None

    @property
    def is_labelled(self) -> NDArray[np.bool_]:
        """Whether each item has a label."""
        return np.asarray((self.codes >= 0).any(axis=1))


def check_equal(labels: Mapping[str, NewLabels], source: LabelSource, why: str) -> None:
    """Refuse labels that were drawn with unequal probabilities, for what knows no weights.

    Args:
        labels: by dataset.
        source: where they are.
        why: what takes all labels alike.

    Raises:
        DatasetError: where they were.
    """
    for new in labels.values():
        if new.design is not None and not new.design.is_equal(new.is_labelled):
            message = f"holds labels that were drawn with unequal probabilities, and {why}"
            hint = "draw uniformly: `harness label next` without --stratify"
            raise DatasetError(Problem(file=str(source.path), message=message, hint=hint))
