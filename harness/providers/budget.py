"""The budget of a run: before each attempt, the most that it can cost is reserved."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from harness.errors import BudgetReachedError
from harness.providers.ledger import Ledger
from harness.providers.ledger_lines import UNITS
from harness.providers.tokens import Count, most_prompt_tokens, most_reply_tokens
from harness.records.calls import Call, Model, Price, Reply

LONGEST_TOKEN = 256
"""Characters: the longest token of any tokenizer that is in use has about half as many."""
OTHERS_STEP_S = 0.25
"""Seconds between two looks at a ledger while other runs have calls in flight."""
OTHERS_WAIT_S = 900.0
"""Seconds without a new line in a ledger after which other runs are not waited for any more. A process can be alive
whose run is not: it is stopped, or could not write on a full disk that it ended."""


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one attempt may cost.

    Attributes:
        model: name of the model.
        price: of its tokens.
        prompt_tokens: the most that its prompt can have.
        reply_tokens: the most that its reply may have.
        more: how much of both is what the endpoint went beyond the bounds before.
    """

    model: str
    price: Price
    prompt_tokens: int
    reply_tokens: int
    more: tuple[int, int] = (0, 0)

    @property
    def usd(self) -> float:
        """The most that the attempt can cost."""
        return _units(self.price, self.prompt_tokens, self.reply_tokens) / UNITS


class Budget:
    """Money reserved and spent. Pure: it uses no clock and no endpoint.

    The money spent, the reservations of attempts in flight and the reservations kept for attempts of unknown cost never
    exceed the limit together, as long as no endpoint bills more than its reservation.

    Args:
        limit_usd: what may be spent.
        ledger: what other runs spend of the same limit; None where it is of this run alone.
    """

    def __init__(self, limit_usd: float, ledger: Ledger | None = None) -> None:
        self.limit_usd = limit_usd
        self.ledger = ledger
        self._limit = round(limit_usd * UNITS)
        self._spent = self._unknown = self._sum_held = 0
        self._held: dict[int, Reservation] = {}
        self._next = 0

    @property
    def spent_usd(self) -> float:
        """Money spent, by the usage that endpoints report."""
        return self._spent / UNITS

    @property
    def unknown_usd(self) -> float:
        """The most that attempts of unknown cost may have cost."""
        return self._unknown / UNITS

    @property
    def committed_usd(self) -> float:
        """Money spent, reserved or of unknown cost."""
        return (self._spent + self._unknown + self._sum_held) / UNITS

    @property
    def is_idle(self) -> bool:
        """Whether no attempt is in flight, so that waiting frees no money."""
        return not self._held

    def reserve(self, wanted: Reservation) -> int | None:
        """Reserve money for an attempt; return its number, or None if that would exceed the limit."""
        units = _units(wanted.price, wanted.prompt_tokens, wanted.reply_tokens)
        if self._spent + self._unknown + self._sum_held + units > self._limit:
            return None
        if self.ledger is not None and not self.ledger.reserve(self._next + 1, units, self._limit):
            return None
        self._next += 1
        self._held[self._next] = wanted
        self._sum_held += units
        return self._next

    def settle(self, number: int, reply: Reply) -> Reservation:
        """Replace a reservation by the cost that the reply reports, even above the bound; return the reservation.

        A reply that does not report its usage has an unknown cost, and its reservation is kept.
        """
        if not has_usage(reply):
            return self.keep(number)
        reservation = self._freed(number)
        spent = _units(reservation.price, reply.prompt_tokens, reply.completion_tokens, reply.cached_tokens)
        self._spent += spent
        if self.ledger is not None:
            self.ledger.settle(number, spent=spent)
        return reservation

    def release(self, number: int) -> Reservation:
        """Free the reservation of an attempt that costs nothing, and return it."""
        reservation = self._freed(number)
        if self.ledger is not None:
            self.ledger.settle(number)
        return reservation

    def _freed(self, number: int) -> Reservation:
        reservation = self._held.pop(number)
        self._sum_held -= _units(reservation.price, reservation.prompt_tokens, reservation.reply_tokens)
        return reservation

    def keep(self, number: int) -> Reservation:
        """Keep the reservation of an attempt of unknown cost, and return it."""
        reservation = self._freed(number)
        unknown = _units(reservation.price, reservation.prompt_tokens, reservation.reply_tokens)
        self._unknown += unknown
        if self.ledger is not None:
            self.ledger.settle(number, unknown=unknown)
        return reservation


class BudgetGuard:
    """A budget with waiting: attempts in flight return what they did not need."""

    def __init__(self, budget: Budget, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self.budget = budget
        self._sleep = sleep
        self._changed = asyncio.Condition()

    async def reserve(self, reservation: Reservation) -> int:
        """Reserve money for an attempt; wait for attempts in flight if there is too little now.

        Raises:
            BudgetReachedError: if there is too little and no attempt is in flight, or other runs of the ledger have
                some in flight and make no progress.
        """
        ledger, seen, waited_s = self.budget.ledger, 0, 0.0
        while (number := self.budget.reserve(reservation)) is None:
            if not self.budget.is_idle:
                async with self._changed:
                    await self._changed.wait()
            elif ledger is not None and waited_s < OTHERS_WAIT_S and ledger.others_in_flight():
                waited_s = waited_s + OTHERS_STEP_S if ledger.lines == seen else 0.0
                seen = ledger.lines
                await self._sleep(OTHERS_STEP_S)
            else:
                raise self._reached(reservation, waited_s)
        return number

    async def settle(self, number: int, reply: Reply) -> Reservation:
        """As `Budget.settle`."""
        reservation = self.budget.settle(number, reply)
        await self._notify()
        return reservation

    async def refund(self, number: int, *, may_be_billed: bool) -> None:
        """Account for an attempt without a reply, as `Budget.keep` or `Budget.release`."""
        if may_be_billed:
            self.budget.keep(number)
        else:
            self.budget.release(number)
        await self._notify()

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def _reached(self, wanted: Reservation, waited_s: float) -> BudgetReachedError:
        budget = self.budget
        unknown = f", and up to ${budget.unknown_usd:.4f} for attempts of unknown cost" if budget.unknown_usd else ""
        if budget.ledger is not None:
            return BudgetReachedError(
                f"stopped before --max-cost {budget.limit_usd:g} could be passed: {budget.ledger.summary()}; "
                f"the next call to {wanted.model} may cost up to ${wanted.usd:.4f}",
                hint=_on_waiting(waited_s, budget.ledger),
            )
        enough = "; no smaller limit lets it be made" if wanted.usd > budget.limit_usd else ""
        return BudgetReachedError(
            f"stopped before --max-cost {budget.limit_usd:g} could be passed: ${budget.spent_usd:.4f} spent{unknown}; "
            f"the next call to {wanted.model} may cost up to ${wanted.usd:.4f}{enough}"
        )


class ModelBudget:
    """The reservations of one model.

    An endpoint may report more tokens than the bound: it adds text to every prompt, or replies at greater length than
    requested. Later reservations grow by the largest excess seen so far.

    Args:
        guard: the budget of the run.
        model: a model with a price and a bound on its replies.
        count: counts the tokens of a text; None to count its bytes.
    """

    def __init__(self, guard: BudgetGuard, model: Model, count: Count | None) -> None:
        assert model.price is not None, "models without a price are refused earlier"
        self._guard, self._model, self._price, self._count = guard, model, model.price, count
        self._more = (0, 0)
        self.refund = guard.refund

    async def reserve(self, call: Call) -> int:
        """Reserve money for an attempt, as `BudgetGuard.reserve`.

        Tokens are counted only if the budget does not cover the byte count, since counting them takes longer.
        """
        wanted = bill_at_most(self._model, self._price, call, more=self._more)
        number = self._guard.budget.reserve(wanted)
        if number is None and self._count is not None:
            wanted = bill_at_most(self._model, self._price, call, self._count, more=self._more)
        return await self._guard.reserve(wanted) if number is None else number

    async def settle(self, number: int, reply: Reply) -> None:
        """As `Budget.settle`."""
        reservation = await self._guard.settle(number, reply)
        prompt = reply.prompt_tokens - reservation.prompt_tokens + reservation.more[0]
        completion = reply.completion_tokens - reservation.reply_tokens + reservation.more[1]
        self._more = (max(self._more[0], prompt), max(self._more[1], completion))


def bill_at_most(
    model: Model, price: Price, call: Call, count: Count | None = None, *, more: tuple[int, int] = (0, 0)
) -> Reservation:
    """The most that one attempt can cost.

    Args:
        model: the model of the call.
        price: the price of its tokens.
        call: the call.
        count: counts the tokens of a text; None to count its bytes.
        more: tokens beyond the bounds, of the prompt and of the reply.
    """
    prompt = most_prompt_tokens(call.messages, count) + _described(model.params) + _described(call.params or {})
    return Reservation(model.name, price, prompt + more[0], most_reply_tokens(model) + more[1], more)


def _on_waiting(waited_s: float, ledger: Ledger) -> str:
    """What to do where other runs were waited for in vain; "" where they were not."""
    if waited_s < OTHERS_WAIT_S:
        return ""
    return f"no other run made progress for {waited_s:.0f} s; `harness ledger {ledger.path}` lists them"


def has_usage(reply: Reply) -> bool:
    """Whether a reply reports a plausible usage.

    Every prompt has tokens, every reply has some, and no token is longer than LONGEST_TOKEN. A reply that reports
    less may cost anything up to its reservation.
    """
    written = len(reply.text) + len(reply.reasoning)
    return reply.prompt_tokens > 0 and reply.completion_tokens * LONGEST_TOKEN >= max(1, written)


def _units(price: Price, prompt_tokens: int, completion_tokens: int, cached_tokens: int = 0) -> int:
    """What so many tokens cost in whole `UNITS`, the price of a token rounded up."""
    cached_input = price.input if price.cached_input is None else price.cached_input
    prompt = (prompt_tokens - cached_tokens) * _rate(price.input) + cached_tokens * _rate(cached_input)
    return prompt + completion_tokens * _rate(price.output)


def _rate(usd_per_million: float) -> int:
    return math.ceil(usd_per_million * (UNITS / 1e6) * (1 - 1e-12))  # what floats cannot write exactly is no unit more


def _described(params: Mapping[str, Any]) -> int:
    """Bytes of parameters that an endpoint may write into the prompt, such as the schema of a reply."""
    return sum(len(orjson.dumps(value)) for value in params.values() if isinstance(value, Mapping | list | tuple))
