"""The contract of an evaluator mode: one file in `harness/evaluators/modes/`, or an entry point `harness.modes`.

A mode decides who gives the verdict on a pair of responses. A mode that asks (`AskingMode`) is a conversation without
I/O. A mode that counts (`CountingMode`) makes no calls of its own: it combines the judgments of other cells, its
members. The orders in which the responses are shown and repeats are handled outside the mode, in
`harness.evaluators.cell`.

A mode with settings has a schema fragment `NAME.schema.json` beside its file, which describes the value that a spec
writes under the name of the mode. Without one, every value is accepted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias, TypeGuard, cast

from harness import registry
from harness.evaluators.conversation import Conversation
from harness.prompting.strategy import Questions
from harness.records.calls import Model
from harness.records.datasets import Item
from harness.records.experiment import Cell, Strategy
from harness.records.judgments import Outcome
from harness.records.label_set import VERDICT_LABELS, LabelSet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from harness.statistics.codes import Codes

Expanded: TypeAlias = tuple[tuple[str, ...], Mapping[str, Any]]
"""The models of a cell, and its settings with every default."""
Fault: TypeAlias = tuple[tuple[str | int, ...], str, str]
"""A place in the settings, what is wrong there, and a suggested fix or ""."""


class MemberVotes(NamedTuple):
    """The judgments of the members of a counting cell.

    Attributes:
        codes: members × items, codes of the label set.
        scores: members × items × 2, the scores of both responses, NaN where there is none; None unless the mode
            averages scores or labels are numbers.
        labels: the labels that judgments can have.
        rankings: members × items, the text of each ranking, None for a failure; None where judgments are no rankings.
    """

    codes: Codes
    scores: NDArray[np.float64] | None = None
    labels: LabelSet = VERDICT_LABELS
    rankings: Sequence[Sequence[str | None]] | None = None


class CountedVotes(NamedTuple):
    """The judgments of a counting cell.

    Attributes:
        codes: one for each item, codes of the label set.
        scores: items × 2, NaN where there is none; None where the mode gives no scores.
        rankings: of each item, the text of its ranking, None for a failure; None where judgments are no rankings.
    """

    codes: Codes
    scores: NDArray[np.float64] | None = None
    rankings: Sequence[str | None] | None = None


class Mode(Protocol):
    """The part of the contract that every mode has.

    These functions are optional:

    * `faults(wanted) -> Iterable[Fault]`: errors in the settings that a schema cannot find;
    * `unfit(strategy, settings) -> tuple[str, str] | None`: why the mode cannot use a strategy, and a suggested fix;
    * `TAKES_PERSONAS: bool`: whether its settings have `personas`, the name of a set or a list; `expand` then receives
      the list, and the name of the set as `persona_set`; False by default;
    * `unfit_cell(cell) -> tuple[str, str] | None`: why the mode cannot be asked with the orders and repeats of a cell,
      and a suggested fix;
    * `stages(cell) -> list[Cell]`, of a mode that asks: the cells that its conversation asks one after the other, as
      far as needed, each in the orders and repeats of the cell; then `converse` and `calls_per_item` are about all
      orders and repeats;
    * `OWN_ORDERS: bool`, of a mode that asks: whether its `converse` and `calls_per_item` are about all orders and
      repeats; False by default;
    * `asks_once(questions, model) -> bool`, of a mode that asks: whether its conversation is one question about a pair
      or a single response, `questions.whole(item)`, and a retry where the reply holds no answer; a replay then renders
      and hashes that question once for all cells;
    * `ASKS_OF_MANY: tuple[str, ...]`: what its strategies may ask where items have several responses, such as `rank`;
      without it, the mode does not rank;
    * `RANKS_ONLY: bool`: whether it serves nothing but the ranking of several responses; False by default;
    * `calls_for_ranking(cell, strategy, responses) -> tuple[int, int]`, of a mode that asks and ranks: as
      `calls_per_item`, about an item with so many responses;
    * `variant(settings) -> str`: distinguishes cells of the same models in their ids, such as `(rounds=3)`; "" for the
      defaults.
    """

    SUMMARY: str
    """One line for lists."""

    def expand(self, wanted: Any, models: Sequence[str]) -> Iterable[Expanded]:
        """The cells that an entry of the evaluator axis stands for.

        Args:
            wanted: the value that a spec writes under the name of the mode.
            models: the names of all models of the spec.
        """
        ...

    def written(self, models: Sequence[str], settings: Mapping[str, Any]) -> Any:
        """The inverse of `expand`: the value that a spec writes for one cell alone."""
        ...


class AskingMode(Mode, Protocol):
    """A mode that asks models for a verdict."""

    def calls_per_item(self, cell: Cell, strategy: Strategy) -> tuple[int, int]:
        """The fewest and the most calls of one conversation, whatever the order and the repeats of the cell."""
        ...

    def converse(
        self, item: Item, cell: Cell, questions: Questions, models: Mapping[str, Model]
    ) -> Conversation[Outcome]:
        """The conversation of a cell about one item."""
        ...


class CountingMode(Mode, Protocol):
    """A mode that combines the judgments of other cells."""

    def members(self, cell: Cell) -> list[Cell]:
        """The cells whose judgments are combined."""
        ...

    def averages_scores(self, cell: Cell) -> bool:
        """Whether `count` needs the scores of the members, on one scale; it has them also where labels are numbers."""
        ...

    def count(self, cell: Cell, strategy: Strategy, votes: MemberVotes) -> CountedVotes:
        """Combine the judgments of the members, in the order of `members`. Imports numpy where it is used."""
        ...


def find_mode(name: str) -> AskingMode | CountingMode:
    """The mode of that name. Raises KeyError where there is none."""
    return cast(AskingMode | CountingMode, registry.find("modes", name))


def is_asking(mode: AskingMode | CountingMode) -> TypeGuard[AskingMode]:
    """Whether a mode makes calls."""
    return hasattr(mode, "converse")


def counting_mode(cell: Cell) -> CountingMode | None:
    """The mode of a cell that combines the judgments of others; None for a cell that makes calls."""
    mode = find_mode(cell.mode)
    return None if is_asking(mode) else cast(CountingMode, mode)


def members_of(cell: Cell) -> list[Cell]:
    """The cells whose judgments a cell combines; empty for a cell that makes calls."""
    mode = counting_mode(cell)
    return [] if mode is None else mode.members(cell)


def averages_scores(cell: Cell) -> bool:
    """Whether a cell averages the scores of other cells."""
    mode = counting_mode(cell)
    return mode is not None and mode.averages_scores(cell)


def faults_of(mode: Mode, wanted: Any) -> Iterable[Fault]:
    """Errors in the settings of a mode that its schema fragment accepts."""
    found: Iterable[Fault] = mode.faults(wanted) if hasattr(mode, "faults") else ()
    return found


def unfit_reason(mode: Mode, strategy: Strategy, settings: Mapping[str, Any]) -> tuple[str, str] | None:
    """Why a mode cannot use a strategy, and a suggested fix; None where it can."""
    found: tuple[str, str] | None = mode.unfit(strategy, settings) if hasattr(mode, "unfit") else None
    return found


def unfit_cell_reason(mode: Mode, cell: Cell) -> tuple[str, str] | None:
    """Why a mode cannot be asked with the orders and repeats of a cell, and a suggested fix; None where it can."""
    found: tuple[str, str] | None = mode.unfit_cell(cell) if hasattr(mode, "unfit_cell") else None
    return found


def stages_of(cell: Cell) -> list[Cell]:
    """The cells that a cell asks one after the other, as far as needed; empty for a mode without stages."""
    mode = find_mode(cell.mode)
    found: list[Cell] = mode.stages(cell) if hasattr(mode, "stages") else []
    return found


def has_own_orders(mode: Mode) -> bool:
    """Whether a mode that asks handles the orders and repeats of a cell itself."""
    return hasattr(mode, "stages") or bool(getattr(mode, "OWN_ORDERS", False))


def asks_once(mode: Mode, questions: Questions, model: Model) -> bool:
    """Whether each conversation of a mode is one question about the item, in each order and repeat of the cell."""
    return hasattr(mode, "asks_once") and not has_own_orders(mode) and bool(mode.asks_once(questions, model))


def asks_of_many(mode: Mode) -> tuple[str, ...]:
    """What the strategies of a mode may ask where items have several responses; nothing for a mode that ranks none."""
    return tuple(getattr(mode, "ASKS_OF_MANY", ()))


def ranks_only(mode: Mode) -> bool:
    """Whether a mode serves nothing but the ranking of several responses."""
    return bool(getattr(mode, "RANKS_ONLY", False))


def calls_for_ranking(mode: AskingMode, cell: Cell, strategy: Strategy, responses: int) -> tuple[int, int]:
    """The fewest and the most calls of one conversation about an item with several responses."""
    found: tuple[int, int] = (
        mode.calls_for_ranking(cell, strategy, responses)
        if hasattr(mode, "calls_for_ranking")
        else mode.calls_per_item(cell, strategy)
    )
    return found


def variant_of(mode: Mode, settings: Mapping[str, Any]) -> str:
    """The part of a cell's id that distinguishes its settings from the defaults."""
    return str(mode.variant(settings)) if hasattr(mode, "variant") else ""


def takes_personas(name: str) -> bool:
    """Whether there is a mode of that name whose settings have personas."""
    return name in registry.names("modes") and bool(getattr(find_mode(name), "TAKES_PERSONAS", False))
