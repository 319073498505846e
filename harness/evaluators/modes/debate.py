"""Personas discuss the responses before each of them answers.

The steps of its calls, rounds and personas counted from 1:

    step-ID        each preparatory step of the strategy, asked once of the first persona's model
    debate-R-P     what persona P says in round R
    round-R-P      its answer after round R, where the rounds are scored; the others are not shown it
    summary-R      round R summed up, where the next round is to see a summary in its place
    final-P        its answer after the last round

An answer that cannot be read is asked for once more, as `final-P.again` or `round-R-P.again`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from harness.evaluators.aggregation import collapse_repeats, gravest
from harness.evaluators.conversation import Conversation
from harness.evaluators.modes._debate_prompts import ANSWER_AT_LAST, ANSWER_NOW, TURN, Turn, to_persona, to_summariser
from harness.evaluators.question import answers_to, call_for, outcome_of, shown, steps_before
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
    """One cell for each model, or one for models of which each persona has its own.

    Args:
        wanted: what a spec says under `debate`, with the personas themselves in place of the name of their set, which
            is its `persona_set`.
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
    """What a spec would say under `debate` for one cell alone: `expand` gives its models and settings back."""
    who = {"model": models[0]} if len(models) == 1 else {"models": list(models)}
    return {**who, **settings, "personas": [dict(persona) for persona in settings["personas"]]}


def faults(wanted: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """What is wrong with a debate that its schema accepted: place, message, hint."""
    names = [persona["name"] for persona in wanted["personas"]]
    models = wanted.get("models")
    if "model" in wanted and models is not None:
        yield ("models",), "`model` is there as well", "`model` is one for all personas, `models` one for each"
    elif models is not None and names:
        yield from _casting_faults(models, names)


def _casting_faults(
    models: Mapping[str, str] | Sequence[str], names: Sequence[str]
) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Personas that do not have one model each."""
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
    """What tells this debate from the usual one of the same models, such as `(rounds=3,turn=simultaneous)`."""
    parts = []
    if settings["persona_set"] != "default":
        names = "+".join(persona["name"] for persona in settings["personas"])
        parts.append(f"personas={settings['persona_set'] or names}")
    parts += [f"{key}={_word(settings[key])}" for key, usual in DEFAULTS.items() if settings[key] != usual]
    return f"({','.join(parts)})" if parts else ""


def _word(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def unfit(strategy: Strategy, settings: Mapping[str, Any]) -> tuple[str, str] | None:
    """Message and hint where a strategy does not lend itself to such a debate; None where it does."""
    if strategy.ask == "each":
        message = f"a debate is about both responses, and the strategy {quoted(strategy.name)} shows each alone"
        return message, "take a strategy with `ask: pair`, or leave these cells out with `exclude`"
    if strategy.second_look is not None:
        message = f"the strategy {quoted(strategy.name)} takes a second look, which only a judge does"
        return message, "take another strategy, or leave these cells out with `exclude`; `order: [both]` fits a debate"
    if settings["decide"] == "mean-score" and strategy.answer["kind"] == "verdict":
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
    """Hold the rounds of a debate on an item, then let each persona answer; its votes are the verdicts by round.

    A persona that refuses a turn, or says nothing, is left out of that round; one whose answer cannot be read is left
    out of the verdict. A call that got no reply at all fails the item: it says nothing of the debate, and a verdict
    without it could not be had again from the replies that are stored.
    """
    prepared = yield from steps_before(item, cell, questions, models[cell.models[0]])
    if isinstance(prepared, str):
        votes = [Outcome(None, prepared)] * cell.settings["rounds"]
    else:
        personas, question = personas_from(cell.settings["personas"]), questions.pair(item, prepared)
        votes = yield from _Debate(item, cell, questions, models, personas, question).hold()
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

    def hold(self) -> Conversation[list[Outcome]]:
        """The outcome after the last round, behind one for each round before it where these are scored."""
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
        """What is said in a round."""
        voices = range(len(self.personas))
        at_once = self.cell.settings["turn"] == "simultaneous"
        turns: list[Turn] = []
        failures: list[FailureKind] = []
        for batch in [voices] if at_once else [[voice] for voice in voices]:
            step = f"debate-{number}"
            heard = [*discussion, *turns]
            calls = [self._call(step, voice, heard, TURN, number=number) for voice in batch]
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
        """A summary in place of the discussion, or the discussion itself where there is none."""
        model = self.models[self.cell.models[0]]
        (reply,) = yield [call_for(f"summary-{number}", to_summariser(discussion), self.item, self.cell, model)]
        return discussion if _silence(reply) else [Turn("", number, shown(reply, model))]

    def _answers(self, step: str, task: str, discussion: Sequence[Turn]) -> Conversation[Outcome]:
        """The answers of all personas as one outcome."""
        calls = [self._call(step, voice, discussion, task) for voice in range(len(self.personas))]
        heard = yield from answers_to(calls, self.item, self.cell, self.questions)
        if "unavailable" in heard:
            return Outcome(None, "unavailable")
        outcomes = [outcome_of([one], self.questions) for one in heard]
        by_score = self.cell.settings["decide"] == "mean-score"
        return collapse_repeats(outcomes, self.questions.compare, by_score=by_score)

    def _call(self, step: str, voice: int, discussion: Sequence[Turn], task: str, **about: int) -> Call:
        """A call to a persona, by its position."""
        persona, models = self.personas[voice], self.cell.models
        told = task.format(
            name=persona.name,
            rounds=self.cell.settings["rounds"],
            answer_format=self.questions.answer_format,
            **about,
        )
        messages = to_persona(persona, len(self.personas), self.question, discussion, told)
        model = self.models[models[voice if len(models) > 1 else 0]]
        return call_for(f"{step}-{voice + 1}", messages, self.item, self.cell, model)


class _BrokenOffError(Exception):
    """A debate in which nobody speaks, or a call of which got no reply.

    Attributes:
        failure: why.
    """

    def __init__(self, failure: FailureKind) -> None:
        super().__init__(failure)
        self.failure: FailureKind = failure


def _silence(reply: Reply) -> FailureKind | None:
    """Why a reply says nothing; None where it does. What was cut short counts as far as it goes."""
    if reply.finish == "unavailable":
        raise _BrokenOffError("unavailable")
    if reply.finish == "refusal":
        return "refused"
    if reply.finish == "too-long":
        return "truncated"
    if reply.text.strip():
        return None
    return "truncated" if reply.finish == "length" else "unparsed"
