"""The baseline of every figure for making calls: the bare `openai` client, on the transport that the harness uses.

    python tests/benchmarks/bare_client.py --base-url http://127.0.0.1:PORT/v1 [--calls 1000] [--in-flight 64]

Prints the calls made in a second, and the processor time of each, as JSON. `--client post` is the least that the same
client and transport can do: `client.post` of a body, and nothing is read of the response. `--client aiohttp` posts by
the transport alone, without a client, and reads the JSON. `--client harness` measures the harness's own connection in
the same way, and `--client simulated` the in-process simulated world.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections.abc import Awaitable, Callable

import aiohttp
import httpx2
import openai
import orjson

MESSAGES = [
    {"role": "system", "content": "You compare two responses to the same prompt. " * 10},
    {"role": "user", "content": "word " * 520},
]
PARAMS = {"temperature": 0, "max_tokens": 1024}

PowerQuestion = Callable[[], Awaitable[object]]
Close = Callable[[], Awaitable[None]]


def bare_client(base_url: str, in_flight: int) -> tuple[PowerQuestion, Close]:
    """Asks as the client's documentation says."""
    limits = httpx2.Limits(max_connections=in_flight, max_keepalive_connections=in_flight)
    client = openai.AsyncOpenAI(
        api_key="none",
        base_url=base_url,
        max_retries=0,
        http_client=openai.DefaultAioHttpClient(limits=limits, trust_env=False),
    )

    async def ask() -> object:
        completion = await client.chat.completions.create(model="bench", messages=MESSAGES, **PARAMS)
        return completion.choices[0].message.content

    return ask, client.close


def posting_client(base_url: str, in_flight: int) -> tuple[PowerQuestion, Close]:
    """Posts bodies by the same client and transport, without types of requests and responses."""
    limits = httpx2.Limits(max_connections=in_flight, max_keepalive_connections=in_flight)
    client = openai.AsyncOpenAI(
        api_key="none",
        base_url=base_url,
        max_retries=0,
        http_client=openai.DefaultAioHttpClient(limits=limits, trust_env=False),
    )

    async def ask() -> object:
        body = {"model": "bench", "messages": MESSAGES, **PARAMS}
        return (await client.post("/chat/completions", body=body, cast_to=httpx2.Response)).content

    return ask, client.close


def aiohttp_client(base_url: str, in_flight: int) -> tuple[PowerQuestion, Close]:
    """Posts bodies by the transport of the harness alone: the floor of every call over it."""
    session: aiohttp.ClientSession | None = None

    async def ask() -> object:
        nonlocal session
        if session is None:
            session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=in_flight))
        body = orjson.dumps({"model": "bench", "messages": MESSAGES, **PARAMS})
        headers = {"content-type": "application/json", "authorization": "Bearer none"}
        async with session.post(f"{base_url}/chat/completions", data=body, headers=headers) as response:
            return orjson.loads(await response.read())["choices"][0]["message"]["content"]

    async def close() -> None:
        if session is not None:
            await session.close()

    return ask, close


def harness_client(base_url: str, in_flight: int, provider_name: str) -> tuple[PowerQuestion, Close]:
    """Asks through a connection of the harness."""
    from harness import registry
    from harness.providers.provider import Context
    from harness.records.calls import Call, Limits, Model

    provider = registry.find("providers", provider_name)
    model_id = "simulated" if provider_name == "simulated" else "bench"
    model = Model("bench", provider_name, model_id, PARAMS, base_url=base_url, limits=Limits(concurrency=in_flight))
    connection = provider.connect(model, Context({}))

    async def ask() -> object:
        return (await connection.send(Call(model, MESSAGES))).text

    return ask, connection.close


async def measure(ask: PowerQuestion, close: Close, calls: int, in_flight: int) -> dict[str, float]:
    """So many calls, so many at once."""
    left = iter(range(calls))

    async def worker() -> None:
        for _ in left:
            await ask()

    await ask()  # opens the first connection and settles what the client looks up once
    start, processor = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(in_flight)))
    seconds, processor_seconds = time.perf_counter() - start, time.process_time() - processor
    await close()
    return {
        "calls": calls,
        "in_flight": in_flight,
        "seconds": round(seconds, 3),
        "calls_per_s": round(calls / seconds, 1),
        "processor_us_per_call": round(1e6 * processor_seconds / calls),
    }


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url", default="")
    parser.add_argument("--calls", type=int, default=1000)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--client", choices=["bare", "post", "aiohttp", "harness", "simulated"], default="bare")
    chosen = parser.parse_args()
    makers = {"bare": bare_client, "post": posting_client, "aiohttp": aiohttp_client}
    if chosen.client in makers:
        ask, close = makers[chosen.client](chosen.base_url, chosen.in_flight)
    else:
        name = "openai" if chosen.client == "harness" else "simulated"
        ask, close = harness_client(chosen.base_url, chosen.in_flight, name)
    print(json.dumps(await measure(ask, close, chosen.calls, chosen.in_flight)))


if __name__ == "__main__":
    asyncio.run(main())
