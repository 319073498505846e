"""Strategy files → strategies → the questions that a mode asks.

A strategy is data: templates, and a rule that reads the answer. `built_in` and `strategy_from` make the record,
`harness.prompting.checks` finds what a schema cannot express, and `compile_strategy` turns it, once for each cell, into
`Questions`, whose methods are called for every item and are quick.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from harness.errors import SpecError
from harness.prompting.checks import RANKING, STEP, check_strategy
from harness.prompting.delimiters import chat_text, delimited, nonce_for, texts_of
from harness.prompting.follow_up import default_follow_up
from harness.prompting.parsing.definition import full_rule
from harness.prompting.parsing.rules import compile_answer
from harness.prompting.parsing.values import Answer
from harness.prompting.rewording import reworded
from harness.prompting.single import SingleRule, single_rule
from harness.records.datasets import Item, Message
from harness.records.experiment import Strategy
from harness.records.frozen import freeze, with_plain_numbers
from harness.records.judgments import Verdict
from harness.records.shared_prompts import shared_prompt

if TYPE_CHECKING:
    from harness.prompting.template import Template

Side: TypeAlias = Literal["a", "b"]
Combine: TypeAlias = Callable[[float, float], Verdict] | SingleRule
"""Turns mean scores into a verdict, with the tie margin of the strategy, or into the label of a single response."""
Shown: TypeAlias = tuple[tuple[str, str, str], ...]
"""Responses that a question shows: the variable, the name of the tag, and the text of each."""

SIDES: tuple[Side, ...] = ("a", "b")
SEVERAL = "responses"
"""The variable that shows several responses, one after the other."""
COUNT = "count"
"""The variable that says how many they are."""
NO_REPLIES: Mapping[str, str] = {}
ROUNDING = 1e-9
"""Scores such as 8.3 and 8.2 differ by a hair more or less than 0.1 in binary; a margin of 0.1 means both."""


def strategy_from(mapping: Mapping[str, Any], *, name: str, source: str) -> Strategy:
    """A strategy with every default written out.

    Args:
        mapping: what a strategy file, or a strategy inside an experiment, holds; `schemas/input/strategy.schema.json`
            must have accepted it.
        name: the name that the spec gives it; a `name` inside the mapping is the caller's to compare.
        source: `built-in`, or the path of the file as the user wrote it.
    """
    criteria = with_plain_numbers([{"weight": 1, **criterion} for criterion in mapping.get("criteria", ())])
    second = mapping.get("second_look")
    return Strategy(
        name=name,
        summary=mapping.get("summary", ""),
        ask=mapping["ask"],
        system=mapping.get("system"),
        user=mapping.get("user", ""),
        follow_up=mapping.get("follow_up", default_follow_up(mapping["answer"])),
        answer=freeze(full_rule(mapping["answer"])),
        tie_margin=mapping.get("tie_margin", 0),
        reference=mapping.get("reference", "optional"),
        criteria=freeze(criteria),
        steps=freeze(mapping.get("steps", ())),
        examples=freeze(mapping.get("examples", ())),
        second_look=freeze({"when": "orders-disagree", **second}) if second else None,
        source=source,
    )


def strategy_json(strategy: Strategy) -> dict[str, Any]:
    """The strategy as plain JSON values: what a strategy file could hold.

    Defaults are written out; what a strategy does not have at all (a system message, steps, criteria) is left out.
    `strategy_from` gives the same strategy back. Where it came from is left out too: it changes no reply.
    """
    optional = {
        "system": strategy.system,
        "reference": "required" if strategy.reference == "required" else None,
        **{key: [dict(one) for one in getattr(strategy, key)] for key in ("criteria", "steps", "examples")},
        "second_look": dict(strategy.second_look) if strategy.second_look else None,
    }
    return {
        "name": strategy.name,
        "summary": strategy.summary,
        "ask": strategy.ask,
        **({"user": strategy.user} if strategy.user else {}),
        "follow_up": strategy.follow_up,
        "answer": dict(strategy.answer),
        "tie_margin": strategy.tie_margin,
        **{key: value for key, value in optional.items() if value not in (None, [])},
    }


class Questions:
    """A strategy made ready: what is sent for an item, and what a reply means.

    Attributes:
        strategy: what it was made from.
        answer_format: the form in which an answer is asked for.
        steps: the ids of the preparatory steps, in the order in which they are asked.
        params: what a call that wants an answer asks for beside its messages, or None for nothing.
        again: the message that asks once more for an answer, or None where the strategy asks nothing.
        read: reads a reply; None where it holds no answer.
        read_logprobs: reads the log probabilities of a reply in place of its text; None for rules that read text.
        single: how answers become the label of a single response; None for a strategy about pairs.
    """

    __slots__ = (
        "_constants",
        "_margin",
        "_opening",
        "_reworded",
        "_second",
        "_sized",
        "_steps",
        "_user",
        "again",
        "answer_format",
        "params",
        "read",
        "read_logprobs",
        "single",
        "steps",
        "strategy",
    )

    def __init__(self, strategy: Strategy) -> None:
        from harness.prompting.template import compile_template

        rule = compile_answer(strategy.answer, ask=strategy.ask, criteria=strategy.criteria)
        self.strategy = strategy
        self.read: Callable[[str], Answer | None] = rule.read
        self.read_logprobs = rule.read_logprobs
        self.params = rule.params
        self._constants = _constants(strategy, rule.format_text())
        self.answer_format = self._constants["answer_format"]
        self._margin = strategy.tie_margin
        self.single = single_rule(strategy) if strategy.ask == "single" else None
        self._sized: dict[int, Questions] = {}
        self._user = compile_template(strategy.user)
        system = self._opening = self._system(strategy.system)
        self._opening = [*system, *self._turns(strategy.examples)]
        self.steps = tuple(step["id"] for step in strategy.steps)
        self._steps = {step["id"]: self._step(step) for step in strategy.steps}
        self._second = compile_template(strategy.second_look["user"]) if strategy.second_look else None
        self._reworded: Questions | None = None
        self.again: Message | None = None
        if strategy.follow_up is not None:
            self.again = {"role": "user", "content": compile_template(strategy.follow_up).render(self._constants)}

    def pair(self, item: Item, replies: Mapping[str, str] = NO_REPLIES) -> Sequence[Message]:
        """The conversation that shows both responses of an item, `replies` being those of the steps by their ids."""
        render = partial(self._messages, self._opening, self._user, item, _both(item), replies)
        return render() if replies else shared_prompt(item, self, "pair", render)

    def alone(self, item: Item, side: Side, replies: Mapping[str, str] = NO_REPLIES) -> Sequence[Message]:
        """The conversation that shows one response; nothing in it depends on the other one or on the side."""
        response = item.response_a if side == "a" else item.response_b
        if self.strategy.answer["kind"] == "reward":
            return shared_prompt(item, self, side, lambda: [*item.prompt, {"role": "assistant", "content": response}])
        shown: Shown = (("response", "response", response),)
        render = partial(self._messages, self._opening, self._user, item, shown, replies)
        return render() if replies else shared_prompt(item, self, side, render)

    def step(self, name: str, item: Item, replies: Mapping[str, str]) -> list[Message]:
        """The conversation of a preparatory step, `replies` being those of the steps before it.

        Where it shows no response, it does not depend on them: what is asked in both orders is one question.
        """
        opening, template, shows_responses = self._steps[name]
        shown = self._responses(item) if shows_responses else ()
        return self._messages(opening, template, item, shown, replies)

    def whole(self, item: Item, replies: Mapping[str, str] = NO_REPLIES) -> Sequence[Message]:
        """The conversation that shows all responses of an item: several, both of a pair, or the single one."""
        if self.strategy.ask in RANKING:
            render = partial(self._messages, self._opening, self._user, item, self._responses(item), replies)
            return render() if replies else shared_prompt(item, self, SEVERAL, render)
        return self.pair(item, replies) if self.single is None else self.alone(item, "a", replies)

    def one_of(self, item: Item, at: int, replies: Mapping[str, str] = NO_REPLIES) -> Sequence[Message]:
        """The conversation that shows one of several responses, by its place, and nothing of the others."""
        shown: Shown = (("response", "response", item.responses[at]),)
        render = partial(self._messages, self._opening, self._user, item, shown, replies)
        return render() if replies else shared_prompt(item, self, f"{SEVERAL}-{at}", render)

    def of_count(self, count: int) -> Questions:
        """The same questions with answers read as those about so many responses."""
        if count not in self._sized:
            sized = copy(self)
            rule = compile_answer(self.strategy.answer, ask=self.strategy.ask, responses=count)
            sized.read = rule.read
            self._sized[count] = sized
        return self._sized[count]

    def _responses(self, item: Item) -> Shown:
        if self.strategy.ask in RANKING:
            letters = self.strategy.answer["names"] == "letters"
            names = [f"{chr(97 + at)}" if letters else f"{at + 1}" for at in range(len(item.responses))]
            return tuple((SEVERAL, f"response-{name}", text) for name, text in zip(names, item.responses, strict=True))
        return (("response", "response", item.response_a),) if self.strategy.ask == "single" else _both(item)

    def second(self, reply: str, swapped_reply: str) -> Message:
        """What is asked where the orders disagree, after what was said in the one and in the other."""
        assert self._second is not None, "this strategy takes no second look"
        nonce = nonce_for([reply, swapped_reply])
        values = dict(self._constants)
        values["reply"] = delimited("reply", reply, nonce)
        values["swapped_reply"] = delimited("swapped-reply", swapped_reply, nonce)
        return {"role": "user", "content": self._second.render(values)}

    def reworded(self) -> Questions:
        """The same questions with their instructions in other words, made once.

        Raises:
            ValueError: if no phrase of them is known.
        """
        if self._reworded is None:
            found = reworded(self.strategy)
            if found is None:
                raise ValueError(f"no phrase of the strategy {self.strategy.name!r} is known in other words")
            self._reworded = Questions(found)
        return self._reworded

    @property
    def combine(self) -> Combine:
        """What mean scores become: a verdict on a pair, or the label of a single response."""
        return self.compare if self.single is None else self.single

    def compare(self, score_a: float, score_b: float) -> Verdict:
        """The verdict that two scores amount to."""
        return compared(score_a, score_b, self._margin)

    def _messages(
        self, opening: Sequence[Message], template: Template, item: Item, shown: Shown, replies: Mapping[str, str]
    ) -> list[Message]:
        texts = [text for _, _, text in shown]
        nonce = nonce_for([*texts, item.reference or "", *texts_of(item.prompt), *replies.values()])
        values = dict(self._constants)
        values["prompt"] = delimited("prompt", chat_text(item.prompt, nonce), nonce)
        values["reference"] = delimited("reference", item.reference, nonce) if item.reference else ""
        for variable, tag, text in shown:
            fenced = delimited(tag, text, nonce)
            values[variable] = f"{values[variable]}\n{fenced}" if variable in values else fenced
        values[COUNT] = str(len(item.responses))
        for name, text in replies.items():
            values[f"{STEP}{name}"] = delimited(f"step-{name}", text, nonce)
        return [*opening, {"role": "user", "content": template.render(values)}]

    def _system(self, source: str | None) -> list[Message]:
        if source is None:
            return []
        from harness.prompting.template import compile_template

        return [{"role": "system", "content": compile_template(source).render(self._constants)}]

    def _step(self, step: Mapping[str, str]) -> tuple[list[Message], Template, bool]:
        from harness.prompting.template import compile_template, variables_in

        shows_responses = not variables_in(step["user"]).isdisjoint(("response_a", "response_b", "response", SEVERAL))
        return self._system(step.get("system")), compile_template(step["user"]), shows_responses

    def _turns(self, examples: Sequence[Mapping[str, str]]) -> list[Message]:
        """Examples as earlier turns; where one gives material, its question is made as every other."""
        turns: list[Message] = []
        for example in examples:
            if "user" in example:
                turns.append({"role": "user", "content": example["user"]})
            else:
                turns.append(self._asked_of(example))
            turns.append({"role": "assistant", "content": example["assistant"]})
        return turns

    def _asked_of(self, example: Mapping[str, str]) -> Message:
        prompt: Message = {"role": "user", "content": example.get("prompt", "")}
        a, b = (example.get(f"response_{side}", example.get("response", "")) for side in SIDES)
        several = tuple(example.get(SEVERAL, ()))
        item = Item("", (prompt,), a, b, reference=example.get("reference"), responses=several)
        if several:
            return self.whole(item)[-1]
        return (self.pair(item) if self.strategy.ask == "pair" else self.alone(item, "a"))[-1]


def compared(score_a: float, score_b: float, margin: float) -> Verdict:
    """The verdict that two scores amount to.

    Args:
        score_a: of response a.
        score_b: of response b.
        margin: scores that differ by no more are a tie.
    """
    difference = score_a - score_b
    if abs(difference) <= margin + ROUNDING:
        return "tie"
    return "a" if difference > 0 else "b"


def compile_strategy(strategy: Strategy) -> Questions:
    """Make a strategy ready for asking.

    Raises:
        SpecError: with all problems that `check_strategy` finds.
    """
    problems = check_strategy(strategy)
    if problems:
        raise SpecError(problems)
    return Questions(strategy)


def _both(item: Item) -> Shown:
    return (("response_a", "response-a", item.response_a), ("response_b", "response-b", item.response_b))


def _constants(strategy: Strategy, answer_format: str) -> dict[str, str]:
    scale = strategy.answer.get("scale", {"min": "", "max": ""})
    constants = {"answer_format": answer_format, "scale_min": f"{scale['min']}", "scale_max": f"{scale['max']}"}
    if strategy.criteria:
        constants["criteria"] = _listed(strategy.criteria)
    return constants


def _listed(criteria: Sequence[Mapping[str, Any]]) -> str:
    """The criteria as a numbered list; the weights where they differ."""
    weighs = len({criterion["weight"] for criterion in criteria}) > 1
    return "\n".join(
        f"{number}. {one['name']}{' (weight ' + str(one['weight']) + ')' if weighs else ''}: {one['text']}"
        for number, one in enumerate(criteria, 1)
    )
