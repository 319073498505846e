"""How a simulated judge reads a question, what it perceives, and how it fills in its answer. Pure functions.

It finds the prompt and the responses by the tags they are fenced with, and what it is asked to say by the lines that
want filling in, such as `Verdict: <A, B or tie>` or `Score A: <0 to 10>/10`, by a line that is a JSON object with such
blanks, or by the JSON schema of the call. In a discussion only what stands behind what was said so far counts; where
nothing is to be filled in, it says what it leans to, and it is swayed a little by what others lean to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from harness.hashing import canonical_json
from harness.prompting.parsing.structured_output import form_of
from harness.providers.simulation.chance import Chance
from harness.providers.simulation.world import (
    UNKNOWN_QUALITY,
    Knobs,
    are_met,
    has_instruction,
    requirements_of,
    signature_of,
)
from harness.providers.simulation.writer import asks_for_review, remarks_on, written
from harness.records.rankings import groups_of, ranking_of

TIE_MARGIN = 0.1
"""A judge that gives verdicts calls a tie if perceived qualities differ by less."""

PASS_MARK = 0.7
"""A judge that chooses between two labels of a single response gives the better one from this perceived quality on."""

STRONG_MARGIN = 0.4
"""A judge that gives grades calls the difference large if perceived qualities differ by more."""

OFF_TOPIC = 0.2
"""Standard deviation of an overall impression around the perceived quality, as a share of the scale, at skill 0."""

SWAY = 0.1
"""Added to the perceived quality of a response that all earlier speakers prefer."""

TYPICAL_LENGTH = 250
"""Characters of a response that a judge with a length bias finds neither long nor short."""

REFUSAL = "I am sorry, but I cannot judge this."
LEANING = "I lean to response {}."
UNDECIDED = "I lean to neither response."
NO_QUESTION = "In the simulated world only the judging of responses is known, and none is shown here."

_FENCED = re.compile(r"<([a-z0-9_-]+)-([0-9a-f]{16})>\n(.*?)\n</\1-\2>", re.DOTALL)
_TO_FILL_IN = re.compile(r"^([^\n:<>]{1,60}): ?<([^\n<>]{1,200})>(/[0-9.]+)?[ \t]*$", re.MULTILINE)
_BARE_TO_FILL_IN = re.compile(
    r"^((?:\[[^\n\]]{1,30}\] )?)<([0-9.-]+ to [0-9.-]+|[^\n<>,]{1,30} or [^\n<>,]{1,30})>$", re.MULTILINE
)
_CHOICES = re.compile(r"^(\S{1,20}(?:, \S{1,20}){0,6}) or (\S{1,20})$", re.MULTILINE)
_RANKING = re.compile(
    r"^\[\{\"model\": \"([^\n\"]{1,30})\", \"rank\": 1\}, \{\"model\": \"([^\n\"]{1,30})\", \"rank\": 2\}\]$",
    re.MULTILINE,
)
_LEANING = re.compile(LEANING.format("([AB])").replace(".", r"\."))
_JSON_TO_FILL_IN = re.compile(r"^\{\".*<.*\}$", re.MULTILINE)
_RESPONSE = re.compile(r"response(?:-(?:[a-z]|[0-9]{1,2}))?")
_OF_SEVERAL = re.compile(r"(number|letter)(s of all responses| of the best response)\b")
_SCALE = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?) to (-?[0-9]+(?:\.[0-9]+)?)")


class Bare(NamedTuple):
    """A form without a marker and a colon: what stands before it, what may be chosen, and whether it is a ranking."""

    before: str
    choices: tuple[str, ...]
    is_ranking: bool = False


class Question(NamedTuple):
    """A question to a judge.

    Attributes:
        prompt: the prompt of the responses.
        responses: one response, or `a` and `b`, or several in the order in which they are named.
        blanks: the lines to fill in: the text before the colon, the values, and the text after them.
        discussion: the discussion so far; None without one.
        form: the JSON object to fill in; None without one.
        bare: the form that is asked for where it is neither a line with a blank nor an object; None for none.
        says_consider: whether its instructions say `consider`.
    """

    prompt: str
    responses: tuple[str, ...]
    blanks: tuple[tuple[str, str, str], ...]
    discussion: str | None = None
    form: Mapping[str, Any] | None = None
    bare: Bare | None = None
    says_consider: bool = False


class Answer(NamedTuple):
    """The answer of a simulated model: a text, or a refusal."""

    text: str
    is_refusal: bool = False


class Impression(NamedTuple):
    """How a judge perceives one response: requirements seen as met, and a quality of about 0 to 1."""

    noticed: int
    asked: int
    quality: float


def answer(
    knobs: Knobs, messages: Sequence[Mapping[str, Any]], draw: int, schema: Mapping[str, Any] | None = None
) -> Answer:
    """The answer of a simulated model to a conversation, a function of conversation, draw and schema."""
    chance = Chance(knobs.model_id(), canonical_json(messages).decode(), str(draw))
    if chance.happens(knobs.refusal_rate):
        return Answer(REFUSAL, is_refusal=True)
    question = read_question(messages)
    if question is None:
        return Answer(written(knobs, messages, chance) or NO_QUESTION)
    if len(question.responses) == 1 and asks_for_review(messages):
        is_malformed = chance.happens(knobs.malformed_rate)
        one = perceive(knobs, question.prompt, question.responses[0], chance)
        said = remarks_on(knobs, question.prompt, question.responses[0], chance)
        return Answer("\n".join([said, "", *(() if is_malformed else (_filled_in(b, [one]) for b in question.blanks))]))
    leanings = _LEANING.findall(question.discussion or "")
    if not question.responses and question.discussion is None:
        return Answer(_points(question.prompt))
    if not question.responses:
        return Answer(" ".join(["What was said:", *(LEANING.format(side) for side in leanings)]))
    is_malformed = chance.happens(knobs.malformed_rate)
    seen = [perceive(knobs, question.prompt, text, chance) for text in question.responses]
    if len(seen) > 1:
        sway = SWAY * (leanings.count("A") - leanings.count("B")) / max(len(leanings), 1)
        wording = knobs.wording_bias if question.says_consider else 0.0
        seen[0] = seen[0]._replace(quality=seen[0].quality + knobs.position_bias + sway + wording)
        if chance.happens(knobs.tie_rate):
            seen[1] = seen[1]._replace(quality=seen[0].quality)
    remarks = _remarks(seen)
    if is_malformed:
        return Answer(remarks)
    form = question.form if schema is None else form_of(schema)
    if question.discussion is not None and not (question.blanks or form) and len(seen) > 1:
        side = verdict_of(*seen)
        return Answer(f"{remarks} {UNDECIDED if side == 'tie' else LEANING.format(side)}")
    if form is not None:
        filled = orjson.dumps(_filled_form(form, seen, remarks)).decode()
        return Answer(f"{remarks}\n\n{filled}" if schema is None else filled)
    if not question.blanks and question.bare is not None and question.discussion is None:
        chosen = _chosen(question.bare, seen)
        return Answer(f"{remarks} {question.bare.before}{chosen}" if question.bare.before else chosen)
    return Answer("\n".join([remarks, "", *(_filled_in(blank, seen) for blank in question.blanks)]))


def read_question(messages: Sequence[Mapping[str, Any]]) -> Question | None:
    """The question in a conversation; None if it shows no prompt, no response and no discussion.

    The last blanks to fill in count, and of a message with a discussion only those behind it.
    """
    shown: dict[str, str] = {}
    blanks: tuple[tuple[str, str, str], ...] = ()
    form: Mapping[str, Any] | None = None
    bare: Bare | None = None
    says_consider = False
    for message in messages:
        if message["role"] == "user":
            content = message["content"]
            for found in _FENCED.finditer(content):
                shown[found[1]] = found[3]
                if found[1] == "discussion":
                    content, blanks, form = message["content"][found.end() :], (), None
            content = _FENCED.sub("", content)
            blanks = tuple(_TO_FILL_IN.findall(content)) or blanks
            form = _form_in(content) or form
            bare = _bare_in(content) or bare
            says_consider = says_consider or "consider" in content.casefold()
    responses = tuple(shown[name] for name in _response_names(shown))
    if not responses and shown.keys().isdisjoint(("prompt", "discussion")):
        return None
    return Question(shown.get("prompt", ""), responses, blanks, shown.get("discussion"), form, bare, says_consider)


def _response_names(shown: Mapping[str, str]) -> list[str]:
    """The tags of the responses that are shown, in the order of their letters or numbers."""
    names = [name for name in shown if _RESPONSE.fullmatch(name)]
    return sorted(names, key=lambda name: (len(name), name))


def _bare_in(text: str) -> Bare | None:
    if rankings := _RANKING.findall(text):
        return Bare("", rankings[-1], is_ranking=True)
    if blanks := _BARE_TO_FILL_IN.findall(text):
        before, wanted = blanks[-1]
        return Bare(before, tuple(wanted.split(" or ")))
    if choices := _CHOICES.findall(text):
        return Bare("So: " if choices[-1][0].startswith("[[") else "", (*choices[-1][0].split(", "), choices[-1][1]))
    return None


def _chosen(bare: Bare, seen: Sequence[Impression]) -> str:
    """A form without a marker, filled in.

    Two choices are A and B, three are A, B and a tie; more are grades, from best for A to best for B.
    """
    scale = _SCALE.fullmatch(bare.choices[0])
    if scale:
        return f"{_rating(seen[0], float(scale[1]), float(scale[2])):g}"
    if len(seen) == 1:
        return label_of(seen[0], bare.choices)
    margin = seen[0].quality - seen[-1].quality
    if len(bare.choices) == 2:
        best = bare.choices[0] if margin >= 0 else bare.choices[1]
        if not bare.is_ranking:
            return best
        ranked = sorted(bare.choices, key=lambda name: name != best)
        return "[" + ", ".join(f'{{"model": "{name}", "rank": {rank}}}' for rank, name in enumerate(ranked, 1)) + "]"
    verdict = verdict_of(seen[0], seen[-1])
    if len(bare.choices) == 3:
        return bare.choices[("A", "B", "tie").index(verdict)]
    middle = len(bare.choices) // 2
    if verdict == "tie":
        return bare.choices[middle]
    steps = middle if abs(margin) > STRONG_MARGIN else 1
    return bare.choices[middle - steps if verdict == "A" else middle + steps]


def _form_in(text: str) -> Mapping[str, Any] | None:
    lines = _JSON_TO_FILL_IN.findall(text)
    try:
        return orjson.loads(lines[-1]) if lines else None
    except orjson.JSONDecodeError:
        return None


def perceive(knobs: Knobs, prompt: str, response: str, chance: Chance) -> Impression:
    """How a judge perceives a response, by its skill and the biases that do not depend on order."""
    met = are_met(requirements_of(prompt), response)
    noticed = sum(truth if chance.happens(knobs.skill) else chance.happens(0.5) for truth in met)
    quality = noticed / len(met) if met else UNKNOWN_QUALITY
    quality += OFF_TOPIC * (1 - knobs.skill) * chance.error()
    quality += knobs.length_bias * (len(response) - TYPICAL_LENGTH) / (len(response) + TYPICAL_LENGTH)
    if knobs.family and signature_of(knobs.family) in response:
        quality += knobs.family_bias
    if knobs.injection_bias and has_instruction(response):
        quality += knobs.injection_bias
    return Impression(noticed, len(met), quality)


def verdict_of(a: Impression, b: Impression) -> str:
    """Which of two responses is better: `A`, `B` or `tie`."""
    if abs(a.quality - b.quality) < TIE_MARGIN:
        return "tie"
    return "A" if a.quality > b.quality else "B"


def _remarks(seen: Sequence[Impression]) -> str:
    names = ["Response A", "Response B"] if len(seen) == 2 else [f"Response {at}" for at in range(1, len(seen) + 1)]
    names = names if len(seen) > 1 else ["The response"]
    return " ".join(
        f"{name} mentions {one.noticed} of {one.asked} points asked for."
        if one.asked
        else f"{name} answers the prompt."
        for name, one in zip(names, seen, strict=True)
    )


def _filled_in(blank: tuple[str, str, str], seen: Sequence[Impression]) -> str:
    """A line to fill in, filled in."""
    marker, wanted, rest = blank
    if of_several := _OF_SEVERAL.match(wanted):
        return f"{marker}: {_ranked(of_several[1], of_several[2], seen)}"
    scale = _SCALE.search(wanted)
    if scale:
        one = seen[-1] if marker.rstrip("*_ ").endswith(" B") else seen[0]
        return f"{marker}: {_rating(one, float(scale[1]), float(scale[2])):g}{rest}"
    if "tie" in wanted.casefold() and len(seen) > 1:
        return f"{marker}: {verdict_of(*seen)}{rest}"
    if len(seen) == 1 and (choices := _choices_in(wanted)):
        return f"{marker}: {label_of(seen[0], choices)}{rest}"
    return f"{marker}: as said above{rest}"


def _ranked(names: str, wanted: str, seen: Sequence[Impression]) -> str:
    """The responses from the best to the worst, or the first of those that are best."""
    groups = groups_of(ranking_of([one.quality for one in seen], margin=TIE_MARGIN))
    named = [[str(at) if names == "number" else chr(64 + at) for at in group] for group in groups]
    return named[0][0] if wanted.endswith("best response") else " > ".join(" = ".join(group) for group in named)


def _filled_form(form: Any, seen: Sequence[Impression], remarks: str, name: str = "") -> Any:
    """A JSON object to fill in, filled in; `name` is that of the field that `form` stands in."""
    if isinstance(form, Mapping):
        side = name[-2:] if name.endswith(("_a", "_b")) else ""
        return {key: _filled_form(inner, seen, remarks, f"{key}{side}") for key, inner in form.items()}
    scale = _SCALE.search(form)
    if scale:
        return _rating(seen[-1] if name.endswith("_b") else seen[0], float(scale[1]), float(scale[2]))
    if "tie" in form.casefold() and len(seen) > 1:
        return verdict_of(*seen)
    if len(seen) == 1 and (choices := _choices_in(form.strip("<>"))):
        return label_of(seen[0], choices)
    return remarks


def _choices_in(wanted: str) -> list[str]:
    """The labels that a blank such as `fail or pass` offers; none where it offers none."""
    others, found, last = wanted.rpartition(" or ")
    return [*others.split(", "), last] if found and "tie" not in wanted.casefold() else []


def label_of(one: Impression, choices: Sequence[str]) -> str:
    """The label of a single response, the labels being in their order from the worst to the best."""
    if len(choices) == 2:
        return choices[int(one.quality >= PASS_MARK)]
    return choices[min(len(choices) - 1, max(0, int(one.quality * len(choices))))]


def half_points(one: Impression, low: float, high: float) -> float:
    """A rating in steps of one half, as a person gives it."""
    return low + round(2 * min(max(one.quality, 0.0), 1.0) * (high - low)) / 2


def _rating(one: Impression, low: float, high: float) -> float:
    return low + round(min(max(one.quality, 0.0), 1.0) * (high - low))


def _points(prompt: str) -> str:
    """The answer to a prompt that is shown without a response: what a response must mention."""
    points = requirements_of(prompt) or ("what was asked",)
    return "\n".join(f"{number}. It mentions {point}." for number, point in enumerate(points, 1))
