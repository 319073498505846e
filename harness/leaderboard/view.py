"""A leaderboard as JSON, `schemas/output/leaderboard.schema.json`, and the words that every report finds in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from harness.errors import InputError
from harness.leaderboard.numbers import UNDEFINED, rank_range

Board = Mapping[str, Any]
Row = Mapping[str, Any]

BESIDE = "without failures"
BESIDE_NOTE = (
    "without failures: {metric} of the judgments that did not fail [if all that failed are wrong, if all are right]"
)
INTERVALS = {
    "bootstrap": "smoothed multinomial bootstrap",
    "percentile": "percentile bootstrap",
    "bca": "bias-corrected and accelerated bootstrap",
    "analytic": "analytic standard error",
    "clustered": "cluster-robust standard error, Student's t",
    "mixed": "made in more than one way, as each dataset asks for",
}
UNITS = {"mixed": "item or cluster"}
ABSTAINED = "abstained"
ABSTAINED_NOTE = (
    "abstained: members of a jury, personas of a debate and repeats that failed and were left out of a verdict"
)
STEADY = {"flip-rate": "flip rate", "self-agreement": "self-agreement"}
"""Companions that have a column where any cell has them, and the names of these columns."""
STEADY_NOTES = {
    "flip-rate": "flip rate: share of the items whose verdict changes with the order of the responses",
    "self-agreement": "self-agreement: share of the pairs of repeats, in the same order, that agree",
}
DIFFERENCE = "difference"
CALLS, COST = "calls", "cost (USD)"
LINE_NOTE = "below the line: cells that cannot be the best, rank 1 being excluded"
COST_NOTE = (
    "calls, cost: of all judgments of a cell, by the prices of the spec; a reply from the cache counts as if it were "
    "new, and a jury takes what its members take"
)


def metric_names(board: Board) -> list[str]:
    """The metrics of a board, the one that orders its rows first."""
    names = dict.fromkeys([board["metric"]])
    for row in board["rows"]:
        names.update(dict.fromkeys(row["metrics"]))
    return list(names)


def sorted_by(board: Board, metric: str) -> dict[str, Any]:
    """The board with the rows of each dataset ordered, and ranked, by another of its metrics; undefined values last.

    Raises:
        InputError: where the board has no such metric.
    """
    if metric not in metric_names(board):
        raise InputError(f"this run has no metric `{metric}`", hint=f"it has {', '.join(metric_names(board))}")
    rows: list[Row] = []
    for _, group in datasets(board):
        rows += sorted(group, key=lambda row: _descending(row["metrics"][metric]["value"]))
    return {**board, "metric": metric, "rows": [{**row, "rank": row["metrics"][metric].get("rank")} for row in rows]}


def _descending(value: float | None) -> tuple[bool, float]:
    return value is None, -(value or 0.0)


def datasets(board: Board) -> list[tuple[str, list[Row]]]:
    """The rows of each dataset, in the order of the board."""
    return [(name, list(rows)) for name, rows in groupby(board["rows"], key=lambda row: str(row["dataset"]))]


def evaluator(row: Row) -> str:
    """Who judged, such as `judge:gpt-4o` or `debate:small(rounds=3)`, as the id of the cell writes it."""
    return f"{row['mode']}:{'+'.join(row['models'])}{row['variant']}"


def rank(row: Row) -> str:
    """The ranks that cannot be excluded, such as `2` or `1–3`."""
    return rank_range(row["rank"])


def ends_top_group(rows: Sequence[Row]) -> int | None:
    """Position of the last row that could be the best, None where no row could be excluded from that, or all could."""
    could_be = [at for at, row in enumerate(rows) if row["rank"] is not None and row["rank"]["best"] == 1]
    return could_be[-1] if could_be and could_be[-1] < len(rows) - 1 else None


def difference(row: Row, metric: str) -> str:
    """How a row stands to the best of its dataset, such as `−0.052 [−0.113, +0.009]`; nothing for the best itself."""
    found = row["metrics"][metric].get("difference")
    if found is None:
        return ""
    if found["value"] is None:
        return UNDEFINED
    text = f"{found['value']:+.3f}"
    if found["low"] is not None:
        text += f" [{found['low']:+.3f}, {found['high']:+.3f}]"
    return text.replace("-", "−")


def _difference_note(board: Board) -> str:
    found = [row["metrics"][board["metric"]].get("difference") for row in board["rows"]]
    others = dict.fromkeys(one["to"] for one in found if one)
    to = ", ".join(others) if board.get("against") else "the best of the dataset"
    return (
        f"difference: {board['metric']} less that of {to}, on the same items; intervals hold all pairs of a dataset "
        "together; where one leaves out 0 the two are distinguishable"
    )


def failures(row: Row) -> str:
    """The failures that there were, by kind, such as `3 unparsed, 1 refused`."""
    return ", ".join(f"{count} {kind}" for kind, count in row["failures"].items() if count) or "0"


class Remarks:
    """Numbered remarks: the reasons why figures are undefined, and what else must be known of a figure.

    The same words get the same number, in the order in which they are met.
    """

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def marks(self, figure: Mapping[str, Any]) -> str:
        """The numbers of a figure's remarks, such as ` (1)`, or nothing."""
        words = [text for text in (figure.get("reason"), *figure.get("flags", ())) if text]
        return "".join(f" ({self._numbers.setdefault(text, len(self._numbers) + 1)})" for text in words)

    def lines(self) -> list[str]:
        """The remarks made so far, each with its number."""
        return [f"({number}) {text}" for text, number in self._numbers.items()]


def figure_text(figure: Mapping[str, Any], remarks: Remarks) -> str:
    """A figure with its interval and the numbers of its remarks, such as `0.327 [0.160, 0.486]` or `– (1)`."""
    if figure["value"] is None:
        return UNDEFINED + remarks.marks(figure)
    text = f"{figure['value']:.3f}"
    if figure["low"] is not None and figure["high"] is not None:
        text += f" [{figure['low']:.3f}, {figure['high']:.3f}]"
    return text + remarks.marks(figure)


def without_failures(row: Row, metric: str) -> str:
    """A metric of the judgments that did not fail, and its bounds, such as `0.402 [0.381, 0.410]`, where any failed."""
    if not any(row["failures"].values()):
        return ""
    values = [
        row["companions"][f"{metric}.{name}"]["value"] for name in ("complete-case", "failures-wrong", "failures-right")
    ]
    value, low, high = (UNDEFINED if value is None else f"{value:.3f}" for value in values)
    return f"{value} [{low}, {high}]"


def cost(row: Row) -> str:
    """What a row's judgments cost, to the cent and below a dollar to the hundredth of a cent."""
    usd = row["cost_usd"]
    return UNDEFINED if usd is None else f"{usd:,.2f}" if usd >= 1 else f"{usd:.4f}"


def footnotes(board: Board, remarks: Remarks) -> list[str]:
    """What must stand under every rendering: the remarks, how the figures were made, and the notes of the board."""
    method = board["method"]
    level = f"{100 * method['level']:.4g} %"
    interval = INTERVALS.get(method["interval"], method["interval"])
    resamples = f", {method['resamples']:,} resamples" if method["resamples"] else ""
    unit = UNITS.get(method["unit"], method["unit"])
    columns = header(board)
    return [
        *remarks.lines(),
        f"[low, high]: {level} interval, {interval}{resamples}, seed {method['seed']}, unit {unit}",
        f"n: items with a reference label; rank: by {board['metric']}, those not excluded at {level} in its dataset",
        *([_difference_note(board)] if DIFFERENCE in columns else []),
        *([LINE_NOTE] if any(ends_top_group(rows) is not None for _, rows in datasets(board)) else []),
        *(STEADY_NOTES[name] for name, column in STEADY.items() if column in columns),
        *([ABSTAINED_NOTE] if ABSTAINED in columns else []),
        *([COST_NOTE] if CALLS in columns else []),
        *([BESIDE_NOTE.format(metric=board["metric"])] if BESIDE in columns else []),
        *board.get("notes", ()),
        f"run {board['run']} of {board['spec']}",
    ]


def header(board: Board) -> list[str]:
    """The columns of a table of the board; those that would say the same in every row are left out."""
    rows = board["rows"]
    usual = {"order": "given", "repeats": 1}
    unusual = [name for name, value in usual.items() if any(row[name] != value for row in rows)]
    steady = [column for name, column in STEADY.items() if any(name in row["companions"] for row in rows)]
    apart = [DIFFERENCE] if any(difference(row, board["metric"]) for row in rows) else []
    beside = [BESIDE] if any(any(row["failures"].values()) for row in rows) else []
    return [
        *["rank", "strategy", "evaluator", *unusual, *metric_names(board), *apart, *steady, "n", "failed"],
        *([ABSTAINED] if any(row["abstained"] for row in rows) else []),
        *beside,
        *_spent(rows),
    ]


def _spent(rows: Sequence[Row]) -> list[str]:
    """The columns of what judging took: where it cost anything, and where modes differ in what they take."""
    costs = any(row["cost_usd"] for row in rows)
    modes = {row["mode"] for row in rows}
    return [*([CALLS] if costs or len(modes) > 1 else []), *([COST] if costs else [])]


def line(board: Board, row: Row, columns: Sequence[str], remarks: Remarks) -> list[str]:
    """What a row has in each column of the header; an evaluator of simulated models says so."""
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
        BESIDE: without_failures(row, board["metric"]),
        CALLS: f"{row['calls']:,}",
        COST: cost(row),
    }
    known |= {column: _companion(row, name) for name, column in STEADY.items()}
    return [figure_text(row["metrics"][name], remarks) if name in metrics else known[name] for name in columns]


def _companion(row: Row, name: str) -> str:
    """The value of a companion, empty where the row has none."""
    if name not in row["companions"]:
        return ""
    value = row["companions"][name]["value"]
    return UNDEFINED if value is None else f"{value:.2f}"
