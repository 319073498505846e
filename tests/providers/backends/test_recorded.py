"""Replies made elsewhere: found by place and model, or an error that says what is missing."""

from __future__ import annotations

import asyncio
import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cache.key import locator_of
from harness.errors import InputError, ProviderError, SpecError
from harness.providers.backends import recorded
from harness.providers.provider import Context
from harness.records.calls import Call, Model, Reply

ROW = {"dataset": "d", "item": "1", "strategy": "s", "step": "judge", "model": "m", "text": "A it is."}


@pytest.fixture
def recording(tmp_path: Path):
    def write(*rows: object, name: str = "r.jsonl") -> Path:
        path = tmp_path / name
        lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
        content = "".join(f"{line}\n" for line in lines).encode()
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return write


def send(path: Path, *, item: str = "1", name: str = "m", model: str | None = None) -> Reply:
    entry = Model(name, "recorded", "id", settings={"path": str(path), "model": model})

    async def once() -> Reply:
        connection = recorded.connect(entry, Context(environment={}))
        try:
            return await connection.send(Call(entry, [], locator=locator_of("d", item, "s", "judge")))
        finally:
            await connection.close()

    return asyncio.run(once())


@pytest.mark.parametrize("name", ["r.jsonl", "r.jsonl.gz"])
def test_a_recorded_reply_is_served(recording, name):
    path = recording(
        ROW, ROW | {"item": "2", "finish": "length", "prompt_tokens": 5, "completion_tokens": 7}, name=name
    )
    assert send(path) == Reply("A it is.")
    assert send(path, item="2") == Reply("A it is.", "length", 5, 7)


def test_the_model_is_named_by_its_entry_or_else_by_the_spec(recording):
    path = recording(ROW, ROW | {"model": "other", "text": "B"})
    assert send(path, name="mine", model="other").text == "B"
    assert send(path, name="other").text == "B"


def test_a_reply_that_is_not_recorded(recording):
    with pytest.raises(ProviderError, match=r"^r\.jsonl has no reply of `m` to d, item 2, s, step judge$") as error:
        send(recording(ROW), item="2")
    assert error.value.kind == "not-recorded"
    assert str(error.value) == "r.jsonl has no reply of `m` to d, item 2, s, step judge"


def test_all_bad_lines_are_told_at_once(recording):
    path = recording(
        "",
        ROW,
        ROW,
        "{",
        '"text"',
        {**ROW, "item": 3},
        {**ROW, "finish": "tool_calls"},
        {**ROW, "prompt_tokens": -1},
        {**ROW, "completion_tokens": True},
    )
    with pytest.raises(InputError, match="the reply is in the recording twice") as error:
        send(path)
    told = [f"{problem.line}: {problem.message}" for problem in error.value.problems]
    assert told[1].startswith("4: not valid JSON")
    assert told[:1] + told[2:] == [
        "3: the reply is in the recording twice",
        "5: not a JSON object",
        "6: `item` is missing or not text",
        "7: `finish` is 'tool_calls', it must be one of stop, length, refusal, too-long",
        "8: `prompt_tokens` is not a number of tokens",
        "9: `completion_tokens` is not a number of tokens",
    ]
    assert {problem.file for problem in error.value.problems} == {str(path)}


def test_many_bad_lines_are_one_problem_with_their_number(recording):
    with pytest.raises(
        InputError, match=r"and 22 other rows have a problem of this kind \(2, 3, 4, 5, 6, …\)"
    ) as error:
        send(recording(*["{"] * 23))
    assert len(error.value.problems) == 1


def test_a_recording_without_lines_is_an_error(recording):
    with pytest.raises(InputError, match="holds no replies"):
        send(recording("  "))


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-12])


def not_gzip(path: Path) -> None:
    path.write_bytes(b"plain")


def gone(path: Path) -> None:
    path.unlink()


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[15] ^= 0xFF
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("damage", [cut_short, not_gzip, gone, flipped])
def test_a_recording_that_cannot_be_read(recording, damage):
    path = recording(ROW, name="r.jsonl.gz")
    damage(path)
    with pytest.raises(InputError, match="cannot be read"):
        send(path)
    with pytest.raises(SpecError, match=r"the recording r\.jsonl\.gz cannot be read"):
        recorded.model_id("m", {"path": "r.jsonl.gz"}, path.parent)


def test_the_model_id_is_of_what_the_recording_says(recording):
    plain, packed = recording(ROW), recording(ROW, name="r.jsonl.gz")
    of_plain = recorded.model_id("m", {"path": plain.name, "model": None}, plain.parent)
    assert of_plain == recorded.model_id("m", {"path": packed.name}, packed.parent)
    assert of_plain.startswith("recorded:")
    assert of_plain.endswith(":m")
    assert of_plain == recorded.model_id("x", {"path": plain.name, "model": "m"}, plain.parent)
    other = recording(ROW | {"text": "B"})
    assert of_plain != recorded.model_id("m", {"path": other.name}, other.parent)


def test_the_openai_client_is_not_imported():
    code = (
        "import sys, harness.providers.backends.recorded; sys.exit('openai' in sys.modules or 'polars' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
