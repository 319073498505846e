"""Slices in a leaderboard: their JSON, their tables, and the sentences that they support."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness.hashing import rounded
from harness.leaderboard.numbers import UNDEFINED, p_text, with_interval
from harness.leaderboard.tables import Column, Field, Form, SummaryTable, Table
from harness.leaderboard.view import Board, Remarks, Row, cell_names, evaluator, figure_text, metric_names
from harness.records.figures import Figure
from harness.records.slices import SlicedDataset, SliceDifference
from harness.runner.run_reader import read_judged
from harness.runner.slices import sliced
from harness.runner.soft import soft_datasets
from harness.scoring.figure_json import figure_json
from harness.scoring.soft_metric import gain_of, is_soft
from harness.text import pluralized, with_minus_signs

NO_VALUE = "(none)"
ACCURACY = "accuracy"
P_VALUE = "p"


def slices_json(found: Sequence[SlicedDataset]) -> list[dict[str, Any]]:
    """Slices as `schemas/output/leaderboard.schema.json` describes them, floats rounded to 12 significant digits."""
    documents = [
        {
            "dataset": one.dataset,
            "column": one.column,
            "level": one.level,
            "level_each": one.level_each,
            "shown": one.shown,
            "test": {"method": one.method, "draws": one.draws, "seed": one.seed, **_metric_json(one.metric)},
            "cells": [
                {
                    "cell": cell.cell,
                    "p_value": cell.p_value,
                    "slices": [
                        {
                            "value": part.value,
                            "items": part.items,
                            "n": part.n,
                            "failed": part.failed,
                            "metrics": {name: _figure(figure) for name, figure in part.figures.items()},
                            "difference": part.difference,
                            "p_value": part.p_value,
                            "p_family": part.p_family,
                            "reason": part.reason or None,
                            "differences": {name: _difference(each) for name, each in part.differences.items()},
                        }
                        for part in cell.slices
                    ],
                }
                for cell in one.cells
            ],
        }
        for one in found
    ]
    return [rounded({**one, "notes": list(_notes(one))}) for one in documents]


def _difference(found: SliceDifference) -> dict[str, Any]:
    return {**asdict(found), "reason": found.reason or None}


def _figure(figure: Figure) -> dict[str, Any]:
    return {**figure_json(figure), "rank": None}


def with_slices(folder: Path, board: Board, columns: Sequence[str]) -> dict[str, Any]:
    """The leaderboard of a run with its cells on the slices by some columns.

    Args:
        folder: of the run.
        board: its leaderboard.
        columns: of the data that the run kept.

    Raises:
        InputError: where the run has no values in a column, or a column has too many values.
        RunFolderError: if the run cannot be read.
    """
    run = read_judged(folder, votes=any(map(is_soft, metric_names(board))))
    found = sliced(run.datasets, dict.fromkeys(columns), run.score, run.seed, soft_datasets(run))
    return {**board, "slices": slices_json(found)}


def _metric_json(metric: str) -> dict[str, str]:
    """The metric that slices are compared by, where it is not accuracy."""
    return {} if metric == ACCURACY else {"metric": metric}


def metric_of(found: Mapping[str, Any]) -> str:
    """The metric that the slices of a dataset are compared by."""
    return str(found["test"].get("metric", ACCURACY))


def rest_of(found: Mapping[str, Any]) -> str:
    """The name of the column that compares slices with the rest."""
    return f"{metric_of(found)} vs rest"


def slice_tables(board: Board, remarks: Remarks) -> Iterator[Table]:
    """A table for each dataset and column: one row for each cell and slice, in the order of the board."""
    metrics = metric_names(board)
    rows = {row["cell"]: row for row in board["rows"]}
    for found in board.get("slices", ()):
        cells = {cell["cell"]: cell for cell in found["cells"]}
        other = _compared(board)
        names = [
            "strategy",
            "evaluator",
            found["column"],
            "n",
            "failed",
            *metrics,
            f"{metric_of(found)} vs rest",
            P_VALUE,
        ]
        names += [] if other is None else [f"{other} vs rest"]
        keys, numbers = names[:3], ("n", "failed", P_VALUE)
        columns = [Column(name, name in numbers, at < len(keys), at < len(keys)) for at, name in enumerate(names)]
        lines = [
            _line(rows[cell], part, metrics, remarks) + ([] if other is None else [_other(part, other, remarks)])
            for cell in rows
            if cell in cells
            for part in cells[cell]["slices"]
        ]
        yield Table(f"{found['dataset']} by {found['column']}", columns, lines)


def slice_summaries(board: Board, remarks: Remarks) -> Iterator[SummaryTable]:
    """The slices for a terminal, by the metric that ranks the board: a table for each dataset and column."""
    metric = board["metric"]
    for found in board.get("slices", ()):
        cells = {cell["cell"]: cell for cell in found["cells"]}
        names = [row["cell"] for row in board["rows"] if row["cell"] in cells]
        lines = [(name, part) for name in names for part in cells[name]["slices"]]
        shown = [row for row in board["rows"] if row["cell"] in cells]
        labels = dict(zip(names, cell_names(shown), strict=True))
        short = [labels[name] for name, _ in lines]
        parts = [part for _, part in lines]
        forms = ((".2f", 0), (".3f", 1))
        figures = [([figure_text(part["metrics"][metric], remarks, form) for part in parts], at) for form, at in forms]
        differences = [([_rest(part, remarks, f"+{form}") for part in parts], at) for form, at in forms]
        p_values = [_p_value(part) for part in parts]
        fields = [
            Field([Form("cell", short)], is_number=False, is_name=True),
            Field([Form(found["column"], [slice_name(part["value"]) for part in parts])], is_number=False),
            Field([Form("n", [f"{part['n']:,}" for part in parts])]),
            Field([Form(metric, texts, at) for texts, at in figures]),
            Field([Form(rest_of(found), texts, at) for texts, at in differences]),
            Field([Form(P_VALUE, p_values)]),
        ]
        if other := _compared(board):
            texts = [_other(part, other, remarks) for part in parts]
            fields.append(Field([Form(f"{other} vs rest", texts, 1)]))
        title = f"{found['dataset']} by {found['column']}"
        yield SummaryTable(title, title, _headline(found), fields)


def _headline(found: Mapping[str, Any]) -> str:
    """The first of the findings, and the number of the others."""
    findings = list(_findings(found))
    if not findings:
        reasons = dict.fromkeys(part["reason"] for cell in found["cells"] for part in cell["slices"] if part["reason"])
        most = max((part["n"] for cell in found["cells"] for part in cell["slices"]), default=0)
        why = f": {' or '.join(reasons)} in each (n is at most {most:,})" if reasons else ""
        return f"no slice can be compared with the rest{why}"
    return findings[0] + (f"; and {len(findings) - 1} more" if len(findings) > 1 else "")


def _rest(part: Mapping[str, Any], remarks: Remarks, form: str = "+.3f") -> str:
    """The difference to the rest, or the number of the reason why there is none."""
    found = part.get("differences", {}).get("accuracy") or {"value": part["difference"], "low": None, "high": None}
    if part["difference"] is None:
        return UNDEFINED + remarks.marks(part)
    return with_interval(part["difference"], found["low"], found["high"], form)


def _other(part: Mapping[str, Any], metric: str, remarks: Remarks) -> str:
    """The difference of a metric to the rest, or the number of the reason why there is none."""
    found = part.get("differences", {}).get(metric)
    if found is None or found["value"] is None:
        return UNDEFINED + (remarks.marks(found) if found else "")
    return with_interval(found["value"], found["low"], found["high"], "+.3f")


def _compared(board: Board) -> str | None:
    """The metric that is compared with the rest beside accuracy: the one that ranks the board; None where none is."""
    metric: str = board["metric"]
    cells = [cell for found in board.get("slices", ()) for cell in found["cells"]]
    has = any(metric in part.get("differences", {}) for cell in cells for part in cell["slices"])
    return metric if has and metric != "accuracy" else None


def _p_value(part: Mapping[str, Any]) -> str:
    return "" if part["p_value"] is None else p_text(part["p_value"]).removeprefix("= ")


def _line(row: Row, part: Mapping[str, Any], metrics: Sequence[str], remarks: Remarks) -> list[str]:
    return [
        row["strategy"],
        evaluator(row) + (" (simulated)" if row["simulated"] else ""),
        slice_name(part["value"]),
        str(part["n"]),
        str(part["failed"]),
        *(figure_text(part["metrics"][name], remarks) for name in metrics),
        _rest(part, remarks),
        _p_value(part),
    ]


def slice_name(value: str | None) -> str:
    """The value of a slice as tables show it."""
    return NO_VALUE if value is None else value


def _notes(found: Mapping[str, Any]) -> Iterator[str]:
    """The definitions of the columns, then the slices on which a cell is better or worse than elsewhere."""
    level, title = f"{100 * found['level']:.4g} %", f"{found['dataset']} by {found['column']}"
    if found["shown"] > 1:
        yield (
            f"{title}: the [low, high] of the {found['shown']} slices of an evaluator hold together at {level} "
            f"(each {100 * found['level_each']:.5g} %, Bonferroni)"
        )
    if any(part["p_value"] is not None for cell in found["cells"] for part in cell["slices"]):
        yield (
            f"{rest_of(found)}: {metric_of(found)} on the slice minus that on all other items; p: adjusted for the "
            f"slices of an evaluator (max-T, {found['test']['draws']:,} draws, {found['test']['method']})"
        )
    yield from (f"{title}: {finding}" for finding in _findings(found))
    yield from (f"{title}: {finding}" for finding in _findings_by_metric(found))


def _findings_by_metric(found: Mapping[str, Any]) -> Iterator[str]:
    """The slices on which a cell is better or worse than elsewhere by another metric than accuracy."""
    alpha = 1 - found["level"]
    for cell in found["cells"]:
        for part in cell["slices"]:
            for metric, one in part.get("differences", {}).items():
                if metric != "accuracy" and one["p_family"] is not None and one["p_family"] <= alpha:
                    direction = "better" if gain_of(metric, one["value"]) > 0 else "worse"
                    yield (
                        f"{cell['cell']} is {direction} by {metric} where {found['column']} is "
                        f"{slice_name(part['value'])} than elsewhere: "
                        f"{with_interval(one['value'], one['low'], one['high'], '+.3f')}, "
                        f"p {p_text(one['p_family'])}, adjusted for slices and evaluators, for {metric} alone"
                    )


def _findings(found: Mapping[str, Any]) -> Iterator[str]:
    """What holds for the slices of all cells together."""
    alpha, cells = 1 - found["level"], found["cells"]
    is_any = False
    for cell in cells:
        for part in cell["slices"]:
            if part["p_family"] is not None and part["p_family"] <= alpha:
                is_any = True
                direction = "better" if part["difference"] > 0 else "worse"
                yield (
                    f"{cell['cell']} is {direction} where {found['column']} is {slice_name(part['value'])} than "
                    f"elsewhere: {metric_of(found)} {with_minus_signs(format(part['difference'], '+.3f'))}, "
                    f"p {p_text(part['p_family'])}, adjusted for slices and evaluators"
                )
    tested = any(part["p_value"] is not None for cell in cells for part in cell["slices"])
    if tested and not is_any:
        yield (
            f"no evaluator's {metric_of(found)} on a slice differs distinguishably from that elsewhere "
            f"(p adjusted for slices and {pluralized(len(cells), 'evaluator')})"
        )


def slice_records(board: Board) -> Iterator[dict[str, Any]]:
    """One flat record for each cell and slice, for formats of flat records."""
    rows = {row["cell"]: row for row in board["rows"]}
    for found in board.get("slices", ()):
        for cell in found["cells"]:
            row = rows[cell["cell"]]
            for part in cell["slices"]:
                figures = {
                    f"{name}{ending}": part["metrics"][name][key]
                    for name in metric_names(board)
                    for ending, key in (("", "value"), ("_low", "low"), ("_high", "high"), ("_reason", "reason"))
                }
                yield {
                    "run": board["run"],
                    "spec": board["spec"],
                    **{key: row[key] for key in ("dataset", "cell", "strategy")},
                    "evaluator": evaluator(row),
                    "slice_column": found["column"],
                    "slice": part["value"],
                    "items": part["items"],
                    "n": part["n"],
                    "failed": part["failed"],
                    **figures,
                    **{
                        f"{name}_difference{ending}": one[key]
                        for name, one in part.get("differences", {}).items()
                        if name != "accuracy"
                        for ending, key in (("", "value"), ("_low", "low"), ("_high", "high"), ("_p", "p_value"))
                    },
                    f"{metric_of(found)}_difference": part["difference"],
                    f"{metric_of(found)}_difference_p": part["p_value"],
                    f"{metric_of(found)}_difference_p_family": part["p_family"],
                    f"{metric_of(found)}_difference_reason": part["reason"],
                }
