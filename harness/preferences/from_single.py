"""Single responses of an evaluation as desirable and undesirable examples, by the labels of people or of one cell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

from harness.errors import InputError, Problem
from harness.hashing import digest_of
from harness.preferences.from_evaluation import JudgedRun
from harness.preferences.records import NEITHER, PEOPLE, UNLABELLED, Candidate
from harness.records.judgments import FAILURES
from harness.records.label_set import NUMBER, LabelSet
from harness.runner.run_folder import ITEMS, read_frame
from harness.text import listed, quoted

By: TypeAlias = Literal["people", "judge"]
BY: tuple[By, ...] = (PEOPLE, "judge")


class SingleRule(NamedTuple):
    """Which labels make an example desirable or undesirable.

    Attributes:
        by: whose labels: of people, or of the judge.
        desirable: labels; of numbers the least one.
        undesirable: labels; of numbers the greatest one.
        is_number: whether labels are numbers.
    """

    by: By
    desirable: tuple[str, ...]
    undesirable: tuple[str, ...]
    is_number: bool = False

    def verdict(self, label: str | None, score: float | None) -> str:
        """`a` for a desirable response, `b` for an undesirable one, a failure, or why it is neither.

        Args:
            label: of the response, or the failure; None where people gave none.
            score: the number of the judge, or None.
        """
        if label is None:
            return UNLABELLED
        if label in FAILURES:
            return label
        if not self.is_number:
            return "a" if label in self.desirable else "b" if label in self.undesirable else NEITHER
        if label == NUMBER and score is None:
            return "unparsed"
        number = float(label) if score is None else score
        return "a" if number >= float(self.desirable[0]) else "b" if number <= float(self.undesirable[0]) else NEITHER

    def json(self) -> dict[str, Any]:
        """As the datasheet has it."""
        return {"by": self.by, "desirable": list(self.desirable), "undesirable": list(self.undesirable)}


def single_rule_of(labels: LabelSet, by: By, desirable: Sequence[str], undesirable: Sequence[str]) -> SingleRule:
    """The rule that a user names; of two labels the positive one is desirable and the other one is not.

    Args:
        labels: of the run.
        by: whose labels.
        desirable: labels, or one number; none for the positive one of two.
        undesirable: labels, or one number.

    Raises:
        InputError: where labels are missing, unknown or both.
    """
    if labels.positive and not desirable and not undesirable:
        return SingleRule(by, (labels.positive,), tuple(name for name in labels.names if name != labels.positive))
    if labels.is_number:
        return _rule_of_numbers(labels, by, desirable, undesirable)
    problems = [
        Problem(message=f"--{option}: {quoted(name)} is no label of this run", hint=f"known: {listed(labels.names)}")
        for option, names in (("desirable", desirable), ("undesirable", undesirable))
        for name in names
        if name not in labels.names
    ]
    if not desirable or not undesirable:
        hint = f"such as --desirable {labels.names[-1]} --undesirable {labels.names[0]}; other responses are left out"
        message = f"the labels {listed(labels.names)} do not say which responses are desirable and which are not"
        problems.append(Problem(message=message, hint=hint))
    problems += [
        Problem(message=f"{quoted(name)} is both desirable and undesirable", hint="name it once")
        for name in desirable
        if name in undesirable
    ]
    if problems:
        raise InputError(problems)
    return SingleRule(by, tuple(desirable), tuple(undesirable))


def _rule_of_numbers(labels: LabelSet, by: By, desirable: Sequence[str], undesirable: Sequence[str]) -> SingleRule:
    try:
        (least,), (greatest,) = map(float, desirable), map(float, undesirable)
        is_sound = float("-inf") < greatest < least < float("inf")
    except ValueError:
        is_sound = False
    if not is_sound:
        message = "labels are numbers here: one number and more is desirable, a lower one and less is undesirable"
        raise InputError(message, hint="such as --desirable 8 --undesirable 4; responses between them are left out")
    return SingleRule(by, tuple(desirable), tuple(undesirable), is_number=True)


class SingleRun:
    """The labelled responses of a finished run.

    Args:
        run: the run with its data.
        rule: which labels are desirable.

    Raises:
        InputError: if the data hold no responses, or the labels of people are wanted and there are none.
    """

    def __init__(self, run: JudgedRun, rule: SingleRule) -> None:
        self._run, self._rule = run, rule
        self._people: dict[str, list[str | None]] = {}
        items = read_frame(run.folder, ITEMS, ["dataset", "item", "reference"])
        for dataset in dict.fromkeys(entry["dataset"] for entry in run.entries):
            self._people[dataset] = items.filter(items["dataset"] == dataset)["reference"].to_list()
        for dataset in self._people:
            if isinstance(run.plan.spec.datasets[dataset].columns.get("response"), Mapping):
                hint = (
                    "name its column: `columns: {response: …}` in the spec, or `harness score --column response=COLUMN`"
                )
                raise InputError(f"the data of {quoted(dataset)} have no texts of the responses", hint=hint)
        if rule.by == PEOPLE and not any(label is not None for one in self._people.values() for label in one):
            raise InputError("this run has no labels of people", hint="--by judge takes those of the judge")

    def candidates(self) -> Iterator[list[Candidate]]:
        """The responses to each prompt, in the order of the data. Holds the texts of a dataset in memory."""
        for entry, judged in self._run.judgments():
            groups: dict[str, list[Candidate]] = {}
            labels = self._people[entry["dataset"]]
            items = self._run.plan.datasets[entry["dataset"]].items()
            for item, row, label in zip(items, judged, labels, strict=True):
                prompt = digest_of(list(item.prompt))
                one = Candidate(
                    entry["dataset"],
                    item.id,
                    item.cluster,  # without clusters in the data, that of the prompt
                    "single",
                    "label",
                    item.prompt,
                    item.response_a,
                    "",
                    self._verdict(label, row),
                    score_first=None if self._rule.by == PEOPLE else row["score_a"],
                    writers=(item.model_a, None),
                    evaluator=PEOPLE if self._rule.by == PEOPLE else entry["id"][len(entry["dataset"]) + 1 :],
                    calls=() if self._rule.by == PEOPLE else tuple(row["calls"]),
                )
                groups.setdefault(prompt, []).append(one)
            yield from groups.values()

    def _verdict(self, label: str | None, row: Mapping[str, Any]) -> str:
        if self._rule.by == PEOPLE:
            return self._rule.verdict(label, None)
        return self._rule.verdict(row["verdict"] or row["failure"], row["score_a"])
