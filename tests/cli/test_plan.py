"""What `harness plan` prints."""

import re

import pytest

from harness.analysis.power.figures import DatasetPower, Detectable, MetricPower, Power, PowerQuestion, Reach
from harness.cli.plan import change_text, dollars, printed, usd
from harness.records.calls import Model, Price
from harness.records.experiment import ScoreSpec
from harness.runner.estimate import estimate
from harness.runner.needs import Range
from harness.runner.progress import RunStats
from harness.runner.run import Run
from support.worlds import MemoryStore, Wire, plan_of

PRICED = Model("x", "openai", "gpt", {"max_tokens": 500}, price=Price(input=2, output=10))
OTHER = Model("y", "openai", "other", {"max_tokens": 500}, price=Price(input=2, output=10))
UNPRICED = Model("z", "openai", "third")


def test_many_cells_of_a_kind_share_a_line_on_a_terminal():
    plan = plan_of(items=10, models=[PRICED, OTHER, UNPRICED])
    found = estimate(plan, MemoryStore())
    narrow = printed(plan, found, width=80)
    assert max(map(len, narrow.splitlines())) <= 80
    assert " ".join(narrow.split()).count("3 cells: d, judge 10 0 ") == 2
    assert "d/direct/judge:x" not in narrow
    for whole in (printed(plan, found), printed(plan, found, wide=True, width=80)):
        assert "d/direct/judge:x" in whole
        assert "d/independent-10/judge:z" in whole


def test_low_expected_and_high_cost_and_what_it_rests_on():
    plan, store = plan_of(items=10, models=[PRICED], strategies=["direct"]), MemoryStore()
    text = printed(plan, estimate(plan, store))
    assert "expected tokens" in text
    assert "expected: the fewest calls, with replies of 200 tokens (assumed)" in text
    low, expected, high = (
        float(part.split()[0]) for part in text.split("total cost: ")[1].replace("$", "").split(", ")
    )
    assert low < expected < high
    both = plan_of(items=10, models=[PRICED, OTHER], strategies=["direct"])
    list(Run(plan, store, Wire().connect, RunStats({})).parts())
    keys = list(store.held)
    assert "every reply is cached" in printed(plan, estimate(plan, store))
    del store.held[keys[0]]
    assert "with replies as long as 9 cached ones" in printed(plan, estimate(plan, store))
    assert "(assumed) where no reply of the model is cached" in printed(both, estimate(both, store))


def test_estimates_from_a_part_of_a_large_plan_are_marked(monkeypatch):
    monkeypatch.setattr("harness.runner.sampled_chunks.MOST_COUNTED", 100)
    monkeypatch.setattr("harness.runner.sampled_chunks.WANTED", 64)
    plan, store = plan_of(items=320, models=[PRICED], strategies=["direct"]), MemoryStore()
    text = printed(plan, estimate(plan, store))
    assert "~ marks what is estimated from 64 of 320 judgments, spread evenly over each cell; --exact counts" in text
    assert re.search("320 +~0 +~320–640", text)
    assert "total cost: about $" in text
    assert "~" not in printed(plan, estimate(plan, store, whole=True))
    list(Run(plan, store, Wire().connect, RunStats({})).parts())
    assert "every reply of the judgments counted is cached" in printed(plan, estimate(plan, store))
    unpriced = plan_of(items=320, models=[UNPRICED], strategies=["direct"])
    assert "total cost: unknown (no price" in printed(unpriced, estimate(unpriced, store))


def test_amounts():
    assert [usd(one) for one in (0, 0.12345, 1, 1234.5)] == ["$0", "$0.1235", "$1.00", "$1,234.50"]
    assert dollars(Range(), 0.0) == "$0"
    assert dollars(None, None) == "unknown (no price in the spec)"
    assert dollars(Range(0.5, 3), 1.5) == "$0.5000 at least, $1.50 expected, $3.00 at most"


def power(pair, every, pair_n=None, every_n=None, reason=""):
    def reach(value, needed):
        return Reach(2.0, Detectable(value, n_needed=needed), Detectable(None))

    pairs = (None, None) if reason else (reach(pair, pair_n), reach(every, every_n))
    metric = MetricPower("kappa", reason, None, 1, None, *pairs)
    one = DatasetPower("d", "pilot", 6, 120, 120, False, (metric,))
    return Power("s", "r", ScoreSpec(), 7, PowerQuestion(effect=0.1), (one,), ())


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (power(0.05, 0.08), None),
        (power(0.09, 0.3, 100, 900), "choose the two cells to compare before the run: no further cost"),
        (power(0.2, 0.3, 400, 900), "label 900 items, not 120, about $"),
        (power(0.2, 0.3, None, 900), "label 900 items, not 120"),
        (power(0.2, None, None, None), "no number of items detects a loss of 0.1 in kappa; use fewer cells"),
        (power(None, None, reason="too few"), None),
    ],
)
def test_the_cheapest_change_that_makes_a_difference_detectable(found, words):
    plan = plan_of(items=10, models=[PRICED], strategies=["direct"])
    said = list(change_text(plan, estimate(plan, MemoryStore()), found))
    assert len(said) == (words is not None)
    assert words is None or words in said[0]
