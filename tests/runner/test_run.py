"""A run over a world in memory, with the order of completion shuffled."""

from __future__ import annotations

import re
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import nullcontext
from threading import Timer

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cache.entry import Entry
from harness.cache.key import call_bytes, call_key
from harness.errors import CacheError, HarnessError, MissingRepliesError, ModelStopped, ProviderError, StorageError
from harness.records.calls import Call, Reply
from harness.records.judgments import Outcome
from harness.runner.executor import UNSTORED_WINDOW
from harness.runner.finished import EndedConversation
from harness.runner.plan import Plan
from harness.runner.progress import RunStats
from harness.runner.run import Run
from harness.runner.session import CallNote, ConversationState
from support.worlds import Answer, MemoryStore, Wire, item, model, plain_answer, plan_of


def judged(
    plan: Plan, store: MemoryStore, wire: Wire | None, watch: RunStats | None = None
) -> list[tuple[str, EndedConversation[Outcome]]]:
    run = Run(plan, store, wire.connect if wire else None, watch or RunStats(plan.spec.models))
    return [(part.chunk.cell.id, judgment) for part in run.parts() for judgment in part.judged]


def test_rows_come_in_canonical_order_with_their_calls() -> None:
    plan, store, wire = plan_of(items=3), MemoryStore(), Wire()
    rows = judged(plan, store, wire)
    assert [(cell, row.item_id) for cell, row in rows] == [(cell.id, f"i{k}") for cell in plan.cells for k in range(3)]
    assert all(len(row.history) == (1 if "direct" in cell else 2) for cell, row in rows)
    assert all(
        (row.prompt_tokens, row.completion_tokens) == (100 * len(row.history), 10 * len(row.history)) for _, row in rows
    )
    assert {key for _, row in rows for key in row.history} == set(store.held)
    assert all(store.held[call_key(call)][0] == call_bytes(call) for call in wire.sent)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("concurrency", [1, 3, 64])
def test_rows_do_not_depend_on_concurrency_or_order_of_completion(concurrency: int, seed: int) -> None:
    plan = plan_of(models=[model("x", concurrency=concurrency), model("y", concurrency=1)])
    assert judged(plan, MemoryStore(), Wire(seed=seed)) == judged(plan_of(), MemoryStore(), Wire())


def test_second_run_makes_no_call_and_opens_no_connection() -> None:
    plan, store = plan_of(), MemoryStore()
    first = judged(plan, store, Wire())
    wire = Wire()
    assert judged(plan, store, wire) == first == judged(plan, store, None)
    assert not wire.opened


def interrupted_after(calls: int) -> Answer:
    """Answers so many calls, and then interrupts the run as Ctrl-C does."""
    left = iter(range(calls))

    def answer(call: Call) -> Reply:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return plain_answer(call)

    return answer


@settings(max_examples=25, deadline=None)
@given(stops=st.lists(st.integers(0, 70), max_size=4), seed=st.integers(0, 1000))
def test_run_that_was_stopped_asks_only_for_what_is_missing(stops: list[int], seed: int) -> None:
    plan, store, acknowledged = plan_of(items=20), MemoryStore(), 0
    for stop in stops:
        ends_early = stop < 120 - len(store.held)
        with pytest.raises(KeyboardInterrupt) if ends_early else nullcontext():
            judged(plan, store, Wire(interrupted_after(stop), seed))
        assert len(store.held) >= acknowledged
        acknowledged = len(store.held)
    wire = Wire(seed=seed)
    assert judged(plan, store, wire) == judged(plan_of(items=20), MemoryStore(), Wire())
    assert len(wire.sent) == 120 - acknowledged


def test_identical_calls_under_way_are_made_once() -> None:
    same = [item(0)._replace(id=f"i{k}") for k in range(30)]
    wire = Wire()
    rows = judged(plan_of(items=same, strategies=["direct"]), MemoryStore(), wire)
    assert len(wire.sent) == 2  # one for each model
    assert len({row._replace(item_id="") for _, row in rows}) <= 2


def test_a_lane_keeps_only_so_many_conversations_under_way() -> None:
    wire = Wire()
    judged(plan_of(items=200, models=[model("x", concurrency=2)], strategies=["direct"]), MemoryStore(), wire)
    assert 2 <= wire.most <= 8


def test_offline_run_names_the_first_place_and_counts_what_is_missing() -> None:
    plan, store, wire = plan_of(items=20, strategies=["direct"]), MemoryStore(), Wire()
    judged(plan, store, wire)
    for call in wire.sent:
        if (call.model.name, number_in(call)) in (("x", 12), ("y", 7)):
            del store.held[call_key(call)]
    with pytest.raises(MissingRepliesError, match=r"at least 2 replies for 2 judgments.*d/direct/judge:x, item i12"):
        judged(plan, store, None)


def number_in(call: Call) -> int:
    """The item that a call is about."""
    found = re.search(r"question (\d+)", call.messages[-1]["content"])
    assert found
    return int(found[1])


def test_call_that_fails_is_a_failure_of_its_items_and_is_asked_again_next_time() -> None:
    def answer(call: Call) -> Reply:
        if number_in(call) == 3:
            raise ProviderError("no luck", kind="server", status=503)
        return plain_answer(call)

    plan, store, watch = plan_of(items=8), MemoryStore(), RunStats({})
    rows = judged(plan, store, Wire(answer), watch)
    failed = [(cell, row) for cell, row in rows if row.outcome.failure]
    assert [(row.item_id, row.outcome.failure, row.history) for _, row in failed] == [("i3", "unavailable", ())] * 4
    assert watch.failed == {"x": 3, "y": 3}
    healed = Wire()
    assert judged(plan, store, healed) == judged(plan_of(items=8), MemoryStore(), Wire())
    assert len(healed.sent) == 6


def test_model_that_cannot_be_used_ends_its_cells_early_and_no_others() -> None:
    def answer(call: Call) -> Reply:
        if call.model.name == "x":
            raise ModelStopped("the key is wrong", kind="auth", status=401)
        return plain_answer(call)

    watch, wire = RunStats({}), Wire(answer)
    rows = judged(plan_of(items=300, models=[model("x", concurrency=2), model("y")]), MemoryStore(), wire, watch)
    assert {row.outcome.failure for cell, row in rows if cell.endswith(":x")} == {"unavailable"}
    assert {row.outcome.failure for cell, row in rows if cell.endswith(":y")} == {None}
    assert watch.stopped_models == {"x": "the key is wrong"}
    assert sum(call.model.name == "x" for call in wire.sent) <= 16


def test_store_that_fails_ends_the_run_with_its_error_and_loses_no_reply() -> None:
    wire, store = Wire(), MemoryStore(full_after=5)
    with pytest.raises(HarnessError, match=r"^the disk is full\nrescued.bundle: holds \d+ replies") as raised:
        judged(plan_of(), store, wire)
    assert "`harness cache import rescued.bundle`" in raised.value.problems[1].hint
    assert len(wire.sent) == len(store.held) + len(store.rescued) < 180, "each call that was sent, and no more of them"
    assert wire.closed == wire.opened != []


def test_replies_that_fit_nowhere_are_counted_in_the_error() -> None:
    class Full(MemoryStore):
        def rescue(self, entries: Sequence[Entry]) -> None:
            return None

    with pytest.raises(HarnessError, match=r"^the disk is full\n\d+ paid replies could not be stored anywhere$"):
        judged(plan_of(), Full(full_after=5), Wire())


def test_a_store_that_has_room_again_keeps_what_it_could_not_store() -> None:
    class Recovering(MemoryStore):
        def put_many(self, entries: Sequence[Entry]) -> None:
            if len(wire.sent) > wire.in_flight + 20 and not wire.closed:
                raise HarnessError("the disk is full")
            super().put_many(entries)

    wire, store = Wire(), Recovering()
    with pytest.raises(HarnessError, match=r"^the disk is full$"):
        judged(plan_of(), store, wire)
    assert len(wire.sent) == len(store.held)
    assert not store.rescued


class Broken(RunStats):
    """A listener that fails in one of its methods, after 20 calls."""

    method = ""

    def called(self, call: Call, reply: Reply) -> None:
        super().called(call, reply)
        if self.calls > 20 and self.method == "called":
            raise StorageError("the log cannot be written")

    def noted(self, note: CallNote) -> None:
        super().noted(note)
        if self.calls > 20 and self.method == "noted":
            raise StorageError("the log cannot be written")

    def reached(self, conversations: int) -> None:
        super().reached(conversations)
        if self.calls > 20 and self.method == "reached":
            raise StorageError("the log cannot be written")


@pytest.mark.parametrize("method", ["called", "noted", "reached"])
def test_every_reply_in_flight_is_stored_where_an_error_ends_the_run(method: str) -> None:
    plan, store, wire = plan_of(items=200), MemoryStore(), Wire()
    watch = Broken(plan.spec.models)
    watch.method = method
    with pytest.raises(StorageError, match=r"^the log cannot be written$"):
        judged(plan, store, wire, watch)
    assert {call_key(call) for call in wire.sent} == set(store.held)
    assert 20 < len(store.held) < 1200


def test_an_error_in_a_conversation_ends_the_run_and_loses_no_reply(monkeypatch: pytest.MonkeyPatch) -> None:
    receive = ConversationState.receive
    received: list[object] = []

    def failing(self: ConversationState[object], replies: Sequence[Reply]) -> bool:
        received.append(replies)
        if len(received) == 30:
            raise RuntimeError("a defect of a mode")
        return receive(self, replies)

    monkeypatch.setattr(ConversationState, "receive", failing)
    store, wire = MemoryStore(), Wire()
    with pytest.raises(RuntimeError, match="a defect of a mode"):
        judged(plan_of(items=200), store, wire)
    assert {call_key(call) for call in wire.sent} == set(store.held)


def test_whatever_a_provider_raises_is_a_failed_call_and_its_text_is_shown_nowhere() -> None:
    def answer(call: Call) -> Reply:
        if number_in(call) == 3:
            raise UnicodeError("sk-a-key-that-was-sent-12345")
        return plain_answer(call)

    watch = RunStats({})
    rows = judged(plan_of(items=8), MemoryStore(), Wire(answer), watch)
    failed = [(row.item_id, row.outcome.failure) for _, row in rows if row.outcome.failure]
    assert failed == [("i3", "unavailable")] * 4
    (message, _) = watch.failed_calls.messages()
    assert re.search(r"failed: model x: the attempt ended in a defect \(UnicodeError at test_run\.py:\d+\)", message)


def test_no_more_replies_than_the_window_are_unstored_at_once() -> None:
    class Slow(MemoryStore):
        waiting: int = 0
        most: int = 0

        def put(self, key: str, call: bytes, reply: Reply) -> Future[None]:
            self.waiting += 1
            self.most = max(self.most, self.waiting + wire.in_flight)
            stored: Future[None] = Future()

            def store() -> None:
                self.waiting -= 1
                self.put_many([Entry(key, call, reply)])
                stored.set_result(None)

            Timer(0.002, store).start()
            return stored

    wire, store = Wire(), Slow()
    judged(plan_of(items=60, models=[model("x", concurrency=3)], strategies=["direct"]), store, wire)
    assert 3 < store.most <= UNSTORED_WINDOW * 3


def test_store_that_forgets_is_an_error_and_no_endless_loop() -> None:
    class Forgetful(MemoryStore):
        def put(self, key: str, call: bytes, reply: Reply) -> Future[None]:
            done: Future[None] = Future()
            done.set_result(None)
            return done

    with pytest.raises(CacheError, match="does not give back"):
        judged(plan_of(items=2), Forgetful(), Wire())


def test_watch_hears_of_calls_and_of_progress_that_never_goes_back() -> None:
    steps: list[int] = []

    class Steps(RunStats):
        def reached(self, conversations: int) -> None:
            super().reached(conversations)
            steps.append(self.done)

    plan, costs = plan_of(items=30), []
    watch = Steps(plan.spec.models)
    run = Run(plan, MemoryStore(), Wire().connect, watch, before_asking=lambda _: costs.append(watch.calls))
    list(run.parts())
    assert costs == [0]
    assert steps == sorted(steps)
    assert steps[-1] == watch.conversations == 120
    assert watch.made == {"x": 90, "y": 90}
