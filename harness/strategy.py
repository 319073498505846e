"""Strategy files → strategies → the questions that a mode asks.

A strategy is data: templates, and a rule that reads the answer. `built_in` and `strategy_from` make the record,
`check_strategy` finds what a schema cannot express, and `compile_strategy` turns it, once for each cell, into
`Questions`, whose methods are called for every item and are quick.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import resources
from typing import Any, Literal, TypeAlias

from harness import plugs
from harness.answer import Answer, AnswerRule, answer_faults, compile_answer, full_rule
from harness.errors import Problem, SpecError
from harness.fence import chat_text, fenced, nonce_for, texts_of
from harness.records import Item, Message, Strategy, Verdict
from harness.source import Document

Side: TypeAlias = Literal["a", "b"]
Place: TypeAlias = tuple[str | int, ...]

SIDES: tuple[Side, ...] = ("a", "b")
FOLLOW_UP = """\
Your reply holds no answer that can be read, or it broke off before the answer. Do not repeat your reasons. Reply with
nothing but this, filled in:
{{ answer_format }}
"""
"""What is asked once more where a strategy does not say."""

CONSTANTS = frozenset({"answer_format", "scale_min", "scale_max"})
"""Variables that are the same for every item."""
MATERIAL: Mapping[str, frozenset[str]] = {
    "pair": frozenset({"prompt", "reference", "response_a", "response_b"}),
    "each": frozenset({"prompt", "reference", "response"}),
}
"""Variables that come from the item, by what is asked; they are shown between tags."""
RESPONSES: Mapping[str, tuple[str, ...]] = {"pair": ("response_a", "response_b"), "each": ("response",)}
"""Variables without which a model would judge what it has not seen."""
KINDS: Mapping[str, tuple[str, ...]] = {"pair": ("verdict", "scores"), "each": ("score",)}
"""The kinds of answer that fit what is asked."""
ROUNDING = 1e-9
"""Scores such as 8.3 and 8.2 differ by a hair more or less than 0.1 in binary; a margin of 0.1 means both."""


def built_in(name: str) -> Strategy:
    """The strategy of that name that the package ships.

    Raises:
        KeyError: where there is none; `plugs.names("strategies")` lists them.
    """
    from harness.source import parse_yaml

    if name not in plugs.names("strategies"):
        raise KeyError(name)
    text = resources.files("harness").joinpath("strategies", f"{name}.yaml").read_text(encoding="utf-8")
    return strategy_from(parse_yaml(text, f"{name}.yaml").value, name=name, source="built-in")


def strategy_from(mapping: Mapping[str, Any], *, name: str, source: str) -> Strategy:
    """A strategy with every default written out.

    Args:
        mapping: what a strategy file, or a strategy inside an experiment, holds; `schemas/strategy.schema.json`
            must have accepted it.
        name: the name that the spec gives it; a `name` inside the mapping is the caller's to compare.
        source: `built-in`, or the path of the file as the user wrote it.
    """
    return Strategy(
        name=name,
        summary=mapping.get("summary", ""),
        ask=mapping["ask"],
        system=mapping.get("system"),
        user=mapping["user"],
        follow_up=mapping.get("follow_up", FOLLOW_UP),
        answer=full_rule(mapping["answer"]),
        tie_margin=mapping.get("tie_margin", 0),
        source=source,
    )


def strategy_json(strategy: Strategy) -> dict[str, Any]:
    """The strategy as plain JSON values with every default written out: what a strategy file could hold.

    `strategy_from` gives the same strategy back. Where it came from is left out: it changes no reply.
    """
    return {
        "name": strategy.name,
        "summary": strategy.summary,
        "ask": strategy.ask,
        **({} if strategy.system is None else {"system": strategy.system}),
        "user": strategy.user,
        "follow_up": strategy.follow_up,
        "answer": dict(strategy.answer),
        "tie_margin": strategy.tie_margin,
    }


# --- what a schema cannot express ------------------------------------------------------------------------


def check_strategy(strategy: Strategy, *, document: Document | None = None, within: Place = ()) -> list[Problem]:
    """Everything that is wrong with a strategy that its schema accepted, all at once.

    Args:
        strategy: as `strategy_from` made it.
        document: the document that the strategy stands in, to give lines and columns.
        within: the place of the strategy in that document, `()` for a strategy file.
    """
    shown = document or Document(strategy.source, None)
    return [shown.problem((*within, *place), message, hint=hint) for place, message, hint in _faults(strategy)]


def _faults(strategy: Strategy) -> Iterator[tuple[Place, str, str]]:
    from harness.template import template_faults, variables_in

    templates = (
        ("system", strategy.system or "", CONSTANTS),
        ("user", strategy.user, CONSTANTS | MATERIAL[strategy.ask]),
        ("follow_up", strategy.follow_up or "", CONSTANTS),
    )
    for key, source, allowed in templates:
        for fault in template_faults(source, allowed):
            yield (key,), f"line {fault.line} of the template: {fault.message}", fault.hint
    used = variables_in(strategy.user) | variables_in(strategy.system or "")
    for name in RESPONSES[strategy.ask]:
        if name not in used:
            yield ("user",), f"no place for `{name}`", f"write {{{{ {name} }}}} where the response belongs"
    yield from _answer_faults(strategy, used)


def _answer_faults(strategy: Strategy, used: frozenset[str]) -> Iterator[tuple[Place, str, str]]:
    rule = strategy.answer
    if rule["kind"] not in KINDS[strategy.ask]:
        fitting = " or ".join(KINDS[strategy.ask])
        yield ("answer", "kind"), f"`{rule['kind']}` does not fit `ask: {strategy.ask}`", f"use {fitting}"
        return
    yield from ((("answer", *place), message, hint) for place, message, hint in answer_faults(rule))
    if "answer_format" not in used and not _names_a_marker(strategy):
        yield ("user",), "the templates never say how to answer", "write {{ answer_format }} where it belongs"
    if rule["kind"] == "verdict" and strategy.tie_margin:
        yield ("tie_margin",), "a verdict has no scores that a margin could apply to", "leave it out"
    elif rule["kind"] != "verdict" and strategy.tie_margin >= max(rule["scale"]["max"] - rule["scale"]["min"], 1e-9):
        yield ("tie_margin",), "every pair would be a tie", "give a margin smaller than the scale"


def _names_a_marker(strategy: Strategy) -> bool:
    """Whether the templates name the markers, or the statements that give a verdict, as a published study's may."""
    markers = strategy.answer["markers"]
    groups = list(markers.values()) if isinstance(markers, Mapping) else [markers]
    text = f"{strategy.system or ''}\n{strategy.user}".lower()
    statements = [strategy.answer["statements"][side] for side in SIDES] if "statements" in strategy.answer else groups
    return any(all(any(phrase.lower() in text for phrase in one) for one in told) for told in (groups, statements))


# --- asking ---------------------------------------------------------------------------------------------


class Questions:
    """A strategy made ready: what is sent for an item, and what a reply means.

    Attributes:
        strategy: what it was made from.
        answer_format: the form in which an answer is asked for, one line for each value.
        again: the message that asks once more for an answer, or None where the strategy asks nothing.
        read: reads a reply; None where it holds no answer.
    """

    __slots__ = ("_constants", "_margin", "_opening", "_user", "again", "answer_format", "read", "strategy")

    def __init__(self, strategy: Strategy) -> None:
        from harness.template import compile_template

        rule = compile_answer(strategy.answer)
        self.strategy = strategy
        self.read: Callable[[str], Answer | None] = rule.read
        self._constants = _constants(strategy.answer, rule)
        self.answer_format = self._constants["answer_format"]
        self._margin = strategy.tie_margin + ROUNDING
        self._user = compile_template(strategy.user)
        self._opening: list[Message] = []
        if strategy.system is not None:
            system = compile_template(strategy.system).render(self._constants)
            self._opening.append({"role": "system", "content": system})
        self.again: Message | None = None
        if strategy.follow_up is not None:
            self.again = {"role": "user", "content": compile_template(strategy.follow_up).render(self._constants)}

    def pair(self, item: Item) -> list[Message]:
        """The conversation that shows both responses of an item."""
        return self._messages(
            item, (("response_a", "response-a", item.response_a), ("response_b", "response-b", item.response_b))
        )

    def alone(self, item: Item, side: Side) -> list[Message]:
        """The conversation that shows one response; nothing in it depends on the other one or on the side."""
        return self._messages(item, (("response", "response", item.response_a if side == "a" else item.response_b),))

    def _messages(self, item: Item, responses: tuple[tuple[str, str, str], ...]) -> list[Message]:
        nonce = nonce_for([*[text for _, _, text in responses], item.reference or "", *texts_of(item.prompt)])
        values = dict(self._constants)
        values["prompt"] = fenced("prompt", chat_text(item.prompt, nonce), nonce)
        values["reference"] = fenced("reference", item.reference, nonce) if item.reference else ""
        for variable, tag, text in responses:
            values[variable] = fenced(tag, text, nonce)
        return [*self._opening, {"role": "user", "content": self._user.render(values)}]

    def compare(self, score_a: float, score_b: float) -> Verdict:
        """The verdict that two scores amount to."""
        difference = score_a - score_b
        if abs(difference) <= self._margin:
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


def _constants(rule: Mapping[str, Any], compiled: AnswerRule) -> dict[str, str]:
    scale = rule.get("scale", {"min": "", "max": ""})
    return {"answer_format": compiled.format_text(), "scale_min": f"{scale['min']}", "scale_max": f"{scale['max']}"}
