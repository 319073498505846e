"""Personas discuss the responses before each of them answers.

The steps of its calls, rounds and personas counted from 1:

    step-ID        each preparatory step of the strategy, once, by the first persona's model
    debate-R-P     the turn of persona P in round R
    round-R-P      its answer after round R if rounds are scored; the other personas do not see it
    summary-R      the summary of round R, if summaries replace the discussion
    final-P        its answer after the last round

A reply without an answer is followed by one retry: `final-P.again` or `round-R-P.again`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from harness.evaluators.aggregation import collapse_repeats, gravest
from harness.evaluators.conversation import Conversation
from harness.evaluators.modes._debate_prompts import ANSWER_AT_LAST, ANSWER_NOW, TURN, Turn, to_persona, to_summariser
from harness.evaluators.question import answers_to, call_for, failure_without_text, outcome_of, shown, steps_before
from harness.prompting.persona import Persona, personas_from
from harness.prompting.strategy import Questions
from harness.records.calls import Call, Model, Reply
from harness.records.datasets import Item, Message
from harness.records.experiment import Cell, Strategy
from harness.records.frozen import freeze
from harness.records.judgments import FailureKind, Outcome, Verdict
from harness.text import listed, quoted, suggestion

NAME = "debate"
TAKES_PERSONAS = True
SUMMARY = "Personas discuss the responses in rounds, then each answers; one cell for each model"

Vote: TypeAlias = Verdict | FailureKind

DEFAULTS: Mapping[str, Any] = {
    "rounds": 2,
    "turn": "one-by-one",
    "summary": "none",
    "decide": "mean-score",
    "score_rounds": False,
}


def expand(wanted: Mapping[str, Any], models: Sequence[str]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """One cell for each model, or one cell in which each persona has its own model.

    Args:
        wanted: the value of `debate` in a spec, with the list of personas as `personas` and the name of their set as
            `persona_set`.
        models: all models of the spec.
    """
    settings = {key: wanted.get(key, default) for key, default in DEFAULTS.items()}
    settings |= {"persona_set": wanted.get("persona_set"), "personas": wanted["personas"]}
    if "models" not in wanted:
        names = wanted["model"]
        for name in [names] if isinstance(names, str) else names:
            yield (name,), freeze(settings)
        return
    own = wanted["models"]
    if isinstance(own, Mapping):
        position = {persona["name"]: at for at, persona in enumerate(wanted["personas"])}
        own = [own[name] for name in sorted(own, key=lambda name: position.get(name, len(position)))]
    yield tuple(own), freeze(settings)


def written(models: Sequence[str], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `expand`: the value of `debate` in a spec for one cell alone."""
    who = {"model": models[0]} if len(models) == 1 else {"models": list(models)}
    return {**who, **settings, "personas": [dict(persona) for persona in settings["personas"]]}


def faults(wanted: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Errors in the settings that the schema cannot find: place, message, suggested fix."""
    names = [persona["name"] for persona in wanted["personas"]]
    models = wanted.get("models")
    if "model" in wanted and models is not None:
        yield ("models",), "`model` is there as well", "`model` is one for all personas, `models` one for each"
    elif models is not None and names:
        yield from _casting_faults(models, names)


def _casting_faults(
    models: Mapping[str, str] | Sequence[str], names: Sequence[str]
) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Errors in the assignment of models to personas."""
    if not isinstance(models, Mapping):
        if len(models) != len(names):
            message = f"there are {len(models)} models for {len(names)} personas"
            yield ("models",), message, f"give a model for each of {listed(names)}"
        return
    for name in models:
        if name not in names:
            yield ("models", name), f"there is no persona {quoted(name)}", suggestion(name, names)
    if missing := [name for name in names if name not in models]:
        yield ("models",), f"there is no model for {listed(missing)}", ""


def variant(settings: Mapping[str, Any]) -> str:
    """The settings that differ from the defaults, such as `(rounds=3,turn=simultaneous)`."""
    parts = []
    if settings["persona_set"] != "default":
        names = "+".join(persona["name"] for persona in settings["personas"])
        parts.append(f"personas={settings['persona_set'] or names}")
    parts += [f"{key}={_word(settings[key])}" for key, usual in DEFAULTS.items() if settings[key] != usual]
    return f"({','.join(parts)})" if parts else ""


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def unfit(strategy: Strategy, settings: Mapping[str, Any]) -> tuple[str, str] | None:
    """Why a debate with these settings cannot use a strategy, and a suggested fix; None where it can."""
    if strategy.ask == "each":
        message = f"a debate is about both responses, and the strategy {quoted(strategy.name)} shows each alone"
        return message, "take a strategy with `ask: pair`, or leave these cells out with `exclude`"
    if strategy.second_look is not None:
        message = f"the strategy {quoted(strategy.name)} takes a second look, which only a judge does"
        return message, "take another strategy, or leave these cells out with `exclude`; `order: [both]` fits a debate"
    if settings["decide"] == "mean-score" and strategy.answer["kind"] in ("verdict", "label"):
        message = f"the strategy {quoted(strategy.name)} gives no scores whose mean could decide"
        return message, "write `decide: majority`, or leave these cells out with `exclude`"
    return None


def calls_per_item(cell: Cell, strategy: Strategy) -> tuple[int, int]:
    """The fewest and the most calls of one conversation if at least one persona speaks in every round."""
    settings = cell.settings
    voices, rounds = len(settings["personas"]), settings["rounds"]
    turns = voices * rounds
    summaries = rounds - 1 if settings["summary"] == "after-round" else 0
    answers = voices * (rounds if settings["score_rounds"] else 1)
    fewest = len(strategy.steps) + turns + summaries + answers
    return fewest, fewest if strategy.follow_up is None else fewest + answers


def converse(item: Item, cell: Cell, questions: Questions, models: Mapping[str, Model]) -> Conversation[Outcome]:
    """Run the rounds of a debate on an item, then ask each persona for its answer; the votes are the verdicts by round.

    A persona that refuses or sends no text is left out of that round; one without a readable answer is left out of the
    verdict. A call without a reply fails the item, because a verdict without that reply could not be reproduced from
    the cache.
    """
    prepared = yield from steps_before(item, cell, questions, models[cell.models[0]])
    if isinstance(prepared, str):
        votes = [Outcome(None, prepared)] * cell.settings["rounds"]
    else:
        personas, question = personas_from(cell.settings["personas"]), questions.whole(item, prepared)
        votes = yield from _Debate(item, cell, questions, models, personas, question).run()
    if not cell.settings["score_rounds"]:
        return votes[-1]
    return votes[-1]._replace(votes=tuple(cast(Vote, vote.verdict or vote.failure) for vote in votes))


@dataclass(frozen=True, slots=True)
class _Debate:
    """A debate on one item."""

    item: Item
    cell: Cell
    questions: Questions
    models: Mapping[str, Model]
    personas: tuple[Persona, ...]
    question: Sequence[Message]

    def run(self) -> Conversation[list[Outcome]]:
        """The outcomes: of each scored round, then of the last round."""
        settings = self.cell.settings
        rounds = settings["rounds"]
        discussion: list[Turn] = []
        votes: list[Outcome] = []
        for number in range(1, rounds + 1):
            try:
                discussion += yield from self._round(number, discussion)
                if number == rounds:
                    votes.append((yield from self._answers("final", ANSWER_AT_LAST, discussion)))
                    break
                if settings["score_rounds"]:
                    votes.append((yield from self._answers(f"round-{number}", ANSWER_NOW, discussion)))
                if settings["summary"] == "after-round":
                    discussion = yield from self._summed_up(number, discussion)
            except _BrokenOffError as end:
                votes += [Outcome(None, end.failure)] * (rounds - len(votes))
                break
        return votes

    def _round(self, number: int, discussion: Sequence[Turn]) -> Conversation[list[Turn]]:
        """The turns of a round."""
        voices = range(len(self.personas))
        at_once = self.cell.settings["turn"] == "simultaneous"
        turns: list[Turn] = []
        failures: list[FailureKind] = []
        for batch in [voices] if at_once else [[voice] for voice in voices]:
            step = f"debate-{number}"
            so_far = [*discussion, *turns]
            calls = [self._call(step, voice, so_far, TURN, number=number) for voice in batch]
            replies = yield calls
            for voice, call, reply in zip(batch, calls, replies, strict=True):
                if failure := _silence(reply):
                    failures.append(failure)
                else:
                    turns.append(Turn(self.personas[voice].name, number, shown(reply, call.model)))
        if not turns:
            raise _BrokenOffError(gravest(failures))
        return turns

    def _summed_up(self, number: int, discussion: list[Turn]) -> Conversation[list[Turn]]:
        """A summary that replaces the discussion, or the discussion itself if there is no summary."""
        model = self.models[self.cell.models[0]]
        (reply,) = yield [call_for(f"summary-{number}", to_summariser(discussion), self.item, self.cell, model)]
        return discussion if _silence(reply) else [Turn("", number, shown(reply, model))]

    def _answers(self, step: str, task: str, discussion: Sequence[Turn]) -> Conversation[Outcome]:
        """The answers of all personas as one outcome."""
        calls = [self._call(step, voice, discussion, task) for voice in range(len(self.personas))]
        answers = yield from answers_to(calls, self.item, self.cell, self.questions)
        if "unavailable" in answers:
            return Outcome(None, "unavailable")
        outcomes = [outcome_of([one], self.questions) for one in answers]
        by_score = self.cell.settings["decide"] == "mean-score"
        return collapse_repeats(outcomes, self.questions.combine, by_score=by_score)

    def _call(self, step: str, voice: int, discussion: Sequence[Turn], task: str, **about: int) -> Call:
        """A call to a persona, by its position."""
        persona, models = self.personas[voice], self.cell.models
        instruction = task.format(
            name=persona.name,
            rounds=self.cell.settings["rounds"],
            answer_format=self.questions.answer_format,
            **about,
        )
        messages = to_persona(persona, len(self.personas), self.question, discussion, instruction)
        model = self.models[models[voice if len(models) > 1 else 0]]
        return call_for(f"{step}-{voice + 1}", messages, self.item, self.cell, model)


class _BrokenOffError(Exception):
    """A debate that ends early: no persona speaks in a round, or a call has no reply.

    Attributes:
        failure: the reason.
    """

    def __init__(self, failure: FailureKind) -> None:
        super().__init__(failure)
        self.failure: FailureKind = failure


def _silence(reply: Reply) -> FailureKind | None:
    """The failure of a reply without text; None for a reply with text, even if it was cut off."""
    if reply.finish == "unavailable":
        raise _BrokenOffError("unavailable")
    return failure_without_text(reply)
