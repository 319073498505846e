"""Workers of a cluster, by dask.distributed: those that are connected to a scheduler, as they come and go.

Each worker is a lane with an executor of its own (`Client.get_executor(workers=[...])`), so that a chunk stays where it
began and a worker that is lost takes nothing of others with it. A thread watches the scheduler, since tasks that belong
to a worker would wait for it for ever.
"""

from __future__ import annotations

import json
import logging
import platform
import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future, InvalidStateError, wait
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from harness._version import __version__
from harness.errors import InputError, Problem
from harness.runner.workers.chunks import Worker, introduce
from harness.runner.workers.lanes import LOST, Lane, WorkersError
from harness.text import printable

CONNECT_S = 8.0
"""Seconds in which a scheduler answers, and a worker that is there says what it is."""
WATCH_S = 0.25
"""Seconds between two looks at the list of workers."""
NO_WORKERS_S = 5.0
"""Seconds without workers after which a message says so."""
LOGS = ("distributed", "distributed.client", "tornado", "tornado.application")
"""Loggers of dask that print by themselves; what matters of them is reported by this module."""
RESUME = "replies that were received are stored: start a scheduler and workers, and run the same command to resume"


class _Candidate(NamedTuple):
    """A worker that has not said yet what it is."""

    lane: Lane
    said: Future[Worker]


class WorkerExecutor(Executor):
    """Runs tasks on one worker of a cluster, and gives them up when that is gone.

    The executor of dask leaves a task without an end where the scheduler goes away while its result is on its way.

    Args:
        tasks: the executor of dask.
    """

    def __init__(self, tasks: Executor) -> None:
        self._tasks = tasks
        self._open: set[Future[Any]] = set()
        self._is_gone = False

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **keywords: Any) -> Future[Any]:
        """Submit a task.

        Raises:
            BrokenExecutor: where the worker is gone.
        """
        if self._is_gone:
            raise BrokenExecutor("the worker is gone")
        task: Future[Any] = Future()
        self._open.add(task)
        task.add_done_callback(self._open.discard)
        self._tasks.submit(function, *arguments, **keywords).add_done_callback(lambda done: _pass_on(done, task))
        return task

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Give up all tasks."""
        self._is_gone = True
        for task in list(self._open):
            with suppress(InvalidStateError):
                task.set_exception(BrokenExecutor("the worker is gone"))
        self._tasks.shutdown(wait=False)


def _pass_on(done: Future[Any], task: Future[Any]) -> None:
    """The outcome of a task of dask as that of ours, which may have been cancelled."""
    with suppress(InvalidStateError):
        if done.cancelled():
            task.set_exception(BrokenExecutor("the worker is gone"))
        elif (error := done.exception()) is not None:
            task.set_exception(error)
        else:
            task.set_result(done.result())


class ClusterWorkers:
    """The workers of a dask scheduler; a context manager that leaves scheduler and workers as they are.

    Args:
        address: of the scheduler, such as `tcp://10.0.0.5:8786`, or the path of its scheduler file.
        report: receives messages about workers that come and go.
    """

    poll_s = 0.5
    has_own_keys = True
    has_same_files = False

    def __init__(self, address: str, report: Callable[[str], None] = lambda _: None) -> None:
        self._address, self._report = address, report
        self._client: Any = None
        self._lock = threading.Lock()
        self._candidates: dict[str, _Candidate] = {}
        self._lanes: dict[str, Lane] = {}
        self._left_out: dict[str, str] = {}
        """Workers that are not used, by address, with the reason; "" for one that was lost."""
        self._is_gone = False
        self._last_s = time.monotonic()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="cluster-watch", daemon=True)
        self._levels = {name: logging.getLogger(name).level for name in LOGS}

    def __enter__(self) -> ClusterWorkers:
        try:
            self._client = _connected(self._address)
            self._update()
            wait([one.said for one in self._candidates.values()], CONNECT_S)
            self._update()
            if any(self._left_out.values()):
                raise self._refusal()
        except BaseException:
            self._close()
            raise
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._thread.join()
        self._close()

    def lanes(self) -> list[Lane]:
        """The workers that can be given tasks now.

        Raises:
            WorkersError: where the scheduler is gone, or only workers of another version are there.
        """
        with self._lock:
            if self._is_gone:
                raise WorkersError(f"the scheduler at {self._address} is gone", hint=RESUME)
            if not self._lanes and not self._candidates and any(self._left_out.values()):
                raise self._refusal()
            return list(self._lanes.values())

    def lost(self, lane: Lane) -> None:
        """Do not use a worker any more, which has ended or does not answer; the scheduler may be gone instead."""
        if self._client.status != "running":
            self._give_up()
        with self._lock:
            address = next((address for address, one in self._lanes.items() if one is lane), None)
            if self._is_gone or address is None:
                return
            del self._lanes[address]
            self._left_out[address] = ""
        self._say_lost(lane)

    def _watch(self) -> None:
        while not self._ends.wait(WATCH_S) and not self._is_gone:
            self._update()

    def _update(self) -> None:
        """Take new workers into account, and give up those that are gone."""
        addresses = self._addresses()
        if addresses is None:
            self._give_up()
            return
        with self._lock:
            gone = [self._lanes.pop(address) for address in [*self._lanes] if address not in addresses]
            known = self._lanes.keys() | self._candidates.keys() | self._left_out.keys()
        for lane in gone:
            self._say_lost(lane)
        for address in addresses - known:
            executor = self._client.get_executor(workers=[address], allow_other_workers=False, pure=False)
            lane = Lane(f"worker {printable(address)}", WorkerExecutor(executor))
            self._candidates[address] = _Candidate(lane, lane.executor.submit(introduce))
        for address, one in list(self._candidates.items()):
            self._admit(address, one, is_there=address in addresses)
        self._say_without_workers()

    def _give_up(self) -> None:
        """End all tasks: the scheduler is gone."""
        with self._lock:
            self._is_gone, lanes = True, list(self._lanes.values())
        for lane in lanes:
            lane.executor.shutdown(wait=False)

    def _addresses(self) -> set[str] | None:
        """The addresses of the workers that are connected; None where the scheduler is gone."""
        try:
            if self._client.status != "running":
                return None
            # Not `scheduler_info`, which now and then returns what the client remembers, without any worker.
            return set(self._client.nthreads())
        except Exception:  # whatever the client raises while it loses its connection
            return None

    def _admit(self, address: str, one: _Candidate, *, is_there: bool) -> None:
        """Use a worker that has said what it is, or leave it out."""
        if is_there and not one.said.done():
            return
        with self._lock:
            del self._candidates[address]
            if not is_there:
                one.said.cancel()
                return
            reason = _reason_against(one.said)
            if reason:
                self._left_out[address] = f"{one.lane.name} {reason}"
            else:
                self._lanes[address] = one.lane
        if reason and self._thread.is_alive():
            self._report(f"{one.lane.name} {reason}; it is not used")

    def _say_without_workers(self) -> None:
        now = time.monotonic()
        if self._lanes:
            self._last_s = now
        elif now - self._last_s > NO_WORKERS_S:
            self._last_s = float("inf")
            self._report(f"the scheduler at {self._address} has no workers yet; waiting for the first one")

    def _say_lost(self, lane: Lane) -> None:
        self._report(f"{lane.name} was lost; what it had in flight is done again")
        lane.executor.shutdown(wait=False)

    def _refusal(self) -> WorkersError:
        hint = "install the same version of the harness and of Python for all workers and for this process"
        reasons = sorted(reason for reason in self._left_out.values() if reason)
        return WorkersError(Problem(message=reason, hint=hint) for reason in reasons)

    def _close(self) -> None:
        if self._client is not None:
            for lane in self._lanes.values():
                with suppress(Exception):
                    lane.executor.shutdown(wait=False)
            with suppress(Exception):  # the scheduler may be gone
                self._client.close(timeout=2)
        for name, level in self._levels.items():
            logging.getLogger(name).setLevel(level)


def _connected(address: str) -> Any:
    """A client of a scheduler.

    Raises:
        InputError: where the extra is missing.
        WorkersError: where the scheduler cannot be reached.
    """
    try:
        from distributed import Client
        from distributed.comm.addressing import get_address_host_port
    except ImportError:
        hint = "install it with `pip install 'fellowship-harness[cluster]'`"
        raise InputError("a run with --scheduler needs the extra `cluster`", hint=hint) from None
    for name in LOGS:  # only now: importing dask sets them
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    place = _address_in(Path(address)) if Path(address).is_file() else address
    try:
        get_address_host_port(place, strict=True)  # a client that is given a wrong one cannot be closed for a while
    except ValueError as error:
        message = f"{address} is not the address of a scheduler: {printable(str(error))}"
        raise InputError(message, hint="`dask scheduler` prints its address, such as tcp://10.0.0.5:8786") from None
    opened: Any = Client
    try:
        return opened(place, timeout=CONNECT_S, set_as_default=False)
    except (OSError, TimeoutError) as error:
        reason = printable(str(error).splitlines()[0] if str(error) else type(error).__name__)
        raise WorkersError(
            f"the scheduler at {address} cannot be reached: {reason}",
            hint="start one with `dask scheduler`, which prints its address",
        ) from None


def _address_in(path: Path) -> str:
    """The address in a scheduler file.

    Raises:
        InputError: where the file is none.
    """
    try:
        address = json.loads(path.read_bytes())["address"]
        if isinstance(address, str):
            return address
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise InputError(
        Problem(file=str(path), message="is no scheduler file", hint="`--scheduler-file` of dask writes one")
    )


def _reason_against(said: Future[Worker]) -> str:
    """Why a worker cannot be used; "" for nothing."""
    try:
        worker = said.result()
    except LOST:
        return "ended before it said what it is"
    except ModuleNotFoundError:
        return f"has no harness, and this process has {__version__}"
    except Exception as error:
        return f"cannot run tasks: {printable(str(error).splitlines()[0] if str(error) else type(error).__name__)}"
    if worker.version != __version__:
        return f"has version {worker.version} of the harness, and this process has {__version__}"
    own = platform.python_version()
    if worker.python.split(".")[:2] != own.split(".")[:2]:
        return f"runs Python {worker.python}, and this process runs {own}"
    return ""
