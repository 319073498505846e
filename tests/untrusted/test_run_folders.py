"""Run folders that were damaged or edited: every file × every fault × every verb is a message that names the file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.runner.run_check import CHECKSUMS, checksums_json
from support.paths import ROOT

SHIPPED = {"quickstart": ROOT / "results" / "quickstart", "feedback-loops": ROOT / "results" / "feedback-loops"}
VERBS = {
    "leaderboard": ["leaderboard", "{run}"],
    "leaderboard --metric": ["leaderboard", "{run}", "--metric", "accuracy"],
    "leaderboard --format": ["leaderboard", "{run}", "--format", "csv"],
    "compare": ["compare", "{run}", "{sound}"],
    "compare --fail-if-worse": ["compare", "{sound}", "{run}", "--fail-if-worse", "0.1", "--items"],
    "audit": ["audit", "{run}", "--json"],
    "correct": ["correct", "{run}"],
    "label next": ["label", "next", "{run}", "--stratify", "--dir", "{out}"],
    "power": ["power", "{run}"],
    "failures": ["failures", "{run}"],
    "export": ["export", "{run}", "--format", "dpo", "--out", "{out}"],
}
MORE_VERBS = VERBS | {
    "report": ["report", "{run}", "--out", "{out}"],
    "label status": ["label", "status", "{run}", "--dir", "{out}"],
    "calibrate": ["calibrate", "{run}"],
}
"""Those of which one fault is tried: all verbs read a run in the same way."""
MOST_CPU_S = 2.0
"""Seconds of processor time that a command may take to refuse a run folder, with its imports."""
BOARD, MANIFEST, SPEC = "leaderboard.json", "manifest.json", "spec.json"
FILES = (BOARD, MANIFEST, SPEC, "judgments.parquet", "items.parquet", "scores.parquet")


def json_with(change: Callable[[dict[str, object]], None]) -> Callable[[Path], None]:
    def apply(file: Path) -> None:
        value = json.loads(file.read_bytes())
        change(value)
        file.write_text(json.dumps(value))

    return apply


def wrong_types(value: dict[str, object]) -> None:
    for key in value:
        value[key] = [3]


def parquet_with(change: Callable[[pl.DataFrame], pl.DataFrame]) -> Callable[[Path], None]:
    return lambda file: change(pl.read_parquet(file)).write_parquet(file)


def replaced(text: bytes) -> Callable[[Path], None]:
    return lambda file: file.write_bytes(text)  # type: ignore[return-value]


def truncated(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def as_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def as_pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def as_device(file: Path) -> None:
    file.unlink()
    file.symlink_to("/dev/zero")


def huge(file: Path) -> None:
    with file.open("r+b") as handle:
        handle.truncate(2**34)  # a hole, which takes no room


ANY: dict[str, Callable[[Path], None]] = {
    "empty": replaced(b""),
    "noise": replaced(b"\x00\xff{]" * 50),
    "truncated": truncated,
    "a folder": as_folder,
    "a pipe": as_pipe,
    "a device": as_device,
}
OF_JSON: dict[str, Callable[[Path], None]] = {
    "deep": replaced(b"[" * 100_000),
    "a list": replaced(b"[]"),
    "no keys": replaced(b"{}"),
    "wrong types": json_with(wrong_types),
    "an extra key": json_with(lambda value: value.update({"\x1b[31mextra": 1})),
    "huge": huge,
}
OF_PARQUET: dict[str, Callable[[Path], None]] = {
    "no rows": parquet_with(lambda frame: frame.head(0)),
    "a row too many": parquet_with(lambda frame: pl.concat([frame, frame.tail(1)])),
    "a column missing": parquet_with(lambda frame: frame.drop(frame.columns[0])),
    "a column of another type": parquet_with(lambda frame: frame.with_columns(pl.lit(3).alias(frame.columns[0]))),
    "other columns": parquet_with(lambda _: pl.DataFrame({"x": [1]})),
}
DELETED = {"deleted": Path.unlink}
CASES = [
    (file, fault) for file in FILES for fault in (*DELETED, *ANY, *(OF_JSON if file.endswith("json") else OF_PARQUET))
]
FAULTS = DELETED | ANY | OF_JSON | OF_PARQUET


def damaged(tmp_path: Path, spec: str, file: str, fault: str, *, checksums: bool = True) -> Path:
    """A copy of a shipped run with one damaged file."""
    (shipped,) = (folder for folder in SHIPPED[spec].iterdir() if folder.is_dir())
    run = tmp_path / "run"
    shutil.copytree(shipped, run)
    if not checksums:
        (run / CHECKSUMS).unlink()
    FAULTS[fault](run / file)
    return run


def outcome(verb: str, run: Path, spec: str) -> tuple[int, str]:
    (sound,) = (folder for folder in SHIPPED[spec].iterdir() if folder.is_dir())
    places = {"run": str(run), "sound": str(sound), "out": str(run.parent / "out.jsonl")}
    started = time.process_time()
    done = CliRunner().invoke(main, [word.format(**places) for word in MORE_VERBS[verb]])
    assert time.process_time() - started < MOST_CPU_S
    assert "Traceback" not in done.output
    assert "\x1b[31m" not in done.output
    return done.exit_code, done.output


def check_named(tmp_path: Path, file: str, fault: str, verb: str) -> None:
    run = damaged(tmp_path, "quickstart", file, fault)
    code, output = outcome(verb, run, "quickstart")
    assert code == 2, output
    named = "it has no manifest.json" if not (run / MANIFEST).is_file() else str(run / file)
    assert named in output
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize(("number", "file", "fault"), [(number, *case) for number, case in enumerate(CASES)])
def test_a_damaged_file_is_named(tmp_path: Path, number: int, file: str, fault: str) -> None:
    check_named(tmp_path, file, fault, list(VERBS)[number % len(VERBS)])


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="resource usage of POSIX")
@pytest.mark.parametrize("verb", ["compare", "correct", "label next", "export", "report", "label status", "calibrate"])
def test_a_damaged_run_is_refused_within_two_seconds_of_processor_time_with_all_imports(
    tmp_path: Path, verb: str
) -> None:
    import resource

    run = damaged(tmp_path, "quickstart", "items.parquet", "truncated")
    places = {"run": str(run), "sound": str(run), "out": str(tmp_path / "out.jsonl")}
    words = [sys.executable, "-m", "harness", *(word.format(**places) for word in MORE_VERBS[verb])]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(words, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (done.returncode, str(run / "items.parquet") in done.stderr) == (2, True), done.stderr
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < MOST_CPU_S


def test_a_damaged_run_is_refused_before_what_is_slow_to_import(tmp_path: Path) -> None:
    run = damaged(tmp_path, "quickstart", "items.parquet", "truncated")
    places = {"run": str(run), "sound": str(run), "out": str(tmp_path / "out.jsonl")}
    commands = [[word.format(**places) for word in words] for words in MORE_VERBS.values()]
    code = f"""
import json, sys
from click.testing import CliRunner
from harness.cli import main
codes = [CliRunner().invoke(main, words).exit_code for words in {commands!r}]
print(json.dumps([codes, [name for name in ("scipy.stats", "scipy.optimize", "altair") if name in sys.modules]]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [[2] * len(commands), []]


@pytest.mark.parametrize("verb", MORE_VERBS)
def test_a_damaged_file_is_named_by_every_verb(tmp_path: Path, verb: str) -> None:
    check_named(tmp_path, "items.parquet", "truncated", verb)


@pytest.mark.slow
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(("file", "fault"), CASES)
def test_every_fault_is_named_by_every_verb(tmp_path: Path, file: str, fault: str, verb: str) -> None:
    check_named(tmp_path, file, fault, verb)


@pytest.mark.parametrize("file", [*FILES[:5], "prompts.parquet", "trajectories.parquet"])
def test_a_generation_is_checked_likewise(tmp_path: Path, file: str) -> None:
    run = damaged(tmp_path, "feedback-loops", file, "truncated")
    code, output = outcome("leaderboard", run, "feedback-loops")
    assert code == 2
    assert str(run / file) in output


@pytest.mark.slow
@pytest.mark.parametrize(("file", "fault"), CASES)
def test_without_checksums_a_damaged_file_ends_no_verb_in_a_defect(tmp_path: Path, file: str, fault: str) -> None:
    run = damaged(tmp_path, "quickstart", file, fault, checksums=False)
    for verb in VERBS:
        code, output = outcome(verb, run, "quickstart")
        assert code in (0, 1, 2), f"{verb}: {output}"  # 0 where the verb does not read that file
        assert "this is a bug" not in output


@pytest.mark.parametrize("file", [BOARD, MANIFEST])
def test_millions_of_small_values_are_refused_before_they_are_objects(tmp_path: Path, file: str) -> None:
    run = damaged(tmp_path, "quickstart", file, "empty")
    (run / file).write_bytes(b'{"x": [' + b"[]," * 10_000_000 + b"0]}")
    (run / CHECKSUMS).write_text(json.dumps(checksums_json(run)))
    code, output = outcome("leaderboard", run, "quickstart")
    assert code == 2
    assert f"{run / file}: has 20,000,002 values, more than the file of a run can have" in output


def test_all_changed_files_are_named_at_once(tmp_path: Path) -> None:
    run = damaged(tmp_path, "quickstart", BOARD, "truncated")
    truncated(run / "items.parquet")
    (run / SPEC).unlink()
    code, output = outcome("audit", run, "quickstart")
    assert code == 2
    assert f"{run / BOARD}: is not as the run wrote it" in output
    assert f"{run / 'items.parquet'}: is not as the run wrote it" in output
    assert f"{run / SPEC}: is missing" in output


def test_one_changed_digit_is_noticed(tmp_path: Path) -> None:
    run = damaged(tmp_path, "quickstart", BOARD, "an extra key")
    board = (SHIPPED["quickstart"] / run.name).parent
    (shipped,) = (folder for folder in board.iterdir() if folder.is_dir())
    text = (shipped / BOARD).read_text()
    (run / BOARD).write_text(text.replace("0.8", "0.9", 1))
    code, output = outcome("leaderboard", run, "quickstart")
    assert code == 2
    assert "its checksum differs" in output


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"files": {}}', '{"files": {"../x": "0"}}', '{"files": {"a": 1}}'])
def test_damaged_checksums_are_an_error(tmp_path: Path, text: str) -> None:
    run = damaged(tmp_path, "quickstart", CHECKSUMS, "empty")
    (run / CHECKSUMS).write_text(text)
    code, output = outcome("leaderboard", run, "quickstart")
    assert code == 2
    assert f"{run / CHECKSUMS}: is damaged" in output


def test_the_winner_of_an_edited_run_is_not_taken_over(tmp_path: Path) -> None:
    shutil.copytree(SHIPPED["quickstart"].parent / "prompting-strategies", tmp_path / "prompting-strategies")
    (run,) = (folder for folder in (tmp_path / "prompting-strategies").iterdir() if folder.is_dir())
    json_with(lambda board: board["rows"].reverse())(run / BOARD)  # type: ignore[attr-defined]
    done = CliRunner().invoke(main, ["plan", str(ROOT / "specs" / "evaluator-modes.yaml"), "--results", str(tmp_path)])
    assert done.exit_code == 2
    assert f"{run / BOARD}" in done.output
    assert "its checksum differs" in done.output
