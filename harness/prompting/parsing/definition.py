"""An answer rule as data: its defaults written out, and what is wrong with one that its schema accepted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any, TypeAlias

from harness.prompting.parsing.logprobs import TOP, default_tokens, grade_faults, token_faults
from harness.prompting.parsing.pattern import pattern_faults
from harness.prompting.parsing.phrases import tokens_of, words_of
from harness.prompting.parsing.rankings import KINDS as KINDS_OF_RANKINGS
from harness.prompting.parsing.rankings import ranking_rule
from harness.records.judgments import Verdict

Fault: TypeAlias = tuple[tuple[str | int, ...], str, str]
"""Where in the rule, what is wrong, and the fix."""

NAMES = ("", "Response ", "Assistant ", "Answer ", "Option ")
"""What models write before the letter of a response."""
VERDICTS: tuple[Verdict, ...] = ("a", "b", "tie")


def full_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """The rule, as a schema accepted it, with every default written out."""
    if rule["kind"] in KINDS_OF_RANKINGS:
        return ranking_rule(rule)
    full: dict[str, Any] = {"kind": rule["kind"]}
    if rule.get("format") == "json":
        full |= {"format": "json", "reasons": rule.get("reasons", True)}
    elif "reasons" in rule:
        full["reasons"] = rule["reasons"]
    for key in ("pattern", "case_sensitive"):
        if rule.get(key):
            full[key] = rule[key]
    if "between" in rule:
        full["between"] = list(rule["between"])
    if rule["kind"] in ("verdict", "graded", "label"):
        full["markers"] = list(rule.get("markers", ("Verdict", "Answer", "Winner", "Decision")))
    if rule["kind"] == "verdict":
        full["labels"] = {side: list(phrases) for side, phrases in rule.get("labels", default_labels()).items()}
        if "statements" in rule:
            full["statements"] = {side: list(phrases) for side, phrases in rule["statements"].items()}
        return full
    if rule["kind"] == "label":
        full["labels"] = {name: list(phrases or [name]) for name, phrases in rule["labels"].items()}
        return full | ({"ordered": True} if rule.get("ordered") else {})
    if rule["kind"] == "logprobs":
        return full | _full_logprobs(rule) | ({"as": rule["as"]} if "as" in rule else {})
    if rule["kind"] == "reward":
        starts = rule.get("thresholds", {}).items()
        named = {name: start if start is None else _plain(start) for name, start in starts}
        return full | ({"thresholds": named} if named else {})
    if rule["kind"] == "graded":
        full["labels"] = [list(phrases) for phrases in rule["labels"]]
    scale = rule.get("scale") or {"min": 1, "max": len(rule["labels"])}
    full["scale"] = {end: _plain(scale[end]) for end in ("min", "max")}
    if "thresholds" in rule:
        full["thresholds"] = {name: _plain(start) for name, start in rule["thresholds"].items()}
    if "as" in rule:
        full["as"] = rule["as"]
    if rule["kind"] == "score":
        full["markers"] = list(rule.get("markers", ("Score", "Rating", "Grade")))
    elif rule["kind"] == "scores":
        full["markers"] = {side: list(phrases) for side, phrases in rule.get("markers", default_markers()).items()}
    return full


def _full_logprobs(rule: Mapping[str, Any]) -> dict[str, Any]:
    """Tokens and the scale of probabilities, or the scale of grades, whose tokens are its whole numbers."""
    full: dict[str, Any] = {}
    if "tokens" in rule or "scale" not in rule:
        tokens = rule.get("tokens", default_tokens())
        full["tokens"] = {name: list(words or [name]) for name, words in tokens.items()}
    scale = rule.get("scale", {"min": 0, "max": 1})
    full |= {"top": rule.get("top", TOP), "scale": {end: _plain(scale[end]) for end in ("min", "max")}}
    if rule.get("ordered"):
        full["ordered"] = True
    if "thresholds" in rule:
        full["thresholds"] = {name: _plain(start) for name, start in rule["thresholds"].items()}
    return full


def grades(rule: Mapping[str, Any]) -> list[tuple[float, float]]:
    """The scores of both responses that each grade of a `graded` rule stands for, from best for A to best for B."""
    least, greatest = rule["scale"]["min"], rule["scale"]["max"]
    last = len(rule["labels"]) - 1
    steps = [(greatest - least) * grade / last for grade in range(last + 1)]
    return [(float(greatest - step), float(least + step)) for step in steps]


def default_labels() -> dict[Verdict, list[str]]:
    """What names a verdict where a rule does not say. C is how the judges of MT-Bench and its heirs write a tie."""
    return {
        "a": [f"{name}A" for name in NAMES],
        "b": [f"{name}B" for name in NAMES],
        "tie": ["tie", "a tie", "it's a tie", "it is a tie", "tied", "draw", "a draw", "equal", "C"],
    }


def default_markers() -> dict[str, list[str]]:
    """What stands before the scores of two responses where a rule does not say."""

    def phrases(letter: str) -> list[str]:
        before = [f"Score {of}{name}{letter}" for of, name in product(("", "for ", "of "), NAMES)]
        after = [f"{name}{letter}{own} Score" for own, name in product(("'s", ""), NAMES)]
        return before + after

    return {"a": phrases("A"), "b": phrases("B")}


def _plain(number: float) -> float:
    """10.0 as 10, so that two ways of writing a scale are one strategy."""
    return int(number) if number == int(number) else number


def answer_faults(rule: Mapping[str, Any]) -> Iterator[Fault]:
    """What is wrong with a full rule that its schema accepted: place, message, hint."""
    if "scale" in rule and rule["scale"]["min"] >= rule["scale"]["max"]:
        yield ("scale",), "the least score is not below the greatest", "exchange min and max"
    if rule["kind"] == "logprobs":
        yield from token_faults(rule) if "tokens" in rule else grade_faults(rule)
        return
    if "reasons" in rule and "format" not in rule:
        hint = "write `format: json`, or ask for reasons in the template"
        yield ("reasons",), "only a JSON object has a place for reasons", hint
    yield from pattern_faults(rule)
    for key in ("markers", "labels", "statements"):
        groups = rule.get(key, {})
        if key == "labels" and not isinstance(groups, Mapping):
            groups = dict(enumerate(groups))
        groups = groups if isinstance(groups, Mapping) else {"": groups}
        faults = list(_phrase_faults(key, groups, case_sensitive=bool(rule.get("case_sensitive"))))
        yield from faults
        if key == "markers" and not faults:
            for group, phrase, other in endings(groups):
                place = (key, other, rule[key][other].index(phrase))
                yield place, f"`{phrase}` ends like a marker of {group}", "give each words that end differently"


def endings(groups: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str, str]]:
    """Markers of one group that would be found at the end of a marker of another: whose, which, and that one's group.

    What is found for `Style` would also be found for `Clarity of style`, and the last one would count.
    """
    whole = {words_of(phrase): group for group, phrases in groups.items() for phrase in phrases}
    for other, phrases in groups.items():
        for phrase in phrases:
            words = words_of(phrase)
            for start in range(1, len(words)):
                group = whole.get(words[start:], other)
                if group != other:
                    yield group, phrase, other


def _phrase_faults(key: str, groups: Mapping[Any, Sequence[str]], *, case_sensitive: bool) -> Iterator[Fault]:
    seen: dict[tuple[str, ...], tuple[Any, str]] = {}
    for group, phrases in groups.items():
        for index, phrase in enumerate(phrases):
            here: tuple[str | int, ...] = (key, group, index) if group != "" else (key, index)
            if key == "markers":
                plain = words_of(phrase)
            else:
                plain = tokens_of(phrase, case_sensitive=case_sensitive, brackets=key == "statements")
            if not any(character.isalnum() for token in plain for character in token):
                yield here, f"`{phrase}` has no letter or digit to be found by", "write the words that a reply holds"
                continue
            other, written = seen.setdefault(plain, (group, phrase))
            if other == group:
                continue
            if " ".join(written.lower().split()) == " ".join(phrase.lower().split()):
                hint = "give each words of its own"
                if key == "labels" and written != phrase:
                    hint += ", or write `case_sensitive: true`"
                yield here, f"`{phrase}` stands for both {_named(other)} and {_named(group)}", hint
            else:
                message = f"`{phrase}` of {_named(group)} cannot be distinguished from `{written}` of {_named(other)}"
                yield here, message, "brackets, quotes and * _ ` are decoration in a reply; give each words of its own"


def _named(group: str | int) -> str:
    return f"grade {group + 1}" if isinstance(group, int) else group


def criterion_markers(name: str, ask: str) -> dict[str, list[str]]:
    """What stands before the scores of a criterion: for each response, or for the one that is shown alone."""
    if ask != "pair":
        return {"": [name, f"{name} Score", f"{name} Rating"]}
    return {
        side: [f"{name} {of}{shown}{letter}" for of, shown in product(("", "for ", "of "), NAMES)]
        for side, letter in (("a", "A"), ("b", "B"))
    }
