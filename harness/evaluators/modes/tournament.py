"""One model ranks several responses by comparing them in pairs.

Each game is a judgment of a pair, asked as `judge` asks it in `responses: pair`, in the orders and repeats of the cell,
so that a pair that was judged before costs nothing. The steps of its calls begin with the positions of its responses,
such as `2-3/judge`. The games of a round are asked as one batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from harness.evaluators.aggregation import gravest
from harness.evaluators.cell import calls_per_item as calls_of
from harness.evaluators.cell import converse as converse_as
from harness.evaluators.conversation import Conversation, map_calls, together
from harness.evaluators.question import with_step
from harness.evaluators.tournament import POINTS, Game, Result, games_of, tournament
from harness.prompting.strategy import Questions
from harness.records.calls import Call, Model
from harness.records.datasets import Item
from harness.records.experiment import Cell, Strategy
from harness.records.judgments import Outcome
from harness.records.rankings import ranking_of

NAME = "tournament"
SUMMARY = "One model ranks several responses by comparing pairs: round robin, Swiss or single elimination"
ASKS_OF_MANY = ("pair",)
RANKS_ONLY = True
OWN_ORDERS = True


def expand(wanted: Mapping[str, Any], models: Sequence[str]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """One cell for each model: its models and its settings.

    Args:
        wanted: the value of `tournament` in a spec.
        models: all models of the spec.
    """
    judges = wanted["judge"]
    for name in [judges] if isinstance(judges, str) else judges:
        yield (name,), {"by": wanted.get("by", "round-robin"), "rounds": wanted.get("rounds")}


def faults(wanted: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Errors in the settings that the schema cannot find: place, message, suggested fix."""
    if wanted.get("rounds") is not None and wanted.get("by", "round-robin") != "swiss":
        yield ("rounds",), "only a Swiss tournament has a number of rounds", "write `by: swiss`, or leave `rounds` out"


def written(models: Sequence[str], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `expand`: the value of `tournament` in a spec for one cell alone."""
    rounds = {} if settings["rounds"] is None else {"rounds": settings["rounds"]}
    return {"judge": models[0], "by": settings["by"], **rounds}


def variant(settings: Mapping[str, Any]) -> str:
    """The kind of tournament and its rounds, such as `(swiss=3)`; a round robin has no variant."""
    if settings["by"] == "round-robin":
        return ""
    return f"({settings['by']})" if settings["rounds"] is None else f"({settings['by']}={settings['rounds']})"


def unfit(strategy: Strategy, settings: Mapping[str, Any]) -> tuple[str, str] | None:
    """Why a tournament cannot use a strategy, and a suggested fix; None where it can."""
    if strategy.ask == "pair":
        return None
    return "a tournament compares pairs", "take a strategy with `ask: pair`, such as `direct`"


def calls_per_item(cell: Cell, strategy: Strategy) -> tuple[int, int]:
    """The calls of a tournament of two responses, which is one game."""
    return calls_for_ranking(cell, strategy, 2)


def calls_for_ranking(cell: Cell, strategy: Strategy, responses: int) -> tuple[int, int]:
    """The fewest and the most calls about an item, over all orders and repeats."""
    games = games_of(cell.settings, responses)
    fewest, most = calls_of(_game_cell(cell), strategy)
    return games * fewest, games * most


def converse(item: Item, cell: Cell, questions: Questions, models: Mapping[str, Model]) -> Conversation[Outcome]:
    """Play all games; the ranking, or the most serious failure where failed games leave a response without a place."""
    played = tournament(cell.settings, len(item.responses), item.id)
    failed: list[Outcome] = []
    games = next(played)
    while True:
        outcomes = yield from together([_game(game, item, cell, questions, models) for game in games])
        failed += [outcome for outcome in outcomes if outcome.verdict is None]
        results: list[Result] = [None if one.verdict is None else POINTS[one.verdict] for one in outcomes]
        try:
            games = played.send(results)
        except StopIteration as stop:
            if stop.value is None:
                return Outcome(None, gravest(one.failure for one in failed))
            return Outcome(ranking_of(stop.value), abstained=len(failed))


def _game(
    game: Game, item: Item, cell: Cell, questions: Questions, models: Mapping[str, Model]
) -> Conversation[Outcome]:
    """The judgment of one pair of responses."""
    one, other = game
    pair = item._replace(response_a=item.responses[one], response_b=item.responses[other], responses=())
    plain = Item._make(pair)  # what is known of the prompts of an item is not about its pairs
    conversation = converse_as(plain, _game_cell(cell), questions, models)
    return map_calls(conversation, partial(_named, game=f"{one + 1}-{other + 1}"))


def _game_cell(cell: Cell) -> Cell:
    """The judge cell that decides a game."""
    return replace(cell, mode="judge", settings={}, variant="")


def _named(call: Call, *, game: str) -> Call:
    return with_step(call, f"{game}/{call.step}")
