"""Attempts that workers make: results, lost and stuck workers, keys, and limits that hold for all together."""

from __future__ import annotations

import asyncio
import pickle
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Any

import pytest

from harness.errors import BudgetReachedError, ModelStopped, ProviderError
from harness.providers.attempts import MOST_LOST
from harness.providers.budget import Budget, BudgetGuard
from harness.providers.provider import Context
from harness.records.calls import Call, Limits, Model, Price, Reply
from harness.runner.workers import attempts
from harness.runner.workers.asking import DelegatedConnection, Delegation
from harness.runner.workers.lanes import Lane, WorkersError
from support.chat_server import chat_server

pytestmark = pytest.mark.whole

KEY = "sk-only-in-the-environment"


class Pickling(Executor):
    """Runs tasks in a thread, with arguments and results as another process would receive them.

    Args:
        dies_at: number of the task, from 1, at which the worker is lost; its results are too.
        hangs_at: number of the task that never ends.
    """

    def __init__(self, *, dies_at: int = 0, hangs_at: int = 0) -> None:
        self.sent: list[bytes] = []
        self._dies_at, self._hangs_at = dies_at, hangs_at
        self._thread = ThreadPoolExecutor(1)

    def submit(self, function: Callable[..., Any], /, *arguments: Any, **_: Any) -> Future[Any]:
        self.sent.append(pickle.dumps(arguments))
        if self._dies_at and len(self.sent) >= self._dies_at:
            raise BrokenProcessPool("terminated")
        if len(self.sent) == self._hangs_at:
            return Future()
        sent = self.sent[-1]
        return self._thread.submit(lambda: pickle.loads(pickle.dumps(function(*pickle.loads(sent)))))


class Pool:
    """Workers in this process; one that is lost is replaced.

    Args:
        executors: of the first workers, and then of their replacements.
        count: the number of workers.
    """

    poll_s = 0.001
    has_own_keys = False
    has_same_files = False

    def __init__(self, *executors: Executor, count: int = 1) -> None:
        self._next = iter(executors)
        self.losses = 0
        self._lanes = [Lane(f"worker {number}", next(self._next)) for number in range(count)]

    def lanes(self) -> list[Lane]:
        return self._lanes

    def lost(self, lane: Lane) -> None:
        if lane in self._lanes:
            self.losses += 1
            self._lanes[self._lanes.index(lane)] = Lane(lane.name, next(self._next, Pickling()))


@contextmanager
def endpoint() -> Iterator[tuple[Model, list[dict[str, Any]]]]:
    """A model at a loopback endpoint, and the requests that it got."""

    def answer(request: dict[str, Any], number: int) -> dict[str, Any]:
        text = f"reply to {request['messages'][-1]['content']}"
        return {
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 10, "total_tokens": 20},
        }

    with chat_server(answer) as (url, requests):
        params = {"max_tokens": 100}
        limits = Limits(concurrency=4, timeout_s=10, attempts=1)
        yield Model("m", "openai", "m", params, url, "SOME_KEY", Price(1, 1), limits), requests


@pytest.fixture(autouse=True)
def worker(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The environment of a worker; what one that was lost had in flight is ended afterwards."""
    monkeypatch.setenv("SOME_KEY", KEY)
    yield
    for run in list(attempts._runs()):
        attempts.finish(run)


async def _no_sleep(_: float) -> None:
    await asyncio.sleep(0)


def asked(pool: Pool, model: Model, calls: int, *, late_s: float = 30.0, **more: Any) -> list[Reply | BaseException]:
    """The replies to some calls, or the errors."""

    async def work() -> list[Reply | BaseException]:
        delegation = Delegation(pool, late_s)
        connection = DelegatedConnection(model, Context({}, sleep=_no_sleep, **more), delegation)
        sent = [
            asyncio.ensure_future(connection.send(Call(model, [{"role": "user", "content": str(number)}])))
            for number in range(calls)
        ]
        try:
            return await asyncio.gather(*sent, return_exceptions=True)
        finally:
            await connection.close()

    return asyncio.run(work())


def texts(replies: list[Reply | BaseException]) -> list[str]:
    return [reply.text if isinstance(reply, Reply) else repr(reply) for reply in replies]


def test_workers_make_attempts_and_no_task_holds_a_key() -> None:
    first, second = Pickling(), Pickling()
    with endpoint() as (model, requests):
        replies = asked(Pool(first, second, count=2), model, 30)
    assert texts(replies) == [f"reply to {number}" for number in range(30)]
    assert len(requests) == 30
    assert first.sent
    assert second.sent
    assert not any(KEY.encode() in task for task in first.sent + second.sent)


@pytest.mark.parametrize("task", [1, 2, 3])
def test_attempts_of_a_lost_worker_are_made_again_whatever_the_model_allows(task: int) -> None:
    with endpoint() as (model, requests):
        pool = Pool(Pickling(dies_at=task))
        assert texts(asked(pool, model, 12)) == [f"reply to {number}" for number in range(12)]
    assert pool.losses == 1
    assert 12 <= len(requests) <= 12 + model.limits.concurrency


def test_call_that_is_lost_with_every_worker_fails() -> None:
    with endpoint() as (model, requests):
        pool = Pool(*(Pickling(dies_at=1) for _ in range(MOST_LOST + 1)))
        (error,) = asked(pool, model, 1)
    assert isinstance(error, ProviderError)
    assert "its worker was lost" in str(error)
    assert pool.losses == MOST_LOST + 1
    assert requests == []


def test_worker_that_does_not_answer_is_replaced() -> None:
    with endpoint() as (model, _):
        pool = Pool(Pickling(hangs_at=1))
        replies = asked(pool, model, 3, late_s=1.0 - model.limits.timeout_s)
    assert pool.losses >= 1  # a slow machine may take a worker for a stopped one
    assert texts(replies) == ["reply to 0", "reply to 1", "reply to 2"]


def test_budget_holds_for_all_workers_together_and_lost_attempts_keep_their_reservation() -> None:
    with endpoint() as (model, requests):
        budget = Budget(0.0006)  # five attempts of at most $0.00011
        replies = asked(Pool(Pickling(dies_at=2), Pickling(), count=2), model, 40, budget=BudgetGuard(budget))
    assert any(isinstance(reply, BudgetReachedError) for reply in replies)
    assert sum(isinstance(reply, Reply) for reply in replies) <= len(requests) < 40
    assert budget.spent_usd + budget.unknown_usd <= 0.0006
    assert budget.unknown_usd > 0


def test_missing_key_of_a_worker_stops_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOME_KEY")
    with endpoint() as (model, requests):
        (error,) = asked(Pool(Pickling()), model, 1)
    assert isinstance(error, ModelStopped)
    assert "SOME_KEY" in str(error)
    assert "a worker cannot ask it" in str(error)
    assert requests == []


class Gone(Pool):
    """Workers that end again and again."""

    def lanes(self) -> list[Lane]:
        raise WorkersError("there are no workers")


def test_end_of_all_workers_is_the_error_of_the_calls() -> None:
    with endpoint() as (model, _):
        (error,) = asked(Gone(Pickling()), model, 1)
    assert isinstance(error, WorkersError)


def test_result_that_cannot_be_sent_is_a_fault_of_its_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Pickling):
        def submit(self, function: Callable[..., Any], /, *arguments: Any, **_: Any) -> Future[Any]:
            failed: Future[Any] = Future()
            failed.set_exception(TypeError("cannot pickle"))
            return failed

    with endpoint() as (model, _):
        (error,) = asked(Pool(Broken()), model, 1)
    assert isinstance(error, ProviderError)
    assert "TypeError" in str(error)
