"""The benchmark LLMBar (arXiv 2310.07641): its pairs, and the judgments that it publishes, as recordings.

The repository holds, for each of its sets of pairs, the data and what evaluators replied:

    DIR/Dataset/LLMBar/<set>/dataset.json
    DIR/Dataset/LLMBar/<set>/evaluators/<model>/<way of asking>/result.json

A result repeats the pair. It holds the replies for the outputs in the order given (`swap = False`) and in the other one
(`swap = True`), and a second round of them where the evaluator is asked again after a disagreement;
or it holds one rating of each output. Every reply is stored as it is, in its order and as its step.

`winner` in a result is the benchmark's reading of the replies. The verdicts of the strategies here are compared with
it, and the notes and the head of the spec list every item on which the two differ.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NamedTuple, TypeAlias, cast

from harness.evaluators.question import understood
from harness.importers._files import Imported, OnProblem, Source, compressed, json_lines
from harness.importers._replay_spec import Replay, listed, shipped_strategy
from harness.prompting.parsing.values import Answer
from harness.prompting.strategy import Questions, compile_strategy
from harness.records.calls import Reply
from harness.records.judgments import Verdict

SUMMARY = "LLMBar's pairs with gold labels, as its own evaluators judged them in both orders (arXiv 2310.07641)"

SETS = Path("Dataset", "LLMBar")
WAYS = {"Vanilla": "vanilla", "CoT": "cot", "Swap": "swap", "Swap_CoT": "swap-cot", "Rating": "rating"}
"""The benchmark's folders of replies, with the strategy that each of them is."""
RATING = "rating"
"""The strategy that has no order: it shows every output alone."""
SECOND_LOOK = ("swap", "swap-cot")
"""The strategies that look again where the two orders disagree."""

Order: TypeAlias = Literal["given", "swapped"]
Pair: TypeAlias = dict[str, Any]
Replies: TypeAlias = dict[str, Reply]
"""The replies to one item, by step."""
Winners: TypeAlias = dict[Order, Verdict | None]
"""A verdict on one item in each order, named as in the order given; None for none."""

_SWAPS: Mapping[Order, str] = {"given": "swap = False", "swapped": "swap = True"}
_PREFIXES: Mapping[Order, str] = {"given": "", "swapped": "swapped/"}
_OTHER: Mapping[Order, Order] = {"given": "swapped", "swapped": "given"}
_LABELS: Mapping[int, Verdict] = {1: "a", 2: "b"}
_WINNERS: Mapping[str | None, Verdict | None] = {"1": "a", "2": "b", None: None}
_EXCHANGED: Mapping[Verdict | None, Verdict | None] = {"a": "b", "b": "a", "tie": "tie", None: None}
_TEXTS = {"input": "prompt", "output_1": "response_a", "output_2": "response_b"}


class Judged(NamedTuple):
    """The replies of one evaluator of the benchmark, and the benchmark's verdicts.

    Attributes:
        model: the benchmark's name for it.
        strategy: one of WAYS.
        replies: to each item in turn.
        winners: of each item in turn.
    """

    model: str
    strategy: str
    replies: list[Replies]
    winners: list[Winners]


def read_benchmark(folder: Path, on_problem: OnProblem = "error") -> Imported:
    """Read all sets of the benchmark that are there.

    Args:
        folder: the benchmark's repository.
        on_problem: what becomes of entries that cannot be used: `error`, or `skip`, which leaves them out and says so.

    Raises:
        ImportSourceError: with every file that is missing or not in its layout.
    """
    source = Source(on_problem=on_problem)
    questions = {name: compile_strategy(shipped_strategy(name)) for name in WAYS.values()}
    files: dict[PurePosixPath, bytes] = {}
    notes: list[str] = []
    paths = sorted((folder / SETS).glob("**/dataset.json"))
    if not paths:
        source.report(folder / SETS, "holds no dataset.json")
    for path in paths:
        name = "-".join(path.parent.relative_to(folder / SETS).parts).lower()
        pairs, count = _pairs(path, source)
        if pairs:
            judged, left_out = _judged(path.parent / "evaluators", pairs, count, source)
            numbers = [int(pair["id"]) for pair in pairs]
            differences = [
                difference for one in judged for difference in _differences(one, numbers, questions[one.strategy])
            ]
            files |= _files(name, pairs, judged, differences)
            notes += [f"{name}: {note}" for note in _notes(pairs, judged, differences, left_out)]
    source.raise_if_reported()
    return Imported(files, (*source.notes, *notes))


# --- the benchmark's files --------------------------------------------------------------------------------


def _pairs(path: Path, source: Source) -> tuple[list[Pair], int]:
    """The pairs of a set, and how many entries its file has."""
    entries = source.entries(path)
    if entries == []:
        source.report(path, "holds no pairs")
    pairs = []
    for number, row in enumerate(entries or (), 1):
        wrong = [key for key in _TEXTS if not (isinstance(row.get(key), str) and row[key].strip())]
        wrong += [] if type(row.get("label")) is int and row["label"] in _LABELS else ["label"]
        if wrong:
            what = ", ".join(f"`{key}`" for key in wrong)
            source.report_entry(path, f"{what} is missing or unknown", place=f"entry {number}")
        else:
            texts = {name: row[key] for key, name in _TEXTS.items()}
            pairs.append({"id": str(number), **texts, "label": _LABELS[row["label"]]})
    if entries and not pairs and source.on_problem == "skip":
        source.report(path, "holds no pair that can be used")
    return pairs, len(entries or ())


def _judged(folder: Path, pairs: Sequence[Pair], count: int, source: Source) -> tuple[list[Judged], list[str]]:
    """The evaluators of a set that asked in one of WAYS, and the folders of the others.

    Args:
        folder: of the evaluators.
        pairs: those that are used.
        count: entries of the data, of which some may be left out.
        source: collects problems.
    """
    judged, left_out = [], []
    for path in sorted(folder.glob("*/*/result.json")):
        model, way = path.parent.parts[-2:]
        if way not in WAYS:
            left_out.append(f"{model}/{way}")
            continue
        entries = source.entries(path)
        if entries is None:
            continue
        if len(entries) != count:
            source.report(path, f"holds {len(entries)} results for {count} pairs")
            continue
        one = Judged(model, WAYS[way], [], [])
        for pair in pairs:
            replies: Replies = {}
            winners: Winners = {"given": None, "swapped": None}
            try:
                replies, winners = _result(entries[int(pair["id"]) - 1], pair, one.strategy)
            except ValueError as error:
                source.report_entry(path, str(error), place=f"entry {pair['id']}")
            one.replies.append(replies)
            one.winners.append(winners)
        judged.append(one)
    return judged, left_out


def _result(row: Mapping[str, Any], pair: Pair, strategy: str) -> tuple[Replies, Winners]:
    """The replies to a pair, and who won. Raises ValueError for a row that is not in the layout."""
    if any(row.get(key) != pair[name] for key, name in _TEXTS.items()):
        raise ValueError("is not the pair of the same number in dataset.json")
    try:
        rounds = row["results"]
        winners = {order: _WINNERS[rounds[-1][swap]["winner"]] for order, swap in _SWAPS.items()}
        replies = {step: _reply(*found) for step, found in _steps(rounds, strategy)}
    except (KeyError, IndexError, TypeError):
        raise ValueError("`results` is missing or not in its layout") from None
    return replies, winners


def _reply(text: Any, finish: Any) -> Reply:
    if not isinstance(text, str) or finish not in ("stop", "length"):
        raise TypeError
    return Reply(text, finish)


def _steps(rounds: Sequence[Mapping[str, Any]], strategy: str) -> Iterator[tuple[str, Any]]:
    """The replies to one item by step, as the mode `judge` asks in both orders.

    A second look begins with the first looks in both orders, so these stand in the recording of each order.
    """
    if strategy == RATING:
        yield "judge-a", rounds[0]["score_1"]
        yield "judge-b", rounds[0]["score_2"]
        return
    for order, prefix in _PREFIXES.items():
        yield f"{prefix}judge", rounds[0][_SWAPS[order]]["completion"]
        if strategy in SECOND_LOOK:
            yield f"{prefix}judge-swapped", rounds[0][_SWAPS[_OTHER[order]]]["completion"]
            if len(rounds) > 1:
                yield f"{prefix}judge-second", rounds[1][_SWAPS[order]]["completion"]


# --- verdicts of the strategies ---------------------------------------------------------------------------


def _differences(judged: Judged, numbers: Sequence[int], questions: Questions) -> Iterator[str]:
    """Notes on the items, by their numbers, whose published winner differs from the replies."""
    ties: list[int] = []
    others: dict[Order, list[int]] = {order: [] for order in _SWAPS}
    for number, replies, winners in zip(numbers, judged.replies, judged.winners, strict=True):
        if not replies:
            continue  # left out
        read = _verdicts(replies, questions)
        if set(read.values()) == {"tie"} and winners == {"given": "b", "swapped": "a"}:
            ties.append(number)
            continue
        for order in _SWAPS:
            if read[order] != winners[order]:
                others[order].append(number)
    who = f"{judged.model} under {judged.strategy}"
    if ties:
        yield (
            f"{who}: equal ratings, for which the benchmark let the output win that was shown second, and which are "
            f"a tie here: {_items(ties)}"
        )
    for order, numbers in others.items():
        if numbers:
            what = "the published winner is not what the replies say"
            yield f"{who}, order {order}: {what}: {_items(numbers)}"


def _items(numbers: Sequence[int]) -> str:
    return f"{len(numbers)} item{'s' if len(numbers) > 1 else ''} ({', '.join(map(str, numbers))})"


def _verdicts(replies: Replies, questions: Questions) -> Winners:
    """The verdict of the mode `judge` on an item, in each order."""
    if questions.strategy.name == RATING:
        answers = [understood(replies[step], questions) for step in ("judge-a", "judge-b")]
        scores = [one.score for one in answers if isinstance(one, Answer) and one.score is not None]
        verdict = questions.compare(*scores) if len(scores) == len(answers) else None
        return {"given": verdict, "swapped": verdict}
    given, swapped = (_verdict(replies, prefix, questions) for prefix in _PREFIXES.values())
    return {"given": given, "swapped": _EXCHANGED[swapped]}


def _verdict(replies: Replies, prefix: str, questions: Questions) -> Verdict | None:
    """The verdict in one order, named as in that order."""

    def read(step: str) -> Verdict | None:
        answer = understood(replies[prefix + step], questions) if prefix + step in replies else None
        return cast(Verdict | None, answer.verdict) if isinstance(answer, Answer) else None

    first = read("judge")
    if questions.strategy.name not in SECOND_LOOK:
        return first
    other = _EXCHANGED[read("judge-swapped")]
    if first is None or other is None or first == other:
        return first and other
    return read("judge-second")


# --- output -----------------------------------------------------------------------------------------------


def _files(
    name: str, pairs: Sequence[Pair], judged: Sequence[Judged], differences: Sequence[str]
) -> dict[PurePosixPath, bytes]:
    """The data set, and where there are replies their recording, the strategies and the spec that replays them."""
    files = {PurePosixPath("data", f"{name}.jsonl"): json_lines(pairs)}
    if judged:
        files[PurePosixPath("recordings", f"{name}.jsonl.gz")] = compressed(json_lines(_rows(name, pairs, judged)))
        files |= _replay(name, judged, differences).files()
    return files


def _rows(name: str, pairs: Sequence[Pair], judged: Sequence[Judged]) -> Iterator[dict[str, str]]:
    for one in judged:
        place = {"dataset": name, "strategy": one.strategy, "model": one.model}
        for pair, replies in zip(pairs, one.replies, strict=False):
            for step, reply in replies.items():
                yield {**place, "item": pair["id"], "step": step, "text": reply.text, "finish": reply.finish}


def _replay(name: str, judged: Sequence[Judged], differences: Sequence[str]) -> Replay:
    """A spec of every model and strategy that is recorded, in both orders where it has an order."""
    models = list(dict.fromkeys(one.model for one in judged))
    strategies = [name for name in WAYS.values() if any(one.strategy == name for one in judged)]
    recorded = {(one.strategy, one.model) for one in judged}
    exclude = [{"strategy": one, "order": "both" if one == RATING else "given"} for one in strategies]
    exclude += [
        {"strategy": strategy, "model": model}
        for strategy in strategies
        for model in models
        if (strategy, model) not in recorded
    ]
    about = ["Replies that LLMBar (arXiv 2310.07641) published, read and scored again: no key, no network, no cost."]
    if differences:
        about += [
            "Where a verdict is not the winner that was published:",
            *(f"- {difference}" for difference in differences),
        ]
    return Replay(
        name=f"llmbar-{name}",
        dataset=name,
        about=about,
        models=models,
        strategies=strategies,
        own=strategies,
        evaluators=[f"judge: {listed(models)}"],
        order=["both", "given"],
        exclude=exclude,
    )


def _notes(
    pairs: Sequence[Pair], judged: Sequence[Judged], differences: Sequence[str], left_out: Sequence[str]
) -> Iterator[str]:
    yield f"{len(pairs)} pairs"
    for strategy in WAYS.values():
        if models := [one.model for one in judged if one.strategy == strategy]:
            yield f"replies under {strategy}: {', '.join(models)}"
    yield from differences
    if left_out:
        yield f"not imported, for no strategy here asks in that way: {', '.join(left_out)}"
