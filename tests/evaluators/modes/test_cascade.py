"""Cascades: which judge is asked, and that both ends of the threshold are the judges alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import polars as pl
import pytest

import harness
from harness.api import FinishedRun
from harness.cache.cache import Cache
from harness.errors import SpecError
from harness.evaluators.cell import converse as cell_conversation
from harness.evaluators.modes import cascade
from harness.hashing import rounded
from harness.prompting.strategy import compile_strategy
from harness.records.calls import UNAVAILABLE, Model, Reply
from harness.records.experiment import Cell, Spec
from harness.records.judgments import Outcome
from harness.runner.estimate import estimate
from harness.runner.needs import Range
from harness.runner.progress import RunStats
from harness.spec.strategies import built_in
from support.paths import QUICKSTART_DATA, SCHEMAS
from support.worlds import MemoryStore, item

MODELS = {name: Model(name, "openai", name) for name in ("cheap", "middle", "dear")}
SPEC = """\
schema: 1
name: cascades
datasets: {{pairs: {{path: "{data}", subset: {{limit: {items}}}}}}}
models:
  cheap: {{provider: simulated, skill: 0.55, malformed_rate: 0.2, position_bias: 0.3}}
  middle: {{provider: simulated, skill: 0.7}}
  dear: {{provider: simulated, skill: 0.95, refusal_rate: 0.1}}
matrix:
  dataset: [pairs]
  strategy: [{strategy}]
  evaluator: [{evaluators}]
  order: [{order}]
score: {{resamples: 200}}
"""


def load(folder: Path, evaluators: str, *, strategy: str = "combined-10", order: str = "both", items: int = 24) -> Spec:
    path = folder / "spec.yaml"
    text = SPEC.format(data=QUICKSTART_DATA, evaluators=evaluators, strategy=strategy, order=order, items=items)
    path.write_text(text)
    return harness.load_spec(path, allow_paths=[QUICKSTART_DATA.parent])


def run(folder: Path, evaluators: str, **options: Any) -> FinishedRun:
    spec = load(folder, evaluators, **options)
    return harness.run_spec(spec, cache=folder / "cache", results=folder / "results")


def verdicts(finished: FinishedRun, part: str) -> list[tuple[object, ...]]:
    frame = finished.judgments_frame().filter(pl.col("cell").str.contains(part, literal=True))
    found = frame.select("item", "verdict", "failure", "score_a", "score_b", "votes").rows()
    return [(*row[:-1], tuple(row[-1])) for row in found]


def cell(escalate: str = "failure", threshold: float | None = None, **more: Any) -> Cell:
    settings = {"escalate": escalate, "threshold": threshold}
    return Cell("d", "direct", "cascade", ("cheap", "middle", "dear"), settings=settings, **more)


def held(texts: list[str | Reply], one: Cell | None = None) -> tuple[list[str], Outcome]:
    """The models that are asked, one reply after the other, and the outcome."""
    questions = compile_strategy(built_in("direct"))
    conversation = cell_conversation(item(1), one or cell(), questions, MODELS)
    calls, asked, replies = next(conversation), [], iter(texts)
    while True:
        asked += [call.model.name for call in calls]
        given = [each if isinstance(each, Reply) else Reply(each) for each in (next(replies) for _ in calls)]
        try:
            calls = conversation.send(given)
        except StopIteration as stop:
            return asked, stop.value


def test_the_next_judge_is_asked_where_one_has_no_verdict() -> None:
    asked, outcome = held(["?", "?", "Verdict: B"])
    assert asked == ["cheap", "cheap", "middle"]  # a retry of the first, then the second
    assert (outcome.verdict, outcome.escalated) == ("b", 1)
    asked, outcome = held(["Verdict: A"])
    assert (asked, outcome.verdict, outcome.escalated) == (["cheap"], "a", 0)
    asked, outcome = held(["?"] * 6)
    assert (asked[-1], outcome.failure, outcome.escalated) == ("dear", "unparsed", 2)


def test_a_judge_without_a_reply_fails_the_item_and_nobody_else_is_asked() -> None:
    asked, outcome = held([UNAVAILABLE])
    assert (asked, outcome.failure, outcome.escalated) == (["cheap"], "unavailable", 0)
    both = cell("disagreement", 1.0, order="both")
    asked, outcome = held(["Verdict: A", UNAVAILABLE], both)
    assert (asked, outcome.failure) == (["cheap", "cheap"], "unavailable")


def test_orders_that_disagree_ask_the_next_judge_in_both_orders() -> None:
    both = cell("disagreement", 1.0, order="both")
    asked, outcome = held(["Verdict: A", "Verdict: A", "Verdict: A", "Verdict: B"], both)
    assert asked == ["cheap", "cheap", "middle", "middle"]
    assert (outcome.verdict, outcome.votes, outcome.escalated) == ("a", ("a", "a"), 1)


@pytest.mark.parametrize(
    ("outcome", "settings", "unsure"),
    [
        (Outcome("a"), ("failure", None), False),
        (Outcome(None, "refused"), ("failure", None), True),
        (Outcome("a", votes=("a", "a", "b")), ("disagreement", 1.0), True),
        (Outcome("a", votes=("a", "a", "b")), ("disagreement", 2 / 3), False),
        (Outcome("a", votes=("a", "a", "b")), ("disagreement", 0.7), True),
        (Outcome("a", votes=("a", "refused")), ("disagreement", 1.0), True),
        (Outcome(None, "refused", votes=("refused", "refused")), ("disagreement", 0.1), True),
        (Outcome(None, "refused", votes=("refused", "refused")), ("disagreement", 0), False),
        (Outcome("a", None, 7, 5), ("margin", 2), False),
        (Outcome("b", None, 5, 6), ("margin", 2), True),
        (Outcome("b", None, 0.3, 0.6), ("margin", 0.3), False),  # 0.6 − 0.3 is below 0.3 in binary
        (Outcome("tie", None, 5, 5), ("margin", 0.5), True),
        (Outcome("tie", None, 5, 5), ("margin", 0), False),
        (Outcome(None, "unparsed", 9, None), ("margin", 0.5), True),
        (Outcome("a"), ("margin", 0.5), True),  # a verdict of a recording without scores
    ],
)
def test_a_judge_is_unsure_by_the_rule_and_its_threshold(
    outcome: Outcome, settings: tuple[str, float | None], unsure: bool
) -> None:
    assert cascade.is_unsure(outcome, dict(zip(("escalate", "threshold"), settings, strict=True))) is unsure


def test_both_ends_of_the_threshold_are_the_judges_alone_and_make_no_further_calls(tmp_path: Path) -> None:
    finished = run(
        tmp_path,
        "{judge: [cheap, dear]}, {cascade: {of: [cheap, dear], escalate: margin, threshold: [0, 2, 100]}},"
        " {cascade: {of: [cheap, dear], escalate: disagreement, threshold: 0}}",
    )
    cheap, dear = verdicts(finished, "judge:cheap"), verdicts(finished, "judge:dear")
    assert verdicts(finished, "margin=0") == verdicts(finished, "disagreement=0") == cheap
    assert verdicts(finished, "margin=100") == dear
    assert any(row[2] for row in cheap), "a failure is among them"
    middle = verdicts(finished, "margin=2")
    assert {*middle} <= {*cheap, *dear}
    assert middle not in (cheap, dear)
    rows = {row["variant"]: row for row in finished.leaderboard["rows"] if row["mode"] == "cascade"}
    judges = {row["models"][0]: row for row in finished.leaderboard["rows"] if row["mode"] == "judge"}
    assert rows["(margin=0)"]["table"] == judges["cheap"]["table"]
    assert rows["(margin=100)"]["table"] == judges["dear"]["table"]
    assert rows["(margin=0)"]["calls"] == judges["cheap"]["calls"]
    assert rows["(margin=100)"]["calls"] == judges["cheap"]["calls"] + judges["dear"]["calls"]
    share = rows["(margin=2)"]["escalated"]
    frame = finished.judgments_frame().filter(pl.col("cell").str.contains("margin=2", literal=True))
    assert share == [
        {"model": "dear", "items": frame["escalated"].sum(), "share": rounded(frame["escalated"].sum() / 24)}
    ]
    assert 0 < frame["escalated"].sum() < 24
    assert rows["(margin=100)"]["escalated"] == [{"model": "dear", "items": 24, "share": 1.0}]
    jsonschema.validate(finished.leaderboard, json.loads((SCHEMAS / "output/leaderboard.schema.json").read_text()))
    assert "escalated" in finished.leaderboard_frame(wide=True).columns


def test_a_run_is_replayed_and_its_folder_read_back(tmp_path: Path) -> None:
    three = "{cascade: {of: [cheap, middle, dear], escalate: failure}}"
    first = run(tmp_path, three, strategy="direct", order="given")
    spec = load(tmp_path, three, strategy="direct", order="given")
    stats = RunStats(spec.models)
    again = harness.run_spec(spec, cache=tmp_path / "cache", results=tmp_path / "other", offline=True, watch=stats)
    for name in ("judgments.parquet", "leaderboard.json", "scores.parquet", "manifest.json"):
        assert (first.folder / name).read_bytes() == (again.folder / name).read_bytes()
    (row,) = first.leaderboard["rows"]
    assert [one["model"] for one in row["escalated"]] == ["middle", "dear"]
    assert harness.audit(first.folder, results=tmp_path)


def test_the_plan_is_a_range_from_no_escalation_to_all(tmp_path: Path) -> None:
    spec = load(tmp_path, "{cascade: {of: [cheap, dear], escalate: margin, threshold: 2}}", items=30)
    plan = harness.make_plan(spec)
    found = estimate(plan, MemoryStore())
    (need,) = found.cells.values()
    assert need.calls == Range(60, 240)  # 30 items in both orders: without any retry, and all with one
    assert found.models["cheap"].calls == Range(60, 120)
    assert found.models["dear"].calls == Range(0, 120)
    assert found.models["dear"].likely == pytest.approx(0.3 * 60)
    assert found.models["dear"].prompt_tokens.low == 0
    (note,) = found.notes
    assert note.endswith("expected are 30 % of the items to go on from each judge (assumed)")


def test_the_plan_takes_the_share_from_the_cache_and_does_not_count_calls_of_other_cells_twice(tmp_path: Path) -> None:
    evaluators = "{cascade: {of: [cheap, dear], escalate: margin, threshold: 2}}"
    finished = run(tmp_path, evaluators, items=24)
    share = finished.leaderboard["rows"][0]["escalated"][0]["share"]
    spec = load(tmp_path, evaluators, items=30)
    with Cache(tmp_path / "cache") as cache:
        found = estimate(harness.make_plan(spec), cache)
    (note,) = found.notes
    assert f"expected are {100 * share:.0f} % of the items to go on, as of 24 in the cache" in note
    assert found.models["dear"].likely == pytest.approx(share * 12)
    both = load(tmp_path, f"{evaluators}, {{judge: [dear, cheap]}}", items=30)
    alone = load(tmp_path, "{judge: [dear, cheap]}", items=30)
    sums = [estimate(harness.make_plan(each), MemoryStore()) for each in (both, alone)]
    assert {name: need.calls for name, need in sums[0].models.items()} == {
        name: need.calls for name, need in sums[1].models.items()
    }


@pytest.mark.parametrize(
    ("evaluators", "options", "message"),
    [
        ("of: [cheap, dear], escalate: margin", {}, "needs a `threshold`"),
        ("of: [cheap, dear], escalate: failure, threshold: 1", {}, "has no threshold"),
        ("of: [cheap, dear], escalate: disagreement, threshold: 2", {}, "2 is above 1"),
        ("of: [cheap, dear], escalate: disagreement", {"order": "given"}, "needs several votes on each item"),
        ("of: [cheap, dear], escalate: margin, threshold: 1", {"strategy": "direct"}, "gives no scores"),
        ("of: [cheap, deer], escalate: failure", {}, "there is no model `deer`"),
        ("of: [cheap], escalate: failure", {}, "2"),
        ("of: [cheap, cheap], escalate: failure", {}, "unique|twice"),
        ("of: [cheap, dear]", {}, "escalate"),
        ("of: [cheap, dear], escalate: never", {}, "never"),
        ("of: [cheap, dear], escalate: margin, threshold: -1", {}, "-1"),
    ],
)
def test_a_cascade_that_cannot_be_asked_is_an_error(
    tmp_path: Path, evaluators: str, options: dict[str, str], message: str
) -> None:
    with pytest.raises(SpecError, match=message):
        load(tmp_path, f"{{cascade: {{{evaluators}}}}}", **options)


def test_repeats_are_votes_too(tmp_path: Path) -> None:
    text = (tmp_path / "spec.yaml", "{cascade: {of: [cheap, dear], escalate: disagreement}}")
    with pytest.raises(SpecError, match="needs several votes"):
        load(tmp_path, text[1], order="given")
    text[0].write_text(text[0].read_text().replace("order: [given]", "repeats: 3"))
    spec = harness.load_spec(text[0], allow_paths=[QUICKSTART_DATA.parent])
    assert [cell.id for cell in spec.cells] == ["pairs/combined-10/cascade:cheap+dear(disagreement)/x3"]


def test_probes_ask_the_judges_and_not_the_cascade(tmp_path: Path) -> None:
    spec = load(tmp_path, "{judge: [cheap]}, {cascade: {of: [cheap, dear], escalate: failure}}")
    text = (tmp_path / "spec.yaml").read_text().replace("resamples: 200", "resamples: 200, probes: [padding]")
    (tmp_path / "spec.yaml").write_text(text)
    spec = harness.load_spec(tmp_path / "spec.yaml", allow_paths=[QUICKSTART_DATA.parent])
    plan = harness.make_plan(spec)
    assert [cell.evaluator for cell in plan.probe_cells] == ["judge:cheap"]
