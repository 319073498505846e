"""Entries for tests of what keeps them, and a program that keeps them until it is killed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from harness.cache.cache import Cache
from harness.cache.entry import Entry
from harness.cache.key import call_bytes, call_key
from harness.records.calls import Call, Model, Reply


def entry(number: int, text: str = "", model: str = "m") -> Entry:
    """An entry of which everything follows from its number; `text` makes it another reply to the same call."""
    message = {"role": "user", "content": f"question {number} \u2028 \x1b[31m"}
    call = Call(Model("m", "openai", model, {"temperature": 0}), [message])
    return Entry(call_key(call), call_bytes(call), Reply(text or f"answer {number}\n\x00…", "stop", 10, number, "m-1"))


def fill(folder: Path, count: int) -> list[Entry]:
    """A cache with that many entries, closed again."""
    entries = [entry(number) for number in range(count)]
    with Cache(folder) as cache:
        cache.put_many(entries)
    return entries


async def _keep(cache: Cache, start: int) -> None:
    """Keep entries for ever, eight at a time, and print the number of each that is kept."""

    async def keep(number: int) -> None:
        while True:
            await asyncio.wrap_future(cache.put(*entry(number)))
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()
            number += 8

    await asyncio.gather(*(keep(start + lane) for lane in range(8)))


if __name__ == "__main__":
    asyncio.run(_keep(Cache(Path(sys.argv[1])), int(sys.argv[2])))
