"""Other words for the instructions of a strategy, of the same meaning and with the same form of answer."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from harness.records.experiment import Strategy

REWORDINGS = {
    "Your task is to compare two responses to one prompt.": "You compare two responses to the same prompt.",
    "You compare two responses to the same prompt.": "Your task is to compare two responses to one prompt.",
    "You grade a response to a prompt.": "Your task is to grade the response to a prompt.",
    "You are impartial: neither length nor the order in which the responses are shown counts for or against them.": (
        "Be impartial: let neither length nor the order in which the responses are shown count for or against them."
    ),
    "You are impartial: length counts neither for nor against it.": (
        "Be impartial: let length count neither for nor against it."
    ),
    "Which response serves the person who wrote the prompt better?": (
        "Find out which response is of more use to the person who wrote the prompt."
    ),
    "whether it does what was asked, whether what it says is correct, and whether it is clear and complete": (
        "whether it follows the request, whether its statements are right, and whether it is complete and clear"
    ),
    "Give your reasons in a few sentences first.": "First, state your reasons in a few sentences.",
    "Two assistants answered the prompt below.": "The prompt below was answered by two assistants.",
    "were given the same instruction": "received the same instruction",
    "which response is better": "which of the responses is better",
    "weigh": "consider",
    "consider": "weigh",
    "compare": "contrast",
    "decide": "determine",
    "determine": "decide",
    "evaluate": "assess",
    "assess": "evaluate",
    "choose": "select",
    "select": "choose",
    "carefully": "with care",
}
"""English phrases and others of the same meaning. Longer ones are tried first; each place is reworded once."""

_TAGS = re.compile(r"(\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\})", re.DOTALL)


def reworded(strategy: Strategy) -> Strategy | None:
    """The strategy with its instructions in other words; None where none of its phrases is known.

    Only the system message and the user message change. Placed text, the form of the answer, examples, steps and the
    follow-up stay as they are, and a phrase that the rule for answers reads is left alone.
    """
    rule = json.dumps(strategy.answer, default=dict).casefold()
    phrases = [phrase for phrase in REWORDINGS if phrase.casefold() not in rule]
    pattern = _pattern_of(phrases)
    system = None if strategy.system is None else _in_other_words(strategy.system, pattern)
    user = _in_other_words(strategy.user, pattern)
    if (system, user) == (strategy.system, strategy.user):
        return None
    return replace(strategy, system=system, user=user)


def _pattern_of(phrases: list[str]) -> re.Pattern[str]:
    """Any of the phrases as whole words, with any white space between words."""
    longest_first = sorted(phrases, key=len, reverse=True)
    parts = (r"\s+".join(map(re.escape, phrase.split())) for phrase in longest_first)
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE)


def _in_other_words(template: str, pattern: re.Pattern[str]) -> str:
    """A template with its phrases reworded, except in what is placed."""
    parts = _TAGS.split(template)
    return "".join(part if at % 2 else pattern.sub(_other, part) for at, part in enumerate(parts))


def _other(found: re.Match[str]) -> str:
    """The other phrase, with a capital letter where the first had one."""
    phrase = " ".join(found[0].split())
    other = {known.casefold(): text for known, text in REWORDINGS.items()}[phrase.casefold()]
    return other[0].upper() + other[1:] if phrase[0].isupper() else other
