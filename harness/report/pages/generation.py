"""The pages of a generation: win rates against each opponent, and the loops with their drafts, tokens and cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from harness.generation.board_tables import board_tables
from harness.leaderboard.headline import board_title, headlines
from harness.leaderboard.numbers import SIMULATED, UNDEFINED, rank_range, with_interval
from harness.leaderboard.tables import Column
from harness.records.judgments import FAILURES
from harness.report.blocks import ChartBlock, TableBlock, block_of, numbers, table_block
from harness.report.charts.forest import Forest, ForestRow, forest_chart, rank_colour
from harness.report.charts.picks import Picks, picks_chart
from harness.report.html import Page
from harness.report.links import Links
from harness.report.pages.facts import digests_of, facts_of
from harness.report.run_source import RunSource


@dataclass(frozen=True, slots=True)
class WinRates:
    """One table of win rates, or of strengths.

    Attributes:
        title: prompts, opponent and evaluator.
        sentence: the result, "" for strengths.
        chart: the forest plot.
        table: the figures.
    """

    title: str
    sentence: str
    chart: ChartBlock
    table: TableBlock


@dataclass(frozen=True, slots=True)
class WinRatesPage:
    """The first page of a generation: win rates, strengths, and what was run."""

    TEMPLATE: ClassVar[str] = "win_rates.html"
    NAME: ClassVar[str] = "overview"
    TITLE: ClassVar[str] = "Overview"

    source: RunSource
    summary: str
    boards: Sequence[WinRates]
    notes: Sequence[str]
    facts: Sequence[tuple[str, str]]
    digests: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class LoopsPage:
    """The loops: which draft was picked, failures, tokens and cost.

    Attributes:
        source: the run.
        selection: how a draft was picked.
        chart: the picked drafts.
        taken: drafts, tokens and cost of each system.
        failures: of generators and reviewers; None without any.
    """

    TEMPLATE: ClassVar[str] = "loops.html"
    NAME: ClassVar[str] = "loops"
    TITLE: ClassVar[str] = "Loops"

    source: RunSource
    selection: str
    chart: ChartBlock
    taken: TableBlock
    failures: TableBlock | None


PAGES: Mapping[str, str] = {one.NAME: one.TITLE for one in (WinRatesPage, LoopsPage)}
"""Names and titles of the pages, in reading order."""


def generation_page(name: str, source: RunSource, links: Links) -> Page:
    """One page of a generation by its name, one of `PAGES`."""
    return loops_page(source) if name == LoopsPage.NAME else win_rates_page(source)


def win_rates_page(source: RunSource) -> WinRatesPage:
    """The first page of a generation."""
    board = source.board
    tables = board_tables(board)
    sentences = {one.about: f"{one.sentence}." for one in headlines(board)}
    found = []
    for one, table in zip([*board["boards"], *board["strengths"]], tables.tables, strict=False):
        is_rate = "opponent" in one
        forest = win_rate_forest(one, board["score"]) if is_rate else _strength_forest(one, board["score"])
        block = block_of(table, [None] * len(table.rows), 0)
        title = board_title(one) if is_rate else table.title
        chart = ChartBlock(f"{title}, best first", partial(forest_chart, forest))
        found.append(WinRates(title, sentences.get(title, ""), chart, block))
    notes = [note for note in tables.notes if note != SIMULATED]
    summary = str(source.spec.get("description") or "")
    return WinRatesPage(source, summary, found, notes, list(facts_of(source)), list(digests_of(source)))


def win_rate_forest(one: Mapping[str, Any], score: Mapping[str, Any]) -> Forest:
    """The forest plot of the systems against one opponent."""
    rows = [_rate_row(row, row["win_rates"][score["ties"]]) for row in one["rows"]]
    could_be = [at for at, row in enumerate(one["rows"]) if row["rank"] and row["rank"]["best"] == 1]
    line = could_be[-1] + 1 if could_be and could_be[-1] < len(rows) - 1 else None
    return Forest(f"win rate with {100 * score['level']:.4g} % interval", "rank", rows, line, reference=0.5)


def _rate_row(row: Mapping[str, Any], rate: Mapping[str, Any]) -> ForestRow:
    value = rate["value"]
    text = "undefined" if value is None else with_interval(value, rate["low"], rate["high"])
    note = rank_range(row["rank"])
    return ForestRow(row["system"], value, rate["low"], rate["high"], text, note, rank_colour(row))


def _strength_forest(one: Mapping[str, Any], score: Mapping[str, Any]) -> Forest:
    rows = [
        ForestRow(
            row["system"],
            row["value"],
            row["low"],
            row["high"],
            "undefined" if row["value"] is None else with_interval(row["value"], row["low"], row["high"]),
        )
        for row in one["rows"]
    ]
    return Forest(f"strength (log-odds) with {100 * score['level']:.4g} % interval", "", rows)


def loops_page(source: RunSource) -> LoopsPage:
    """The loops of a generation."""
    systems = source.board["systems"]
    picks = [picks_of(one) for one in systems]
    failed = [(one, _failed(one)) for one in systems]
    kinds = [f"{who} {kind}" for who in ("draft", "review") for kind in FAILURES]
    columns = [Column("system", is_key=True, can_wrap=True), *numbers(*kinds, "duels failed")]
    lines = [[_name(one), *map(str, counts)] for one, counts in failed if any(counts)]
    return LoopsPage(
        source,
        source.board["selection"],
        ChartBlock("Share of the prompts by the draft that was picked, for each system", partial(picks_chart, picks)),
        table_block("drafts, tokens and cost of each system", _TAKEN, [list(_taken(one)) for one in systems]),
        table_block("failures of generators and reviewers", columns, lines) if lines else None,
    )


_TAKEN = [
    Column("system", is_key=True, can_wrap=True),
    *numbers("prompts", "drafts a prompt"),
    Column("picked draft"),
    *numbers("ended early", "calls", "tokens a prompt", "USD a prompt"),
]


def picks_of(system: Mapping[str, Any]) -> Picks:
    """How often each draft of a system was picked."""
    return Picks(_name(system), list(system["picked"].values()), system["without_draft"])


def _name(system: Mapping[str, Any]) -> str:
    return f"{system['prompts']}/{system['system']}"


def _failed(system: Mapping[str, Any]) -> list[int]:
    kinds = [*system["generator_failures"].values(), *system["review_failures"].values()]
    return [*kinds, system["duels_failed"]]


def _taken(system: Mapping[str, Any]) -> Iterator[str]:
    usd = system["cost_per_prompt_usd"]
    yield _name(system)
    yield str(system["n"])
    yield f"{system['drafts'] / max(1, system['n']):.2f}"
    yield " ".join(f"{draft}:{count}" for draft, count in system["picked"].items())
    yield str(sum(system["ended"].values()))
    yield f"{system['calls']:,}"
    yield f"{system['tokens_per_prompt']:,.0f}"
    yield UNDEFINED if usd is None else f"{usd:.6f}"
