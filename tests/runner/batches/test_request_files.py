"""Batch files: limits, names, and nothing left behind on an error."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cache.key import call_key
from harness.errors import InputError, StorageError
from harness.records.calls import Call, Model
from harness.runner.batches.request_files import RequestFiles, check_folder
from harness.runner.batches.waves import WaitingCall

DEAD = 2**22 + 1
"""No process has this number."""


def waiting(text: str, model: str = "gpt") -> WaitingCall:
    call = Call(Model(model, "openai", "gpt"), [{"role": "user", "content": text}])
    return WaitingCall(call_key(call), call, "cell", "item")


def test_files_hold_at_most_the_lines_and_the_bytes_of_the_limits(tmp_path: Path):
    with RequestFiles(tmp_path, most_lines=2) as files:
        for at in range(5):
            files.add(waiting(f"{at}"))
    assert [(file.path.name, file.lines) for file in files.written] == [
        ("gpt-001.jsonl", 2),
        ("gpt-002.jsonl", 2),
        ("gpt-003.jsonl", 1),
    ]
    size = files.written[0].size
    assert files.written[0].path.stat().st_size == size
    with RequestFiles(tmp_path / "bytes", most_bytes=size) as files:
        for at in range(5):
            files.add(waiting(f"{at}"))
    assert [file.lines for file in files.written] == [2, 2, 1]
    texts = [line for file in files.written for line in file.path.read_bytes().splitlines()]
    assert [json.loads(line)["body"]["messages"][0]["content"] for line in texts] == list("01234")


def test_each_model_has_files_of_its_own_whose_names_are_plain(tmp_path: Path):
    with RequestFiles(tmp_path) as files:
        for name in ("a/b", "a b", "../..", "A-B"):
            files.add(waiting("x", name))
    assert sorted(file.path.relative_to(tmp_path).as_posix() for file in files.written) == [
        "A-B-3-001.jsonl",
        "a-b-001.jsonl",
        "a-b-2-001.jsonl",
        "model-001.jsonl",
    ]


def write(folder: Path, texts: list[str], meanwhile: Callable[[], object] = lambda: None) -> None:
    with RequestFiles(folder, most_lines=1, most_bytes=500) as files:
        for text in texts:
            files.add(waiting(text))
        meanwhile()


def test_an_error_leaves_no_file(tmp_path: Path):
    with pytest.raises(InputError, match=r"the call about item `item` has .* bytes; a batch file has at most 500"):
        write(tmp_path, ["a", "b", "c" * 1000])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_a_full_disk_is_an_error(tmp_path: Path):
    with RequestFiles(tmp_path) as files:
        files.add(waiting("x"))
        opened = files._open["gpt"]
        with Path("/dev/full").open("wb", buffering=0) as full:
            handle, opened.handle = opened.handle, full
            with pytest.raises(StorageError, match=r"cannot write .*no space left"):
                files.add(waiting("y"))
        opened.handle = handle


@pytest.mark.parametrize("is_there", [True, False])
def test_the_files_appear_at_the_end_only(tmp_path: Path, is_there: bool):
    folder = tmp_path / "deep" / "wave"
    if is_there:
        folder.mkdir(parents=True)
    with RequestFiles(folder, most_lines=1) as files:
        for text in ("a", "b"):
            files.add(waiting(text))
            assert not list(folder.glob("*.jsonl"))
        if is_there:
            check_folder(folder)
    assert sorted(path.name for path in folder.iterdir()) == ["gpt-001.jsonl", "gpt-002.jsonl"]
    assert list(folder.parent.iterdir()) == [folder]


@pytest.mark.parametrize("is_there", [False, True])
def test_what_a_killed_process_left_is_removed_by_the_next_one(tmp_path: Path, is_there: bool):
    folder = tmp_path / "wave"
    if is_there:
        folder.mkdir()
    mark = f".{socket.gethostname()}-" if is_there else f".wave.{socket.gethostname()}-"
    place = folder if is_there else tmp_path
    for pid in (DEAD, os.getppid()):
        (place / f"{mark}{pid}.tmp").mkdir()
        (place / f"{mark}{pid}.tmp" / "gpt-001.jsonl").touch()
    check_folder(folder)
    write(folder, ["x"])
    assert sorted(path.name for path in folder.iterdir() if not path.name.startswith(".")) == ["gpt-001.jsonl"]
    assert [path.name for path in place.iterdir() if path.name.endswith(".tmp")] == [f"{mark}{os.getppid()}.tmp"]


def test_a_folder_without_files_is_not_made(tmp_path: Path):
    with RequestFiles(tmp_path / "wave"):
        pass
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path):
    (tmp_path / "file").touch()
    other = tmp_path / "wave" / "other"
    with (
        RequestFiles(tmp_path / "file" / "wave") as files,
        pytest.raises(
            StorageError, match=r"cannot write .*file/wave/gpt-001\.jsonl: not a directory; free some space or"
        ),
    ):
        files.add(waiting("x"))
    with pytest.raises(StorageError, match=r"cannot write .*wave: .*; free some space or choose another folder"):
        write(tmp_path / "wave", ["x"], meanwhile=lambda: other.parent.mkdir() or other.touch())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "wave"]


def test_a_file_that_does_not_reach_the_disk_is_an_error(tmp_path: Path, monkeypatch):
    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(StorageError, match=r"cannot write .*gpt-001\.jsonl: no space left on device"):
        write(tmp_path / "wave", ["a", "b"])
    assert not list(tmp_path.iterdir())


def test_a_folder_that_holds_anything_is_refused(tmp_path: Path):
    check_folder(tmp_path / "new")
    check_folder(tmp_path)
    (tmp_path / "old.jsonl").touch()
    with pytest.raises(InputError, match=r"is not empty: it holds `old\.jsonl`"):
        check_folder(tmp_path)
    with pytest.raises(InputError, match="is no folder"):
        check_folder(tmp_path / "old.jsonl")
