"""What a run may spend: every attempt sets aside the most that it can cost before it is made."""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import BudgetReachedError
from harness.records import Message, Model, Price, Reply
from harness.tokens import Count, most_prompt_tokens

ROUNDING = 1e-12
"""Part of the limit that sums of floats may be off by."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one attempt may cost.

    Attributes:
        model: name of the model.
        price: of its tokens.
        prompt_tokens: the most that its prompt can have.
        reply_tokens: the most that its reply may have.
    """

    model: str
    price: Price
    prompt_tokens: int
    reply_tokens: int

    @property
    def usd(self) -> float:
        """The most that the attempt can cost."""
        return cost_usd(self.price, self.prompt_tokens, self.reply_tokens)


class Budget:
    """Money set aside and spent. Pure: it knows neither time nor endpoints.

    At any time what is spent, what is held for attempts under way, and what is kept for attempts whose bill is not
    known sum up to no more than the limit, as long as endpoints bill no more than was asked for.

    Args:
        limit_usd: what may be spent.
    """

    def __init__(self, limit_usd: float) -> None:
        self.limit_usd = limit_usd
        self.spent: defaultdict[str, float] = defaultdict(float)
        """By model, from the usage that the endpoint reports."""
        self.unknown: defaultdict[str, float] = defaultdict(float)
        """By model, what attempts without a readable reply may have cost."""
        self._held: dict[int, Reservation] = {}
        self._next = 0

    @property
    def committed_usd(self) -> float:
        """What is spent, held or not known."""
        held = math.fsum(reservation.usd for reservation in self._held.values())
        return math.fsum([*self.spent.values(), *self.unknown.values(), held])

    @property
    def is_idle(self) -> bool:
        """Whether no attempt is under way, so that waiting brings nothing back."""
        return not self._held

    def reserve(self, reservation: Reservation) -> int | None:
        """Set money aside for an attempt; its number, or None where that would pass the limit."""
        if self.committed_usd + reservation.usd > self.limit_usd * (1 + ROUNDING):
            return None
        self._next += 1
        self._held[self._next] = reservation
        return self._next

    def settle(self, number: int, reply: Reply) -> None:
        """An attempt was answered: what it cost by its reported usage; by the bound where that is missing or not so.

        A prompt has tokens, so a usage of 0 means that the endpoint does not say. A reported usage above the bound
        counts as it is reported.
        """
        held = self._held.pop(number)
        prompt = reply.prompt_tokens or held.prompt_tokens
        completion = reply.completion_tokens if reply.prompt_tokens else held.reply_tokens
        self.spent[held.model] += cost_usd(held.price, prompt, completion)

    def release(self, number: int) -> None:
        """An attempt was turned away, and costs nothing."""
        del self._held[number]

    def keep(self, number: int) -> None:
        """An attempt ended in a way that does not tell whether it is billed: its money stays set aside."""
        held = self._held.pop(number)
        self.unknown[held.model] += held.usd


class Purse:
    """A budget that is waited at: attempts under way give back what they did not need."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self._changed = asyncio.Condition()

    async def reserve(self, reservation: Reservation) -> int:
        """Set money aside for an attempt, waiting for those under way where there is too little now.

        Raises:
            BudgetReachedError: where there is too little and nothing is under way.
        """
        while (number := self.budget.reserve(reservation)) is None:
            if self.budget.is_idle:
                raise self._reached(reservation)
            async with self._changed:
                await self._changed.wait()
        return number

    async def settle(self, number: int, reply: Reply) -> None:
        """As `Budget.settle`."""
        self.budget.settle(number, reply)
        await self._tell()

    async def give_back(self, number: int, *, may_be_billed: bool) -> None:
        """An attempt brought no reply; as `Budget.keep` or `Budget.release`."""
        if may_be_billed:
            self.budget.keep(number)
        else:
            self.budget.release(number)
        await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _reached(self, wanted: Reservation) -> BudgetReachedError:
        budget = self.budget
        spent, unknown = math.fsum(budget.spent.values()), math.fsum(budget.unknown.values())
        may_be = f", and up to ${unknown:.4f} for attempts whose bill is not known" if unknown else ""
        return BudgetReachedError(
            f"stopped before --max-cost {budget.limit_usd:g} could be passed: ${spent:.4f} spent{may_be}; the next "
            f"call to {wanted.model} may cost up to ${wanted.usd:.4f}"
        )


class Till:
    """The reservations of one model.

    Args:
        purse: of the run.
        model: with a price.
        reply_tokens: the most that a reply of it may have.
        count: counts the tokens of a text; None to count its bytes.
    """

    def __init__(self, purse: Purse, model: Model, reply_tokens: int, count: Count | None) -> None:
        assert model.price is not None, "who has no price is refused before"
        self._purse, self._name, self._price = purse, model.name, model.price
        self._reply_tokens, self._count = reply_tokens, count
        self.settle, self.give_back = purse.settle, purse.give_back

    async def reserve(self, messages: Sequence[Message]) -> int:
        """Set money aside for a prompt; as `Purse.reserve`."""
        prompt = most_prompt_tokens(messages, self._count)
        return await self._purse.reserve(Reservation(self._name, self._price, prompt, self._reply_tokens))


def cost_usd(price: Price, prompt_tokens: int, completion_tokens: int) -> float:
    """What so many tokens cost; prices are for a million."""
    return (prompt_tokens * price.input + completion_tokens * price.output) / 1e6
