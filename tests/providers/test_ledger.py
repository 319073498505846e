import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import InputError, StorageError
from harness.providers.ledger import Ledger
from harness.providers.ledger_lines import UNITS, LedgerTotals, line_of
from harness.providers.ledger_process import ProcessIdentity, is_alive, this_process

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")

DEAD = ProcessIdentity("", 2**22 + 1, "1")


def dead() -> ProcessIdentity:
    return DEAD._replace(host=this_process().host)


def test_two_runs_share_a_limit(tmp_path):
    first, second = Ledger(tmp_path / "l.jsonl"), Ledger(tmp_path / "l.jsonl")
    assert first.reserve(1, 60, 100)
    assert not second.reserve(1, 41, 100)
    assert second.reserve(1, 40, 100)
    first.settle(1, spent=10)
    assert second.reserve(2, 50, 100)
    assert not first.reserve(2, 1, 100)
    second.settle(1, unknown=40)
    second.settle(2)
    assert first.totals().committed == 50
    assert first.reserve(2, 50, 100)


def test_a_ledger_is_private_and_has_a_line_for_each_event(tmp_path):
    before = os.umask(0)
    try:
        with Ledger(tmp_path / "l.jsonl") as ledger:
            assert ledger.reserve(1, 7, 9)
            ledger.settle(1, spent=5)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "l.jsonl").stat().st_mode) == 0o600
    lines = [json.loads(line) for line in (tmp_path / "l.jsonl").read_bytes().splitlines()]
    run = {"run": ledger.run}
    assert lines == [
        {"ledger": 1},
        {**run, **this_process()._asdict()},
        {**run, "n": 1, "reserved": 7},
        {**run, "n": 1, "spent": 5},
        {**run, "ended": True},
    ]


def test_a_ledger_that_nothing_reserved_makes_no_file(tmp_path):
    with Ledger(tmp_path / "l.jsonl") as ledger:
        assert ledger.summary() == f"$0.0000 spent by 0 runs of the ledger {tmp_path / 'l.jsonl'}"
    assert not list(tmp_path.iterdir())


def test_reservations_of_a_killed_run_count_as_unknown_cost(tmp_path):
    killed = Ledger(tmp_path / "l.jsonl", identity=dead())
    assert killed.reserve(1, UNITS, 3 * UNITS)
    assert killed.reserve(2, UNITS, 3 * UNITS)
    killed.settle(1, spent=UNITS // 2)
    other = Ledger(tmp_path / "l.jsonl")
    assert not other.others_in_flight()
    totals = other.totals()
    assert (totals.spent_usd, totals.unknown_usd, totals.killed_usd, totals.in_flight_usd) == (0.5, 1, 1, 0)
    assert "up to $1.0000 of unknown cost ($1.0000 of it reserved by runs that were killed)" in other.summary()
    assert not other.reserve(1, 2 * UNITS, 3 * UNITS)


def test_reservations_of_a_run_in_progress_are_waited_for(tmp_path):
    first, second = Ledger(tmp_path / "l.jsonl"), Ledger(tmp_path / "l.jsonl")
    assert first.reserve(1, UNITS, 2 * UNITS)
    assert second.others_in_flight()
    assert not first.others_in_flight()
    assert "$1.0000 reserved for calls in flight by 1 run" in second.summary()
    first.close()
    assert not second.others_in_flight()


def test_a_line_that_a_killed_process_left_unfinished_is_removed(tmp_path):
    file = tmp_path / "l.jsonl"
    first = Ledger(file)
    assert first.reserve(1, 5, 10)
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"run":"ab')
    assert Ledger(file).reserve(1, 5, 10)
    assert file.read_bytes().startswith(whole + b'{"run":')
    assert Ledger(file).totals().committed == 10


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (b"hello\n", 1, "this is not JSON"),
        (b"hello", 1, "this is not a ledger"),
        (b"[]\n", 1, "this is not a JSON object"),
        (b'{"ledger":2}\n', 1, "a ledger of version 2, not 1; use a newer harness"),
        (b'{"schema":1}\n', 1, "this is not a ledger"),
        (b'{"ledger":1}\n{"run":"a","n":1,"reserved":5}\n', 2, "a run that has not begun"),
        (b'{"ledger":1}\n{"run":"a","host":"h","pid":"1","started":""}\n', 2, "not the beginning of a run"),
        (b'BEGUN{"run":"a","n":1,"reserved":-5}\n', 3, "the amount -5 is impossible"),
        (b'BEGUN{"run":"a","n":1,"reserved":5e3}\n', 3, "not a line of a ledger"),
        (b'BEGUN{"run":"a","n":1,"spent":5}\n', 3, "no reservation 1 to settle"),
        (b'BEGUN{"run":"a","n":1,"reserved":5,"spent":5}\n', 3, "not a line of a ledger"),
        (b'BEGUN{"run":"a","n":1,"reserved":5}\n{"run":"a","n":1,"reserved":5}\n', 4, "reservation 1 is there twice"),
        (b'BEGUN{"run":"a","host":"h","pid":1,"started":""}\n', 3, "not the beginning of a run"),
    ],
)
def test_a_damaged_ledger_is_refused_with_its_line(tmp_path, text, line, message):
    begun = b'{"ledger":1}\n{"run":"a","host":"h","pid":1,"started":""}\n'
    (tmp_path / "l.jsonl").write_bytes(text.replace(b"BEGUN", begun))
    with pytest.raises(InputError, match=message) as raised:
        Ledger(tmp_path / "l.jsonl").reserve(1, 1, 10)
    assert raised.value.problems[0].line == line


def test_a_ledger_that_is_replaced_in_the_middle_is_refused(tmp_path):
    ledger = Ledger(tmp_path / "l.jsonl")
    assert ledger.reserve(1, 1, 10)
    (tmp_path / "l.jsonl").unlink()
    with pytest.raises(InputError, match="cut short"):
        ledger.reserve(2, 1, 10)


def test_a_ledger_is_a_regular_file_in_a_folder_that_is_there(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name, message in [
        ("pipe", "no regular file"),
        ("link", "symbolic links"),
        ("", "is a directory"),
        ("none/l.jsonl", "no such file"),
    ]:
        with pytest.raises(StorageError, match=message):
            Ledger(tmp_path / name).reserve(1, 1, 10)
    assert not (tmp_path / "elsewhere").exists()


def test_a_ledger_that_stays_locked_ends_the_wait(tmp_path):
    import fcntl

    Ledger(tmp_path / "l.jsonl").reserve(1, 1, 10)
    waited = []
    with (tmp_path / "l.jsonl").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        ledger = Ledger(tmp_path / "l.jsonl", clock=lambda: len(waited), sleep=waited.append)
        with pytest.raises(StorageError, match="another process has kept it locked for 10 s"):
            ledger.reserve(1, 1, 10)
    assert waited


def test_a_settlement_that_cannot_be_written_is_written_later(tmp_path, monkeypatch):
    ledger = Ledger(tmp_path / "l.jsonl")
    assert ledger.reserve(1, 5, 10)
    whole = (tmp_path / "l.jsonl").read_bytes()

    def half(descriptor: int, text: bytes) -> int:
        if len(text) <= 4:
            raise OSError(28, "No space left on device")
        return real(descriptor, text[: len(text) // 2])

    real = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", half)
        ledger.settle(1, spent=2)
        with pytest.raises(StorageError, match="no space left"):
            ledger.reserve(2, 1, 10)
    assert (tmp_path / "l.jsonl").read_bytes() == whole
    assert ledger.reserve(2, 8, 10)
    assert Ledger(tmp_path / "l.jsonl").totals().committed == 10


def test_processes():
    assert is_alive(this_process())
    assert is_alive(DEAD._replace(host="another machine"))
    assert not is_alive(dead())
    assert not is_alive(this_process()._replace(started="0")) or not Path("/proc/self/stat").exists()
    assert not is_alive(this_process()._replace(pid=2**70))


def test_totals_of_nothing():
    totals = LedgerTotals()
    totals.add(line_of({"ledger": 1}).strip())
    assert (totals.committed, totals.spent_usd, totals.has_live_reservations(without="")) == (0, 0, False)


RESERVE_MANY = """
import sys
from pathlib import Path
from harness.providers.ledger import Ledger

got = 0
with Ledger(Path(sys.argv[1])) as ledger:
    for number in range(200):
        if ledger.reserve(number, 7, 2_000):
            got += 1
            ledger.settle(number, **({"spent": 5} if number % 2 else {"unknown": 7}))
print(got)
"""
"""A process that makes reservations of 7 each, and prints how many it got."""


@pytest.mark.slow
def test_processes_side_by_side_never_pass_the_limit(tmp_path):
    path = tmp_path / "l.jsonl"
    command = [sys.executable, "-c", RESERVE_MANY, str(path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    got = [int(process.communicate(timeout=100)[0]) for process in processes]
    totals = Ledger(path).totals()
    assert 2_000 - 7 < totals.committed <= 2_000
    assert sum(got) == sum(line.count(b"reserved") for line in path.read_bytes().splitlines())


def test_a_folder_that_is_not_there_is_named_with_the_fix(tmp_path):
    with pytest.raises(StorageError, match="the ledger cannot be used: no such file or directory") as caught:
        Ledger(tmp_path / "no" / "l.jsonl").reserve(1, 1, 100)
    assert f"make the folder {tmp_path / 'no'}" in caught.value.problems[0].hint


def test_the_end_of_a_run_waits_for_the_disk(tmp_path, monkeypatch):
    ledger, synced = Ledger(tmp_path / "ledger"), []
    ledger.reserve(1, 5, 100)
    monkeypatch.setattr(os, "fsync", synced.append)
    ledger.settle(1, spent=2)
    ledger.close()
    assert len(synced) == 1
