"""A file is whole or not there, and what a killed write left is removed by the next one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from harness.atomic import is_running, replacing
from harness.errors import StorageError


def write(path: Path, data: bytes = b"whole") -> None:
    with replacing(path) as handle:
        handle.write(data)


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "new" / "a.json")
    write(tmp_path / "new" / "a.json", b"other")
    assert [(file.name, file.read_bytes()) for file in (tmp_path / "new").iterdir()] == [("a.json", b"other")]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "a.json")

    def fail() -> None:
        with replacing(tmp_path / "a.json") as handle:
            handle.write(b"half")
            raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        fail()
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("a.json", b"whole")]


def test_a_place_that_is_a_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "a.json" / "in").mkdir(parents=True)
    with pytest.raises(StorageError, match=r"cannot write .*a\.json"):
        write(tmp_path / "a.json")
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]


KILLED = """\
import os, signal, sys
from pathlib import Path
from harness.atomic import replacing
with replacing(Path(sys.argv[1])) as handle:
    handle.write(b"half")
    handle.flush()
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
def test_the_next_write_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    killed = subprocess.Popen([sys.executable, "-c", KILLED, str(file)])
    killed.wait()
    assert [each.name for each in tmp_path.iterdir()] == [f".a.json.{socket.gethostname()}-{killed.pid}.tmp"]
    write(file)
    assert [each.name for each in tmp_path.iterdir()] == ["a.json"]


def test_nothing_of_others_is_removed(tmp_path: Path) -> None:
    host = socket.gethostname()
    dead = 2**22 + 1
    kept = {
        f".a.json.{host}-{os.getppid()}.tmp",  # of a process that is running
        f".a.json.elsewhere-{dead}.tmp",
        f".b.json.{host}-{dead}.tmp",
        f".a.json.{host}-{dead}.tmp.more",
        f".a.json.{host}-x.tmp",
        f".a.json.{host}-.tmp",
        f".a.json.{dead}.tmp",
        "a.json.tmp",
    }
    for name in kept:
        (tmp_path / name).touch()
    (tmp_path / f".a.json.{host}-{dead}.tmp").touch()
    write(tmp_path / "a.json")
    assert {file.name for file in tmp_path.iterdir()} == kept | {"a.json"}


@pytest.mark.parametrize(
    ("pid", "is_there"),
    [(os.getpid(), True), (1, True), (2**22 + 1, False), (2**70, False)],
    ids=[
        "this one",
        "the first one",
        "no process",
        "no number of a process",
    ],  # alike in every process
)
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_process_is_there_or_not(pid: int, is_there: bool) -> None:
    assert is_running(pid) == is_there
