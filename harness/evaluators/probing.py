"""Interventional probes: a cell is asked about changed responses, to see whether the change alone moves its verdicts.

A probe that needs judgments of its own has `ARMS` and `changed(item, arm)` beside what every probe has
(`harness.analysis.audit.probe`). Each arm is a change of the item, such as one response padded; each is judged in both
orders, so that position cancels. A mirrored pair of arms lets quality cancel as well.

Step names of its calls begin with `PROBE-ARM/`, such as `padding-a/judge` and `padding-a/swapped/judge`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, cast

from harness import registry
from harness.errors import Problem
from harness.evaluators.aggregation import exchanged, gravest, most_votes, swap_responses
from harness.evaluators.conversation import Conversation, map_calls, together
from harness.evaluators.mode import AskingMode, find_mode, is_asking, stages_of
from harness.evaluators.question import SWAPPED, with_step
from harness.prompting.strategy import Questions
from harness.records.calls import Call, Model
from harness.records.datasets import Item
from harness.records.experiment import Cell, Strategy
from harness.records.judgments import Outcome
from harness.text import quoted

ORDERS = ("given", SWAPPED)
"""The orders in which every arm is judged, as the votes of a judgment have them."""


class Intervention(Protocol):
    """What a probe has that needs judgments of its own.

    Optional are

    * `HAS_OWN_DRAWS: bool`: whether each call has a draw of its own, because both orders look the same;
    * `REPEATED: tuple[str, ...]`: arms that ask once more what was asked, as a second draw;
    * `REWORDED: tuple[str, ...]`: arms that ask with the instructions of the strategy in other words;
    * `unusable(strategy) -> str`: why no judgment can be asked with a strategy, "" where one can.
    """

    ARMS: tuple[str, ...]
    """Names of the changes of an item, each of which is judged."""

    def changed(self, item: Item, arm: str) -> Item:
        """The item with the change of an arm."""
        ...


@dataclass(frozen=True, slots=True)
class ProbeCell(Cell):
    """A cell that is asked for a probe. It is not part of the matrix and has no row in a leaderboard.

    Attributes:
        probe: name of the probe.
    """

    probe: str = ""

    @property
    def id(self) -> str:
        """Such as `fair-eval/direct/judge:gpt-4o/probe:padding`; cells that differ in orders and repeats share it."""
        return "/".join([self.dataset, self.strategy, self.evaluator, f"probe:{self.probe}"])


def intervention(name: str) -> Intervention | None:
    """The probe of that name if it needs judgments of its own, else None. Raises KeyError if there is none."""
    found = registry.find("probes", name)
    return cast(Intervention, found) if hasattr(found, "ARMS") and hasattr(found, "changed") else None


def probe_cell(cell: Cell, name: str) -> ProbeCell:
    """The cell that is asked for a probe of a cell."""
    return ProbeCell(
        cell.dataset, cell.strategy, cell.mode, cell.models, "both", settings=cell.settings, variant=cell.variant,
        probe=name,
    )  # fmt: skip


def probe_cells(cells: Sequence[Cell], probes: Sequence[str]) -> tuple[ProbeCell, ...]:
    """The cells that are asked for some probes, each once.

    Cells that count judgments of others have none, nor have cells in stages: their judges are asked.
    """
    wanted = [name for name in probes if intervention(name) is not None]
    asked = [cell for cell in cells if wanted and is_asking(find_mode(cell.mode)) and not stages_of(cell)]
    found = (probe_cell(cell, name) for name in wanted for cell in asked)
    return tuple({one.id: one for one in found}.values())


def wording_problem(name: str, strategy: Strategy, *, file: str) -> Problem | None:
    """The problem where a probe cannot ask with a strategy; None where it can.

    Args:
        name: of the probe.
        strategy: of a cell that is asked for it.
        file: what messages call the spec.
    """
    found = intervention(name)
    unusable = getattr(found, "unusable", None)
    if unusable is None or not (reason := unusable(strategy)):
        return None
    message = f"the probe {quoted(name)} cannot be asked with the strategy {quoted(strategy.name)}: {reason}"
    hint = "remove the probe from this spec, or give the strategy a spec of its own"
    return Problem(file, path="score.probes", message=message, hint=hint)


def judgments_per_item(cell: ProbeCell) -> int:
    """How often the mode of a cell judges each item for its probe."""
    found = intervention(cell.probe)
    assert found is not None
    return len(found.ARMS) * len(ORDERS)


def converse(item: Item, cell: ProbeCell, questions: Questions, models: Mapping[str, Model]) -> Conversation[Outcome]:
    """Judge every arm in both orders, as one batch.

    Returns:
        An outcome with one vote for each arm and order, arm by arm, those of the swapped order mapped back. Its verdict
        is that of most votes, in which mirrored changes cancel; it fails if any of them failed.
    """
    mode, change = cast(AskingMode, find_mode(cell.mode)), intervention(cell.probe)
    assert change is not None
    conversations = []
    for arm in change.ARMS:
        altered = change.changed(item, arm)
        asked = questions.reworded() if arm in getattr(change, "REWORDED", ()) else questions
        for number, order in enumerate(ORDERS):
            shown = altered if order == "given" else swap_responses(altered)
            step = f"{cell.probe}-{arm}/" + (f"{SWAPPED}/" if order == SWAPPED else "")
            placed = partial(_placed, before=step, draw=_draw_of(change, arm, number))
            conversations.append(map_calls(mode.converse(shown, cell, asked, models), placed))
    outcomes = yield from together(conversations)
    outcomes = [exchanged(one) if at % len(ORDERS) else one for at, one in enumerate(outcomes)]
    votes = tuple(one.name for one in outcomes)
    if any(one.failure for one in outcomes):
        return Outcome(None, gravest(one.failure for one in outcomes if one.failure), votes=votes)
    return Outcome(most_votes(one.verdict for one in outcomes), votes=votes)


def _draw_of(change: Intervention, arm: str, number: int) -> int | None:
    """The draw of the calls of an arm in an order; None where they are the first one."""
    if arm in getattr(change, "REPEATED", ()):
        return 1
    return number if getattr(change, "HAS_OWN_DRAWS", False) else None


def _placed(call: Call, *, before: str, draw: int | None) -> Call:
    """A call with its arm and order in its step, and with a draw of its own if it needs one."""
    placed = with_step(call, f"{before}{call.step}")
    if draw is None:
        return placed
    second = call.step.partition(".")[0].endswith("-b")  # of two responses that are each shown alone
    return placed._replace(draw=draw + len(ORDERS) * second)
