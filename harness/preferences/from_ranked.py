"""Preference pairs from rankings of several responses, by the rankings of one cell or by those of people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, Literal, NamedTuple, TypeAlias

from harness.errors import InputError
from harness.preferences.from_evaluation import JudgedRun
from harness.preferences.from_single import By
from harness.preferences.records import PEOPLE, UNLABELLED, Candidate
from harness.records.datasets import OPINION
from harness.records.judgments import FAILURES
from harness.records.rankings import ranks_of
from harness.runner.run_folder import ITEMS, LEADERBOARD, read_frame, read_json

PairChoice: TypeAlias = Literal["best-worst", "all"]
PAIR_CHOICES: tuple[PairChoice, ...] = ("best-worst", "all")
ACCURACY = "top-1"
"""The metric that says how often a cell finds the best response."""


class RankingRule(NamedTuple):
    """Whose rankings make pairs, and which pairs.

    Attributes:
        by: whose rankings: of people, or of the judge.
        pairs: `best-worst` for one pair of each item, `all` for all pairs of its responses.
    """

    by: By = "judge"
    pairs: PairChoice = "best-worst"


class RankedRun:
    """The ranked responses of a finished run.

    Args:
        run: the run with its data.
        rule: whose rankings, and which pairs.

    Raises:
        InputError: where the rankings of people are wanted and there are none.
    """

    def __init__(self, run: JudgedRun, rule: RankingRule) -> None:
        self._run, self._rule = run, rule
        self._people: dict[str, list[Sequence[float] | None]] = {}
        if rule.by != PEOPLE:
            return
        items = read_frame(run.folder, ITEMS)
        for dataset in dict.fromkeys(entry["dataset"] for entry in run.entries):
            here = items.filter(items["dataset"] == dataset)
            self._people[dataset] = here[OPINION].to_list() if OPINION in here.columns else [None] * len(here)
        if not any(one is not None for each in self._people.values() for one in each):
            raise InputError("in this run people rank no responses", hint="--by judge takes the rankings of the judge")

    def candidates(self) -> Iterator[list[Candidate]]:
        """The pairs of each item, in the order of the data."""
        for entry, judged in self._run.judgments():
            dataset = self._run.plan.datasets[entry["dataset"]]
            people = self._people.get(entry["dataset"])
            for at, (item, row) in enumerate(zip(dataset.items(), judged, strict=True)):
                values = _by_judge(row) if people is None else people[at]
                lacking = row["failure"] if people is None else UNLABELLED
                votes = _votes(row) if people is None and entry["order"] == "both" else []
                pairs = _pairs(values, len(item.responses), self._rule.pairs)
                yield [
                    Candidate(
                        entry["dataset"],
                        item.id,
                        item.cluster,
                        "single",
                        "ranking",
                        item.prompt,
                        item.responses[first],
                        item.responses[second],
                        lacking if values is None else _verdict(values[first], values[second]),
                        tuple(_verdict(vote[first], vote[second]) for vote in votes),
                        score_first=None if values is None else values[first],
                        score_second=None if values is None else values[second],
                        evaluator=PEOPLE if people is not None else entry["id"][len(entry["dataset"]) + 1 :],
                        calls=() if people is not None else tuple(row["calls"]),
                    )
                    for first, second in pairs
                ]

    def json(self) -> dict[str, Any]:
        """As the datasheet has it, with the accuracy of the cells whose rankings count."""
        if self._rule.by == PEOPLE:
            return {"by": PEOPLE, "pairs": self._rule.pairs, "accuracy": []}
        chosen = {entry["id"] for entry in self._run.entries}
        rows = [row for row in read_json(self._run.folder, LEADERBOARD)["rows"] if row["cell"] in chosen]
        return {"by": "judge", "pairs": self._rule.pairs, "accuracy": [one for row in rows for one in _accuracy(row)]}


def _accuracy(row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """How often a cell finds the best response; nothing where the run was not scored by that."""
    figure = {**row["companions"], **row["metrics"]}.get(ACCURACY)
    if figure is not None and figure["value"] is not None:
        kept = {name: figure[name] for name in ("value", "low", "high", "n")}
        yield {"cell": row["cell"], "dataset": row["dataset"], "metric": ACCURACY, **kept}


def _by_judge(row: Mapping[str, Any]) -> list[float] | None:
    """The shares of a judge's ranking; None for a failure."""
    return None if row["verdict"] is None else _shares(row["verdict"])


def _votes(row: Mapping[str, Any]) -> list[list[float]]:
    """The shares of the rankings in each order and repeat; none of failures."""
    return [_shares(vote) for vote in row["votes"] or () if vote not in FAILURES]


def _shares(ranking: str) -> list[float]:
    """Of each response the share of the others that it is ranked above, half of its ties included.

    So a margin means the same for any number of responses.
    """
    ranks = ranks_of(ranking)
    return [(len(ranks) - rank) / (len(ranks) - 1) for rank in ranks]


def _pairs(values: Sequence[float] | None, count: int, choice: PairChoice) -> list[tuple[int, int]]:
    """The positions of the responses of each pair; one pair of an item without a ranking, which the filters count."""
    if values is None:
        return [(0, 1)]
    if choice == "all":
        return list(combinations(range(count), 2))
    best, worst = (values.index(end(values)) for end in (max, min))
    return [(best, worst) if best != worst else (0, 1)]


def _verdict(first: float, second: float) -> str:
    return "a" if first > second else "b" if first < second else "tie"
