"""Where a spec writes the axes of a matrix of cells: `matrix` of an evaluation, `compare` of a generation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from harness.records.document import Document, Step
from harness.spec.checks import CheckedDocument

AXES = ("dataset", "strategy", "evaluator", "order", "repeats", "collapse", "exclude")


class Axes(NamedTuple):
    """The place of the axes, so that the same checks report it for every kind of spec.

    Attributes:
        place: path of the mapping that holds the axes.
        datasets: what stands on the axis `dataset` where the spec does not write it.
        is_single: whether strategy and evaluator are one value each and not a list of them.
    """

    place: tuple[Step, ...] = ("matrix",)
    datasets: tuple[str, ...] = ()
    is_single: bool = False

    def at(self, axis: str, index: int, *inner: Step) -> tuple[Step, ...]:
        """The path of a value on an axis, or of something in it."""
        return (*self.place, axis, *(() if self.is_single else (index,)), *inner)

    def values(self, checked: CheckedDocument, axis: str) -> Sequence[Any]:
        """The values on an axis; none where the schema does not accept them."""
        if axis == "dataset" and self.datasets:
            return self.datasets
        found = checked.part(*self.place, axis)
        if found is None:
            return ()
        return [found] if self.is_single else found

    def matrix(self, document: Document) -> dict[str, Any]:
        """The axes of a document without problems as a matrix, whose strategies and evaluators are lists."""
        written: Mapping[str, Any] = document.value
        for step in self.place:
            written = written[step]  # type: ignore[index] # axes are below keys
        if self.is_single:
            return {"dataset": self.datasets, **{key: [written[key]] for key in ("strategy", "evaluator")}}
        given = {"dataset": self.datasets} if self.datasets else {}
        return given | {key: written[key] for key in AXES if key in written}

    def with_evaluators(self, document: Document, entries: Sequence[Any]) -> Document:
        """The document with other entries on the axis of the evaluators."""
        (key,) = self.place
        evaluator = entries[0] if self.is_single else list(entries)
        return replace(document, value={**document.value, key: {**document.value[key], "evaluator": evaluator}})


MATRIX = Axes()
"""The axes of an evaluation."""
