r"""Answer rules: what to find in a reply, and when there is nothing to be found.

A rule is data (`definition.py`): the kind of answer, the markers that stand before it, the labels or the scale. A reply
is normalised once (`normalise.py`) and read from its end, because a reply argues first and concludes last:

* The last marker that a value follows counts. The first marker of a rule, which the strategy asks for, counts before
  the others. A marker that begins its clause counts before one with other words in front of it (`markers.py`).
* Markers and labels are literal, in any case. Decoration may stand around and between their words; `:`, `=`, `-`, `|`,
  `is` or a line break parts the marker from the value, and choices or a scale may be repeated in between.
* A value between double brackets, in an XML tag or in `\\boxed{}` needs no marker (`enclosed.py`); neither does a
  field of a JSON object with a name that people use (`fields.py`).
* A template that was echoed (`<0 to 10>/10`, `A, B or tie`, `X/10`) is no value: the search continues further up.
* What ought to be the answer and is not clear ends the search without one: two verdicts (`A or B`), `neither`, a
  range, a score out of its scale, another denominator than the scale's, a label with a sentence behind it that may
  turn its meaning. The model is asked again rather than guessed at.
* A rubric is one score for each criterion; the score of a response is their mean by weight. There is no score where
  one of them cannot be read.
* A rule with `format: json` reads the last JSON object that has the fields asked for, and where there is none, lines.
* Without any marker, a last line that is nothing but a label, or nothing but a score with its scale, is the answer;
  a reply that is nothing but a score needs no scale.
* A rule with a `pattern` reads what its named groups match, and nothing else (`pattern.py`).

`docs/guide/answer-rules.md` has the table of forms, and how the rules fare on published replies.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from harness.prompting.parsing.definition import VERDICTS, criterion_markers, grades
from harness.prompting.parsing.labels import Labels
from harness.prompting.parsing.logprobs import (
    ReadLogprobs,
    grade_reader,
    label_reader,
    logprobs_reader,
    params_for,
    read_text,
)
from harness.prompting.parsing.numbers import ENDING, Numbers
from harness.prompting.parsing.pattern import Pattern, pattern_text
from harness.prompting.parsing.rankings import KINDS as KINDS_OF_RANKINGS
from harness.prompting.parsing.rankings import RankingReader, form_of_ranking
from harness.prompting.parsing.reply import NormalisedReply
from harness.prompting.parsing.reward import read_reward
from harness.prompting.parsing.search import Search, score_search, scores_search, verdict_search
from harness.prompting.parsing.structured_output import form_line, json_reader, response_format, schema_of
from harness.prompting.parsing.values import Answer, Note, Noted, Nothing, Reader, Value

Read: TypeAlias = Callable[[str], Answer | None]


class Trace(NamedTuple):
    """How a reply was read.

    Attributes:
        text: the reply as it was matched.
        notes: the places that were checked, in that order.
        answer: None where there is none.
    """

    text: str
    notes: tuple[Note, ...]
    answer: Answer | None


class AnswerRule(NamedTuple):
    """A rule made ready.

    Attributes:
        read: reads a reply; None where it holds no answer.
        lines: the form of the answer, one line for each value, or one that is a JSON object.
        trace: reads a reply and reports how.
        params: what a call for such an answer asks for beside its messages; None for nothing.
        read_logprobs: reads the log probabilities of a reply in place of its text; None for rules that read text.
    """

    read: Read
    lines: tuple[str, ...]
    trace: Callable[[str], Trace]
    params: Mapping[str, Any] | None = None
    read_logprobs: ReadLogprobs | None = None

    def format_text(self) -> str:
        """What a template shows as `answer_format`: lines such as `Score A: <0 to 10>/10`."""
        return "\n".join(self.lines)


class _Plain(NamedTuple):
    """A rule without JSON: how its answer is found, how one that stands as asked is, and its form."""

    find: Callable[[NormalisedReply, Noted | None], Answer | None]
    as_asked: Read
    lines: tuple[str, ...]
    reader: Reader
    boxes: bool


def compile_answer(
    rule: Mapping[str, Any],
    *,
    ask: str = "pair",
    criteria: Sequence[Mapping[str, Any]] = (),
    responses: int | None = None,
) -> AnswerRule:
    """Make a full rule ready for reading.

    Args:
        rule: as `full_rule` made it.
        ask: what a strategy asks for: `pair`, `each` or `single` for a rubric, whose scores are about that.
        criteria: what a rubric scores, each with `name` and `weight`.
        responses: how many responses are ranked; None where it is not known.
    """
    if rule["kind"] == "logprobs":
        return _by_logprobs(rule, ask)
    if rule["kind"] in KINDS_OF_RANKINGS:
        return _by_rank(rule, responses)
    if rule["kind"] == "reward":
        return AnswerRule(read_reward, ("<number>",), lambda text: Trace(text, (), read_reward(text)))
    plain = _PLAIN[rule["kind"]](rule, ask, criteria)
    case_sensitive = bool(rule.get("case_sensitive"))
    if "pattern" in rule:
        return _by_pattern(rule, plain)

    def read(text: str) -> Answer | None:
        reply = NormalisedReply(text, case_sensitive=case_sensitive, boxes_anywhere=plain.boxes)
        return plain.as_asked(reply.raw) or plain.find(reply, None)

    def trace(text: str) -> Trace:
        reply = NormalisedReply(text, case_sensitive=case_sensitive, boxes_anywhere=plain.boxes, tails=())
        notes: list[Note] = []
        return Trace(reply.shown(), tuple(notes), plain.find(reply, notes.append))._replace(notes=tuple(notes))

    if rule.get("format") != "json":
        return AnswerRule(read, plain.lines, trace)
    schema = schema_of(rule, ask, [criterion["name"] for criterion in criteria])
    weights = [criterion["weight"] for criterion in criteria]

    def answer_in(values: Sequence[Any]) -> Answer:
        if rule["kind"] in ("verdict", "label"):
            return Answer(values[0])
        if rule["kind"] == "graded":
            return Answer(None, *grades(rule)[int(values[0])])
        if rule["kind"] == "rubric":
            values = [_mean(values[at : at + len(weights)], weights) for at in range(0, len(values), len(weights))]
        return Answer(None, *values) if len(values) > 1 else Answer(score=values[0])

    read_json = json_reader(schema, plain.reader, rule.get("scale"), answer_in, read)

    def trace_json(text: str) -> Trace:
        found = trace(text)
        return found._replace(answer=read_json(text))

    return AnswerRule(read_json, (form_line(schema),), trace_json, response_format(schema))


def _by_logprobs(rule: Mapping[str, Any], ask: str) -> AnswerRule:
    if "tokens" not in rule:
        of_text = compile_answer({"kind": "score", "markers": ["Score", "Rating", "Grade"], "scale": rule["scale"]})
        lines = (f"<{rule['scale']['min']} to {rule['scale']['max']}>",)
        return of_text._replace(lines=lines, params=params_for(rule), read_logprobs=grade_reader(rule, of_text.read))
    order = rule["tokens"] if ask == "single" else ("a", "b", "tie")
    firsts = [rule["tokens"][side][0] for side in order if side in rule["tokens"]]
    read = read_text(rule)
    lines = (f"{', '.join(firsts[:-1])} or {firsts[-1]}",)
    soft = label_reader(rule) if ask == "single" else logprobs_reader(rule)
    return AnswerRule(read, lines, lambda text: Trace(text, (), read(text)), params_for(rule), soft)


def _by_rank(rule: Mapping[str, Any], responses: int | None) -> AnswerRule:
    reader = RankingReader(rule["kind"], rule["markers"], responses, with_ties=rule.get("ties", True))

    def read(text: str) -> Answer | None:
        ranking = reader.read(text)
        return None if ranking is None else Answer(verdict=ranking)

    def trace(text: str) -> Trace:
        notes: list[Note] = []
        ranking = reader.read(text, notes.append)
        return Trace(reader.plain(text), tuple(notes), None if ranking is None else Answer(verdict=ranking))

    return AnswerRule(read, (form_of_ranking(rule),), trace)


def _by_pattern(rule: Mapping[str, Any], plain: _Plain) -> AnswerRule:
    meaning = {side: side for side in VERDICTS} if rule["kind"] == "verdict" else {}
    pattern = Pattern(rule["pattern"], plain.reader.whole, meaning)  # type: ignore[arg-type]

    def find(text: str, note: Noted | None = None) -> Answer | None:
        values = pattern.find(text, note)
        if isinstance(values, Nothing):
            return None
        if rule["kind"] == "graded":
            return Answer(None, *grades(rule)[int(values[0])])
        if rule["kind"] in ("verdict", "label"):
            return Answer(verdict=values[0])  # type: ignore[arg-type]
        return Answer(None, *values) if len(values) > 1 else Answer(score=values[0])  # type: ignore[arg-type]

    def trace(text: str) -> Trace:
        notes: list[Note] = []
        answer = find(text, notes.append)
        return Trace(pattern_text(text), tuple(notes), answer)

    return AnswerRule(find, plain.lines, trace)


# --- the kinds of answer ----------------------------------------------------------------------------------


def _verdict(rule: Mapping[str, Any], ask: str, criteria: Sequence[Mapping[str, Any]]) -> _Plain:
    groups = {side: phrases for side, phrases in rule["labels"].items() if phrases}
    labels = Labels(groups, case_sensitive=bool(rule.get("case_sensitive")))
    search = verdict_search(rule, labels, rule.get("statements"))
    firsts = {phrases[0]: side for side, phrases in groups.items()}

    def find(reply: NormalisedReply, note: Noted | None) -> Answer | None:
        value = search.last(reply, note)
        return None if isinstance(value, Nothing) else Answer(verdict=value)  # type: ignore[arg-type]

    answers = {label: Answer(verdict=side) for label, side in firsts.items()}
    return _Plain(find, _label_as_asked(rule, answers), _form(rule, list(firsts)), labels, _has_boxes(rule))


def _graded(rule: Mapping[str, Any], ask: str, criteria: Sequence[Mapping[str, Any]]) -> _Plain:
    labels = Labels(
        {float(at): one for at, one in enumerate(rule["labels"])}, case_sensitive=bool(rule.get("case_sensitive"))
    )
    search = verdict_search(rule, labels, None)
    scores = grades(rule)

    def find(reply: NormalisedReply, note: Noted | None) -> Answer | None:
        value = search.last(reply, note)
        return None if isinstance(value, Nothing) else Answer(None, *scores[int(value)])

    firsts = [phrases[0] for phrases in rule["labels"]]
    answers = {label: Answer(None, *scores[at]) for at, label in enumerate(firsts)}
    return _Plain(find, _label_as_asked(rule, answers), _form(rule, firsts), labels, _has_boxes(rule))


def _score(rule: Mapping[str, Any], ask: str, criteria: Sequence[Mapping[str, Any]]) -> _Plain:
    numbers = Numbers(rule["scale"]["min"], rule["scale"]["max"])
    search = score_search(rule, numbers)
    as_asked = numbers.as_asked(rule["markers"][:1])

    def find(reply: NormalisedReply, note: Noted | None) -> Answer | None:
        value = search.last(reply, note)
        return None if isinstance(value, Nothing) else Answer(score=value)  # type: ignore[arg-type]

    def quick(text: str) -> Answer | None:
        scores = None if "between" in rule else as_asked(text)
        return Answer(score=scores[0]) if scores else None

    least, greatest = rule["scale"]["min"], rule["scale"]["max"]
    if "between" in rule:
        lines = (f"<{least} to {greatest}>".join(rule["between"]),)
    else:
        lines = (_line(rule["markers"][0], f"<{least} to {greatest}>/{greatest}"),)
    return _Plain(find, quick, lines, numbers, _has_boxes(rule))


def _scores(rule: Mapping[str, Any], ask: str, criteria: Sequence[Mapping[str, Any]]) -> _Plain:
    numbers = Numbers(rule["scale"]["min"], rule["scale"]["max"])
    markers = rule["markers"]
    search = scores_search(markers, numbers)
    as_asked = numbers.as_asked([markers["a"][0], markers["b"][0]])

    def find(reply: NormalisedReply, note: Noted | None) -> Answer | None:
        values = search(reply, note)
        return None if values is None else Answer(None, *values)

    def quick(text: str) -> Answer | None:
        scores = as_asked(text)
        return Answer(None, *scores) if scores else None

    form = f"<{rule['scale']['min']} to {rule['scale']['max']}>/{rule['scale']['max']}"
    return _Plain(find, quick, tuple(_line(markers[side][0], form) for side in ("a", "b")), numbers, False)


def _rubric(rule: Mapping[str, Any], ask: str, criteria: Sequence[Mapping[str, Any]]) -> _Plain:
    least, greatest = rule["scale"]["min"], rule["scale"]["max"]
    numbers = Numbers(least, greatest)
    named = [criterion_markers(criterion["name"], ask) for criterion in criteria]
    sides = list(named[0])
    lines = tuple(f"{markers[side][0]}: <{least} to {greatest}>/{greatest}" for markers in named for side in sides)
    searches = [[Search.by_markers(markers[side], numbers) for markers in named] for side in sides]
    weights = [criterion["weight"] for criterion in criteria]

    def find(reply: NormalisedReply, note: Noted | None) -> Answer | None:
        means = []
        for side in searches:
            values: list[Value] = []
            for search in side:
                value = search.last(reply, note)
                if isinstance(value, Nothing):
                    return None
                values.append(value)
            means.append(_mean(values, weights))  # type: ignore[arg-type]
        return Answer(None, *means) if len(means) > 1 else Answer(score=means[0])

    return _Plain(find, lambda text: None, lines, numbers, False)


_PLAIN: Mapping[str, Callable[[Mapping[str, Any], str, Sequence[Mapping[str, Any]]], _Plain]] = {
    "verdict": _verdict,
    "label": _verdict,
    "graded": _graded,
    "score": _score,
    "scores": _scores,
    "rubric": _rubric,
}


def _form(rule: Mapping[str, Any], firsts: Sequence[str]) -> tuple[str, ...]:
    """How a prompt shows the label that is wanted: in blanks behind a marker, or between the rule's delimiters."""
    if "between" in rule:
        shown = [label.join(rule["between"]) for label in firsts]
        return (f"{', '.join(shown[:-1])} or {shown[-1]}",)
    return (_line(rule["markers"][0], f"<{', '.join(firsts[:-1])} or {firsts[-1]}>"),)


def _line(marker: str, form: str) -> str:
    """A marker in brackets of its own, such as `[RESULT]`, needs no colon."""
    return f"{marker} {form}" if marker.startswith("[") and marker.endswith("]") else f"{marker}: {form}"


def _label_as_asked(rule: Mapping[str, Any], answers: Mapping[str, Answer]) -> Read:
    """Reads a reply that ends in just the line it was asked for, in a part of the time; else None."""
    if "between" in rule:
        return lambda text: None
    labels = "|".join(re.escape(label) for label in sorted(answers, key=len, reverse=True))
    search = re.compile(rf"\n{re.escape(rule['markers'][0])}: ({labels})\s*+\Z").search

    def read(text: str) -> Answer | None:
        found = search(text[-ENDING:] if len(text) > ENDING else f"\n{text}")
        return answers[found[1]] if found else None

    return read


def _has_boxes(rule: Mapping[str, Any]) -> bool:
    return bool(rule.get("between", ("",))[0] == "\\boxed{")


def _mean(values: Sequence[float], weights: Sequence[float]) -> float:
    return sum(value * weight for value, weight in zip(values, weights, strict=True)) / sum(weights)
