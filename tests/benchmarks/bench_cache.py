"""What the cache and bundles cost, beside a bare diskcache loop and floor loops. Prints one JSON object a line.

A floor loop does only what the promises ask for: it reads each row, unpacks what is checked, and hashes it; that of an
import also writes the bytes into a table without an index.

Run with plain python: `python tests/benchmarks/bench_cache.py [ENTRIES]`. Calls are 3 KB, replies 1.3 KB.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import resource
import sqlite3
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import diskcache
import orjson

from harness.cache.bundle import export_bundle, import_bundle
from harness.cache.cache import Cache
from harness.cache.entry import Entry
from harness.cache.key import call_bytes, call_key
from harness.cache.packing import unpack_call, unpack_reply
from harness.records.calls import Call, Model, Reply

CALL_BYTES, REPLY_BYTES = 3000, 1300
CHUNK = 512
"""Keys that a run looks up together."""


def made(count: int) -> list[Entry]:
    """Entries of words that no two share in the same order, so that they compress as text does."""
    rng = random.Random(1)
    words = ["".join(rng.choices("etaoinshrdlucmfwyp", k=rng.randint(2, 9))) + " " for _ in range(5000)]
    model = Model("m", "openai", "m-2026", {"temperature": 0, "max_tokens": 1024})

    def text(size: int) -> str:
        return "".join(rng.choices(words, k=size // 6))[:size]

    calls = [Call(model, [{"role": "user", "content": text(CALL_BYTES)}]) for _ in range(count)]
    return [Entry(call_key(call), call_bytes(call), Reply(text(REPLY_BYTES), "stop", 750, 325, "m")) for call in calls]


def report(name: str, entries: int, work: Callable[[], object], repeats: int = 1) -> None:
    """Print how many entries a second some work does, at its best."""
    best = processor = float("inf")
    for _ in range(repeats):
        start, started = time.perf_counter(), time.process_time()
        work()
        best = min(best, time.perf_counter() - start)
        processor = min(processor, time.process_time() - started)
    rates = {"per_second": round(entries / best), "per_processor_second": round(entries / processor)}
    print(json.dumps({"name": name, "entries": entries, **rates}), flush=True)


def read_in_chunks(cache: Cache, keys: list[str]) -> None:
    """Read as a run does."""
    for start in range(0, len(keys), CHUNK):
        cache.get_many(keys[start : start + CHUNK])


async def put_concurrently(cache: Cache, entries: list[Entry], at_once: int) -> None:
    """Write as a run does, so many calls under way."""
    remaining = iter(entries)

    async def lane() -> None:
        for entry in remaining:
            await asyncio.wrap_future(cache.put(*entry))

    await asyncio.gather(*(lane() for _ in range(at_once)))


def rows_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    with closing(sqlite3.connect(folder / "cache.db")) as connection:
        yield from connection.execute("SELECT key, value FROM Cache ORDER BY key")


def floor_export(folder: Path, file: Path) -> None:
    """Check every reply and copy its bytes."""
    with file.open("wb") as handle:
        for key, value in rows_of(folder):
            hashlib.sha256(key.encode() + unpack_reply(value)[0]).digest()
            handle.write(value)


def floor_put(folder: Path, file: Path) -> None:
    """Write the stored bytes into a table."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE Copy (key TEXT, value BLOB)")
        connection.executemany("INSERT INTO Copy VALUES (?, ?)", rows_of(folder))


def floor_stats(folder: Path) -> None:
    """Add up the counters of all entries in one statement."""
    with closing(sqlite3.connect(folder / "cache.db")) as connection:
        connection.execute("SELECT tag, count(*), sum(size) FROM Cache GROUP BY tag").fetchall()


def floor_verify(folder: Path) -> None:
    """Compute a CRC-32 of the bytes of every entry, and have SQLite check the file."""
    with closing(sqlite3.connect(folder / "cache.db")) as connection:
        for key, value in connection.execute("SELECT key, value FROM Cache ORDER BY rowid"):
            zlib.crc32(value, zlib.crc32(key.encode()))
        connection.execute("PRAGMA integrity_check").fetchall()


def floor_full(folder: Path) -> None:
    """Unpack, hash and parse every reply and every call."""
    for key, value in rows_of(folder):
        reply, call = unpack_reply(value)[0], unpack_call(value)
        hashlib.sha256(key.encode() + reply).digest()
        hashlib.sha256(call).hexdigest()
        orjson.loads(reply)
        orjson.loads(call)


def floor_import(folder: Path, file: Path) -> None:
    """As `floor_full`, and write the bytes into a table."""
    floor_full(folder)
    floor_put(folder, file)


def bare_set(folder: Path, entries: list[Entry]) -> None:
    """Store the replies with diskcache, 200 to a transaction as a run does."""
    with diskcache.Cache(str(folder), eviction_policy="none", sqlite_synchronous=2) as bare:
        for start in range(0, len(entries), 200):
            with bare.transact():
                for entry in entries[start : start + 200]:
                    bare[entry.key] = entry.reply.text.encode() + entry.call


def main(count: int) -> None:
    """Measure everything once."""
    entries = made(count)
    keys = [entry.key for entry in entries]
    some = entries[: count // 4]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for at_once in (1, 64):
            few = some[: 2000 if at_once > 1 else 200]
            with Cache(folder / f"put-{at_once}") as cache:
                report(f"put, {at_once} at once", len(few), lambda: asyncio.run(put_concurrently(cache, few, at_once)))  # noqa: B023
        with Cache(folder / "cache") as cache:
            report("put_many", count, lambda: cache.put_many(entries))
        report("bare diskcache, set", count, lambda: bare_set(folder / "bare", entries))
        report("floor of put_many", count, lambda: floor_put(folder / "cache", folder / "put.db"))
        with Cache(folder / "cache") as cache:
            report("get_many, decoded", count, lambda: read_in_chunks(cache, keys), repeats=3)
            report("get_many, one at a time", len(some), lambda: [cache.get_many([entry.key]) for entry in some])
            report("verify", count, cache.verify)
            report("floor of verify", count, lambda: floor_verify(cache.folder))
            report("verify --full", count, lambda: cache.verify(is_full=True))
            report("floor of verify --full", count, lambda: floor_full(cache.folder))
            report("stats", count, cache.stats)
            report("floor of stats", count, lambda: floor_stats(cache.folder))
            report("export", count, lambda: export_bundle(cache, keys, folder / "x.bundle"))
            report("floor of export", count, lambda: floor_export(cache.folder, folder / "floor"))
            report("export, JSON lines", count, lambda: export_bundle(cache, keys, folder / "old.bundle", version=1))
        with diskcache.Cache(str(folder / "cache"), eviction_policy="none") as bare:
            report("bare diskcache, get", count, lambda: [bare.get(key) for key in keys], repeats=3)
        with Cache(folder / "other") as other:
            report("import", count, lambda: import_bundle(folder / "x.bundle", other))
            report("floor of import", count, lambda: floor_import(folder / "cache", folder / "floor.db"))
            report("import again", count, lambda: import_bundle(folder / "x.bundle", other))
        with Cache(folder / "third") as third:
            report("import, JSON lines", count, lambda: import_bundle(folder / "old.bundle", third))
        disk = sum(file.stat().st_size for file in (folder / "cache").iterdir())
        packed = (folder / "x.bundle").stat().st_size
        peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            json.dumps(
                {
                    "name": "size",
                    "bundle_bytes_an_entry": packed // count,
                    "disk_bytes_an_entry": disk // count,
                    "plain_bytes_an_entry": sum(len(one.call) + len(one.reply.text) for one in entries) // count,
                    "peak_mb": round(peak_mb),
                }
            )
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
