"""Worker processes of this machine: started, killed, stopped, and gone with their coordinator."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import pytest

from harness.runner.workers import processes
from harness.runner.workers.lanes import Lane, WorkersError
from harness.runner.workers.processes import ProcessLane, ProcessWorkers

pytestmark = pytest.mark.whole


def test_lost_process_is_replaced_and_all_end_with_the_context() -> None:
    said: list[str] = []
    with ProcessWorkers(2, said.append) as workers:
        workers.wait_until_ready()
        first, second = workers.lanes()
        number = first.executor.submit(os.getpid).result()
        os.kill(number, signal.SIGTERM)  # the system may send it to all processes: only the coordinator acts on it
        assert first.executor.submit(os.getpid).result() == number
        os.kill(number, signal.SIGKILL)
        with pytest.raises(BrokenProcessPool, match="terminated abruptly"):
            first.executor.submit(time.sleep, 60).result()
        workers.lost(first)
        assert second in workers.lanes()
        assert first not in workers.lanes()
        workers.wait_until_ready()
        assert [lane.name for lane in workers.lanes()] == ["worker 1", "worker 2"]
        os.kill(second.executor.submit(os.getpid).result(), signal.SIGSTOP)
    assert said == [f"worker 1 (process {number}) was lost; what it had in flight is done again"]
    deadline = time.monotonic() + 60
    while multiprocessing.active_children():
        assert time.monotonic() < deadline


def test_processes_end_with_a_coordinator_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "coordinator.py"
    script.write_text(
        "import os, signal\n"
        "from harness.runner.workers.processes import ProcessWorkers\n"
        'if __name__ == "__main__":\n'
        "    with ProcessWorkers(1) as workers:\n"
        "        workers.wait_until_ready()\n"
        "        print(workers.lanes()[0].executor.submit(os.getpid).result(), flush=True)\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    worker = int(ended.stdout)
    deadline = time.monotonic() + 60
    while _is_running(worker):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_processes_that_never_start_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(name: str) -> ProcessLane:
        started: Future[object] = Future()
        started.set_exception(BrokenProcessPool("terminated"))
        return ProcessLane(name, processes.ProcessPoolExecutor(1), 0, started)  # type: ignore[arg-type]

    monkeypatch.setattr(processes, "_started", failing)
    with ProcessWorkers(1) as workers:
        workers.wait_until_ready()
        for _ in range(processes.MOST_LOST - 1):
            assert workers.lanes() == []
        with pytest.raises(WorkersError, match="end before they have started; a script that starts workers needs"):
            workers.lanes()
        workers.lost(Lane("another", workers._lanes[0].executor))  # not one of these
