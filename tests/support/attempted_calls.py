"""Calls whose attempts end as a script says, with all that a model's connection does of them.

`tests/providers/test_attempts.py` keeps the results.
"""

from __future__ import annotations

import asyncio
import re
from random import Random
from typing import Any

from harness.errors import HarnessError, ModelStopped, ProviderError
from harness.providers.attempts import ModelConnection
from harness.providers.budget import Budget, BudgetGuard
from harness.providers.provider import Context
from harness.providers.retry import Fault
from harness.records.calls import Call, Limits, Model, Price, Reply

SAID = Reply("Verdict: A", prompt_tokens=20, completion_tokens=5)
SILENT = Reply("Verdict: A")
BUSY = Fault("server", "busy", "again", 500, may_be_billed=True)
MANY = Fault("rate-limit", "too many", "again", 429, 7.0)
FULL = Fault("server", "full", "again", 503, 3.0)
SCRIPTS: dict[str, list[Any]] = {
    "said": [SAID], "no usage": [SILENT], "busy once": [BUSY, SAID], "busy": [BUSY] * 9, "too many": [MANY, MANY,
    SAID], "full": [FULL, SAID],
    "error once": [RuntimeError("secret"), SAID], "errors": [RuntimeError("secret")] * 9,
    "own error": [HarnessError("own")],
    "refused": [Fault("refused", "no", "give-up", 400)], "too long": [Fault("too-long", "long", "give-up", 413)],
    "key": [Fault("key", "no key", "stop", 401)], "forbidden": [Fault("forbidden", "no", "give-up", 403)] * 9,
    "unknown": [Fault("unknown-model", "no", "give-up", 404)] * 9, "rejected": [Fault("rejected", "no", "give-up",
    400)] * 9,
    "rejected once": [Fault("rejected", "no", "give-up", 400), SAID], "hinted": [Fault("quota", "none", "stop", 402,
    hint="pay")],
    "format": [Fault("format", "no", "give-up", 400), SAID], "formats": [Fault("format", "no", "give-up", 400)] * 4,
    "system": [Fault("system-role", "no", "stop", 400), SAID], "systems": [Fault("system-role", "no", "stop", 400)] * 3,
    "lost": [Fault("worker", "lost", "again", may_be_billed=True)] * 3 + [SAID], "all lost": [Fault("worker", "lost",
    "again")] * 12,
    "connection": [Fault("connection", "none", "again")] * 9, "timeout": [Fault("timeout", "late", "again",
    may_be_billed=True)] * 9,
    "waits": [Fault("rate-limit", "wait", "again", 429, 90.0), SAID], "mixed": [BUSY, MANY, Fault("worker", "lost",
    "again"), SAID],
    "long wait": [Fault("rate-limit", "wait", "stop", 429, 900.0)],
}  # fmt: skip
MODELS: dict[str, Model] = {
    "plain": Model("m", "openai", "id", {"max_tokens": 50}),
    "priced": Model("m", "openai", "id", {"max_tokens": 50}, price=Price(1.0, 2.0), limits=Limits(attempts=3,
    tpm=1000, rpm=30)),
    "keyed": Model("m", "openai", "id", api_key_env="KEY", limits=Limits(attempts=1)),
    "with a role": Model("m", "openai", "id", settings={"system": "user", "proxy": "env"}, limits=Limits(attempts=2)),
}  # fmt: skip
FORMAT = {"response_format": {"type": "json_object"}}


class Scripted(ModelConnection):
    """A connection whose attempts end as a script says."""

    def __init__(self, model: Model, context: Context, script: list[Any]) -> None:
        super().__init__(model, context)
        self.script, self.log = list(script), list[str]()

    async def _attempt(self, call: Call, *, asks_format: bool) -> Reply | Fault:
        roles = "".join(message["role"][0] for message in call.messages)
        self.log.append(f"{roles}{'+' if asks_format else ''}")
        one = self.script.pop(0) if self.script else SAID
        if isinstance(one, Exception):
            raise one
        return one  # type: ignore[no-any-return]

    async def close(self) -> None:
        """Nothing is open."""


def held(name: str, script: str, *, calls: int, has_format: bool) -> Any:
    """What becomes of some calls of a model, one after another."""
    now, slept, unbilled, tried, reports = [100.0], list[float](), list[Any](), list[int](), list[str]()

    async def sleep(seconds: float) -> None:
        slept.append(round(seconds, 4))
        now[0] += seconds
        await asyncio.sleep(0)

    async def ask() -> Any:
        budget = Budget(1.0) if name == "priced" else None
        context = Context(
            {"HTTPS_PROXY": "http://p"},
            clock=lambda: now[0],
            sleep=sleep,
            random=Random(3),
            budget=None if budget is None else BudgetGuard(budget, sleep),
            unbilled=lambda model, usd: unbilled.append([model, usd]),
            tried=lambda call, attempts: tried.append(attempts),
            report=reports.append,
        )
        connection, ends = Scripted(MODELS[name], context, SCRIPTS[script]), []
        messages = ({"role": "system", "content": "s"}, {"role": "user", "content": "x" * 400})
        for number in range(calls):
            params = {**MODELS[name].params, **FORMAT} if has_format else None
            try:
                reply = await connection.send(Call(MODELS[name], messages, number, params=params))
                ends.append(f"{reply.finish} {reply.text}")
            except (ProviderError, ModelStopped) as error:
                said = re.sub(r"\.py:\d+", ".py", str(error))
                ends.append(f"{type(error).__name__} {error.kind} {error.status} {said}")
            except HarnessError as error:
                ends.append(str(error))
        spent = [] if budget is None else [budget.spent_usd, budget.unknown_usd, budget.committed_usd, budget.is_idle]
        return [ends, connection.log, slept, unbilled, tried, reports, spent]

    return asyncio.run(ask())


def attempts() -> Any:
    """Every script with every model; those about formats and rows of failures with more calls."""
    found = {}
    for name in MODELS:
        for script in SCRIPTS:
            if name == "plain" or script in (
                "said",
                "no usage",
                "busy",
                "key",
                "connection",
                "rejected",
                "mixed",
                "too many",
                "errors",
                "forbidden",
            ):
                found[f"{name} {script}"] = held(name, script, calls=1, has_format=False)
    for script in (
        "said",
        "format",
        "formats",
        "rejected once",
        "rejected",
        "unknown",
        "mixed",
        "refused",
        "busy once",
    ):
        found[f"format {script}"] = held("plain", script, calls=3, has_format=True)
    for script in ("system", "systems", "forbidden", "unknown", "rejected", "key", "timeout", "connection"):
        found[f"many {script}"] = held("keyed", script, calls=7, has_format=False)
    return found
