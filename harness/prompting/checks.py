"""What is wrong with a strategy that its schema accepted: everything that follows from what it says elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from harness.errors import Problem
from harness.prompting.parsing.definition import answer_faults, criterion_markers, endings
from harness.prompting.parsing.phrases import words_of
from harness.prompting.parsing.rules import compile_answer
from harness.prompting.single import single_faults
from harness.records.document import Document
from harness.records.experiment import Strategy
from harness.text import quoted, suggestion

Place: TypeAlias = tuple[str | int, ...]
Fault: TypeAlias = tuple[Place, str, str]
"""Where in the strategy, what, and what to do about it."""

RANKING = ("rank", "best")
"""What is asked of several responses in one call."""
CONSTANTS = frozenset({"answer_format", "scale_min", "scale_max"})
"""Variables that are the same for every item; `criteria` is one too where the strategy has some."""
MATERIAL: Mapping[str, frozenset[str]] = {
    "pair": frozenset({"prompt", "reference", "response_a", "response_b"}),
    "each": frozenset({"prompt", "reference", "response"}),
    "single": frozenset({"prompt", "reference", "response"}),
    **dict.fromkeys(RANKING, frozenset({"prompt", "reference", "responses", "count"})),
}
"""Variables that come from the item, by what is asked; they are shown between tags."""
RESPONSES: Mapping[str, tuple[str, ...]] = {
    "pair": ("response_a", "response_b"),
    "each": ("response",),
    "single": ("response",),
    **dict.fromkeys(RANKING, ("responses",)),
}
"""Variables without which a model would judge what it has not seen."""
VIEWPOINTS = ("reply", "swapped_reply")
"""Variables of a second look: what was said in this order, and with the responses exchanged."""
KINDS: Mapping[str, tuple[str, ...]] = {
    "pair": ("verdict", "scores", "graded", "rubric", "logprobs"),
    "each": ("score", "rubric", "logprobs", "reward"),
    "single": ("label", "score", "rubric", "logprobs", "reward"),
    "rank": ("ranking",),
    "best": ("choice",),
}
"""The kinds of answer that fit what is asked."""
STEP = "step_"
"""Before the id of a step in the name of the variable that holds its reply."""


def check_strategy(strategy: Strategy, *, document: Document | None = None, within: Place = ()) -> list[Problem]:
    """Everything that is wrong with a strategy that its schema accepted, all at once.

    Args:
        strategy: as `strategy_from` made it.
        document: the document that the strategy stands in, to give lines and columns.
        within: the place of the strategy in that document, `()` for a strategy file.
    """
    shown = document or Document(strategy.source, None)
    return [shown.problem((*within, *place), message, hint=hint) for place, message, hint in _faults(strategy)]


def constants_of(strategy: Strategy) -> frozenset[str]:
    """The variables that a strategy has for every item."""
    return CONSTANTS | {"criteria"} if strategy.criteria else CONSTANTS


def templates_of(strategy: Strategy) -> Iterator[tuple[Place, str, frozenset[str]]]:
    """Every template in the order in which it is used: its place, its text, and the variables that it may use."""
    constants = constants_of(strategy)
    material = MATERIAL[strategy.ask]
    in_steps = material - {"response"} if strategy.ask == "each" else material
    asked: set[str] = set()
    yield ("system",), strategy.system or "", constants
    for index, step in enumerate(strategy.steps):
        yield ("steps", index, "system"), step.get("system", ""), constants
        yield ("steps", index, "user"), step["user"], constants | in_steps | asked
        asked.add(STEP + step["id"])
    yield ("user",), strategy.user, constants | material | asked
    if strategy.second_look:
        yield ("second_look", "user"), strategy.second_look["user"], constants.union(VIEWPOINTS)
    yield ("follow_up",), strategy.follow_up or "", constants


def _faults(strategy: Strategy) -> Iterator[Fault]:
    from harness.prompting.template import template_faults, variables_in

    if strategy.answer["kind"] == "reward":
        yield from _reward_faults(strategy)
        return
    used: dict[Place, frozenset[str]] = {}
    for place, source, allowed in templates_of(strategy):
        used[place] = variables_in(source)
        for fault in template_faults(source, allowed):
            message, hint = _of_a_step(fault.variable, strategy) or (fault.message, fault.hint)
            yield place, f"line {fault.line} of the template: {message}", hint
    asking = used[("user",)] | used[("system",)]
    for name in RESPONSES[strategy.ask]:
        if name not in asking:
            yield ("user",), f"no place for `{name}`", f"write {{{{ {name} }}}} where the response belongs"
    everywhere = frozenset[str]().union(*used.values())
    yield from _step_faults(strategy, everywhere)
    yield from _criteria_faults(strategy, everywhere)
    if strategy.reference == "required" and "reference" not in everywhere:
        yield ("reference",), "no template shows the reference", "write {{ reference }} where it belongs"
    if strategy.second_look:
        yield from _second_look_faults(strategy, used[("second_look", "user")])
    faults = list(_answer_faults(strategy, asking))
    yield from faults
    if not faults:
        yield from _example_faults(strategy, used[("user",)])


def _reward_faults(strategy: Strategy) -> Iterator[Fault]:
    """What a strategy has that no reward model is sent, and thresholds that give no labels."""
    if strategy.ask == "pair":
        hint = f"use {' or '.join(KINDS['pair'])}, or `ask: each`"
        yield ("answer", "kind"), "`reward` does not fit `ask: pair`", hint
    for key in ("system", "user", "steps", "examples", "criteria", "second_look", "follow_up"):
        if getattr(strategy, key):
            message = "a reward model is sent the prompt and the response alone"
            yield (key,), message, "leave it out, or use another kind of answer"
    if strategy.ask == "single":
        faults = single_faults(strategy.answer)
        yield from ((("answer", *place), message, hint) for place, message, hint in faults)
        if strategy.tie_margin:
            yield ("tie_margin",), "a single response has no other to tie with", "leave it out"
    elif "thresholds" in strategy.answer:
        yield ("answer", "thresholds"), "thresholds give labels, which only `ask: single` asks for", "leave them out"


def _of_a_step(variable: str, strategy: Strategy) -> tuple[str, str] | None:
    """What is said of a variable that is not known but looks as if it came from a step."""
    name = variable.removeprefix(STEP)
    if name == variable:
        return None
    ids = [step["id"] for step in strategy.steps]
    if name in ids:
        return f"the reply of step {quoted(name)} is not known here", "only what is asked after a step can show it"
    return f"there is no step {quoted(name)}", suggestion(name, ids) or "list it under `steps`, with this `id`"


def _step_faults(strategy: Strategy, everywhere: frozenset[str]) -> Iterator[Fault]:
    seen: set[str] = set()
    shown = {name.removeprefix(STEP) for name in everywhere if name.startswith(STEP)}
    if shown - {step["id"] for step in strategy.steps}:
        # A misspelt name is reported already; the missing variable follows from it.
        shown |= {step["id"] for step in strategy.steps}
    for index, step in enumerate(strategy.steps):
        if step["id"] in seen:
            yield ("steps", index, "id"), f"a second step {quoted(step['id'])}", "give each an id of its own"
        elif step["id"] not in shown:
            message = f"nothing shows the reply of step {quoted(step['id'])}"
            yield ("steps", index), message, f"write {{{{ {STEP}{step['id']} }}}} where it belongs"
        seen.add(step["id"])


def _criteria_faults(strategy: Strategy, everywhere: frozenset[str]) -> Iterator[Fault]:
    if not strategy.criteria:
        return
    if "criteria" not in everywhere:
        yield ("criteria",), "no template shows the criteria", "write {{ criteria }} where they belong"
    names: dict[tuple[str, ...], str] = {}
    groups: dict[str, list[str]] = {}
    for index, criterion in enumerate(strategy.criteria):
        name, words = criterion["name"], words_of(criterion["name"])
        if not any(character.isalnum() for word in words for character in word):
            yield ("criteria", index, "name"), f"`{name}` has no letter or digit", "write words"
        elif words in names:
            yield ("criteria", index, "name"), f"a second criterion {quoted(name)}", "give each a name of its own"
        names[words] = name
        groups[name] = [phrase for markers in criterion_markers(name, strategy.ask).values() for phrase in markers]
    if strategy.answer["kind"] != "rubric" or len(names) < len(strategy.criteria):
        return
    for short, long in dict.fromkeys((group, other) for group, _, other in endings(groups)):
        message = f"the score of {quoted(short)} would also match the line of {quoted(long)}"
        yield ("criteria", list(groups).index(short), "name"), message, "give them names that end differently"


def _second_look_faults(strategy: Strategy, used: frozenset[str]) -> Iterator[Fault]:
    if strategy.ask != "pair":
        message = "a response alone has no order that could be exchanged"
        if strategy.ask in RANKING:
            message = "a second look is at a pair of responses"
        yield ("second_look",), message, "leave it out, or `ask: pair`"
    if VIEWPOINTS[1] not in used:
        message = f"no place for `{VIEWPOINTS[1]}`, without which the second look sees nothing new"
        yield ("second_look", "user"), message, f"write {{{{ {VIEWPOINTS[1]} }}}} where it belongs"


def _answer_faults(strategy: Strategy, used: frozenset[str]) -> Iterator[Fault]:
    rule = strategy.answer
    kind = rule["kind"]
    if kind not in KINDS[strategy.ask]:
        fitting = " or ".join(KINDS[strategy.ask])
        yield ("answer", "kind"), f"`{kind}` does not fit `ask: {strategy.ask}`", f"use {fitting}"
        return
    if kind == "rubric" and not strategy.criteria:
        yield ("answer", "kind"), "a rubric has nothing to score", "list what it scores under `criteria`"
        return
    if kind == "logprobs":
        yield from (
            (("answer", *place), message, hint) for place, message, hint in _logprobs_faults(rule, strategy.ask)
        )
    yield from ((("answer", *place), message, hint) for place, message, hint in answer_faults(rule))
    if strategy.ask in RANKING and strategy.tie_margin:
        yield ("tie_margin",), "a ranking has no scores that a margin could apply to", "leave it out"
    if strategy.ask == "single":
        yield from ((("answer", *place), message, hint) for place, message, hint in single_faults(rule))
        if strategy.tie_margin:
            yield ("tie_margin",), "a single response has no other to tie with", "leave it out"
        kind = "label"
    elif "thresholds" in rule:
        yield ("answer", "thresholds"), "thresholds give labels, which only `ask: single` asks for", "leave them out"
    elif "as" in rule:
        hint = "leave it out; a spec with `labels: number` keeps the scores of `ask: each` as numbers"
        yield ("answer", "as"), "the scores of pairs are compared, and no labels", hint
    if "pattern" in rule and "answer_format" in used:
        message = "`answer_format` shows the form of markers, which `pattern` replaces"
        yield ("user",), message, "write out the form that the pattern finds"
    elif "answer_format" not in used and not _names_a_marker(strategy):
        yield ("user",), "the templates never say how to answer", "write {{ answer_format }} where it belongs"
    if kind == "label" or strategy.ask in RANKING:
        return
    if kind == "verdict" and strategy.tie_margin:
        yield ("tie_margin",), "a verdict has no scores that a margin could apply to", "leave it out"
    elif kind != "verdict" and strategy.tie_margin >= max(rule["scale"]["max"] - rule["scale"]["min"], 1e-9):
        yield ("tie_margin",), "every pair would be a tie", "give a margin smaller than the scale"


def _logprobs_faults(rule: Mapping[str, Any], ask: str) -> Iterator[Fault]:
    """Tokens that do not fit what is asked: verdicts on pairs, labels of single responses, grades of both."""
    names = set(rule.get("tokens", ()))
    if ask == "pair" and not {"a", "b"} <= names <= {"a", "b", "tie"}:
        yield ("tokens",), "the tokens of a pair stand for `a`, `b` and `tie`", "write `tokens: {a: [A], b: [B]}`"
    elif ask == "each" and names:
        yield ("tokens",), "a response that is shown alone has a grade", "write `scale: {min: 1, max: 5}` instead"
    elif ask == "single" and names and names <= {"a", "b"}:
        yield ("tokens",), "a single response has labels", "write `tokens: {fail: [no], pass: [yes]}`, or a `scale`"
    if ask != "single" and "ordered" in rule:
        yield ("ordered",), "only the labels of single responses have an order", "leave it out"


def _names_a_marker(strategy: Strategy) -> bool:
    """Whether the templates name the markers, or the statements that give a verdict, as a published study's may."""
    rule = strategy.answer
    if "pattern" in rule or rule["kind"] == "logprobs":
        return True
    if rule["kind"] == "rubric" or "format" in rule:
        return False
    groups = list(rule["markers"].values()) if isinstance(rule["markers"], Mapping) else [rule["markers"]]
    text = f"{strategy.system or ''}\n{strategy.user}".lower()
    if "between" in rule:
        return bool(rule["between"][0].lower() in text)
    statements = [rule["statements"][side] for side in ("a", "b")] if "statements" in rule else groups
    return any(
        all(any(phrase.lower() in text for phrase in one) for one in phrases) for phrases in (groups, statements)
    )


def _example_faults(strategy: Strategy, used: frozenset[str]) -> Iterator[Fault]:
    read = compile_answer(strategy.answer, ask=strategy.ask, criteria=strategy.criteria).read
    for index, example in enumerate(strategy.examples):
        if read(example["assistant"]) is None:
            message = "this example gives no answer that can be read"
            yield ("examples", index, "assistant"), message, "end it in the form that is asked for"
        if "user" in example:
            continue
        yield from ((("examples", index, *place), message, hint) for place, message, hint in _shown(example, used))


def _shown(example: Mapping[str, Any], used: frozenset[str]) -> Iterator[Fault]:
    """What is wrong with an example whose question is made from the material that it gives."""
    steps = sorted(name for name in used if name.startswith(STEP))
    if steps:
        message = f"`user` shows {quoted(steps[0])}, and an example has no steps"
        yield (), message, "write the question of the example as `user`, in full"
    for name in sorted(used & (MATERIAL["pair"] | MATERIAL["each"] | MATERIAL["rank"]) - {"reference", "count"}):
        if name not in example:
            yield (), f"the example has no `{name}`, which `user` shows", f"add `{name}`, or write `user` in full"
