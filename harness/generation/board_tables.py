"""The leaderboard of a generation as tables and flat records, for every leaderboard format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.generation.summary import summary_of
from harness.leaderboard.headline import board_title
from harness.leaderboard.numbers import UNDEFINED, rank_range
from harness.leaderboard.tables import BoardTables, Column, Table

TIES = {"half": "a tie is half a win", "lose": "a tie is no win", "dropped": "ties are left out"}
RATES = (
    Column("rank", is_number=True, is_key=True),
    Column("system", is_key=True, can_wrap=True),
    *(
        Column(name, is_number=True)
        for name in ("win rate", "interval", "won", "tied", "lost", "failed", "ties lose", "ties dropped", "p")
    ),
)
STRENGTHS = (
    Column("system", is_key=True, can_wrap=True),
    Column("strength", is_number=True),
    Column("interval", is_number=True),
    Column("", can_wrap=True),
)
LOOPS = (
    Column("system", is_key=True, can_wrap=True),
    Column("drafts", is_number=True),
    Column("picked draft"),
    *(Column(name, is_number=True) for name in ("failed reviews", "tokens a prompt", "USD a prompt")),
)
TAKEN = ("calls", "prompt_tokens", "completion_tokens", "cost_usd", "tokens_per_prompt", "cost_per_prompt_usd")
"""Fields of a system that a flat record repeats."""


def board_tables(board: Mapping[str, Any]) -> BoardTables:
    """The leaderboard of a generation, ready to be rendered: win rates, strengths, and the usage of the loops.

    Args:
        board: the leaderboard, by `schemas/output/win-rates.schema.json`.
    """
    return BoardTables(
        board,
        layout=lambda: (list(_tables(board)), list(_footnotes(board))),
        records=lambda: list(_records(board)),
        summary=lambda: summary_of(board),
    )


def _tables(board: Mapping[str, Any]) -> Iterator[Table]:
    ties = board["score"]["ties"]
    for one in board["boards"]:
        yield Table(board_title(one), RATES, [_rates(row, ties) for row in one["rows"]])
    for one in board["strengths"]:
        title = f"{one['prompts']}: Bradley-Terry strength (log-odds), by {one['evaluator']}"
        rows = [[row["system"], _number(row["value"]), _interval(row), row["reason"] or ""] for row in one["rows"]]
        yield Table(title, STRENGTHS, rows)
    yield Table("what the loops took", LOOPS, [_taken(one) for one in board["systems"]])


def _taken(system: Mapping[str, Any]) -> list[str]:
    usd = system["cost_per_prompt_usd"]
    return [
        f"{system['prompts']}/{system['system']}",
        f"{system['drafts'] / max(1, system['n']):.2f}",
        " ".join(f"{draft}:{count}" for draft, count in system["picked"].items()),
        f"{sum(system['review_failures'].values())}/{system['reviews']}",
        f"{system['tokens_per_prompt']:,.0f}",
        UNDEFINED if usd is None else f"{usd:.6f}",
    ]


def _rates(row: Mapping[str, Any], ties: str) -> list[str]:
    rate = row["win_rates"][ties]
    return [
        rank_range(row["rank"]),
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
    yield from board["notes"]


def _records(board: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """One record for each system, opponent and evaluator."""
    systems = {(one["prompts"], one["system"]): one for one in board["systems"]}
    for one in board["boards"]:
        shared = {key: one[key] for key in ("prompts", "opponent", "strategy", "evaluator", "order", "repeats")}
        for row in one["rows"]:
            record = {"run": board["run"], "spec": board["spec"], "system": row["system"], **shared}
            record |= {"simulated": board["simulated"]}
            record |= {key: row[key] for key in ("n", "wins", "ties", "losses")} | row["failures"]
            for name, rate in row["win_rates"].items():
                record |= {f"win_rate_{name}": rate["value"]}
                record |= {f"{name}_{key}": rate[key] for key in ("low", "high", "reason", "method", "seed")}
            ranks = row["rank"] or {"best": None, "worst": None}
            record |= {"sign_p": row["sign_p"]["value"], "rank_best": ranks["best"], "rank_worst": ranks["worst"]}
            system = systems[one["prompts"], row["system"]]
            yield record | {key: system[key] for key in TAKEN}


def _number(value: float | None) -> str:
    return UNDEFINED if value is None else f"{value:.3f}".replace("-", "−")


def _interval(figure: Mapping[str, Any]) -> str:
    if figure["low"] is None or figure["high"] is None:
        return UNDEFINED
    return f"[{figure['low']:.3f}, {figure['high']:.3f}]".replace("-", "−")


def _p(value: float | None) -> str:
    return UNDEFINED if value is None else "<0.001" if value < 0.001 else f"{value:.3f}"
