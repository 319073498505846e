"""Workers of a scheduler as they come, go, are refused and are lost; the client of dask is replaced."""

from __future__ import annotations

import os
import platform
from concurrent.futures import BrokenExecutor, Executor, Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from harness._version import __version__
from harness.errors import InputError
from harness.runner.workers import cluster
from harness.runner.workers.chunks import Worker
from harness.runner.workers.cluster import ClusterWorkers, WorkerExecutor
from harness.runner.workers.lanes import Lane, WorkersError

HERE = Worker(__version__, platform.python_version(), os.getpid())


class Introduced(Executor):
    """The executor of a worker, whose only task is to say what the worker is."""

    def __init__(self, said: Worker | BaseException | None) -> None:
        self.said = said
        self.is_shut = False

    def submit(self, function: Any, /, *arguments: Any, **_: Any) -> Future[Any]:
        future: Future[Any] = Future()
        if isinstance(self.said, BaseException):
            future.set_exception(self.said)
        elif self.said is not None:
            future.set_result(self.said)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self.is_shut = True


class Client:
    """A client of a scheduler with workers that the test adds and removes."""

    def __init__(self, **workers: Worker | BaseException | None) -> None:
        self.status = "running"
        self.workers = {name: Introduced(said) for name, said in workers.items()}
        self.is_closed = False

    def nthreads(self) -> dict[str, int]:
        if self.status == "failing":
            raise OSError("the connection was lost")
        return dict.fromkeys(self.workers, 1)

    def get_executor(self, workers: list[str], **_: Any) -> Introduced:
        return self.workers[workers[0]]

    def close(self, timeout: float) -> None:
        self.is_closed = True


@pytest.fixture
def said() -> list[str]:
    return []


def opened(monkeypatch: pytest.MonkeyPatch, client: Client, said: list[str]) -> ClusterWorkers:
    """The workers of a scheduler, which are examined only where the test does it."""
    monkeypatch.setattr(cluster, "_connected", lambda address: client)
    monkeypatch.setattr(cluster, "WATCH_S", 3600.0)
    monkeypatch.setattr(cluster, "CONNECT_S", 0.01)
    return ClusterWorkers("tcp://here:1", said.append)


def names(workers: ClusterWorkers) -> list[str]:
    return [lane.name for lane in workers.lanes()]


def test_workers_are_used_as_they_come_and_given_up_as_they_go(
    monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    client = Client(one=HERE)
    with opened(monkeypatch, client, said) as workers:
        assert names(workers) == ["worker one"]
        client.workers["late"] = Introduced(HERE)
        client.workers["starting"] = Introduced(None)
        workers._update()
        workers._update()
        assert names(workers) == ["worker one", "worker late"]
        first = client.workers.pop("one")
        del client.workers["starting"]
        workers._update()
        assert names(workers) == ["worker late"]
        assert first.is_shut
        assert said == ["worker one was lost; what it had in flight is done again"]
    assert client.is_closed


def test_worker_that_does_not_answer_is_not_used_again(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    client = Client(one=HERE, two=HERE)
    with opened(monkeypatch, client, said) as workers:
        lane = workers.lanes()[0]
        workers.lost(lane)
        workers.lost(lane)  # its other tasks say the same
        workers._update()
        assert len(workers.lanes()) == 1
        workers.lost(Lane("unknown", Introduced(None)))
    assert said == [f"{lane.name} was lost; what it had in flight is done again"]


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (HERE._replace(version="0.1"), f"has version 0.1 of the harness, and this process has {__version__}"),
        (HERE._replace(python="3.9.1"), f"runs Python 3.9.1, and this process runs {platform.python_version()}"),
        (ModuleNotFoundError("harness"), f"has no harness, and this process has {__version__}"),
        (ValueError("no\nroom"), "cannot run tasks: no"),
        (ValueError(), "cannot run tasks: ValueError"),
    ],
)
def test_other_worker_is_refused(
    monkeypatch: pytest.MonkeyPatch, said: list[str], other: Worker | BaseException, reason: str
) -> None:
    with (
        pytest.raises(WorkersError, match="install the same version of the harness and of Python") as error,
        opened(monkeypatch, Client(one=HERE, other=other), said),
    ):
        pass
    assert [problem.message for problem in error.value.problems] == [f"worker other {reason}"]
    client = Client(one=HERE)
    with opened(monkeypatch, client, said) as workers:
        client.workers["other"] = Introduced(other)
        workers._update()
        workers._update()
        assert names(workers) == ["worker one"]
        assert said == [f"worker other {reason}; it is not used"]
        client.workers.pop("one")
        workers._update()
        with pytest.raises(WorkersError, match="worker other"):
            workers.lanes()


def test_worker_that_ends_at_once_is_refused_later_and_a_cancelled_one_too(
    monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    client = Client()
    with opened(monkeypatch, client, said) as workers:
        client.workers["brief"] = Introduced(BrokenProcessPool("ended"))
        workers._update()
        assert workers._left_out == {"brief": "worker brief ended before it said what it is"}


@pytest.mark.parametrize("status", ["connecting", "failing"])
def test_scheduler_that_is_gone_ends_the_run(monkeypatch: pytest.MonkeyPatch, said: list[str], status: str) -> None:
    client = Client(one=HERE)
    with opened(monkeypatch, client, said) as workers:
        client.status = status
        workers._update()
        with pytest.raises(WorkersError, match="tcp://here:1 is gone; replies that were received are stored: start a"):
            workers.lanes()
        assert client.workers["one"].is_shut


def test_lost_worker_may_be_a_lost_scheduler(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    client = Client(one=HERE)
    with opened(monkeypatch, client, said) as workers:
        (lane,) = workers.lanes()
        client.status = "connecting"
        workers.lost(lane)
        with pytest.raises(WorkersError, match="is gone"):
            workers.lanes()
    assert said == []


def test_tasks_of_a_worker_that_is_gone_end_although_dask_leaves_them_without_an_end() -> None:
    class Tasks(Executor):
        """Tasks that the test ends."""

        def __init__(self) -> None:
            self.made: list[Future[Any]] = []

        def submit(self, function: Any, /, *arguments: Any, **_: Any) -> Future[Any]:
            self.made.append(Future())
            return self.made[-1]

    tasks = Tasks()
    executor = WorkerExecutor(tasks)
    result, error, cancelled, left = [executor.submit(print) for _ in range(4)]
    tasks.made[0].set_result("done")
    tasks.made[1].set_exception(ValueError("wrong"))
    tasks.made[2].cancel()
    assert result.result() == "done"
    assert isinstance(error.exception(), ValueError)
    assert isinstance(cancelled.exception(), BrokenExecutor)
    executor.shutdown()
    tasks.made[3].set_result("too late")
    assert isinstance(left.exception(), BrokenExecutor)
    with pytest.raises(BrokenExecutor, match="the worker is gone"):
        executor.submit(print)


def test_scheduler_without_workers_is_reported_once(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    monkeypatch.setattr(cluster, "NO_WORKERS_S", -1.0)
    with opened(monkeypatch, Client(), said) as workers:
        workers._update()
        assert workers.lanes() == []
    assert said == ["the scheduler at tcp://here:1 has no workers yet; waiting for the first one"]


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("foo://here:1", "foo://here:1 is not the address of a scheduler: unknown address scheme"),
        ("here", "here is not the address of a scheduler: "),
        ("spec.yaml", r"spec\.yaml: is no scheduler file; "),
        ("list.json", r"list\.json: is no scheduler file; "),
    ],
)
def test_wrong_address_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, message: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("spec.yaml").write_text("schema: 1")
    Path("list.json").write_text('{"address": 5}')
    with pytest.raises(InputError, match=message), ClusterWorkers(address):
        pass


def test_scheduler_that_cannot_be_reached_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "CONNECT_S", 0.2)
    file = tmp_path / "scheduler.json"
    file.write_text('{"address": "tcp://127.0.0.1:1"}')
    with (
        pytest.raises(WorkersError, match=r"cannot be reached: .*; start one with `dask scheduler`"),
        ClusterWorkers(str(file)),
    ):
        pass


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(InputError, match=r"needs the extra `cluster`; install it with"), ClusterWorkers("tcp://h:1"):
        pass
