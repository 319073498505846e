"""Broken input of every kind: one message for each kind of fault, with file and fix, and nothing else."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard

import harness
from harness.errors import HarnessError

PAIRS = [
    {"id": f"p{at}", "prompt": f"Why {at}?", "response_a": "So.", "response_b": "No.", "label": "ab"[at % 2]}
    for at in range(30)
]
VOTES = [{"item": f"p{at}", "annotator": who, "label": "ab"[at % 2]} for at in range(30) for who in ("ann", "ed")]
RECORDED = [{"item": f"p{at}", "verdict": "ab"[at % 2], "score_a": 1.5, "score_b": 2.0} for at in range(30)]
REPLIES = [
    {"dataset": "pairs", "item": f"p{at}", "strategy": "direct", "step": "judge", "model": "m", "text": "A"}
    for at in range(30)
]
Rows = Sequence[Mapping[str, Any]]


def spec(datasets: Mapping[str, Any], model: Mapping[str, Any], strategy: str = "direct") -> dict[str, Any]:
    return {
        "schema": 1,
        "name": "bad",
        "datasets": {"pairs": datasets},
        "models": {"m": model},
        "matrix": {"dataset": ["pairs"], "strategy": [strategy], "evaluator": [{"judge": "m"}]},
    }


SIMULATED = {"provider": "simulated"}
KINDS: Mapping[str, tuple[Callable[[Any], dict[str, Any]], Rows, Sequence[str]]] = {
    "dataset": (lambda path: spec({"path": path}, SIMULATED), PAIRS, ("jsonl", "json", "csv", "parquet")),
    "votes": (
        lambda path: spec({"path": "pairs.jsonl", "votes": {"path": path}}, SIMULATED),
        VOTES,
        ("jsonl", "json", "csv", "parquet"),
    ),
    "recording": (
        lambda path: spec(
            {"path": "pairs.jsonl"},
            {"provider": "recorded", "path": path, "columns": {name: name for name in RECORDED[0]}},
            "recorded",
        ),
        RECORDED,
        ("jsonl", "json", "csv", "parquet"),
    ),
    "replies": (
        lambda path: spec({"path": "pairs.jsonl"}, {"provider": "recorded", "path": path}),
        REPLIES,
        ("jsonl",),
    ),
}
ACCEPTED = {
    ("votes", "item twice"),  # an annotator may say the same twice
    ("replies", "dataset is 'same'"),  # another dataset is no fault of a recording
}
CASES = [(kind, form) for kind, (_, _, forms) in KINDS.items() for form in forms]


def written(rows: Rows, form: str) -> bytes:
    if form == "jsonl":
        return b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    if form == "json":
        return json.dumps(rows).encode()
    frame, buffer = pl.DataFrame(rows), io.BytesIO()
    if form == "csv":
        return frame.write_csv().encode()
    frame.write_parquet(buffer)
    return buffer.getvalue()


def broken(rows: Rows, form: str) -> Iterator[tuple[str, bytes]]:
    """Contents of which nothing can be used."""
    good, first = written(rows, form), rows[0]
    text = written(rows, "jsonl" if form == "parquet" else form).decode()
    yield "empty", b""
    yield "only a byte order mark", b"\xef\xbb\xbf"
    yield "blank", b"\n\n   \n"
    yield "another type", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
    yield "zeros", bytes(4_000)
    yield "cut off", good[: len(good) - 5]
    yield "UTF-16 without a mark", text.encode("utf-16-le")
    yield "UTF-32 without a mark", text.encode("utf-32-be")
    yield "deep lists", b"[" * 100_000
    yield "deep objects", b'{"id":' * 50_000
    if form in ("jsonl", "json"):
        yield "numbers", b"1\n2\n3\n4\n5\n" if form == "jsonl" else b"[1,2,3,4,5]"
        yield "a text", b'"text"'
        for name in first:
            for value in ("[" * 5_000 + "]" * 5_000, "1e999", "9" * 5_000):
                row = json.dumps({**first, name: "@"}).replace('"@"', value)
                yield f"{name} {value[:5]}", (row + "\n" if form == "jsonl" else f"[{row}]").encode()
    if form == "csv":
        yield "an open quote", good + b'p99,"open\n'
        yield "a long row", good + b"p99" + b",x" * 9 + b"\n"
    for name in list(first)[:1]:
        for value in (None, [1, 2], {"a": 1}, "same"):
            if form != "csv" or not isinstance(value, list | dict):
                yield f"{name} is {value!r}", written([{**row, name: value} for row in rows], form)
        yield f"{name} twice", written([*rows, *rows[:9]], form)
    yield "other columns", written([{f"x{name}": value for name, value in row.items()} for row in rows], form)
    yield "many columns", written([{f"x{at}" * 50: at for at in range(300)}], form)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with contextlib.chdir(tmp_path):
        Path("pairs.jsonl").write_bytes(written(PAIRS, "jsonl"))
        yield tmp_path


def refused(document: Mapping[str, Any]) -> list[str]:
    """The problems of an experiment; recordings by step are read when it is run."""
    is_by_step = document["models"]["m"].keys() == {"provider", "path"}

    def use() -> None:
        plan = harness.make_plan(harness.load_spec(document))
        if is_by_step:
            harness.run_spec(plan, offline=True, cache="cache", results="results")

    with pytest.raises(HarnessError, match=r"\S") as error:
        use()
    assert error.value.exit_code == 2
    return [str(problem) for problem in error.value.problems]


def check(problems: Sequence[str], name: str, what: str) -> None:
    assert len(problems) <= 5, what
    for problem in problems:
        assert name in problem, what
        assert len(problem) < 1_500, what
        assert "Error(" not in problem, what
        assert "Traceback" not in problem, what


@pytest.mark.parametrize(("kind", "form"), CASES)
def test_content_of_which_nothing_can_be_used(folder: Path, kind: str, form: str) -> None:
    document, rows, _ = KINDS[kind]
    for what, content in broken(rows, form):
        if (kind, what) in ACCEPTED:
            continue
        Path(f"bad.{form}").write_bytes(content)
        check(refused(document(f"bad.{form}")), f"bad.{form}", f"{kind} {form}: {what}")
    assert not Path("results").exists() or not list(Path("results").rglob("*.json"))


@pytest.mark.parametrize(("kind", "form"), CASES)
def test_what_is_no_file_or_not_packed_as_its_name_says(folder: Path, kind: str, form: str) -> None:
    document, rows, _ = KINDS[kind]
    os.mkfifo(f"pipe.{form}")
    Path(f"link.{form}").symlink_to(f"link.{form}")
    Path("folder").mkdir()
    Path("folder", "again").symlink_to("..")
    for name in (
        f"none.{form}",
        f"pipe.{form}",
        f"link.{form}",
        f"folder/*.{form}",
        f"folder/**/*.{form}",
        "/dev/zero",
    ):
        check(refused(document(name)), name, f"{kind} {name}")
    good = written(rows, form)
    for ending, pack in ((".gz", gzip.compress), (".zst", zstandard.ZstdCompressor().compress)):
        if kind == "replies" and ending == ".zst":
            continue
        cases = {"cut off": pack(good)[:-9], "plain": good, "empty": b""}
        if form == "jsonl" and ending == ".gz":
            cases["bomb"] = pack(b"0" * (2**26 + 2**20))
        for what, content in cases.items():
            Path(f"bad.{form}{ending}").write_bytes(content)
            check(refused(document(f"bad.{form}{ending}")), f"bad.{form}{ending}", f"{kind} {form}{ending} {what}")


@pytest.mark.parametrize("kind", ["dataset", "votes", "recording"])
def test_frames_of_which_nothing_can_be_used(folder: Path, kind: str) -> None:
    document, rows, _ = KINDS[kind]
    first = next(iter(rows[0]))
    bad: list[Any] = [
        pl.DataFrame(rows).rename({first: "other"}).rename(lambda name: f"x{name}"),
        [{**row, first: {"a": 1}} for row in rows],
        [{**row, first: None} for row in rows],
        pl.DataFrame(rows).clear(),
        [],
    ]
    for at, data in enumerate(bad):
        check(refused(document(data)), "frame:", f"{kind} frame {at}")


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"columns": {"label": "a.b[0].c"}}, "there is no column `a.b[0].c`"),
        ({"columns": {"label": "x" * 900}}, "there is no column"),
        ({"columns": {"prompt": "prompt[0][0][0]"}}, "`prompt` is missing or empty, and 29 other rows"),
        ({"columns": {"label": {"a": "prompt", "b": "response_a"}}}, "`prompt` is no share"),
        ({"label_values": {"c": "a"}}, '`label_values: {"a": a, "b": b}`'),
        ({"subset": {"where": {"nothing": "x"}}}, "there is no column `nothing` to choose rows by"),
    ],
)
def test_settings_that_do_not_fit_the_file(folder: Path, entry: Mapping[str, Any], words: str) -> None:
    problems = refused(spec({"path": "pairs.jsonl", **entry}, SIMULATED))
    check(problems, "pairs.jsonl", words)
    assert words in "\n".join(problems)
