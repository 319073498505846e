import pytest

from harness.api import load_spec
from harness.cache.key import call_key
from harness.errors import InputError
from harness.records.calls import Reply
from harness.runner.explain import Counted, branches, count, explained, follow, full_product, places_of, removals
from harness.runner.explain_text import matrix_lines
from harness.runner.lookup import find_cell, find_item
from harness.runner.plan import make_plan
from harness.runner.progress import RunStats
from harness.runner.run import Run
from support.paths import TEST_SPECS
from support.worlds import MemoryStore, Wire, model, plan_of

MODES = TEST_SPECS / "valid/modes.yaml"


@pytest.fixture(scope="module")
def modes():
    return make_plan(load_spec(MODES, allow_paths=[MODES.parents[1]]))


def asked(plan, answer=None):
    """A store that holds the replies to all calls of a plan."""
    store, wire = MemoryStore(), Wire(answer) if answer else Wire()
    parts = list(Run(plan, store, wire.connect, RunStats(plan.spec.models)).parts())
    return store, wire, parts


# --- the matrix -------------------------------------------------------------------------------------------


def test_every_entry_of_the_evaluator_axis_is_told_with_who_it_became(modes):
    assert [branch.evaluators for branch in branches(modes)] == [
        ("jury:small+large", "jury:small+other", "jury:large+other", "jury:small+large+other"),
        ("jury:small+large+other(mean-score)",),
        ("jury:small+small(weighted-2-2,small@combined-10)",),
        ("judge:small", "judge:large", "judge:other"),
    ]


def test_what_exclude_takes_away_and_what_is_left_is_everything(modes):
    (removal,) = removals(modes)
    assert removal.entry == {"strategy": "direct", "evaluator": "jury"}
    assert all(one.startswith("pairs/direct/jury:") for one in removal.cells)
    left = {cell.id for cell in modes.cells}
    assert left.isdisjoint(removal.cells)
    assert left | set(removal.cells) == {cell.id for cell in full_product(modes)}


def test_a_long_list_is_counted_and_not_told_whole(modes):
    lines = list(matrix_lines(modes))
    (told,) = [line for line in lines if line.startswith("exclude")]
    assert "removes 24: " in told
    assert told.endswith("and 18 more")


@pytest.mark.parametrize(
    ("wanted", "places"),
    [
        ("direct/judge:large", {"dataset": 5, "strategy": 12, "evaluator": 17, "models.large": 8}),
        (
            "combined-10/jury:small+other",
            {"dataset": 5, "strategy": 12, "evaluator": 14, "models.small": 7, "models.other": 9},
        ),
    ],
    ids=["judge", "jury"],
)
def test_the_lines_of_the_spec_that_a_cell_comes_from(modes, wanted, places):
    assert places_of(modes, find_cell(modes, wanted)) == {what: f"{MODES}:{line}" for what, line in places.items()}


# --- what was named ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("pairs/direct/judge:small", "pairs/direct/judge:small"),
        ("direct/judge:small", "pairs/direct/judge:small"),
        ("direct/judge:small/both", "pairs/direct/judge:small/both"),
        ("combined-10/jury:small+small(weighted-2-2,small@combined-10)/b", None),
        ("judge:small", None),
        ("direct/judge:smal", None),
    ],
    ids=["whole", "end", "end of a longer one", "piece of two", "end of two", "piece of many"],
)
def test_a_part_of_an_id_is_enough_if_it_is_of_one_cell_only(modes, wanted, found):
    if found:
        assert find_cell(modes, wanted).id == found
    else:
        with pytest.raises(InputError, match="is a part of"):
            find_cell(modes, wanted)


def test_a_piece_and_a_part_in_the_middle():
    plan = plan_of(items=1)
    assert find_cell(plan, "direct/judge:x").id == "d/direct/judge:x"
    assert find_cell(plan, "ent-10/judge:y").id == "d/independent-10/judge:y"


def test_what_is_not_there_is_answered_with_what_is_like_it():
    plan = plan_of(items=3)
    with pytest.raises(InputError, match=r"no cell `d/direkt/judge:x`; did you mean `d/direct/judge:x`\?"):
        find_cell(plan, "d/direkt/judge:x")
    with pytest.raises(InputError, match="no item `j2` in d; known: `i0`, `i1`, `i2`"):
        find_item(plan, plan.cells[0], "j2")
    with pytest.raises(InputError, match="it has 40 items, the first is `i0`"):
        find_item(plan_of(), plan.cells[0], "something else")
    assert find_item(plan, plan.cells[0], None) == 0
    assert find_item(plan, plan.cells[0], "i2") == 2


# --- conversations ----------------------------------------------------------------------------------------


def test_without_replies_the_first_batch_is_what_a_run_sends_first():
    plan = plan_of(items=3)
    _, wire, _ = asked(plan)
    for cell in plan.cells:
        found = follow(plan, cell, 1, MemoryStore())
        (batch,) = found.batches
        assert found.item.id == "i1"
        assert found.outcome is None
        assert all(one.reply is None and one.key == call_key(one.call) for one in batch)
        assert all(one.call in wire.sent for one in batch)


def test_with_all_replies_it_comes_to_what_the_run_judged():
    def answer(call):
        return Reply("I cannot say.") if call.step == "judge" else Reply("Verdict: B\nScore: 3/10")

    plan = plan_of(items=3)
    store, _, parts = asked(plan, answer)
    for part in parts:
        for row, judgment in enumerate(part.judged):
            found = follow(plan, part.chunk.cell, row, store)
            assert found.outcome == judgment.outcome
            assert tuple(one.key for batch in found.batches for one in batch) == judgment.history
    steps = [[one.call.step for one in batch] for batch in follow(plan, plan.cells[0], 0, store).batches]
    assert steps == [["judge"], ["judge.again"]]


def test_a_batch_that_lacks_one_reply_is_the_last():
    plan = plan_of(items=1, models=[model("x")], strategies=["independent-10"])
    store, wire, _ = asked(plan)
    del store.held[call_key(next(call for call in wire.sent if call.step == "judge-b"))]
    found = follow(plan, plan.cells[0], 0, store)
    assert [[(one.call.step, one.reply is None) for one in batch] for batch in found.batches] == [
        [("judge-a", False), ("judge-b", True)]
    ]
    assert found.outcome is None


def test_a_jury_counts_what_its_members_say(modes):
    jury = find_cell(modes, "combined-10/jury:small+large+other(mean-score)")
    scores = {"simulated": (9, 1), "simulated?skill=0.9": (1, 2), "simulated?skill=0.7": (2, 3)}

    def answer(call):
        return Reply("Score A: {}/10\nScore B: {}/10\nVerdict: A".format(*scores[call.model.id]))

    store, _, _ = asked(modes, answer)
    found = explained(modes, jury, 0, store)
    assert isinstance(found, Counted)
    assert [(one.cell.models, one.followed.outcome.verdict) for one in found.members] == [
        (("small",), "a"),
        (("large",), "b"),
        (("other",), "b"),
    ]
    assert (found.outcome.verdict, found.outcome.score_a, found.outcome.score_b) == ("a", 4, 2)
    assert count(modes, find_cell(modes, "combined-10/jury:small+large+other"), 0, store).outcome.verdict == "b"
    assert count(modes, jury, 0, MemoryStore()).outcome is None
