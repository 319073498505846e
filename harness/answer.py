"""Answer rules: what to find in a reply, and when there is nothing to be found.

A rule is data: the kind of answer, the markers that stand before it, the labels or the scale. It is read from the
end of a reply, because a reply argues first and concludes last:

* The last marker that a value follows counts. What follows an earlier one is an earlier thought. The first marker
  of a rule, which the strategy asks for, counts before all others: a judge who writes `Verdict: A` and then that "the
  right answer is C" has judged. The others are looked for where the first is missing.
* Markers and labels are literal, in any case. Decoration (`**`, `#`, quotes, brackets, backticks) may stand around
  and between their words; `:`, `=`, `-`, `|`, `is` or a line break part the marker from the value.
* A score may be `8`, `8.5`, `8,5`, `8/10`, `8 / 10`, `8 out of 10`, with a remark behind it.
* A template that was echoed (`<0 to 10>/10`, `A, B or tie`, `X/10`) is no value: the search goes on further up.
* What ought to be the answer and is not clear ends the search without one: two verdicts (`A or B`), `neither`, a
  range, a score out of its scale, another denominator than the scale's, a label with a sentence behind it that may
  turn its meaning. The model is asked again rather than guessed at.
* A verdict rule may name statements, sentences that are the verdict wherever they stand (`Output (a) is better`);
  where no marker has a value, the last of them counts.
* Without any marker, a last line that is nothing but a label, or nothing but a score with its scale, is the answer;
  a reply that is nothing but a score needs no scale.

`docs/answer-rules.md` has the table of forms, and how the rules fare on published replies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple, TypeAlias

from harness.reading import NO_VALUE, Finder, Labels, Nothing, Numbers, Reader, Statements, Value
from harness.records import Verdict

Find: TypeAlias = Callable[[str], Value | Nothing]
Fault: TypeAlias = tuple[tuple[str | int, ...], str, str]

NAMES = ("", "Response ", "Assistant ", "Answer ", "Option ")
"""What models write before the letter of a response."""
TAILS = (96, 768)
"""How many characters at the end of a reply are searched before all of it is."""


class Answer(NamedTuple):
    """What was read from a reply; what the kind of the rule does not give is None."""

    verdict: Verdict | None = None
    score_a: float | None = None
    score_b: float | None = None
    score: float | None = None


class AnswerRule(NamedTuple):
    """A rule made ready.

    Attributes:
        read: reads a reply; None where it holds no answer.
        lines: the form of the answer, one line for each value.
    """

    read: Callable[[str], Answer | None]
    lines: tuple[str, ...]

    def format_text(self) -> str:
        """What a template shows as `answer_format`: lines such as `Score A: <0 to 10>/10`."""
        return "\n".join(self.lines)


# --- the rule as data -------------------------------------------------------------------------------------


def full_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """The rule, as a schema accepted it, with every default written out."""
    full: dict[str, Any] = {"kind": rule["kind"]}
    if rule["kind"] == "verdict":
        full["markers"] = list(rule.get("markers", ("Verdict", "Answer", "Winner", "Decision")))
        full["labels"] = {side: list(phrases) for side, phrases in rule.get("labels", default_labels()).items()}
        if "statements" in rule:
            full["statements"] = {side: list(phrases) for side, phrases in rule["statements"].items()}
        return full
    full["scale"] = {end: _plain(rule["scale"][end]) for end in ("min", "max")}
    if rule["kind"] == "score":
        full["markers"] = list(rule.get("markers", ("Score", "Rating", "Grade")))
    else:
        full["markers"] = {side: list(phrases) for side, phrases in rule.get("markers", default_markers()).items()}
    return full


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
    for key in ("markers", "labels", "statements"):
        groups = rule.get(key, {})
        yield from _phrase_faults((key,), groups if isinstance(groups, Mapping) else {"": groups})


def _phrase_faults(place: tuple[str, ...], groups: Mapping[str, Sequence[str]]) -> Iterator[Fault]:
    seen: dict[str, str] = {}
    for group, phrases in groups.items():
        for index, phrase in enumerate(phrases):
            here: tuple[str | int, ...] = (*place, group, index) if group else (*place, index)
            plain = " ".join(phrase.lower().split())
            if not any(character.isalnum() for character in plain):
                yield here, f"`{phrase}` has no letter or digit to be found by", "write the words that a reply holds"
            elif plain in seen and seen[plain] != group:
                yield here, f"`{phrase}` stands for both {seen[plain]} and {group}", "give each words of its own"
            seen.setdefault(plain, group)


# --- the rule made ready ----------------------------------------------------------------------------------


def compile_answer(rule: Mapping[str, Any]) -> AnswerRule:
    """Make a full rule ready for reading."""
    markers = rule["markers"]
    if rule["kind"] == "verdict":
        firsts = [rule["labels"][verdict][0] for verdict in ("a", "b", "tie")]
        form = f"<{firsts[0]}, {firsts[1]} or {firsts[2]}>"
        labels, statements = Labels(rule["labels"]), rule.get("statements")
        stated = [Statements(statements).find] if statements else []
        return AnswerRule(_verdict_reader(markers, labels, stated), (f"{markers[0]}: {form}",))
    least, greatest = rule["scale"]["min"], rule["scale"]["max"]
    numbers = Numbers(least, greatest)
    form = f"<{least} to {greatest}>/{greatest}"
    if rule["kind"] == "score":
        return AnswerRule(_score_reader(markers, numbers), (f"{markers[0]}: {form}",))
    lines = tuple(f"{markers[side][0]}: {form}" for side in ("a", "b"))
    return AnswerRule(_scores_reader(markers, numbers), lines)


def _verdict_reader(markers: Sequence[str], labels: Labels, stated: Sequence[Find]) -> Callable[[str], Answer | None]:
    finds = [*_finds(markers, labels), *stated]

    def read(text: str) -> Answer | None:
        value = _last(text, finds)
        if value is NO_VALUE:
            value = labels.alone(_last_line(text))
        return None if isinstance(value, Nothing) else Answer(verdict=value)  # type: ignore[arg-type]

    return read


def _score_reader(markers: Sequence[str], numbers: Numbers) -> Callable[[str], Answer | None]:
    finds = _finds(markers, numbers)

    def read(text: str) -> Answer | None:
        value = _last(text, finds)
        if value is NO_VALUE:
            value = numbers.alone(_last_line(text), is_all="\n" not in text.strip())
        return None if isinstance(value, Nothing) else Answer(score=value)  # type: ignore[arg-type]

    return read


def _scores_reader(markers: Mapping[str, Sequence[str]], numbers: Numbers) -> Callable[[str], Answer | None]:
    finds_a, finds_b = _finds(markers["a"], numbers), _finds(markers["b"], numbers)

    def read(text: str) -> Answer | None:
        score_a = _last(text, finds_a)
        if isinstance(score_a, Nothing):
            return None
        score_b = _last(text, finds_b)
        return None if isinstance(score_b, Nothing) else Answer(None, score_a, score_b)  # type: ignore[arg-type]

    return read


def _finds(markers: Sequence[str], reader: Reader) -> list[Find]:
    """One for the marker that is asked for, one for all others."""
    return [Finder(group, reader).find for group in (markers[:1], markers[1:]) if group]


def _last(text: str, finds: Sequence[Find]) -> Value | Nothing:
    """The last value in a text. Its end, from the start of a line, gives the same answer sooner."""
    for find in finds:
        for size in TAILS:
            cut = text.find("\n", -size) if size < len(text) else -1
            if cut >= 0 and (value := find(text[cut:].lower())) is not NO_VALUE:
                return value
        if (value := find(text.lower())) is not NO_VALUE:
            return value
    return NO_VALUE


def _last_line(text: str) -> str:
    return text.rstrip().rpartition("\n")[2].lower()
