"""The columns that results are shown by: which there are, and what of a run they make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches

from harness.errors import InputError, Problem
from harness.records.datasets import SLICE, SLICES, Dataset
from harness.records.experiment import ScoreSpec, Spec
from harness.records.slices import SlicedDataset
from harness.runner.run_reader import JudgedDataset
from harness.scoring.slices import MAX_SLICES, SliceColumn, slice_count, slice_dataset
from harness.scoring.soft_scores import SoftData
from harness.scoring.soft_slices import with_soft_slices


def slice_problems(spec: Spec, datasets: Mapping[str, Dataset]) -> Iterator[Problem]:
    """The columns of `score: {by}` that no dataset has, or that have too many values.

    Args:
        spec: the experiment.
        datasets: those that cells judge, by name.
    """
    for column in spec.score.by:
        name = column if column in SLICES else f"{SLICE}{column}"
        there = [facts[name] for facts in (one.facts() for one in datasets.values()) if name in facts.columns]
        if all(values.null_count() == len(values) for values in there):
            message = f"no dataset has a value in a column `{column}`"
            hint = f"name {', '.join(f'`{one}`' for one in SLICES)} or a column of the file"
            yield Problem(spec.shown_path, message=message, hint=hint, path="score.by")
        elif (most := max(values.n_unique() for values in there)) > MAX_SLICES:
            yield Problem(spec.shown_path, message=too_many(column, most), hint=FEWER, path="score.by")


FEWER = "name a column that groups the items"


def too_many(column: str, count: int) -> str:
    """That a column has too many values."""
    return f"the column `{column}` has {count:,} values; slices are made of at most {MAX_SLICES}"


def sliced(
    data: Sequence[JudgedDataset],
    columns: Iterable[str],
    score: ScoreSpec,
    seed: int,
    soft: Mapping[str, SoftData],
) -> list[SlicedDataset]:
    """The cells of some datasets on the slices by some columns; a dataset without values in a column is left out.

    Args:
        data: the judged datasets of a run.
        columns: of the data that the run kept.
        score: how judgments become scores.
        seed: of the spec.
        soft: the soft verdicts of each dataset; none where no metric rests on them.

    Raises:
        InputError: where no dataset has a column, or a column has too many values.
    """
    found = []
    for column in columns:
        known = dict.fromkeys(name for one in data for name in one.slice_columns())
        if column not in known:
            raise _unknown(column, list(known))
        for one in data:
            values = one.slice_columns().get(column)
            if values is None:
                continue
            if (count := slice_count(values)) > MAX_SLICES:
                raise InputError(too_many(column, count), hint=FEWER)
            parts = slice_dataset(one.cells, one, one.outcomes, SliceColumn(column, values), score, seed)
            found.append(with_soft_slices(parts, soft[one.name], values, score, seed) if soft else parts)
    return found


def _unknown(column: str, known: Sequence[str]) -> InputError:
    near = get_close_matches(column, known, n=1)
    if near:
        hint = f"did you mean `{near[0]}`?"
    else:
        kept = f"the run keeps {', '.join(f'`{name}`' for name in known)}" if known else "the run keeps none"
        hint = f"{kept}; `score: {{by: [{column}]}}` in its spec keeps a column of the file"
    return InputError(f"this run has no values in a column `{column}`", hint=hint)
