"""A comparison of runs as JSON (`schemas/output/compare.schema.json`), with its notes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import zip_longest
from typing import Any, NamedTuple, cast

import numpy as np

from harness.analysis.compare.changed import TestedJudge, TestedJudges
from harness.analysis.compare.merging import Merged
from harness.analysis.compare.number_changes import number_texts_of
from harness.analysis.compare.paired_metrics import PairedFigure
from harness.analysis.compare.pairs import ComparedDataset, ComparedPair, Comparison
from harness.analysis.compare.spec_diff import ABSENT, FieldDifference
from harness.hashing import rounded
from harness.leaderboard import wording
from harness.leaderboard.build import difference_json
from harness.records.scores import Difference
from harness.runner.run_reader import Judged
from harness.scoring.soft_metric import direction_of


class ComparedRuns(NamedTuple):
    """Runs and what their comparison found.

    Attributes:
        runs: the first is compared with each of the others.
        comparisons: of the first with each of the others.
        differences: of their specs.
        merged: their cells as one leaderboard.
        judges: for each comparison of evaluations the judges, tested for a change.
    """

    runs: Sequence[Judged]
    comparisons: Sequence[Comparison]
    differences: Sequence[FieldDifference]
    merged: Sequence[Merged]
    judges: Sequence[TestedJudges] = ()


def comparison_json(found: ComparedRuns, *, metric: str, show_items: bool, margin: float | None) -> dict[str, Any]:
    """The comparison as JSON, floats rounded to 12 significant digits.

    Args:
        found: the runs and their comparison.
        metric: metric of the ranking and of `margin`.
        show_items: whether to list the items whose outcome flipped.
        margin: largest accepted decrease, None for no check.
    """
    document = {
        "kind": found.runs[0].kind,
        "runs": [_run_json(run) for run in found.runs],
        "metric": metric,
        "spec_differences": [_field_json(field) for field in found.differences],
        "comparisons": [
            _comparison_json(each, judges, show_items=show_items)
            for each, judges in zip_longest(found.comparisons, found.judges)
        ],
        "merged": [_merged_json(each, metric) for each in found.merged],
        "worse": [] if margin is None else [_worse_json(*each) for each in worse(found.comparisons, metric, margin)],
        "notes": list(_notes(found.comparisons, metric)),
    }
    return cast(dict[str, Any], rounded(document))


def worse(
    comparisons: Sequence[Comparison], metric: str, margin: float
) -> Iterator[tuple[Comparison, ComparedPair, PairedFigure]]:
    """The pairs whose other cell is worse: the whole simultaneous interval lies beyond the margin."""
    for each in comparisons:
        for part in each.datasets:
            for pair in part.pairs:
                figure = pair.figures.get(metric)
                difference = figure and figure.difference
                if figure and difference and _is_worse(difference, metric, margin):
                    yield each, pair, figure


def _is_worse(difference: Difference, metric: str, margin: float) -> bool:
    """Whether the whole interval of a difference lies beyond the margin, on the side that is worse."""
    if difference.low is None or difference.high is None:
        return False
    return difference.low > margin if direction_of(metric) == "lower" else difference.high < -margin


def _run_json(run: Judged) -> dict[str, Any]:
    return {
        "run": run.id,
        "spec": run.spec_name,
        "folder": str(run.folder),
        "cells": sum(len(data.cells) for data in run.datasets),
    }


def _field_json(field: FieldDifference) -> dict[str, Any]:
    return {
        "path": field.path,
        "present": [value is not ABSENT for value in field.values],
        "values": [None if value is ABSENT else value for value in field.values],
        "text": field.text,
    }


def _comparison_json(found: Comparison, judges: TestedJudges | None, *, show_items: bool) -> dict[str, Any]:
    tested = {} if judges is None else {(judge.cell, judge.other_cell): judge for judge in judges.judges}
    return {
        "run": found.other.id,
        "to": found.one.id,
        "judges": None if judges is None else _judges_json(judges),
        "datasets": [_part_json(part, tested, show_items=show_items) for part in found.datasets],
        "alone": [cell._asdict() for cell in found.unmatched],
    }


def _judges_json(found: TestedJudges) -> dict[str, Any]:
    return {
        "level": found.level,
        "correction": "holm",
        "tests": found.tests,
        "tested": sum(bool(judge.tests) for judge in found.judges),
        "changed": sum(judge.is_changed for judge in found.judges),
    }


def _judge_json(judge: TestedJudge | None) -> dict[str, Any] | None:
    if judge is None:
        return None
    return {
        "method": judge.method,
        "items": judge.items,
        "moved": judge.moved,
        "draws": list(judge.draws),
        "tests": [test._asdict() for test in judge.tests],
        "is_changed": judge.is_changed,
        "reason": judge.reason or None,
    }


def _part_json(
    part: ComparedDataset, judges: Mapping[tuple[str, str], TestedJudge], *, show_items: bool
) -> dict[str, Any]:
    return {
        "dataset": part.one.name,
        "other_dataset": part.other.name,
        "items": [len(part.one), len(part.other)],
        "shared": len(part.shared),
        "labelled_alike": int(np.count_nonzero(part.shared.labelled)),
        "labelled_otherwise": part.shared.conflicts,
        "pairs": [
            {**_pair_json(part, pair, show_items=show_items), "judge": _judge_json(judges.get((pair.one, pair.other)))}
            for pair in part.pairs
        ],
    }


def _figure_json(figure: PairedFigure) -> dict[str, Any]:
    plain = {one.name: getattr(figure, one.name) for one in fields(figure) if one.name != "p_beyond"}
    return {**plain, "difference": difference_json(figure.difference)}


def _pair_json(part: ComparedDataset, pair: ComparedPair, *, show_items: bool) -> dict[str, Any]:
    return {
        "cell": pair.one,
        "other_cell": pair.other,
        "changed": pair.pair.changed or None,
        "metrics": {name: _figure_json(figure) for name, figure in pair.figures.items()},
        "flips": [flip._asdict() for flip in pair.flips],
        "flipped": _items(part, pair) if show_items else None,
    }


def _items(part: ComparedDataset, pair: ComparedPair) -> list[dict[str, Any]]:
    """The items that flipped, in the order of the first dataset."""
    ids, labels = part.one.frame["item"], part.one.reference_codes()
    names = part.one.label_set.outcomes
    if pair.numbers is not None:
        return _moved(part, pair)
    is_labelled = bool(part.one.annotators)  # the prompts of a generation have no labels of their own
    found = []
    for at in pair.flipped.tolist():
        one, other = int(part.shared.one[at]), int(part.shared.other[at])
        label = int(labels[one])
        found.append(
            {
                "item": ids[one],
                "reference": names[label] if is_labelled and label >= 0 and part.shared.labelled[at] else None,
                "one": names[part.one.outcomes[one, pair.pair.one]],
                "other": names[part.other.outcomes[other, pair.pair.other]],
            }
        )
    return found


def _moved(part: ComparedDataset, pair: ComparedPair) -> list[dict[str, Any]]:
    """The items whose number changed, in the order of the first dataset."""
    assert pair.numbers is not None
    rows = pair.flipped.tolist()
    one, other = (number_texts_of(numbers, rows) for numbers in pair.numbers)
    places = part.shared.one[pair.flipped]
    labels = part.one.frame["reference"].gather(places)
    ids, alike = part.one.frame["item"].gather(places), part.shared.labelled[pair.flipped].tolist()
    return [
        {"item": item, "reference": label if is_alike else None, "one": before, "other": after}
        for item, label, is_alike, before, after in zip(ids, labels, alike, one, other, strict=True)
    ]


def _merged_json(merged: Merged, metric: str) -> dict[str, Any]:
    ranks = merged.ranks(metric)
    rows = []
    for k in merged.order(metric):
        score = merged.scores.scores[k]
        figure = score.figures[metric]
        rows.append(
            {
                "run": merged.runs[k],
                "cell": score.cell.id,
                "value": figure.value,
                "low": figure.low,
                "high": figure.high,
                "reason": figure.reason or None,
                "rank": ranks[k]._asdict() if k in ranks else None,
                "method": figure.method,
                "resamples": figure.resamples,
                "seed": figure.seed or None,
                "unit": figure.unit,
            }
        )
    n = merged.scores.scores[0].n if merged.scores.scores else 0
    return {"dataset": merged.dataset, "n": n, "rows": rows}


def _worse_json(found: Comparison, pair: ComparedPair, figure: PairedFigure) -> dict[str, Any]:
    return {"run": found.other.id, "cell": pair.one, "other_cell": pair.other, "difference": figure.difference.value}


def _notes(comparisons: Sequence[Comparison], metric: str) -> Iterator[str]:
    for each in comparisons:
        counts = _counted(each, metric)
        if sum(counts.values()):
            yield wording.compared(each.other.spec_name, each.one.spec_name, metric, counts)


def _counted(found: Comparison, metric: str) -> Mapping[str, int]:
    """The number of pairs that are better, worse, not distinguishable, and not compared."""
    direction = direction_of(metric)
    up, down = {"higher": ("better", "worse"), "lower": ("worse", "better"), "none": ("higher", "lower")}[direction]
    counts = dict.fromkeys(sorted((up, down)), 0) | {"not distinguishable": 0, "not compared": 0}
    for part in found.datasets:
        for pair in part.pairs:
            difference = pair.figures[metric].difference if metric in pair.figures else None
            if difference is None or difference.low is None:
                counts["not compared"] += 1
            elif difference.is_distinguishable:
                counts[up if (difference.value or 0) > 0 else down] += 1
            else:
                counts["not distinguishable"] += 1
    return counts
