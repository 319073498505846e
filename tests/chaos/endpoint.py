"""The simulated endpoint: what it answers, what it bills, and what goes wrong on the way."""

from __future__ import annotations

import asyncio
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from chaos.disk import Disk
from harness.cache.key import call_key
from harness.providers.attempts import ModelConnection
from harness.providers.provider import Context, Provider
from harness.providers.retry import Fault
from harness.providers.simulation.judge import answer
from harness.providers.simulation.world import Knobs
from harness.records.calls import Call, Model, Reply

MOST_FAULTS = 2
"""Of one call in one process: faults heal before the attempts of a call are used up."""
REPLY_TOKENS = 190
"""What a reply is billed for; the spec allows 200."""
FAULTS = {
    "refused": Fault("connection", "the connection failed: refused", remedy="again"),
    "too many": Fault("rate-limit", "too many requests", remedy="again", status=429, wait_s=3.0),
    "overloaded": Fault("overloaded", "overloaded", remedy="again", status=503),
    "server error": Fault("server", "internal error", remedy="again", status=500, may_be_billed=True),
    "cut": Fault("connection", "the connection was cut", remedy="again", may_be_billed=True),
    "half": Fault("bad-body", "half a body", remedy="again", may_be_billed=True),
}
"""What an attempt may meet. Those that may be billed are billed half of the time."""
UNREADABLE = "I would rather not say."
PROMPT = 2
"""Messages of a first call; one that asks again repeats them."""
OF_ALL, UNREADABLE_AT_FIRST, UNREADABLE_TWICE = 8, 2, 1
"""Of so many calls, those whose first reply holds no answer, and those whose second holds none either."""


@dataclass
class Attempt:
    """One request that the endpoint received.

    Attributes:
        key: of the call.
        process: number of the process that sent it.
        usd: what the endpoint bills.
        outcome: `in flight`, `answered`, the name of a fault, or `too late`.
    """

    key: str
    process: int
    usd: float
    outcome: str = "in flight"


@dataclass
class Endpoint:
    """All models of a world.

    Attributes:
        random: decides on faults and latencies.
        fault_rate: the share of requests that meet a fault.
        is_patient: whether calls that were unreadable are answered readably, as on a retry.
        unreadable: keys of the calls that are answered without an answer; None to choose some.
        attempts: all requests, in order.
        texts: every text that was ever sent, by key.
        on_request: called with the key and the number of the process of each request.
        on_connect: called with the event loop when a process opens a connection.
        faults: how often each fault was met.
    """

    random: Random
    disk: Disk
    fault_rate: float = 0.0
    is_patient: bool = False
    unreadable: frozenset[str] | None = None
    attempts: list[Attempt] = field(default_factory=list)
    texts: dict[str, set[str]] = field(default_factory=dict)
    on_request: Callable[[str, int], None] = lambda _key, _process: None
    on_connect: Callable[[asyncio.AbstractEventLoop], None] = lambda _loop: None
    faults: Counter[str] = field(default_factory=Counter)

    def provider(self, real: Provider, process: int) -> Any:
        """A provider that reaches this endpoint from a process."""
        return _Provider(real, self, process)

    def text_of(self, call: Call, key: str) -> str:
        """What the model says; until the endpoint is patient, some replies hold no answer.

        The harness asks again where a reply holds none. Of some calls the second reply holds none either: their
        judgments fail, and `--retry` replaces both replies.
        """
        number = zlib.crc32(f"{call.model.name} {call.messages[:PROMPT]}".encode())
        share = UNREADABLE_AT_FIRST if len(call.messages) == PROMPT else UNREADABLE_TWICE
        is_unreadable = number % OF_ALL < share and not self.is_patient
        if key in self.unreadable if self.unreadable is not None else is_unreadable:
            return UNREADABLE
        return answer(Knobs.from_model_id(call.model.id), call.messages, call.draw).text

    def bill(self, process: int) -> float:
        """What the requests of a process cost in USD."""
        return sum(attempt.usd for attempt in self.attempts if attempt.process == process)


class _Provider:
    """A provider whose connections end at the simulated endpoint."""

    def __init__(self, real: Provider, endpoint: Endpoint, process: int) -> None:
        self._real, self._endpoint, self._process = real, endpoint, process

    def connect(self, model: Model, context: Context) -> _Connection:
        loop = asyncio.get_running_loop()
        self._endpoint.on_connect(loop)
        random = Random(self._endpoint.random.random())
        return _Connection(self._endpoint, self._process, model, replace(context, clock=loop.time, random=random))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class _Connection(ModelConnection):
    """A connection to one model of the simulated endpoint."""

    def __init__(self, endpoint: Endpoint, process: int, model: Model, context: Context) -> None:
        super().__init__(model, context)
        self._endpoint, self._process = endpoint, process
        self._met: Counter[str] = Counter()

    async def _attempt(self, call: Call, *, asks_format: bool) -> Reply | Fault:
        endpoint, random, key = self._endpoint, self._endpoint.random, call_key(call)
        if endpoint.disk.is_dead:
            return Fault("dead", "the process is dead", remedy="give-up")
        endpoint.disk.point("request", key[:8])
        endpoint.on_request(key, self._process)
        text = endpoint.text_of(call, key)
        # Nearly the most that the budget reserves: there is little room to hide a mistake in.
        usage = sum(len(message["content"].encode()) for message in call.messages), REPLY_TOKENS
        assert call.model.price is not None
        attempt = Attempt(key, self._process, call.model.price.cost(*usage))
        endpoint.attempts.append(attempt)
        fault = self._fault(key)
        await asyncio.sleep(random.choice((0.1, 1.0, 8.0)) * random.random())
        if endpoint.disk.is_dead:
            return Fault("dead", "the process is dead", remedy="give-up")
        if fault is not None:
            attempt.outcome = fault
            endpoint.faults[fault] += 1
            if not FAULTS[fault].may_be_billed or random.random() < 0.5:
                attempt.usd = 0.0
            return FAULTS[fault]
        attempt.outcome = "answered"
        endpoint.texts.setdefault(key, set()).add(text)
        endpoint.disk.point("answer", key[:8])
        return Reply(text=text, finish="stop", prompt_tokens=usage[0], completion_tokens=usage[1])

    def _fault(self, key: str) -> str | None:
        random = self._endpoint.random
        if self._met[key] >= MOST_FAULTS or random.random() >= self._endpoint.fault_rate:
            return None
        self._met[key] += 1
        return random.choice(list(FAULTS))

    async def close(self) -> None:
        """Nothing is open."""
