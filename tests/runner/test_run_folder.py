"""Run folders: whole or not there, the same bytes whatever the chunks were, and found again."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from harness.errors import RunFolderError, StorageError
from harness.records.experiment import Cell
from harness.records.judgments import Outcome
from harness.runner import run_folder
from harness.runner.find_run import find_run
from harness.runner.finished import EndedConversation, JudgedChunk
from harness.runner.run_folder import RunWriter, read_frame, read_json, run_id_of
from harness.runner.stored_runs import next_number

CELL = Cell("d", "direct", "judge", ("x",))


def ended(item: str, outcome: Outcome, keys: tuple[str, ...] = (), *tokens: int) -> EndedConversation[Outcome]:
    return EndedConversation(item, outcome, keys, *(tokens or (0, 0)), 0.0, ())


def judgment(number: int) -> EndedConversation[Outcome]:
    if number % 5 == 0:
        return ended(f"i{number}", Outcome(None, "unparsed"), ("a" * 64, "b" * 64), 10, 2)
    votes = ("a", "a", "unparsed") if number == 7 else ()
    return ended(f"i{number}", Outcome("a", None, 7.5, 3.0, votes), ("c" * 64,), 5, 1)


def written(folder: Path, *, step: int = 7, count: int = 100, finished: str = "2026-01-01") -> Path:
    with RunWriter(folder, "s") as writer:
        for start in range(0, count, step):
            writer.add(CELL, JudgedChunk.of([*map(judgment, range(start, min(start + step, count)))]))
        writer.write_judgments()
        writer.write_frame(run_folder.SCORES, pl.DataFrame({"cell": ["x"], "value": [0.5]}))
        for name in (run_folder.SPEC, run_folder.MANIFEST, run_folder.LEADERBOARD):
            writer.write_json(name, {"value": 1 / 3})
        writer.write_json(run_folder.ENVIRONMENT, {"finished": finished})
        return writer.publish(run_id_of("plan", writer.judgments_digest))


def content(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize(("step", "held"), [(100, 65_536), (1, 10), (33, 10), (100, 10)])
def test_bytes_do_not_depend_on_how_judgments_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int, held: int
) -> None:
    monkeypatch.setattr(run_folder, "ROWS_HELD", held)
    one, other = written(tmp_path / "one", step=step), written(tmp_path / "other", step=10)
    assert one.name == other.name
    assert content(one) == content(other)
    frame = read_frame(one, run_folder.JUDGMENTS)
    assert frame["item"].to_list() == [f"i{number}" for number in range(100)]
    assert frame.row(5) == ("d/direct/judge:x", "i5", None, "unparsed", None, None, [], 0, ["a" * 64, "b" * 64], 10, 2)
    assert frame.row(6) == ("d/direct/judge:x", "i6", "a", None, 7.5, 3.0, [], 0, ["c" * 64], 5, 1)
    assert frame["votes"][7].to_list() == ["a", "a", "unparsed"]


def test_other_judgments_are_another_run_and_the_same_ones_are_the_same(tmp_path: Path) -> None:
    first, again, other = written(tmp_path), written(tmp_path, finished="2026-01-02"), written(tmp_path, count=99)
    assert first == again != other
    assert read_json(first, run_folder.ENVIRONMENT) == {"finished": "2026-01-02"}
    assert sorted(folder.name for folder in (tmp_path / "s").iterdir()) == sorted([first.name, other.name])


def test_run_without_judgments_has_an_empty_table(tmp_path: Path) -> None:
    assert read_frame(written(tmp_path, count=0), run_folder.JUDGMENTS).shape == (0, 11)


def test_run_that_does_not_end_leaves_nothing_behind(tmp_path: Path) -> None:
    def interrupted() -> None:
        with RunWriter(tmp_path, "s") as writer:
            writer.add(CELL, JudgedChunk.of([judgment(1)]))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.glob("s/*")) == []


def test_what_a_killed_run_left_is_swept_and_what_a_living_one_has_is_not(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    mark = f".unfinished-{socket.gethostname()}"
    left, alive, elsewhere = (
        tmp_path / "s" / name for name in (f"{mark}-{dead.pid}-x", f"{mark}-{os.getppid()}-x", ".unfinished-host-1-x")
    )
    for folder in (left, alive, elsewhere):
        folder.mkdir(parents=True)
    written(tmp_path)
    assert (left.exists(), alive.exists(), elsewhere.exists()) == (False, True, True)


def test_figures_are_rounded_and_undefined_ones_refused(tmp_path: Path) -> None:
    assert (written(tmp_path) / run_folder.LEADERBOARD).read_bytes() == b'{\n  "value": 0.333333333333\n}\n'
    with RunWriter(tmp_path, "s") as writer, pytest.raises(ValueError, match="no place in a result"):
        writer.write_json("x.json", {"value": float("nan")})


def test_place_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("a file where a folder must be")
    with pytest.raises(StorageError, match="cannot be written"):
        written(tmp_path)


def test_polars_error_while_writing_is_a_storage_error(tmp_path: Path) -> None:
    with RunWriter(tmp_path, "s") as writer:
        (writer.folder / "parts" / "000000.parquet").write_bytes(b"no parquet")
        writer._parts = 1
        with pytest.raises(StorageError, match="cannot be written"):
            writer.write_judgments()


def test_find_run_knows_folders_names_and_the_newest(tmp_path: Path) -> None:
    old, new = written(tmp_path, finished="2026-01-01"), written(tmp_path, count=50, finished="2026-01-02")
    assert find_run(str(old), tmp_path) == old
    assert find_run("s", tmp_path) == new
    (new / run_folder.ENVIRONMENT).unlink()
    assert find_run("s", tmp_path) == old


def test_a_clock_that_was_set_back_does_not_hide_the_newest_run(tmp_path: Path) -> None:
    runs = []
    for count, finished in ((100, "2026-01-02"), (50, "1999-01-01")):
        with RunWriter(tmp_path, "s") as writer:
            writer.add(CELL, JudgedChunk.of([*map(judgment, range(count))]))
            writer.write_judgments()
            writer.write_json(run_folder.MANIFEST, {})
            writer.write_json(
                run_folder.ENVIRONMENT,
                {"number": next_number(writer.parent.name, writer.parent.parent), "finished": finished},
            )
            runs.append(writer.publish(f"run-{count}"))
    assert find_run("s", tmp_path) == runs[1]
    assert [read_json(run, run_folder.ENVIRONMENT)["number"] for run in runs] == [1, 2]


@pytest.mark.parametrize("run", ["nothing", "../s", "", "."])
def test_run_that_is_not_there_says_what_to_name(tmp_path: Path, run: str) -> None:
    with pytest.raises(
        RunFolderError,
        match=r"^there is no run folder, spec file|is a folder but not a run",
    ):
        find_run(run, tmp_path / "results")


def test_folder_that_is_no_run_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(RunFolderError, match=r"not a run folder: it has no manifest\.json"):
        find_run(str(tmp_path), tmp_path)


def test_damaged_files_are_named(tmp_path: Path) -> None:
    folder = written(tmp_path)
    for name, damage in ((run_folder.MANIFEST, b"{"), (run_folder.SPEC, b"[1]")):
        (folder / name).write_bytes(damage)
        with pytest.raises(RunFolderError, match=f"{name} is damaged"):
            read_json(folder, name)
    (folder / run_folder.SCORES).write_bytes(b"x")
    with pytest.raises(RunFolderError, match=r"scores\.parquet cannot be read"):
        read_frame(folder, run_folder.SCORES)
    with pytest.raises(RunFolderError, match="cannot be read"):
        read_json(folder, "missing.json")


@pytest.mark.parametrize("held", [65_536, 10])
def test_soft_verdicts_have_a_column_only_where_there_are_any(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    monkeypatch.setattr(run_folder, "ROWS_HELD", held)
    digests = {}
    for name, preference in (("hard", None), ("soft", 0.75), ("other", 0.25)):
        with RunWriter(tmp_path, name) as writer:
            soft = ended("i40", Outcome("a", None, 0.75, 0.25, preference=preference))
            for one in [*map(judgment, range(40)), soft]:
                writer.add(CELL, JudgedChunk.of([one]))
            writer.write_judgments()
            digests[name] = writer.judgments_digest
            frame = pl.read_parquet(writer.folder / run_folder.JUDGMENTS)
        assert ("preference" in frame.columns) == (preference is not None)
        if preference is not None:
            assert frame["preference"].to_list() == [None] * 40 + [preference]
    assert len(set(digests.values())) == 3


def test_a_run_that_another_process_has_just_published_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = written(tmp_path, finished="2026-01-01")
    before = content(first)
    rename = Path.rename
    raced: list[Path] = []

    def late(self: Path, target: Path) -> Path:
        raced.append(Path(target))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", late)
    second = written(tmp_path, finished="2026-02-02")
    assert raced == [first], "the folder is renamed without looking first"
    assert second == first
    after = content(second)
    environment = run_folder.ENVIRONMENT
    assert {**after, environment: b""} == {**before, environment: b""}
    assert b"2026-02-02" in after[environment]


@pytest.mark.parametrize("is_new", [True, False])
def test_a_run_that_another_process_published_otherwise_is_an_error_that_names_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_new: bool
) -> None:
    rename = Path.rename

    def late(self: Path, target: Path) -> Path:
        """Another process publishes first, with another leaderboard."""
        monkeypatch.setattr(Path, "rename", rename)
        shutil.copytree(self, target)
        (target / run_folder.CHECKSUMS).write_text('{"files": {"leaderboard.json": "other"}}')
        if not is_new:
            os.utime(target / run_folder.CHECKSUMS, ns=(1, 1))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", late)
    if not is_new:
        assert written(tmp_path).is_dir(), "an older run is replaced"
        return
    with pytest.raises(StorageError, match=r"published by another process.*leaderboard\.json") as raised:
        written(tmp_path)
    (final,) = tmp_path.glob("s/[!.]*")
    (kept,) = tmp_path.glob("s/.unfinished-*")
    assert str(final) in str(raised.value)
    assert str(kept) in str(raised.value)
    assert (kept / run_folder.LEADERBOARD).exists()


def test_a_file_in_the_place_of_a_run_is_an_error(tmp_path: Path) -> None:
    run = written(tmp_path / "other")
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / run.name).write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        written(tmp_path)
    assert [path.name for path in (tmp_path / "s").iterdir()] == [run.name]


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are those of POSIX")
def test_only_its_user_can_read_a_run(tmp_path: Path) -> None:
    before = os.umask(0o000)
    try:
        run = written(tmp_path)
    finally:
        os.umask(before)
    assert run.stat().st_mode & 0o777 == 0o700
