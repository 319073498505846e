"""The coordinator's part of a replay, with workers in this process that end, hang, come late or find damage."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.cache.cache import Cache
from harness.cache.entry import Entry
from harness.cache.packing import unpack
from harness.errors import CacheError, MissingRepliesError
from harness.records.judgments import Outcome
from harness.runner import plan as plans
from harness.runner.finished import EndedConversation
from harness.runner.plan import Plan
from harness.runner.progress import RunStats
from harness.runner.run import Run
from harness.runner.workers import chunks
from harness.runner.workers.replay import MOST_TRIES, Replay
from support.worker_lanes import InlineExecutor, InlineWorkers
from support.worlds import ListDataset, MemoryStore, Wire, model, plan_of


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "CHUNK", 8)


@pytest.fixture(autouse=True, params=[False, True], ids=["receives-replies", "reads-caches"])
def has_same_files(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether workers read the caches themselves."""
    monkeypatch.setattr(InlineWorkers, "has_same_files", request.param)
    return bool(request.param)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a cache with all replies of the plan."""
    store, plan = MemoryStore(), plan_of()
    for _ in Run(plan, store, Wire().connect, RunStats(plan.spec.models)).parts():
        pass
    folder = tmp_path_factory.mktemp("filled") / "cache"
    with Cache(folder) as cache:
        cache.put_many([Entry(key, call, reply) for key, (call, reply) in store.held.items()])
    return folder


@pytest.fixture
def cache(filled: Path, tmp_path: Path) -> Iterator[Cache]:
    """A cache with all replies of the plan."""
    with Cache(Path(shutil.copytree(filled, tmp_path / "cache"))) as cache:
        yield cache


def rows(run: Run[object]) -> list[tuple[str, EndedConversation[Outcome]]]:
    return [(part.chunk.cell.id, judgment) for part in run.parts() for judgment in part.judged]


def replayed(cache: Cache, workers: InlineWorkers | None, plan: Plan | None = None, **more: float) -> tuple[list, int]:
    """The judgments of a replay, and the number of chunks that workers replayed."""
    plan = plan or plan_of()
    replay = None if workers is None else Replay(workers, cache.values, (cache.folder,), **more)
    found = rows(Run(plan, cache, None, RunStats(plan.spec.models), replay=replay))
    return found, 0 if replay is None else replay.chunks


CHUNKS = 20  # 40 items and 4 cells, 8 items in a chunk


def test_workers_give_the_same_judgments_in_the_same_order(cache: Cache) -> None:
    alone, _ = replayed(cache, None)
    for count in (1, 2, 5):
        workers = InlineWorkers([InlineExecutor() for _ in range(count)])
        assert replayed(cache, workers) == (alone, CHUNKS)
        assert all(one.tasks for one in workers.executors)


@pytest.mark.parametrize("task", [1, 2, 3, 7, 40])
def test_worker_that_is_lost_is_replaced_and_its_chunks_begin_again(cache: Cache, task: int) -> None:
    alone, _ = replayed(cache, None)
    workers = InlineWorkers([InlineExecutor(dies_at=(task,)), InlineExecutor()])
    assert replayed(cache, workers) == (alone, CHUNKS)
    assert workers.losses == (["worker 1"] if len(workers.executors) > 2 else [])


def test_chunk_that_ends_every_worker_is_left_to_the_coordinator(cache: Cache) -> None:
    alone, _ = replayed(cache, None)
    workers = InlineWorkers([InlineExecutor(dies_at=(1,))], lambda: InlineExecutor(dies_at=(1,)))
    assert replayed(cache, workers) == (alone, 0)
    assert len(workers.losses) >= MOST_TRIES


def test_worker_that_does_not_answer_is_replaced(cache: Cache) -> None:
    alone, _ = replayed(cache, None)
    workers = InlineWorkers([InlineExecutor(hangs_at=(2,)), InlineExecutor()])
    assert replayed(cache, workers, patience_s=0.01) == (alone, CHUNKS)
    assert workers.losses == ["worker 1"]


def test_without_workers_the_coordinator_does_all(cache: Cache) -> None:
    alone, _ = replayed(cache, None)
    assert replayed(cache, InlineWorkers([])) == (alone, 0)
    last = InlineWorkers([InlineExecutor(dies_at=(3,))], None)
    assert replayed(cache, last)[0] == alone


def test_late_worker_is_used(cache: Cache) -> None:
    plan, workers = plan_of(), InlineWorkers([])
    replay = Replay(workers, cache.values, (cache.folder,))
    run = Run(plan, cache, None, RunStats(plan.spec.models), replay=replay)
    parts = run.parts()
    next(parts)
    workers.add(InlineExecutor())
    found = [row for part in parts for row in part.judged]
    assert len(found) == 160 - 8
    assert replay.chunks >= CHUNKS - 2


def test_worker_that_forgot_a_chunk_begins_it_again(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    alone, _ = replayed(cache, None)
    monkeypatch.setattr(chunks, "CHUNKS_HELD", 1)
    assert replayed(cache, InlineWorkers([InlineExecutor()])) == (alone, CHUNKS)


def test_items_are_sent_to_a_worker_once_for_all_cells(
    cache: Cache, monkeypatch: pytest.MonkeyPatch, has_same_files: bool
) -> None:
    alone, _ = replayed(cache, None)
    chunks._blocks().clear()
    made: list[object] = []
    material = Plan.material
    monkeypatch.setattr(Plan, "material", lambda plan, chunk: made.append(chunk) or material(plan, chunk))
    assert replayed(cache, InlineWorkers([InlineExecutor()])) == (alone, CHUNKS)
    assert len(made) == 5
    monkeypatch.setattr(chunks, "BLOCKS_HELD", 3)  # this worker keeps fewer than the coordinator takes for granted
    chunks._blocks().clear()
    assert replayed(cache, InlineWorkers([InlineExecutor()])) == (alone, CHUNKS)
    # A worker that reads the caches needs no items for the second judge that asks once.
    assert len(made) == 5 + 5 + 2 * (2 if has_same_files else 3)
    assert replayed(cache, InlineWorkers([InlineExecutor()])) == (alone, CHUNKS)  # blocks of another run give way


def test_missing_replies_are_reported_as_by_one_process(cache: Cache, tmp_path: Path) -> None:
    plan = plan_of(items=50)
    with pytest.raises(MissingRepliesError, match="the cache lacks at least 60 replies for 40 judgments") as one:
        replayed(cache, None, plan)
    with pytest.raises(MissingRepliesError, match="the cache lacks at least 60 replies for 40 judgments") as other:
        replayed(cache, InlineWorkers([InlineExecutor()]), plan)
    assert str(one.value) == str(other.value)


def test_missing_calls_are_made_once_and_workers_replay_the_rest(cache: Cache) -> None:
    plan, wire = plan_of(items=50), Wire()
    workers = InlineWorkers([InlineExecutor(), InlineExecutor()])
    replay = Replay(workers, cache.values, (cache.folder,))
    found = rows(Run(plan, cache, wire.connect, RunStats(plan.spec.models), replay=replay))
    assert found == replayed(cache, None, plan)[0]
    assert len(wire.sent) == 10 * 6
    assert replay.chunks == 28 - 1  # the chunk that lacked the first reply is finished where it was found


def test_damaged_reply_is_the_same_error(cache: Cache, tmp_path: Path) -> None:
    cache.close()
    with sqlite3.connect(cache.folder / "cache.db") as database:
        ((value,),) = database.execute("SELECT value FROM Cache WHERE rowid = 5").fetchall()
        damaged = unpack(value).replace(b"Considered", b"Concealed!")
        database.execute("UPDATE Cache SET value = ? WHERE rowid = 5", (damaged,))
    database.close()
    with pytest.raises(CacheError, match="checksum") as one:
        replayed(cache, None)
    with pytest.raises(CacheError, match="checksum") as other:
        replayed(cache, InlineWorkers([InlineExecutor()]))
    assert str(one.value) == str(other.value)


def test_workers_that_read_caches_are_sent_no_replies(cache: Cache, has_same_files: bool) -> None:
    workers = InlineWorkers([InlineExecutor()])
    assert replayed(cache, workers)[1] == CHUNKS
    assert set(workers.executors[0].tasks) == ({"replay"} if has_same_files else {"start", "proceed"})


def test_models_that_cannot_be_sent_are_left_to_the_coordinator(cache: Cache) -> None:
    alone, _ = replayed(cache, None)
    local = plan_of()
    for one in local.spec.models.values():
        object.__setattr__(one, "settings", {"function": lambda: None})
    assert replayed(cache, InlineWorkers([InlineExecutor()]), local) == (alone, 0)


def test_other_items_at_the_same_rows_have_their_own_prompts(cache: Cache) -> None:
    plan = plan_of(models=[model("x"), model("y")])
    ((name, dataset),) = plan.datasets.items()
    turned = replace(plan, datasets={name: ListDataset(name, [*dataset.items()][::-1])})
    first, _ = replayed(cache, InlineWorkers([InlineExecutor()]), plan)
    found, chunks_replayed = replayed(cache, InlineWorkers([InlineExecutor()]), turned)
    assert chunks_replayed == CHUNKS
    assert found == replayed(cache, None, turned)[0]
    assert {(cell, judgment.item_id, judgment.history) for cell, judgment in found} == {
        (cell, judgment.item_id, judgment.history) for cell, judgment in first
    }
