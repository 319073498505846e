"""A key is in nothing that the harness writes or prints, whatever an endpoint does with it."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard

from harness.cache.bundle_frames import BEGINNING
from harness.cli.run import run as run_verb
from harness.errors import HarnessError
from harness.providers.backends import openai as provider
from harness.providers.provider import Context
from harness.providers.redaction import Secret
from harness.records.calls import Call, Limits, Model, Reply
from support.endpoint import CUT, completion, endpoint, response
from support.written_key import KEY, WRITTEN

SECRET = Secret(KEY)
SPEC = """\
schema: 1
name: keys
datasets:
  pairs: {{path: pairs.jsonl}}
models:
  judge:
    provider: openai
    base_url: {url}
    api_key_env: THE_KEY_OF_THE_TEST
    price: {{input: 1, output: 1}}
    limits: {{concurrency: 1, attempts: 1, timeout_s: 5}}
matrix:
  dataset: [pairs]
  strategy: [direct]
  evaluator: [{{judge: judge}}]
score: {{resamples: 200}}
"""


def reply_with(written: str) -> bytes:
    """A reply that sends the key back in its text, in a header and in the name of the model."""
    body = json.loads(completion(f"I was called with {written}.\nVerdict: A").partition(b"\r\n\r\n")[2])
    return response(200, {**body, "model": f"served-{written}", "system_fingerprint": KEY}, x_echo=KEY)


def error_with(status: int, written: str) -> bytes:
    """An error that sends the key back in its message, its code, its parameters and in headers."""
    error = {"message": f"headers were {written}", "code": f"bad_{KEY}", "type": KEY, KEY: KEY}
    return response(status, {"error": error}, x_echo_1=KEY[:20], x_echo_2=KEY[20:], retry_after=KEY)


FINE = [reply_with(written) for written in WRITTEN.values() if "\n" not in written]
BROKEN = [
    completion("Verdict: A"),
    *(error_with(400, written) for written in WRITTEN.values()),
    completion("Verdict: B"),
    error_with(500, KEY),
    response(429, f"<html>Too many: {KEY}</html>"),
    response(200, f"<html>{KEY}"),
    response(200, {"error": {"message": f"key {KEY} is blocked"}}),
    response(200, {"choices": [{"message": {"content": [KEY]}}], "model": KEY}),
    response(200, "<html>").replace(b"content-type: text/html", f"content-type: text/{KEY}".encode()),
    f"HTTP/1.1 200 {KEY}\r\ncontent-type: text/{KEY}\r\ncontent-length: 1\r\n\r\nx".encode(),
    f"{KEY} no http\r\n\r\n".encode(),
    CUT,
    completion("Verdict: A"),
    error_with(401, KEY),
]


def all_bytes(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder, as it is and unpacked."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        content = path.read_bytes()
        yield path.name, content
        if content.startswith(b"\x1f\x8b"):
            yield f"{path.name}, unpacked", gzip.decompress(content)
        if content.startswith(BEGINNING):
            frames = zstandard.ZstdDecompressor().stream_reader(content, read_across_frames=True)
            yield f"{path.name}, unpacked", frames.read(2**26)
        if path.suffix == ".parquet":
            yield f"{path.name}, unpacked", json.dumps(pl.read_parquet(path).to_dicts(), default=str).encode()


def assert_clean(where: str, content: bytes) -> None:
    text = content.decode("utf-8", "replace")
    found = [way for way, written in WRITTEN.items() if written in text or written in text.replace("\n", " ")]
    assert not found, (where, found)
    assert not SECRET.is_in(text), where


async def harness(folder: Path, *words: str, log: str = "debug") -> tuple[int, bytes]:
    """Run a verb with the key in its environment; its exit code, and all that it prints."""
    keep = {name: os.environ[name] for name in ("PATH", "HOME", "COVERAGE_PROCESS_START") if name in os.environ}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "harness", "--debug", *words),
        cwd=folder,
        env={**keep, "THE_KEY_OF_THE_TEST": KEY, "OPENAI_LOG": log, "PYTHONUNBUFFERED": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    printed, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, printed


def run_words() -> list[str]:
    """The verb `run` with every option that makes it tell more."""
    known = {name for parameter in run_verb.params for name in parameter.opts}
    words = [*(["-v"] if "-v" in known else []), *(["--log-file", "calls.log"] if "--log-file" in known else [])]
    return ["run", "spec.yaml", *words, *(["--max-cost", "100"] if "--max-cost" in known else [])]


def printed_and_written(folder: Path, script: Sequence[bytes], items: int) -> tuple[list[int], int]:
    """Run, look at and hand over an experiment against an endpoint, and hold all that comes of it against the key."""
    row = {"prompt": "p", "response_a": "x", "response_b": "y", "label": "a"}
    lines = [json.dumps({**row, "id": f"{number}", "prompt": f"question {number}"}) for number in range(items)]
    (folder / "pairs.jsonl").write_text("\n".join(lines))
    verbs = [
        *(
            ["validate", "spec.yaml"],
            ["doctor", "spec.yaml"],
            run_words(),
            [*run_words(), "--retry", "failed"],
            ["run", "spec.yaml", "--offline"],
        ),
        *(["leaderboard", "spec.yaml", "--format", "json"], ["explain", "spec.yaml", "direct/judge:judge"]),
        *(["cache", "stats"], ["cache", "verify"], ["cache", "export", "spec.yaml", "made.bundle"]),
    ]

    async def main() -> tuple[list[int], int]:
        codes = []
        async with endpoint(*script) as scripted:
            (folder / "spec.yaml").write_text(SPEC.format(url=scripted.url))
            for words in verbs:
                code, printed = await harness(folder, *words)
                assert_clean(" ".join(words), printed)
                codes.append(code)
            assert scripted.headers[0]["authorization"] == f"bearer {KEY}".lower()
            return codes, len(scripted.requests)

    codes, asked = asyncio.run(main())
    assert (folder / "calls.log").stat().st_size
    for name, content in all_bytes(folder):
        assert_clean(name, content)
    return codes, asked


@pytest.mark.slow
def test_a_run_that_succeeds_keeps_replies_without_the_key(tmp_path: Path) -> None:
    codes, asked = printed_and_written(
        tmp_path, [completion("Verdict: B"), *FINE, completion("Verdict: B")], len(FINE) + 2
    )
    assert asked > len(FINE)
    assert codes[2:] == [0] * 8, codes
    frame = pl.read_parquet(next(tmp_path.glob("results/keys/*/judgments.parquet")))
    assert frame["verdict"].to_list().count("a") >= 2  # a key that stands there as it is takes nothing else along


@pytest.mark.slow
def test_a_run_that_fails_tells_no_key(tmp_path: Path) -> None:
    codes, asked = printed_and_written(tmp_path, BROKEN, len(BROKEN) + 5)
    assert asked > len(WRITTEN)
    assert codes[2] == 1


def test_no_error_of_an_endpoint_holds_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the errors by itself, with all its causes."""
    limits = Limits(concurrency=1, attempts=1, timeout_s=5)

    async def main() -> None:
        for answer in [*BROKEN, *(response(500, f"{written}") for written in WRITTEN.values())]:
            async with endpoint(answer) as scripted:
                model = Model("m", "openai", "m", base_url=scripted.url, api_key_env="K", limits=limits)
                connection = provider.connect(model, Context({"K": KEY}))
                try:
                    told: Any = await connection.send(Call(model, [{"role": "user", "content": "hi"}]))
                except HarnessError as error:
                    told = "".join(traceback.format_exception(error)) + repr(error.problems)
                finally:
                    await connection.close()
                assert_clean(f"{answer[:400]!r}", repr(told).encode())

    asyncio.run(main())


def test_a_reply_is_kept_without_the_key() -> None:
    """Where the key stands as it is, only it is taken out; where it is hidden, the whole text."""

    async def reply_to(written: str) -> Reply:
        async with endpoint(reply_with(written)) as scripted:
            model = Model("m", "openai", "m", base_url=scripted.url, api_key_env="K", limits=Limits(attempts=1))
            connection = provider.connect(model, Context({"K": KEY}))
            try:
                return await connection.send(Call(model, [{"role": "user", "content": "hi"}]))
            finally:
                await connection.close()

    for way, written in WRITTEN.items():
        reply = asyncio.run(reply_to(written))
        assert_clean(way, f"{reply}".encode())
        assert "***" in reply.text, way
        assert "***" in reply.served_model, way
        if way == "as it is":
            assert reply.text == "I was called with ***.\nVerdict: A"
