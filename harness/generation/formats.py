"""The leaderboard of a generation as text: tables for a terminal, Markdown, CSV, and JSON."""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from harness.text import printable

UNDEFINED = "–"
NOTE_WIDTH = 110
"""Notes are read, so they are broken into lines."""
TIES = {"half": "a tie is half a win", "lose": "a tie is no win", "dropped": "ties are left out"}
HEADER = ("rank", "system", "win rate", "interval", "won", "tied", "lost", "failed", "ties lose", "ties dropped", "p")
LOOPS = ("system", "drafts", "picked draft", "failed reviews", "tokens a prompt", "USD a prompt")
FORMULA = ("=", "+", "-", "@")
"""What a spreadsheet takes for the beginning of a formula."""

Rows = Sequence[Sequence[str]]


def render(board: Mapping[str, Any], report: str) -> str:
    """The leaderboard in one of the formats of `harness leaderboard`.

    Args:
        board: as `schemas/output/win-rates.schema.json` describes it.
        report: `table`, `markdown`, `csv` or `json`.
    """
    return RENDERERS[report](board)


def _text(board: Mapping[str, Any]) -> str:
    parts = [part for title, rows in _tables(board) for part in (title, _aligned(rows), "")]
    notes = [line for note in _footnotes(board) for line in textwrap.wrap(note, NOTE_WIDTH, break_on_hyphens=False)]
    return "\n".join([*parts, *notes, ""])


def _markdown(board: Mapping[str, Any]) -> str:
    parts = []
    for title, rows in _tables(board):
        cells = [[_escaped(text) for text in row] for row in rows]
        ruler = ["---" if not at or at == 1 else "---:" for at in range(len(rows[0]))]
        parts += [
            f"### {_escaped(title)}",
            "",
            *(f"| {' | '.join(row)} |" for row in (cells[0], ruler, *cells[1:])),
            "",
        ]
    return "\n".join([*parts, *(f"- {_escaped(note)}" for note in _footnotes(board)), ""])


def _json(board: Mapping[str, Any]) -> str:
    return json.dumps(board, indent=2) + "\n"


def _csv(board: Mapping[str, Any]) -> str:
    lines = list(_lines(board))
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _field(value) for key, value in line.items()} for line in lines)
    return out.getvalue()


RENDERERS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "table": _text,
    "markdown": _markdown,
    "csv": _csv,
    "json": _json,
}


def _tables(board: Mapping[str, Any]) -> Iterator[tuple[str, list[list[str]]]]:
    ties = board["score"]["ties"]
    for one in board["boards"]:
        title = f"{one['prompts']}: win rate over {one['opponent']}, by {one['strategy']}/{one['evaluator']}"
        order = {"given": "", "swapped": ", opponent first", "both": ", both orders"}[one["order"]]
        yield title + order, [list(HEADER), *(_row(row, ties) for row in one["rows"])]
    for one in board["strengths"]:
        title = f"{one['prompts']}: Bradley-Terry strength (log-odds), by {one['evaluator']}"
        rows = [[row["system"], _number(row["value"]), _interval(row), row["reason"]] for row in one["rows"]]
        yield title, [["system", "strength", "interval", ""], *rows]
    loops = [
        [
            f"{one['prompts']}/{one['system']}",
            f"{one['drafts'] / max(1, one['n']):.2f}",
            " ".join(f"{draft}:{count}" for draft, count in one["picked"].items()),
            f"{sum(one['review_failures'].values())}/{one['reviews']}",
            f"{one['tokens_per_prompt']:,.0f}",
            UNDEFINED if one["cost_per_prompt_usd"] is None else f"{one['cost_per_prompt_usd']:.6f}",
        ]
        for one in board["systems"]
    ]
    yield "what the loops took", [list(LOOPS), *loops]


def _row(row: Mapping[str, Any], ties: str) -> list[str]:
    rate = row["win_rates"][ties]
    rank = row["rank"]
    ends = UNDEFINED if rank is None else str(rank["best"])
    if rank and rank["best"] != rank["worst"]:
        ends = f"{rank['best']}–{rank['worst']}"
    return [
        ends,
        row["system"],
        _number(rate["value"]),
        _interval(rate),
        str(row["wins"]),
        str(row["ties"]),
        str(row["losses"]),
        str(sum(row["failures"].values())),
        _number(row["win_rates"]["lose"]["value"]),
        _number(row["win_rates"]["dropped"]["value"]),
        _p(row["sign_p"]["value"]),
    ]


def _footnotes(board: Mapping[str, Any]) -> Iterator[str]:
    score = board["score"]
    yield (
        f"win rate: {TIES[score['ties']]}; {100 * score['level']:g} % intervals, {score['resamples']:,} resamples of "
        f"the smoothed multinomial bootstrap (clusters: Student's t), spec seed {board['seed']}; p: exact sign test "
        "against one half; rank: those that cannot be excluded, all pairs on the same prompts considered"
    )
    yield f"picked draft: by {board['selection']}; tokens and cost: of the loops, the choice of a draft included"
    for note in board["notes"]:
        yield printable(note)


def _lines(board: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One line for each system, opponent and evaluator, each with all that is needed to read it alone."""
    systems = {(one["prompts"], one["system"]): one for one in board["systems"]}
    for one in board["boards"]:
        for row in one["rows"]:
            system = systems[one["prompts"], row["system"]]
            line = {"run": board["run"], "spec": board["spec"], "system": row["system"]}
            line |= {key: one[key] for key in ("prompts", "opponent", "strategy", "evaluator", "order", "repeats")}
            line |= {"simulated": board["simulated"]}
            line |= {key: row[key] for key in ("n", "wins", "ties", "losses")} | row["failures"]
            for name, rate in row["win_rates"].items():
                line |= {f"win_rate_{name}": rate["value"], f"{name}_low": rate["low"], f"{name}_high": rate["high"]}
                line |= {
                    f"{name}_reason": rate["reason"],
                    f"{name}_method": rate["method"],
                    f"{name}_seed": rate["seed"],
                }
            rank = row["rank"] or {"best": None, "worst": None}
            line |= {"sign_p": row["sign_p"]["value"], "rank_best": rank["best"], "rank_worst": rank["worst"]}
            taken = (
                "calls",
                "prompt_tokens",
                "completion_tokens",
                "cost_usd",
                "tokens_per_prompt",
                "cost_per_prompt_usd",
            )
            yield line | {key: system[key] for key in taken}


def _number(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:.3f}".replace("-", "−")


def _interval(figure: Mapping[str, Any]) -> str:
    if figure["low"] is None or figure["high"] is None:
        return UNDEFINED
    return f"[{figure['low']:.3f}, {figure['high']:.3f}]".replace("-", "−")


def _p(value: float | None) -> str:
    return UNDEFINED if value is None else "<0.001" if value < 0.001 else f"{value:.3f}"


def _aligned(rows: Rows) -> str:
    """Rows as columns: the first two left, the others right."""
    shown = [[printable(text) for text in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    lines = [
        "  ".join(
            text.ljust(width) if at < 2 else text.rjust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in shown
    ]
    return "\n".join(f"  {line}".rstrip() for line in lines)


def _escaped(text: str) -> str:
    return printable(text).replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def _field(value: Any) -> Any:
    if isinstance(value, str):
        shown = printable(value)
        return f"'{shown}" if shown.startswith(FORMULA) else shown
    return value
