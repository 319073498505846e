"""View model of a leaderboard: the texts of its columns and footnotes, from its JSON document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from harness.errors import InputError
from harness.leaderboard.escalation import ESCALATED, ESCALATED_NOTE, any_escalated, escalated
from harness.leaderboard.numbers import UNDEFINED, rank_range, with_interval
from harness.text import with_minus_signs

Board = Mapping[str, Any]
Row = Mapping[str, Any]

COMPLETE_CASES = "complete cases"
COMPLETE_CASES_NOTE = "complete cases: {metric} without failures [all failures wrong, all failures right]"
CLUSTER_ROBUST = "clustered without resamples"
INTERVALS = {
    "bootstrap": "smoothed multinomial bootstrap",
    "percentile": "percentile bootstrap",
    "bca": "bias-corrected and accelerated bootstrap",
    "analytic": "analytic standard error",
    "jackknife": "delete-one jackknife on the logit scale",
    "clustered": "smoothed multinomial bootstrap of as many independent items as the clusters are worth",
    CLUSTER_ROBUST: "cluster-robust standard error",
    "mixed": "several methods, by dataset",
}
UNITS = {"mixed": "item or cluster"}
ABSTAINED = "abstained"
ABSTAINED_NOTE = "abstained: jury members, debate personas and repeats that failed and are left out of a verdict"
CONSISTENCY = {"flip-rate": "flip rate", "self-agreement": "self-agreement"}
"""Companions that are a column where any cell has them, with the names of the columns."""
CONSISTENCY_NOTES = {
    "flip-rate": "flip rate: share of items whose verdict changes with the order of the responses",
    "self-agreement": "self-agreement: share of pairs of repeats that agree",
}
DIFFERENCE = "difference"
CALLS, COST = "calls", "cost (USD)"
LINE_NOTE = "below the line: cells for which rank 1 is excluded"

FLAGS = {
    "degenerate": "standard error 0: no variation among the items",
    "few-clusters": "few clusters: the interval is unreliable",
    "heavy-tails": "a few items with extreme numbers decide the figure: the interval is unreliable",
    "undefined-resamples": "undefined in some resamples, which the interval leaves out",
}
"""The flags of a figure in words."""

COST_NOTE = "calls, cost: of all judgments of a cell, cached replies and the members of a jury included"


def metric_names(board: Board) -> list[str]:
    """The metrics of a board, the one that orders its rows first."""
    names = dict.fromkeys([board["metric"]])
    for row in board["rows"]:
        names.update(dict.fromkeys(row["metrics"]))
    return list(names)


def sorted_by(board: Board, metric: str) -> dict[str, Any]:
    """The board with the rows of each dataset ordered, and ranked, by another of its metrics; undefined values last.

    Raises:
        InputError: if the board has no such metric.
    """
    if metric not in metric_names(board):
        raise InputError(f"this run has no metric `{metric}`", hint=f"it has {', '.join(metric_names(board))}")
    rows: list[Row] = []
    for _, group in datasets(board):
        sign = 1 if metric in board.get("lower_is_better", ()) else -1
        rows += sorted(group, key=lambda row: _place(row["metrics"][metric]["value"], sign))
    return {**board, "metric": metric, "rows": [{**row, "rank": row["metrics"][metric].get("rank")} for row in rows]}


def _place(value: float | None, sign: int) -> tuple[bool, float]:
    return value is None, sign * (value or 0.0)


def datasets(board: Board) -> list[tuple[str, list[Row]]]:
    """The rows of each dataset, in the order of the board."""
    return [(name, list(rows)) for name, rows in groupby(board["rows"], key=lambda row: str(row["dataset"]))]


def evaluator(row: Row) -> str:
    """The evaluator as in the id of the cell, such as `judge:gpt-4o` or `debate:small(rounds=3)`."""
    return f"{row['mode']}:{'+'.join(row['models'])}{row['variant']}"


def has_one_strategy(rows: Sequence[Row]) -> bool:
    """Whether several cells share their strategy."""
    return len(rows) > 1 and len({row["strategy"] for row in rows}) == 1


def cell_names(rows: Sequence[Row]) -> list[str]:
    """The cells of a dataset without the name of the dataset, and without the strategy where all have the same."""
    names = [str(row["cell"]).removeprefix(f"{row['dataset']}/") for row in rows]
    if has_one_strategy(rows):
        names = [name.removeprefix(f"{row['strategy']}/") for name, row in zip(names, rows, strict=True)]
    if all(row["simulated"] for row in rows):
        return names
    return [name + (" (simulated)" if row["simulated"] else "") for name, row in zip(names, rows, strict=True)]


def rank(row: Row) -> str:
    """The rank range, such as `2` or `1–3`."""
    return rank_range(row["rank"])


def ends_top_group(rows: Sequence[Row]) -> int | None:
    """Position of the last row whose range includes rank 1; None where all rows or none do."""
    could_be = [at for at, row in enumerate(rows) if row["rank"] is not None and row["rank"]["best"] == 1]
    return could_be[-1] if could_be and could_be[-1] < len(rows) - 1 else None


def difference(row: Row, metric: str) -> str:
    """The difference to the best cell, such as `−0.052 [−0.113, +0.009]`; empty for the best cell."""
    found = row["metrics"][metric].get("difference")
    if found is None:
        return ""
    if found["value"] is None:
        return UNDEFINED
    return with_interval(found["value"], found["low"], found["high"], "+.3f")


def _difference_note(board: Board) -> str:
    found = [row["metrics"][board["metric"]].get("difference") for row in board["rows"]]
    others = dict.fromkeys(one["to"] for one in found if one)
    to = ", ".join(others) if board.get("against") else "the best of the dataset"
    return (
        f"difference: {board['metric']} minus that of {to}; intervals simultaneous over all pairs of a dataset; "
        "distinguishable where they exclude 0"
    )


def families_note(board: Board, level: str) -> list[str]:
    """What is claimed together, where a board has several datasets; empty for one."""
    count = sum(any(row["rank"] for row in rows) for _, rows in datasets(board))
    if count < 2:
        return []
    return [
        (
            f"ranks and differences of one dataset are claimed together, at {level}; these {count} datasets are "
            f"{count} such families, each with its own chance of a false claim"
        )
    ]


def failures(row: Row) -> str:
    """The failures by kind, such as `3 unparsed, 1 refused`."""
    return ", ".join(f"{count} {kind}" for kind, count in row["failures"].items() if count) or "0"


class Remarks:
    """Numbered remarks on figures: why a figure is undefined, and its flags.

    Equal remarks share a number, in the order of their first use.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def marks(self, figure: Mapping[str, Any]) -> str:
        """The numbers of a figure's remarks, such as ` (1)`, or nothing."""
        flags = (FLAGS.get(flag, flag) for flag in figure.get("flags", ()))
        remarks = [text for text in (figure.get("reason"), *flags) if text]
        return "".join(f" ({self._numbers.setdefault(text, len(self._numbers) + 1)})" for text in remarks)

    def lines(self) -> list[str]:
        """The remarks, each with its number."""
        return [f"({number}) {text}" for text, number in self._numbers.items()]


def figure_text(figure: Mapping[str, Any], remarks: Remarks, form: str = ".3f") -> str:
    """A figure with its interval and the numbers of its remarks, such as `0.327 [0.160, 0.486]` or `– (1)`."""
    if figure["value"] is None:
        return UNDEFINED + remarks.marks(figure)
    return with_interval(figure["value"], figure["low"], figure["high"], form) + remarks.marks(figure)


def complete_cases(row: Row, metric: str) -> str:
    """A metric without failures and its bounds, such as `0.402 [0.381, 0.410]`; empty without failures."""
    if not any(row["failures"].values()):
        return ""
    values = [
        row["companions"][f"{metric}.{name}"]["value"] for name in ("complete-case", "failures-wrong", "failures-right")
    ]
    value, low, high = (UNDEFINED if value is None else f"{value:.3f}" for value in values)
    return with_minus_signs(f"{value} [{low}, {high}]")


def cost(row: Row) -> str:
    """The cost of the judgments of a row in USD, with four decimals below one dollar."""
    usd = row["cost_usd"]
    return UNDEFINED if usd is None else f"{usd:,.2f}" if usd >= 1 else f"{usd:.4f}"


def footnotes(board: Board, remarks: Remarks) -> list[str]:
    """The footnotes of every rendering: remarks, method, columns, and the notes of the board."""
    method = board["method"]
    level = f"{100 * method['level']:.4g} %"
    robust = method["interval"] == "clustered" and not method["resamples"]
    interval = INTERVALS.get(CLUSTER_ROBUST if robust else method["interval"], method["interval"])
    resamples = f", {method['resamples']:,} resamples" if method["resamples"] else ""
    unit = UNITS.get(method["unit"], method["unit"])
    columns = header(board)
    return [
        *remarks.lines(),
        f"[low, high]: {level} interval, {interval}{resamples}, seed {method['seed']}, unit {unit}",
        f"n: items with a reference label; rank: range by {board['metric']} that the data support, at {level}",
        *families_note(board, level),
        *([_difference_note(board)] if DIFFERENCE in columns else []),
        *([LINE_NOTE] if any(ends_top_group(rows) is not None for _, rows in datasets(board)) else []),
        *(CONSISTENCY_NOTES[name] for name, column in CONSISTENCY.items() if column in columns),
        *([ABSTAINED_NOTE] if ABSTAINED in columns else []),
        *([ESCALATED_NOTE] if ESCALATED in columns else []),
        *([COST_NOTE] if CALLS in columns else []),
        *([COMPLETE_CASES_NOTE.format(metric=board["metric"])] if COMPLETE_CASES in columns else []),
        *board.get("notes", ()),
        f"run {board['run']} of {board['spec']}",
    ]


def header(board: Board) -> list[str]:
    """The columns of a table of the board, without those that are the same in every row."""
    rows = board["rows"]
    usual = {"order": "given", "repeats": 1}
    unusual = [name for name, value in usual.items() if any(row[name] != value for row in rows)]
    consistency = [column for name, column in CONSISTENCY.items() if any(name in row["companions"] for row in rows)]
    differences = [DIFFERENCE] if any(difference(row, board["metric"]) for row in rows) else []
    complete = [COMPLETE_CASES] if any(any(row["failures"].values()) for row in rows) else []
    return [
        *["rank", "strategy", "evaluator", *unusual, *metric_names(board), *differences, *consistency, "n", "failed"],
        *([ABSTAINED] if any(row["abstained"] for row in rows) else []),
        *([ESCALATED] if any_escalated(rows) else []),
        *complete,
        *_spent(rows),
    ]


def _spent(rows: Sequence[Row]) -> list[str]:
    """The columns of calls and cost: where judgments cost anything, or modes differ in their calls."""
    costs = any(row["cost_usd"] for row in rows)
    modes = {row["mode"] for row in rows}
    return [*([CALLS] if costs or len(modes) > 1 else []), *([COST] if costs else [])]


def line(board: Board, row: Row, columns: Sequence[str], remarks: Remarks) -> list[str]:
    """The text of a row in each column."""
    metrics = metric_names(board)
    known = {
        "rank": rank(row),
        "strategy": row["strategy"],
        "evaluator": evaluator(row) + (" (simulated)" if row["simulated"] else ""),
        "order": row["order"],
        "repeats": str(row["repeats"]),
        DIFFERENCE: difference(row, board["metric"]),
        "n": str(row["n"]),
        "failed": failures(row),
        ABSTAINED: str(row["abstained"]),
        ESCALATED: escalated(row),
        COMPLETE_CASES: complete_cases(row, board["metric"]),
        CALLS: f"{row['calls']:,}",
        COST: cost(row),
    }
    known |= {column: _companion(row, name) for name, column in CONSISTENCY.items()}
    return [figure_text(row["metrics"][name], remarks) if name in metrics else known[name] for name in columns]


def _companion(row: Row, name: str) -> str:
    """The value of a companion, empty where the row has none."""
    if name not in row["companions"]:
        return ""
    value = row["companions"][name]["value"]
    return UNDEFINED if value is None else f"{value:.2f}"
