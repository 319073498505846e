"""One call to a model of a native provider over a scripted endpoint."""

from __future__ import annotations

import asyncio
from random import Random
from types import ModuleType
from typing import Any

from harness.errors import ProviderError
from harness.providers.provider import Context
from harness.records.calls import Call, Limits, Model, Reply
from harness.records.datasets import Message
from support.endpoint import Endpoint, endpoint

KEY = "sk-ant-recognisable-0123456789"
CHAT: list[Message] = [
    {"role": "system", "content": "Judge."},
    {"role": "user", "content": "Which?"},
    {"role": "assistant", "content": "Hm."},
    {"role": "user", "content": "Say A or B."},
]
FORMAT = {"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}}}}


class Slept:
    """Sleeps that take no time and are kept."""

    def __init__(self) -> None:
        self.now = 0.0

    async def __call__(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


def asked(
    provider: ModuleType,
    *script: bytes,
    params: dict[str, Any] | None = None,
    call_params: dict[str, Any] | None = None,
    calls: int = 1,
    environment: dict[str, str] | None = None,
    **settings: Any,
) -> tuple[list[Reply | ProviderError], Endpoint, Slept]:
    """What comes of some calls, one after the other; nothing of the process's environment is in reach."""
    slept = Slept()

    async def main() -> tuple[list[Reply | ProviderError], Endpoint]:
        async with endpoint(*script) as scripted:
            model = Model(
                "judge",
                provider.__name__.rpartition(".")[2],
                "some-model",
                params={"max_tokens": 9} if params is None else params,
                base_url=scripted.url.removesuffix("/v1"),
                api_key_env="TEST_KEY",
                limits=Limits(timeout_s=5),
                settings=settings,
            )
            context = Context(
                {"TEST_KEY": KEY, **(environment or {})}, clock=lambda: slept.now, sleep=slept, random=Random(1)
            )
            connection = provider.connect(model, context)
            results: list[Reply | ProviderError] = []
            try:
                for _ in range(calls):
                    try:
                        results.append(await connection.send(Call(model, CHAT, params=call_params)))
                    except ProviderError as error:
                        results.append(error)
            finally:
                await connection.close()
            return results, scripted

    results, scripted = asyncio.run(main())
    return results, scripted, slept
