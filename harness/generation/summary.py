"""The leaderboard of a generation for a terminal: the win rates over each opponent, one line for each system."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.leaderboard.headline import board_title, headlines
from harness.leaderboard.interval_bar import axis_of, bar, bar_header
from harness.leaderboard.numbers import UNDEFINED, rank_range, with_interval
from harness.leaderboard.short_notes import detectable_note, is_in_the_summary
from harness.leaderboard.summary import BARS, difference_forms
from harness.leaderboard.tables import Field, Form, Marked, Summary, SummaryTable
from harness.text import pluralized

Board = Mapping[str, Any]

MORE = ("columns", "strengths", "usage")
"""What only the full layout shows."""


def summary_of(board: Board) -> Summary:
    """The summary of a leaderboard, a table for each opponent and evaluator."""
    systems = {(one["prompts"], one["system"]): one for one in board["systems"]}
    has_several = len({one["prompts"] for one in board["boards"]}) > 1
    tables, notes = [], list[str]()
    for one, headline in zip(board["boards"], headlines(board), strict=True):
        rows = one["rows"]
        about = board_title(one) if has_several else board_title(one).removeprefix(f"{one['prompts']}: ")
        over = f"over {one['opponent']}"
        own = [systems[one["prompts"], row["system"]] for row in rows]
        tables.append(
            SummaryTable(
                f"{about} (n = {rows[0]['n']:,})",
                over,
                headline.sentence,
                list(_fields(board, rows, own)),
                _top_rows(rows),
            )
        )
        found = detectable_note([row["difference"] for row in rows if row["difference"]], plan=False)
        notes += [f"{over}: {note}" for note in (*_failed(rows), found) if note]
    notes += [note for note in board["notes"] if not is_in_the_summary(note)]
    return Summary(tables, list(dict.fromkeys(notes)), MORE, board["simulated"])


def _top_rows(rows: list[Board]) -> int | None:
    """The rows above the line: up to the last that may be the best; None where all or none may be."""
    could_be = [at for at, row in enumerate(rows) if _may_be_best(row)]
    return could_be[-1] + 1 if could_be and could_be[-1] < len(rows) - 1 else None


def _may_be_best(row: Board) -> bool:
    return row["rank"] is not None and row["rank"]["best"] == 1


def _failed(rows: list[Board]) -> Iterator[str]:
    kinds: dict[str, int] = {}
    for row in rows:
        for kind, count in row["failures"].items():
            kinds[kind] = kinds.get(kind, 0) + count
    if any(kinds.values()):
        counts = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items() if count)
        judged = pluralized(sum(row["n"] for row in rows), "comparison")
        yield f"{sum(kinds.values()):,} of {judged} failed ({counts}) and are left out"


def _fields(board: Board, rows: list[Board], systems: list[Board]) -> Iterator[Field]:
    rates = [row["win_rates"][board["score"]["ties"]] for row in rows]
    for header, texts in (
        ("rank", [rank_range(row["rank"]) for row in rows]),
        ("system", [row["system"] for row in rows]),
    ):
        marked = [Marked(text, "best") if _may_be_best(row) else text for row, text in zip(rows, texts, strict=True)]
        yield Field([Form(header, marked)], is_number=header == "rank", is_name=header == "system")
    yield Field([Form("win rate", [_rate(rate, form) for rate in rates], at) for form, at in ((".2f", 0), (".3f", 50))])
    if axis := axis_of(rates):
        bars = [Form(bar_header(axis, wide), [bar(one, axis, wide) for one in rates], at) for at, wide in BARS]
        yield Field(bars, is_number=False)
    found = [row["difference"] for row in rows]
    if any(found):
        yield Field(difference_forms("vs best", found, "win-rate"))
    yield Field([Form("won/tied/lost", [f"{row['wins']}/{row['ties']}/{row['losses']}" for row in rows], 20)])
    failed = [sum(row["failures"].values()) for row in rows]
    if any(failed):
        yield Field([Form("failed", [Marked(str(count), "failure") if count else "0" for count in failed])])
    yield Field([Form("tokens/prompt", [f"{one['tokens_per_prompt']:,.0f}" for one in systems], 46)])
    if any(one["cost_per_prompt_usd"] for one in systems):
        costs = (one["cost_per_prompt_usd"] for one in systems)
        yield Field([Form("USD/prompt", [UNDEFINED if usd is None else f"{usd:.4f}" for usd in costs], 35)])


def _rate(rate: Board, form: str) -> str:
    return UNDEFINED if rate["value"] is None else with_interval(rate["value"], rate["low"], rate["high"], form)
