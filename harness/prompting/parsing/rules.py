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
* A rubric is one score for each criterion; the score of a response is their mean by weight. There is no score where
  one of them cannot be read.
* A rule with `format: json` reads the last JSON object that has the fields asked for, and where there is none, lines.
* Without any marker, a last line that is nothing but a label, or nothing but a score with its scale, is the answer;
  a reply that is nothing but a score needs no scale.

`docs/guide/answer-rules.md` has the table of forms, and how the rules fare on published replies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product
from typing import Any, NamedTuple, TypeAlias

from harness.prompting.parsing.structured_output import form_line, json_reader, response_format, schema_of
from harness.prompting.parsing.values import (
    NO_VALUE,
    Finder,
    Labels,
    Nothing,
    Numbers,
    Reader,
    Statements,
    Value,
    words_of,
)
from harness.records.judgments import Verdict

Find: TypeAlias = Callable[[str], Value | Nothing]
Fault: TypeAlias = tuple[tuple[str | int, ...], str, str]

NAMES = ("", "Response ", "Assistant ", "Answer ", "Option ")
"""What models write before the letter of a response."""
TAILS = (96, 768)
"""How many characters at the end of a reply are searched before all of it is."""
LONGEST = 2**20
"""Characters at the end of a reply that are searched at all: no honest reply is longer, and a search has its end."""


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
        lines: the form of the answer, one line for each value, or one that is a JSON object.
        params: what a call for such an answer is to ask for beside its messages; None for nothing.
    """

    read: Callable[[str], Answer | None]
    lines: tuple[str, ...]
    params: Mapping[str, Any] | None = None

    def format_text(self) -> str:
        """What a template shows as `answer_format`: lines such as `Score A: <0 to 10>/10`."""
        return "\n".join(self.lines)


# --- the rule as data -------------------------------------------------------------------------------------


def full_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """The rule, as a schema accepted it, with every default written out."""
    full: dict[str, Any] = {"kind": rule["kind"]}
    if rule.get("format") == "json":
        full |= {"format": "json", "reasons": rule.get("reasons", True)}
    elif "reasons" in rule:
        full["reasons"] = rule["reasons"]
    if rule["kind"] == "verdict":
        full["markers"] = list(rule.get("markers", ("Verdict", "Answer", "Winner", "Decision")))
        full["labels"] = {side: list(phrases) for side, phrases in rule.get("labels", default_labels()).items()}
        if "statements" in rule:
            full["statements"] = {side: list(phrases) for side, phrases in rule["statements"].items()}
        return full
    full["scale"] = {end: _plain(rule["scale"][end]) for end in ("min", "max")}
    if rule["kind"] == "score":
        full["markers"] = list(rule.get("markers", ("Score", "Rating", "Grade")))
    elif rule["kind"] == "scores":
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
    if "reasons" in rule and "format" not in rule:
        hint = "write `format: json`, or ask for reasons in the template"
        yield ("reasons",), "only a JSON object has a place for reasons", hint
    for key in ("markers", "labels", "statements"):
        groups = rule.get(key, {})
        groups = groups if isinstance(groups, Mapping) else {"": groups}
        faults = list(_phrase_faults((key,), groups))
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


def criterion_markers(name: str, ask: str) -> dict[str, list[str]]:
    """What stands before the scores of a criterion: for each response, or for the one that is shown alone."""
    if ask == "each":
        return {"": [name, f"{name} Score", f"{name} Rating"]}
    return {
        side: [f"{name} {of}{shown}{letter}" for of, shown in product(("", "for ", "of "), NAMES)]
        for side, letter in (("a", "A"), ("b", "B"))
    }


# --- the rule made ready ----------------------------------------------------------------------------------


def compile_answer(
    rule: Mapping[str, Any], *, ask: str = "pair", criteria: Sequence[Mapping[str, Any]] = ()
) -> AnswerRule:
    """Make a full rule ready for reading.

    Args:
        rule: as `full_rule` made it.
        ask: `pair` or `each`: what a rubric's scores are about.
        criteria: what a rubric scores, each with `name` and `weight`.
    """
    kind = rule["kind"]
    if kind == "verdict":
        firsts = [rule["labels"][verdict][0] for verdict in ("a", "b", "tie")]
        labels, statements = Labels(rule["labels"]), rule.get("statements")
        stated = [Statements(statements).find] if statements else []
        line = f"{rule['markers'][0]}: <{firsts[0]}, {firsts[1]} or {firsts[2]}>"
        plain = AnswerRule(_verdict_reader(rule["markers"], labels, stated), (line,))
        value: Reader = labels
    else:
        value = numbers = Numbers(rule["scale"]["min"], rule["scale"]["max"])
        plain = _scoring_rule(rule, numbers, ask, criteria)
    if rule.get("format") != "json":
        return plain
    schema = schema_of(rule, ask, [criterion["name"] for criterion in criteria])
    weights = [criterion["weight"] for criterion in criteria]

    def answer_in(values: Sequence[Any]) -> Answer:
        if kind == "verdict":
            return Answer(values[0])
        if kind == "rubric":
            values = [_mean(values[at : at + len(weights)], weights) for at in range(0, len(values), len(weights))]
        return Answer(None, *values) if len(values) > 1 else Answer(score=values[0])

    read = json_reader(schema, value, rule.get("scale"), answer_in, plain.read)
    return AnswerRule(read, (form_line(schema),), response_format(schema))


def _scoring_rule(
    rule: Mapping[str, Any], numbers: Numbers, ask: str, criteria: Sequence[Mapping[str, Any]]
) -> AnswerRule:
    """A rule for scores that stand on lines."""
    least, greatest = rule["scale"]["min"], rule["scale"]["max"]
    form = f"<{least} to {greatest}>/{greatest}"
    if rule["kind"] == "score":
        return AnswerRule(_score_reader(rule["markers"], numbers), (f"{rule['markers'][0]}: {form}",))
    if rule["kind"] == "scores":
        markers = rule["markers"]
        lines = tuple(f"{markers[side][0]}: {form}" for side in ("a", "b"))
        return AnswerRule(_scores_reader(markers, numbers), lines)
    told = [criterion_markers(criterion["name"], ask) for criterion in criteria]
    sides = list(told[0])
    lines = tuple(f"{markers[side][0]}: {form}" for markers in told for side in sides)
    finds = [[_finds(markers[side], numbers) for markers in told] for side in sides]
    return AnswerRule(_rubric_reader(finds, [criterion["weight"] for criterion in criteria]), lines)


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights)


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
    as_asked = numbers.as_asked(markers[:1])

    def read(text: str) -> Answer | None:
        if scores := as_asked(text):
            return Answer(score=scores[0])
        value = _last(text, finds)
        if value is NO_VALUE:
            value = numbers.alone(_last_line(text), is_all="\n" not in text.strip())
        return None if isinstance(value, Nothing) else Answer(score=value)  # type: ignore[arg-type]

    return read


def _scores_reader(markers: Mapping[str, Sequence[str]], numbers: Numbers) -> Callable[[str], Answer | None]:
    finds_a, finds_b = _finds(markers["a"], numbers), _finds(markers["b"], numbers)
    as_asked = numbers.as_asked([markers["a"][0], markers["b"][0]])

    def read(text: str) -> Answer | None:
        if scores := as_asked(text):
            return Answer(None, *scores)
        score_a = _last(text, finds_a)
        if isinstance(score_a, Nothing):
            return None
        score_b = _last(text, finds_b)
        return None if isinstance(score_b, Nothing) else Answer(None, score_a, score_b)  # type: ignore[arg-type]

    return read


def _rubric_reader(
    sides: Sequence[Sequence[Sequence[Find]]], weights: Sequence[float]
) -> Callable[[str], Answer | None]:
    def read(text: str) -> Answer | None:
        means = []
        for criteria in sides:
            values = []
            for finds in criteria:
                value = _last(text, finds)
                if isinstance(value, Nothing):
                    return None
                values.append(value)
            means.append(_mean(values, weights))  # type: ignore[arg-type]
        return Answer(None, *means) if len(means) > 1 else Answer(score=means[0])

    return read


def _finds(markers: Sequence[str], reader: Reader) -> list[Find]:
    """One for the marker that is asked for, one for all others."""
    return [Finder(group, reader).find for group in (markers[:1], markers[1:]) if group]


def _last(text: str, finds: Sequence[Find]) -> Value | Nothing:
    """The last value in a text. Its end, from the start of a line, gives the same answer sooner."""
    if len(text) > LONGEST:
        text = text[text.find("\n", -LONGEST) :]
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
