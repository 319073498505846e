"""A compiled review rule: the messages to reviewers and to the generator, and the score of a review."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness import registry
from harness.errors import Problem
from harness.generation.records import Review, ReviewRule
from harness.prompting.delimiters import chat_text, delimited, nonce_for, texts_of
from harness.prompting.parsing.definition import answer_faults, full_rule
from harness.prompting.parsing.rules import compile_answer
from harness.prompting.template import compile_template, template_faults, variables_in
from harness.records.datasets import Message
from harness.records.document import Document, Step
from harness.spec.plugins import plugin_document

CONSTANTS = frozenset({"answer_format", "scale_min", "scale_max"})
VARIABLES: Mapping[str, frozenset[str]] = {
    "system": CONSTANTS,
    "review": CONSTANTS | {"prompt", "response"},
    "review_again": CONSTANTS | {"prompt", "response"},
    "revise": frozenset({"prompt", "feedback"}),
}
"""Variables that each template may use."""
NEEDED = {"review": ("prompt", "response"), "review_again": ("response",), "revise": ("feedback",)}
"""Variables that each template must use, since the model sees nothing else of the item."""


class Reviewing:
    """The messages of a feedback loop.

    Args:
        rule: a valid rule.

    Attributes:
        params: parameters of a call for a review, or None.
    """

    def __init__(self, rule: ReviewRule) -> None:
        answer = compile_answer(rule.answer, ask="each")
        scale = rule.answer["scale"]
        self.params = answer.params
        self._read = answer.read
        self._constants = {
            "answer_format": answer.format_text(),
            "scale_min": f"{scale['min']}",
            "scale_max": f"{scale['max']}",
        }
        self._first, self._again = compile_template(rule.review), compile_template(rule.review_again)
        self._revise = compile_template(rule.revise)
        self._opening: list[Message] = []
        if rule.system is not None:
            self._opening = [{"role": "system", "content": compile_template(rule.system).render(self._constants)}]

    def ask(self, prompt: Sequence[Message], text: str, chat: Sequence[Message]) -> list[Message]:
        """The conversation that asks a reviewer about a draft, `chat` being the earlier messages; empty at first."""
        nonce = nonce_for([*texts_of(prompt), text])
        values = dict(self._constants)
        values["prompt"] = delimited("prompt", chat_text(prompt, nonce), nonce)
        values["response"] = delimited("response", text, nonce)
        template = self._again if chat else self._first
        return [*(chat or self._opening), {"role": "user", "content": template.render(values)}]

    def score(self, text: str) -> float | None:
        """The score in a review, None where none can be read."""
        found = self._read(text)
        return None if found is None else found.score

    def revision(self, prompt: Sequence[Message], reviews: Sequence[Review]) -> Message:
        """The message that asks the generator for another draft, with all reviews, each between its own tags."""
        texts = [review.text for review in reviews]
        nonce = nonce_for([*texts_of(prompt), *texts])
        shown = [delimited("feedback", text, nonce) for text in texts]
        values = {"prompt": delimited("prompt", chat_text(prompt, nonce), nonce), "feedback": "\n".join(shown)}
        return {"role": "user", "content": self._revise.render(values)}


def built_in(name: str) -> ReviewRule:
    """A review rule of this package or of an installed distribution.

    Raises:
        KeyError: where there is none.
        PluginError: where an installed one cannot be used.
    """
    document = plugin_document("reviews", name, "review")
    rule = review_from(document.value, name=name)
    if (plugin := registry.installed("reviews", name)) and (faults := list(review_problems(rule, document))):
        raise registry.broken(plugin, str(faults[0]))
    return rule


def review_from(value: Mapping[str, Any], *, name: str, source: str = "built-in") -> ReviewRule:
    """A review rule that its schema accepts, every default written out."""
    texts = {key: value[key] for key in ("review", "review_again", "revise")}
    answer = full_rule(value["answer"])
    return ReviewRule(name, value.get("summary", ""), **texts, answer=answer, system=value.get("system"), source=source)


def review_json(rule: ReviewRule) -> dict[str, Any]:
    """The rule as a resolved spec writes it."""
    written = {key: getattr(rule, key) for key in ("summary", "system", "review", "review_again", "revise")}
    return {**{key: text for key, text in written.items() if text is not None}, "answer": dict(rule.answer)}


def review_problems(rule: ReviewRule, document: Document, within: tuple[Step, ...] = ()) -> Iterator[Problem]:
    """The problems of a rule that its schema does not find."""
    for key, allowed in VARIABLES.items():
        source = getattr(rule, key) or ""
        for fault in template_faults(source, allowed):
            message = f"line {fault.line} of the template: {fault.message}"
            yield document.problem((*within, key), message, hint=fault.hint)
        for name in NEEDED.get(key, ()):
            if name not in variables_in(source):
                hint = f"write {{{{ {name} }}}} where it belongs"
                yield document.problem((*within, key), f"no place for `{name}`", hint=hint)
    for place, message, hint in answer_faults(rule.answer):
        yield document.problem((*within, "answer", *place), message, hint=hint)
