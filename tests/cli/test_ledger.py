"""`harness ledger`: the runs of a ledger, and what killed ones left."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import main
from harness.providers.ledger import Ledger
from harness.providers.ledger_lines import UNITS
from harness.providers.ledger_process import ProcessIdentity, this_process
from harness.records.document import Document
from harness.spec.schema import check

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")

LIMIT = 100 * UNITS
HERE = this_process()
KILLED = HERE._replace(pid=2**22 + 1)
REUSED = HERE._replace(started=f"1{HERE.started}")
"""A process that ended, whose number this process has now."""
ELSEWHERE = ProcessIdentity("another\x1b[31m\u202emachine", 7, "1")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "l.jsonl"


def held(file: Path, identity: ProcessIdentity, *units: int) -> str:
    """A run of a process with reservations; its id."""
    run = Ledger(file, identity=identity)
    for number, amount in enumerate(units):
        assert run.reserve(number, amount, LIMIT)
    return run.run


def harness(file: Path, *words: str) -> Result:
    return CliRunner().invoke(main, ["ledger", str(file), *words])


def document(file: Path, *words: str) -> dict:
    shown = harness(file, "--json", *words)
    assert shown.exit_code == 0, shown.output
    found = json.loads(shown.stdout)
    assert check(Document("", found), "ledger") == []
    return found


def test_every_run_is_listed_with_its_state(file):
    with Ledger(file) as ended:
        assert ended.reserve(1, UNITS, LIMIT)
        ended.settle(1, spent=UNITS // 2)
        assert ended.reserve(2, UNITS // 4, LIMIT)
        ended.settle(2, unknown=UNITS // 4)
    held(file, KILLED, UNITS // 8, UNITS // 8)
    held(file, ELSEWHERE, UNITS)
    held(file, HERE, UNITS * 2)
    found = document(file)
    assert [(run["state"], run["spent_usd"], run["unknown_usd"], run["reserved_usd"]) for run in found["runs"]] == [
        ("ended", 0.5, 0.25, 0),
        ("killed", 0, 0, 0.25),
        ("elsewhere", 0, 0, 1),
        ("in progress", 0, 0, 2),
    ]
    assert [run["reserved_calls"] for run in found["runs"]] == [0, 2, 1, 1]
    sums = [found[name] for name in ("spent_usd", "unknown_usd", "left_usd", "in_flight_usd", "settled")]
    assert sums == [0.5, 0.5, 0.25, 3, None]
    shown = harness(file).stdout
    assert "$0.5000 spent, up to $0.5000 of unknown cost ($0.2500 of it left by killed runs), $3.0000 reserved" in shown
    assert "--settle USD replaces what killed runs left by its true cost" in shown
    assert "anothermachine 7" in shown
    assert not {"\x1b", "\u202e"} & set(shown)


@pytest.mark.parametrize("identity", [KILLED, REUSED], ids=["killed", "its number is used by another process"])
def test_what_killed_runs_left_is_replaced_by_its_cost(file, identity):
    if identity is REUSED and not Path("/proc/self/stat").exists():
        pytest.skip("this system does not say when a process started")
    first, second = held(file, identity, UNITS, 2 * UNITS), held(file, identity, UNITS)
    others = held(file, HERE, UNITS), held(file, ELSEWHERE, UNITS)
    found = document(file, "--settle", "0.1")
    assert found["settled"] == {
        "cost_usd": 0.1,
        "runs": [{"run": first, "reserved_usd": 3}, {"run": second, "reserved_usd": 1}],
    }
    assert [(run["state"], run["spent_usd"], run["reserved_usd"]) for run in found["runs"]] == [
        ("ended", 0.075, 0),
        ("ended", 0.025, 0),
        ("in progress", 0, 1),
        ("elsewhere", 0, 1),
    ]
    assert [run["run"] for run in found["runs"]][2:] == [*others]
    before = file.read_bytes()
    assert document(file, "--settle", "5")["settled"] == {"cost_usd": 0, "runs": []}
    assert "nothing was left to settle" in harness(file, "--settle", "5").stdout
    assert file.read_bytes() == before


def test_settled_money_can_be_spent(file):
    held(file, KILLED, LIMIT)
    run = Ledger(file)
    assert not run.reserve(1, 1, LIMIT)
    shown = harness(file, "--settle", "0")
    assert "settled: $100.0000 that 1 run left reserved counts as $0.0000 spent" in shown.stdout
    assert run.reserve(1, LIMIT, LIMIT)


def test_a_run_of_another_machine_is_settled_by_name_only(file):
    first, second = held(file, ELSEWHERE, UNITS), held(file, ELSEWHERE, UNITS)
    assert document(file, "--settle", "0")["settled"]["runs"] == []
    found = document(file, "--settle", "0", "--run", first)
    assert [one["run"] for one in found["settled"]["runs"]] == [first]
    assert [(run["run"], run["reserved_usd"]) for run in found["runs"]] == [(first, 0), (second, 1)]


def test_a_run_in_progress_is_never_settled(file):
    run = held(file, HERE, UNITS)
    before = file.read_bytes()
    assert document(file, "--settle", "0")["settled"]["runs"] == []
    shown = harness(file, "--settle", "0", "--run", run[:8])
    assert shown.exit_code == 2
    assert f"the run {run} is in progress, in process {HERE.pid}, and settles its calls itself; wait" in shown.stderr
    assert file.read_bytes() == before


def test_a_run_is_named_by_the_beginning_of_its_id(file):
    for _ in range(17):
        run = held(file, KILLED, UNITS)
    shown = harness(file, "--settle", "0", "--run", "zz")
    assert (shown.exit_code, "no run `zz`; `harness ledger" in shown.stderr) == (2, True)
    starts = [one["run"][0] for one in document(file)["runs"]]
    common = next(start for start in starts if starts.count(start) > 1)
    shown = harness(file, "--settle", "0", "--run", common)
    assert f"{starts.count(common)} runs have an id that begins with `{common}`" in shown.stderr
    assert [one["run"] for one in document(file, "--settle", "0", "--run", run)["settled"]["runs"]] == [run]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--run", "a"], "--run selects a run to settle; add --settle USD"),
        (["--settle", "-1"], "is not in the range"),
        (["--settle", "nan"], "nan is not a finite number"),
        (["--settle", "all"], "is not a valid float"),
        ([], "there is no ledger; `harness run --ledger FILE` makes one"),
    ],
)
def test_bad_input_is_an_error_and_makes_no_file(file, words, message):
    shown = harness(file, *words)
    assert shown.exit_code == 2
    assert message in shown.stderr
    assert not file.exists()


def test_a_file_that_is_no_ledger_is_named(tmp_path):
    (tmp_path / "spec.yaml").write_text("schema: 1\n")
    shown = harness(tmp_path / "spec.yaml", "--settle", "0")
    assert shown.exit_code == 2
    assert "spec.yaml:1: the ledger is damaged: this is not JSON" in shown.stderr
    assert (tmp_path / "spec.yaml").read_text() == "schema: 1\n"


@pytest.mark.slow
def test_processes_that_settle_at_once_settle_once(file):
    for number in range(1, 41):
        held(file, KILLED, number)
    alive = held(file, HERE, UNITS)
    command = [sys.executable, "-m", "harness", "ledger", str(file), "--settle", "3", "--json"]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(4)]
    settled = [json.loads(process.communicate(timeout=100)[0])["settled"] for process in running]
    assert [process.returncode for process in running] == [0] * 4
    assert sorted(len(one["runs"]) for one in settled) == [0, 0, 0, 40]
    totals = Ledger(file).totals()
    assert totals.committed == 3 * UNITS + UNITS
    assert totals.runs[alive].reserved == {0: UNITS}
