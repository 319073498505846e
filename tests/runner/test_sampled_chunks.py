from collections import Counter

import pytest

from harness.errors import InputError
from harness.records.calls import Reply
from harness.runner import sampled_chunks
from harness.runner.cost_limit import resume_hint
from harness.runner.estimate import estimate, estimate_json
from harness.runner.needs import Estimate, Range, Sampled
from harness.runner.plan import Plan
from harness.runner.progress import RunStats
from harness.runner.run import Run
from harness.runner.sampled_chunks import NEIGHBOURS, chunk_groups
from support.worlds import MemoryStore, Wire, item, model, plan_of


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> Plan:
    """A plan that counts as large, of which half is sampled."""
    monkeypatch.setattr(sampled_chunks, "MOST_COUNTED", 100)
    monkeypatch.setattr(sampled_chunks, "WANTED", 2 * 320)
    monkeypatch.setattr(sampled_chunks, "LEAST_OF_A_CELL", 1)
    return plan_of(items=640, strategies=["direct"])


def test_a_small_plan_is_counted_whole() -> None:
    plan = plan_of(items=700)
    ((chunks, weight),) = chunk_groups(plan)
    assert (chunks, weight) == (list(plan.chunks()), 1)
    assert estimate(plan, MemoryStore()).sampled is None


def test_a_large_plan_is_sampled_evenly_and_the_same_items_of_each_cell(large: Plan) -> None:
    ((chunks, weight),) = chunk_groups(large)
    assert weight == 2
    assert len({chunk.number for chunk in chunks}) == len(chunks)
    places = [[(chunk.start, chunk.stop) for chunk in chunks if chunk.column == column] for column in (0, 1)]
    assert places[0] == places[1]
    assert (places[0][0], places[0][-1]) == ((0, NEIGHBOURS), (640 - NEIGHBOURS, 640))
    rows = Counter(row for start, stop in places[0] for row in range(start, stop))
    assert (max(rows.values()), len(rows)) == (1, 320)
    assert chunk_groups(large, whole=True)[0].chunks == list(large.chunks())


def test_a_cell_with_fewer_items_than_are_wanted_is_counted_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampled_chunks, "MOST_COUNTED", 10)
    ((chunks, weight),) = chunk_groups(plan_of(items=12, strategies=["direct"], models=[model("x")]))
    assert ([(chunk.start, chunk.stop) for chunk in chunks], weight) == ([(0, 12)], 1)


def test_counts_of_a_sample_stand_for_the_whole_plan(large: Plan) -> None:
    store, wire = MemoryStore(), Wire()
    list(Run(plan_of(items=640, strategies=["direct"]), store, wire.connect, RunStats({})).parts())
    reached: list[int] = []
    found, whole = estimate(large, store, reached=reached.append), estimate(large, store, whole=True)
    assert found.sampled == Sampled(640, 1280)
    assert whole.sampled is None
    assert found.cells == whole.cells
    assert reached[-1] == 640
    nothing, all_of_it = estimate(large, MemoryStore()), estimate(large, MemoryStore(), whole=True)
    for name, need in nothing.cells.items():
        assert (need.calls, need.likely) == (all_of_it.cells[name].calls, all_of_it.cells[name].likely)
        assert need.prompt_tokens.low == pytest.approx(all_of_it.cells[name].prompt_tokens.low, rel=0.01)
    assert nothing.models["x"].calls == Range(640, 1280)
    assert estimate_json(large, nothing)["sampled"] == {"counted": 640, "of": 1280}
    assert estimate_json(large, all_of_it)["sampled"] is None


def test_a_run_that_was_stopped_is_met_with_the_share_that_it_reached(large: Plan) -> None:
    store, asked = MemoryStore(), 0

    def answer(call: object) -> Reply:
        nonlocal asked
        asked += 1
        if asked > 400:
            raise InputError("stopped")
        return Reply("Verdict: A", "stop", 1, 1)

    plan = plan_of(items=640, strategies=["direct"], models=[model("x", concurrency=1)])
    with pytest.raises(InputError, match="stopped"):
        list(Run(plan, store, Wire(answer).connect, RunStats({})).parts())
    share = len(store.held) / 640
    found = estimate(large, store)
    assert found.cells["d/direct/judge:x"].cached == pytest.approx(share * 640, abs=2 * NEIGHBOURS)
    assert found.cells["d/direct/judge:y"].cached == 0


def test_calls_that_cells_share_are_found_in_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sampled_chunks, "MOST_COUNTED", 10)
    monkeypatch.setattr(sampled_chunks, "WANTED", 2 * NEIGHBOURS)
    monkeypatch.setattr(sampled_chunks, "LEAST_OF_A_CELL", 1)
    twice = [model("x"), model("x")]
    plan = plan_of(items=[item(number) for number in range(160)], models=twice, strategies=["direct"])
    found = estimate(plan, MemoryStore())
    assert found.models["x"].calls == Range(160, 320)


def test_a_limit_that_was_reached_names_estimates_as_such(large: Plan) -> None:
    stats = RunStats(large.spec.models)
    assert ", and about 1,280 to 2,560 calls are left" in resume_hint(estimate(large, MemoryStore()), large.spec, stats)
    assert ", and 0 to 0 calls are left" in resume_hint(Estimate(), large.spec, stats)
