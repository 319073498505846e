"""Conversations of every strategy and mode with scripted replies, as `tests/evaluators/test_recorded.py` keeps them."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import Any

import numpy as np

from harness import registry
from harness.errors import HarnessError
from harness.evaluators import probing
from harness.evaluators.aggregation import (
    collapse_orders,
    collapse_repeats,
    exchanged,
    gravest,
    most_labels,
    most_votes,
)
from harness.evaluators.cell import calls_per_item, converse
from harness.evaluators.direct import direct_cell
from harness.evaluators.mode import (
    MemberVotes,
    asks_of_many,
    asks_once,
    faults_of,
    find_mode,
    is_asking,
    members_of,
    ranks_only,
    stages_of,
    takes_personas,
    unfit_cell_reason,
    unfit_reason,
    variant_of,
)
from harness.evaluators.question import failure_without_text, outcome_of, soft_answer, understood
from harness.evaluators.tournament import games_of, rounds_of_elimination, tournament
from harness.evaluators.voting import mean_labels, mean_ranks, mean_scores
from harness.evaluators.voting import most_labels as labels_by_code
from harness.evaluators.voting import most_votes as votes_by_code
from harness.prompting.strategy import compile_strategy
from harness.records.calls import UNAVAILABLE, Call, Model, Reply
from harness.records.datasets import Item
from harness.records.experiment import Cell
from harness.records.judgments import Outcome
from harness.records.label_set import LabelSet
from harness.spec.strategies import built_in

PAIR = Item(
    "i1",
    ({"role": "user", "content": "Why?"},),
    "first answer",
    "second answer",
    model_a="m",
    model_b="n",
    reference="true",
)
SINGLE = PAIR._replace(response_b="", model_b=None)
MANY = PAIR._replace(response_a="", response_b="", responses=("one", "two", "three"), places=(0, 1, 2))
MODELS = {name: Model(name, "recorded" if name == "r" else "simulated", name, {"temperature": 0}) for name in "xyzr"}
MODELS["t"] = Model("t", "simulated", "t", show_reasoning=True)
LOGS = ((("A", math.log(0.6)), ("B", math.log(0.4))),)
TEXTS = ("Score A: 7/10\nScore B: 3/10\nScore: 8/10\nRanking: 2 > 1 > 3\nBest: 2\nVerdict: A",
    "Score A: 2/10\nScore B: 9/10\nScore: 3/10\nRanking: 3 > 1 > 2\nBest: 1\nVerdict: B",
         "Verdict: tie", "Hm.", "Score: 5/10")  # fmt: skip
SCRIPTS: dict[str, tuple[Reply, ...]] = {
    "first": (Reply(TEXTS[0], logprobs=LOGS),), "second": (Reply(TEXTS[1]),), "both": (Reply(TEXTS[0], reasoning="t"),
    Reply(TEXTS[1])), "unclear": (Reply(TEXTS[3]),),
    "mixed": (Reply(TEXTS[0]), Reply(TEXTS[3]), Reply(TEXTS[2]), Reply(TEXTS[4]), Reply("", "refusal"),
    Reply(TEXTS[1])),
    "failing": (Reply("", "refusal"), Reply("x", "length"), Reply("no room", "too-long"), UNAVAILABLE, Reply("",
    "length"), Reply(" ")),
    "later": (Reply(TEXTS[3]), Reply(TEXTS[0])),
}  # fmt: skip


def _reply(script: str, call: Call, number: int) -> Reply:
    """The reply to a call: by its step and draw, so that the order of the calls of a batch does not matter."""
    replies = SCRIPTS[script]
    if script == "later":
        return replies[min(number, 1)]
    digest = hashlib.sha256(f"{call.step} {call.draw} {call.model.name} {number}".encode()).digest()
    return replies[digest[0] % len(replies)]


def held(talk: Any, script: str) -> list[Any]:
    """The batches of a conversation, each call in short, and its outcome."""
    batches: list[Any] = []
    try:
        calls = next(talk)
        while True:
            batches.append([_in_short(call) for call in calls])
            calls = talk.send([_reply(script, call, len(batches) - 1) for call in calls])
    except StopIteration as stop:
        return [*batches, _outcome(stop.value)]


def _in_short(call: Call) -> str:
    text = json.dumps([list(map(dict, call.messages)), call.params], sort_keys=True, default=str)
    roles = "".join(message["role"][0] for message in call.messages)
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{call.step} {call.draw} {call.model.name} {call.locator} {roles} {digest}"


def _outcome(one: Any) -> Any:
    return None if one is None else {name: value for name, value in one._asdict().items() if value not in (None, (), 0)}


def _items(strategy: Any) -> Item:
    return {"single": SINGLE, "rank": MANY, "best": MANY}.get(strategy.ask, PAIR)


def judges() -> Any:
    """A judge by each strategy with each script, once and in both orders with repeats, and what it needs."""
    found: dict[str, Any] = {}
    for name in sorted(registry.built_in_names("strategies")):
        strategy = built_in(name)
        questions, item = compile_strategy(strategy), _items(strategy)
        size = len(item.responses)
        cell = Cell("d", name, "judge", ("x",))
        found[name] = [calls_per_item(cell, strategy, size)]
        found[name] += [held(converse(item, cell, questions, MODELS), script) for script in SCRIPTS]
        for model in ("r", "t"):
            found[name].append(held(converse(item, Cell("d", name, "judge", (model,)), questions, MODELS), "both"))
        if strategy.ask != "pair" or name in ("direct", "combined-10", "logprobs", "second-look"):
            shapes = (
                [("given", 3, "majority")]
                if strategy.ask == "single"
                else list(product(("swapped", "both"), (1, 2), ("majority", "mean-score", "all-votes")))
            )
            for order, repeats, collapse in shapes:
                more = Cell("d", name, "judge", ("x",), order, repeats, collapse)
                talks = [held(converse(item, more, questions, MODELS), script) for script in ("mixed", "both")]
                found[name].append([calls_per_item(more, strategy, size), talks[0], talks[1][-1]])
    return found


WANTED: dict[str, list[dict[str, Any]]] = {
    "jury": [{"of": ["x", "y", "z"], "sizes": "all"}, {"of": ["x", "y", "z"], "vote": "mean-score"}, {"of": ["x",
    "y"], "vote": "weighted", "weights": {"x": 2}},
             {"of": ["x", "y", "z"], "quorum": 0.9}, {"of": ["x", {"model": "y", "strategy": "combined-10"}]}],
    "cascade": [{"of": ["x", "y", "z"], "escalate": "failure"}, {"of": ["x", "y"], "escalate": "margin",
    "threshold": [0, 2, 5]},
                {"of": ["x", "y"], "escalate": "disagreement"}],
    "debate": [{"model": "x", "rounds": 2}, {"model": ["x"], "rounds": 1, "turn": "simultaneous", "decide": "majority"},
               {"models": ["x", "y"], "summary": "after-round", "score_rounds": True}, {"models": {"Bob": "y",
               "Ann": "x"}}],
    "tournament": [{"judge": "x"}, {"judge": "x", "by": "swiss", "rounds": 2}, {"judge": "x", "by": "swiss"},
    {"judge": ["x"], "by": "single-elimination"}],
}  # fmt: skip
PERSONAS = [{"name": "Ann", "role": "You like red."}, {"name": "Bob", "role": "You like blue."}]


def modes() -> Any:
    """Cells of every other mode, alone and in both orders, with what they need and what does not fit them."""
    found: dict[str, Any] = {}
    for name, every in WANTED.items():
        mode = find_mode(name)
        facts: list[Any] = [is_asking(mode), takes_personas(name), asks_of_many(mode), ranks_only(mode)]
        for wanted in every:
            full = wanted | ({"personas": PERSONAS} if name == "debate" else {})
            facts.append([list(fault) for fault in faults_of(mode, full)])
            for models, settings in mode.expand(full, list(MODELS)):
                for by, order in product(("combined-10", "independent-10", "best-of-many"), ("given", "both")):
                    strategy = built_in(by)
                    if (unfit := unfit_reason(mode, strategy, settings)) is not None:
                        facts.append(list(unfit))
                        continue
                    cell = Cell("d", by, name, models, order, settings=settings, variant=variant_of(mode, settings))
                    shown: list[Any] = [
                        cell.evaluator,
                        unfit_cell_reason(mode, cell),
                        [one.id for one in members_of(cell)],
                        [one.id for one in stages_of(cell)],
                    ]
                    item = MANY if name == "tournament" else _items(strategy)
                    if (name == "tournament" and strategy.ask != "pair") or (
                        name != "tournament" and item.responses and strategy.ask not in asks_of_many(mode)
                    ):
                        continue
                    questions = compile_strategy(strategy)
                    try:
                        shown.append(calls_per_item(cell, strategy, len(item.responses)))
                        talks = [
                            held(converse(item, cell, questions, MODELS), script)
                            for script in ("mixed", "first", "failing", "both")
                        ]
                        shown += [talks[0], *(talk[-1] for talk in talks[1:])]
                    except (HarnessError, KeyError, AssertionError) as error:
                        shown.append(type(error).__name__)
                    facts.append(shown)
        found[name] = facts
    return found


def probes() -> Any:
    """The questions of each probe that asks, and which cells are asked for it."""
    found: dict[str, Any] = {}
    cells = [
        Cell("d", by, mode, models)
        for by in ("direct", "independent-10")
        for mode, models in (("judge", ("x",)), ("judge", ("r",)))
    ]
    cells.append(Cell("d", "direct", "jury", ("x", "y"), settings={"members": []}))
    names = [name for name in sorted(registry.built_in_names("probes")) if probing.intervention(name) is not None]
    for name in names:
        shown: list[Any] = []
        for cell in cells[:4]:
            strategy, one = built_in(cell.strategy), probing.probe_cell(cell, name)
            problem = probing.wording_problem(name, strategy, file="f")
            shown.append(
                [
                    one.id,
                    probing.judgments_per_item(one),
                    calls_per_item(one, strategy),
                    None if problem is None else str(problem),
                ]
            )
            if problem is None:
                talks = [
                    held(converse(PAIR, one, compile_strategy(strategy), MODELS), script)
                    for script in ("mixed", "first", "failing")
                ]
                shown += [talks[0], talks[1][-1], talks[2][-1]]
        found[name] = shown
    found["asked"] = [one.id for one in probing.probe_cells(cells, [*registry.built_in_names("probes")])]
    return found


def alone() -> Any:
    """Cells that end with their first batch: what they ask, and what they conclude of each script."""
    found: dict[str, Any] = {}
    for name in sorted(registry.built_in_names("strategies")):
        strategy = built_in(name)
        questions = compile_strategy(strategy)
        for order, repeats in (("given", 1), ("swapped", 1), ("both", 2)):
            if strategy.ask == "single" and order != "given":
                continue
            for model in ("x", "r"):
                cell = Cell("d", name, "judge", (model,), order, repeats)
                one = direct_cell(cell, questions, MODELS, first_draw=3)
                key = f"{name} {order} {model}"
                found[key] = [asks_once(find_mode("judge"), questions, MODELS[model])]
                if one is not None:
                    item = _items(strategy)
                    found[key].append([tuple(each) for each in one.asked])
                    found[key] += [
                        _in_short(one.call(one.messages(item, is_swapped=each.is_swapped), each)) for each in one.asked
                    ]
                    for script in ("first", "mixed", "failing", "later"):
                        replies = [SCRIPTS[script][at % len(SCRIPTS[script])] for at in range(len(one.asked))]
                        found[key].append(_outcome(one.outcome(replies)))
    return found


def games() -> Any:
    """The games of tournaments of up to nine responses, with results by a rule, some of them failed or tied."""
    found: dict[str, Any] = {}
    settings: list[Mapping[str, Any]] = [
        {"by": "round-robin", "rounds": None},
        {"by": "single-elimination", "rounds": None},
    ]
    settings += [{"by": "swiss", "rounds": rounds} for rounds in (None, 1, 2, 4, 9)]
    rules: dict[str, Callable[[int, int], float | None]] = {
        "order": lambda one, other: 1.0, "turned": lambda one, other: 0.0, "ties": lambda one, other: 0.5,
        "mixed": lambda one, other: (1.0, 0.0, 0.5, 1.0)[(one * 3 + other * 5) % 4], "failing": lambda one,
        other: None if (one + other) % 4 == 3 else 1.0,
    }  # fmt: skip
    for one, count, (rule, result) in product(settings, range(2, 10), rules.items()):
        played, rounds = tournament(one, count, "seed"), list[Any]()
        try:
            games_ = next(played)
            while True:
                rounds.append(" ".join(f"{first}{second}" for first, second in games_))
                games_ = played.send([result(*game) for game in games_])
        except StopIteration as stop:
            rounds.append(stop.value)
        key = f"{one['by']} {one['rounds']} {count}"
        found.setdefault(key, [games_of(one, count), rounds_of_elimination(count)]).append(
            [rule, rounds[-1], rounds[:-1] if rule in ("mixed", "turned") else len(rounds)]
        )
    return found


def _outcomes() -> list[Outcome]:
    return [Outcome("a", None, 7.0, 3.0, preference=0.7), Outcome("b", None, 2.0, 6.0, preference=0.2), Outcome("tie",
        None, 5.0, 5.0), Outcome("a"), Outcome("b", abstained=2),
            *(Outcome(None, kind) for kind in ("unparsed", "truncated", "refused", "unavailable")), Outcome("b", None,
            4.0, None, votes=("a", "b", "refused"))]  # type: ignore[arg-type] # fmt: skip


RESULTS = ({"result": "a"}, {"result": "b", "score_a": 2.0, "score_b": 7.0}, {"result": "tie", "score_a": 3.0},
    {"result": "unparsed"},
           {"score": 4.0}, {"result": "PASS"}, {"result": "pass", "score": 1.0}, {"result": None, "score": 9.0},
           {"result": None, "score": 0.5}, {})  # fmt: skip
READ = (
    "direct",
    "combined-10",
    "independent-10",
    "logprobs",
    "pass-fail",
    "grade-5",
    "rating-10",
    "pass-fail-logprobs",
    "rank-list",
    "g-eval-expected",
)


def readings() -> Any:
    """What is understood of replies and of recorded judgments, in the order of the call and exchanged."""
    found: dict[str, Any] = {}
    ends = ("stop", "length", "refusal", "too-long", "unavailable")
    replies = [Reply(text, finish) for text in (*TEXTS, "A\nB") for finish in ends]  # type: ignore[arg-type]
    replies += [one._replace(preference=0.7) for one in replies[:3]] + [
        Reply("x", logprobs=LOGS),
        Reply("x", "length", logprobs=LOGS),
    ]
    replies += [
        Reply(json.dumps(one), "judged", preference=preference) for one in RESULTS for preference in (None, 0.3)
    ]
    for name in READ:
        questions, shown = compile_strategy(built_in(name)), list[Any]()
        for is_exchanged in (False, True) if questions.strategy.ask == "pair" else (False,):
            shown += [_read_as(understood(reply._replace(is_exchanged=is_exchanged), questions)) for reply in replies]
        found[name] = ",".join(shown)
    return found


def _read_as(answer: Any) -> str:
    if isinstance(answer, str):
        return answer
    known = ((name, value) for name, value in answer._asdict().items() if value is not None)
    return " ".join(
        f"{name[0]}{name[-1]}{value:.4g}" if isinstance(value, float) else str(value) for name, value in known
    )


def votes() -> Any:
    """Several outcomes as one: by votes, scores, labels and ranks, one by one and in columns."""
    found: dict[str, Any] = {}
    one, other = _outcomes(), _outcomes()[::-1]
    scored = compile_strategy(built_in("combined-10"))
    compare = scored.compare
    found["orders"] = [_outcome(collapse_orders(x, y, compare)) for x in one for y in one]
    parts = [one[:3], one[3:5], one[:2] + one[5:6], one[5:], one[:1] * 2 + one[1:2], one[2:6], other[:4], one[9:], one]
    found["repeats"] = [
        _outcome(collapse_repeats(part, compare, by_score=by)) for part in parts for by in (True, False)
    ]
    found["exchanged"] = [_outcome(exchanged(each)) for each in one] + [
        _outcome(exchanged(Outcome("1>2=3", votes=("2>1>3", "unparsed"))))
    ]
    kinds = ("unparsed", "truncated", "refused", "unavailable")
    found["gravest"] = [gravest(pair) for pair in product(kinds, (*kinds, None))]  # type: ignore[arg-type]
    found["votes"] = [most_votes(each) for each in product(("a", "b", "tie", None), repeat=3)]
    sets = {
        "ordered": LabelSet(("1", "2", "3"), is_ordered=True, values=(1.0, 2.0, 3.0)),
        "named": LabelSet(("x", "y", "z")),
    }
    for name, labels in sets.items():
        cast = [each for each in product((*labels.names, None), repeat=4) if any(each)][:: 3 if name == "named" else 2]
        found[f"labels {name}"] = ",".join(most_labels(each, labels) for each in cast)
        codes = np.array(
            [[4 if label is None else labels.names.index(label) for label in each] for each in cast], np.int8
        ).T
        found[f"codes {name}"] = [
            labels_by_code(codes, labels).tolist(),
            labels_by_code(codes, labels, np.array([1.0, 2.0, 1.0, 0.5])).tolist(),
        ]
    codes = np.array(list(product(range(7), repeat=3)), np.int8).T
    weights = np.array([1.0, 2.0, 1.0])
    found["columns"] = [
        "".join(map(str, votes_by_code(codes, *more)))
        for more in ((), (weights,), (None, 2 / 3), (weights, 0.75), (None, 1.0))
    ]
    rng = np.random.default_rng(2)
    firsts, seconds = (np.where(codes > 2, np.nan, rng.integers(1, 6, codes.shape)) for _ in range(2))
    found["scores"] = [
        [each.tolist() if each.dtype.kind == "i" else each for each in mean_scores(codes, firsts, seconds, margin)]
        for margin in (0.0, 0.5, 1.0)
    ]
    single = compile_strategy(built_in("grade-5")).single
    assert single is not None
    labelled = np.minimum(codes, 6)
    classes = len(single.labels.names)
    points = np.where(labelled >= classes, np.nan, labelled + 1.0)
    found["labels of means"] = [
        [codes_.tolist(), means]
        for codes_, means in (mean_labels(labelled, points, single), mean_labels(labelled, points, single, weights))
    ]
    rankings = [["1>2>3", "2>1=3", None, "3>2>1"], ["2>1>3", None, None, "1>2>3"], ["1>3>2", "1>2>3", None, "1=2=3"]]
    failed = np.array([[0 if each is not None else 1 + at for each in row] for at, row in enumerate(rankings)], np.int8)
    for weigh in (None, weights):
        ranked = mean_ranks(MemberVotes(failed, rankings=rankings), weigh)
        found[f"ranks {weigh is None}"] = [ranked[0].tolist(), ranked[2]]
    answers: Iterable[Any] = (
        "unparsed",
        soft_answer(0.7, 0.2, 0.75),
        soft_answer(0.5, 0.5, 0.5),
        soft_answer(0.1, 0.9, 0.1),
    )
    found["answers"] = [_outcome(outcome_of((answer,), scored)) for answer in answers]
    found["without text"] = [
        failure_without_text(Reply(text, finish))
        for text in ("", " ", "x")
        for finish in ("stop", "length", "refusal", "too-long", "unavailable")
    ]  # type: ignore[arg-type]
    return found


CALLS: dict[str, Callable[[], Any]] = {
    "judges": judges,
    "modes": modes,
    "probes": probes,
    "alone": alone,
    "games": games,
    "readings": readings,
    "votes": votes,
}
