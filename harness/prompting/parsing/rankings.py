"""Rankings in replies: a permutation of the responses, or the best of them.

A ranking is read from the last of these that a reply has: a JSON object with such a field, a marker such as `Ranking:`
with the ranking behind it or as a numbered list below it, double brackets, or a last line that is a ranking. These are
one ranking:

    [2] > [1] > [3]     2 > 1 > 3     2, 1, 3     [2, 1, 3]     Response 2 > Response 1 > Response 3     B > A > C

`=` stands between tied responses. A ranking that names a response twice, leaves one out or names one that was not shown
is no answer, and neither is one that mixes commas with other signs: the model is asked again rather than guessed at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from harness.prompting.parsing.enclosed import is_unclear
from harness.prompting.parsing.normalise import normalised, without_next_turn
from harness.prompting.parsing.structured_output import objects_in
from harness.prompting.parsing.values import AMBIGUOUS, Note, Noted
from harness.records.rankings import MOST_RESPONSES, best_first, text_of

KINDS = ("ranking", "choice")
"""The kinds of answer about several responses."""
MARKERS: Mapping[str, tuple[str, ...]] = {
    "ranking": ("Ranking", "Final ranking", "Rank order", "Order", "Answer"),
    "choice": ("Best", "Best response", "Winner", "Verdict", "Answer"),
}
"""What stands before an answer where a rule does not say."""
FIELDS: Mapping[str, frozenset[str]] = {
    "ranking": frozenset({"ranking", "final_ranking", "rank_order", "order", "ranked", "answer"}),
    "choice": frozenset({"best", "best_response", "winner", "verdict", "choice", "answer"}),
}
"""Fields of a JSON object that hold an answer."""
LONGEST_LINE = 400
"""Characters of a line that may be a ranking."""
MOST_LINES = 400
"""Lines of a reply, from its end, that are searched."""
_WORD = r"(?:(?:response|answer|assistant|candidate|option|output|passage|completion|model|number|no\.?)[ ]{0,2}#?)?"
_NAME = rf"[ ]{{0,3}}[\[({{]{{0,2}}{_WORD}[\[({{]?([0-9]{{1,2}}|[a-z])(?!\w)[\])}}]{{0,3}}[ ]{{0,3}}"
_TOKEN = re.compile(_NAME)
_SIGN = re.compile(r"(>{1,3}|=>|->|={1,2}|~|≈|→|,[ ]?(?:and[ ])?|;)")
_TIES = frozenset({"=", "==", "~", "≈"})
_DECORATION = re.compile(r"[*_`\"']|\\[()\[\]]")
_NUMBERED = re.compile(r"[ ]{0,4}(?:#[ ]?)?([0-9]{1,2})[.):][ ]{1,3}(.{1,200})")
_REMARK = re.compile(r"[ ]+(?:because|since|as)\b.*|[ ]+[(–—-][ ]?[a-z][a-z' ]{8,}.*")
_ECHO = re.compile(r"<(?:numbers?|letters?) of")
"""The form that was asked for, repeated."""
_ENCLOSED = re.compile(r"\[\[([^\[\]\n]{1,200})\]\]")


class Found(NamedTuple):
    """A place of a reply: the groups of positions that it names, or why it holds no answer."""

    groups: list[list[int]] | None
    why: str = ""


class RankingReader:
    """Reads the answer of a reply about several responses.

    Args:
        kind: `ranking`, or `choice` for the best of them.
        markers: what stands before the answer.
        count: how many responses were shown; None where it is not known.
        with_ties: whether responses may be tied.
    """

    def __init__(self, kind: str, markers: Sequence[str], count: int | None, *, with_ties: bool = True) -> None:
        self._kind, self._count, self._with_ties = kind, count, with_ties
        words = "|".join(re.escape(marker.lower()) for marker in sorted(markers, key=len, reverse=True))
        self._marker = re.compile(
            rf"(?:^|.{{0,120}}[.;:,!][ ]|[ #>-]{{1,6}})(?:the )?(?:{words})(?: is)?[ ]?[:=][ ]?(.*)"
        )
        self._bare = re.compile(rf"[ #>-]{{0,6}}(?:the )?(?:{words})[ ]?:?[ ]?")

    def read(self, text: str, note: Noted | None = None) -> str | None:
        """The ranking in a reply; None where it holds none."""
        if (found := self._in_object(text, note)) is not None:
            return self._text(found)
        lines = [_plain(line) for line in self.plain(text).split("\n")]
        starts = _starts(lines)
        last = True
        for at in range(len(lines) - 1, max(-1, len(lines) - 1 - MOST_LINES), -1):
            found = self._in_line(lines, at, is_last=last)
            last = last and not lines[at].strip()
            if found is None:
                continue
            answer = self._text(found)
            if note:
                outcome: Any = AMBIGUOUS if answer is None else answer
                note(Note("ranking", starts[at], starts[at] + len(lines[at]), outcome, self._reason(found)))
            return answer
        return None

    def plain(self, text: str) -> str:
        """The reply as it is read."""
        return normalised(without_next_turn(text), boxes_anywhere=True)

    def _in_object(self, text: str, note: Noted | None) -> Found | None:
        """The answer in the last JSON object that has a field for it."""
        for one in objects_in(text):
            values = [value for name, value in one.items() if name.lower() in FIELDS[self._kind]] if one else []
            if not values:
                continue
            found = _in_value(values[-1])
            if note:
                answer = self._text(found)
                note(Note("field", 0, 0, AMBIGUOUS if answer is None else answer, self._reason(found)))
            return found
        return None

    def _in_line(self, lines: Sequence[str], at: int, *, is_last: bool) -> Found | None:
        """What a line says, behind its marker or as the last line; None where it says nothing."""
        line = lines[at]
        if len(line) > LONGEST_LINE:
            line = line[-LONGEST_LINE:]
        if marked := self._marker.fullmatch(line):
            if _ECHO.search(marked[1]):
                return None
            if marked[1].strip(" .") or self._kind == "choice":
                return _expression(marked[1]) if marked[1].strip(" .") else None
        if self._kind == "ranking" and self._bare.fullmatch(line):
            return _list_below(lines, at)
        if enclosed := [*_ENCLOSED.finditer(line)]:
            if is_unclear(line, enclosed, lambda found: found[1].strip()):
                return Found(None, "its sentence offers another answer, or denies this one")
            return _expression(enclosed[-1][1])
        if not is_last or not line.strip():
            return None
        found = _expression(line)
        is_answer = found.groups is not None and (self._kind == "choice" or sum(map(len, found.groups)) > 1)
        return found if is_answer else None

    def _text(self, found: Found) -> str | None:
        """The ranking, if what was found is one of the responses that were shown."""
        if found.groups is None or self._reason(found):
            return None
        if self._kind == "choice":
            (best,) = found.groups[0]
            return best_first(best, self._count or max(best, 2))
        return text_of(found.groups)

    def _reason(self, found: Found) -> str:
        """Why what was found is no answer, "" where it is one."""
        if found.groups is None:
            return found.why
        named = [position for group in found.groups for position in group]
        if self._kind == "choice" and len(named) > 1:
            return "names several responses"
        if len(set(named)) < len(named):
            return f"names response {next(one for one in named if named.count(one) > 1)} twice"
        most = self._count or (max(named) if self._kind == "choice" else len(named))
        if foreign := [one for one in named if not 1 <= one <= most]:
            return f"names response {foreign[0]}, and {most} were shown"
        if self._kind == "ranking" and len(named) < most:
            missing = next(one for one in range(1, most + 1) if one not in named)
            return f"leaves out response {missing}"
        if not self._with_ties and any(len(group) > 1 for group in found.groups):
            return "names a tie, and the strategy allows none"
        return ""


def _starts(lines: Sequence[str]) -> list[int]:
    """Where each line begins."""
    starts, at = [], 0
    for line in lines:
        starts.append(at)
        at += len(line) + 1
    return starts


def _plain(line: str) -> str:
    """A line in lower case, with spaces in place of decoration, so that places stay what they are."""
    return _DECORATION.sub(lambda found: " " * len(found[0]), line).lower()


def _expression(text: str) -> Found:
    """The positions that a text names, such as `[2] > [1] = [3]`."""
    text = _REMARK.sub("", " ".join(text.strip().rstrip(".").split())).rstrip(".,; ")
    if text.startswith("[") and text.endswith("]") and "," in text and text.count("[") == 1:
        text = text[1:-1]
    groups: list[list[int]] = []
    signs: set[str] = set()
    at, joins = 0, False
    while True:
        token = _TOKEN.match(text, at)
        position = None if token is None else _position(token[1])
        if token is None or position is None:
            return Found(None, "something stands between the responses that is no sign")
        if joins:
            groups[-1].append(position)
        else:
            groups.append([position])
        at = token.end()
        if at >= len(text):
            break
        sign = _SIGN.match(text, at)
        if sign is None:
            return Found(None, "something stands behind the responses")
        at, joins = sign.end(), sign[1] in _TIES
        signs.add("," if sign[1][0] in ",;" else ">")
    return Found(groups) if len(signs) < 2 else Found(None, "mixes commas with other signs")


def _position(name: str) -> int | None:
    """The position that a number or a letter names."""
    if name.isdigit():
        return int(name)
    position = ord(name) - ord("a") + 1
    return position if 1 <= position <= MOST_RESPONSES else None


def _list_below(lines: Sequence[str], at: int) -> Found | None:
    """A numbered list below a line, best first; None where there is none."""
    named: list[list[int]] = []
    for line in lines[at + 1 :]:
        if not line.strip():
            continue
        entry = _NUMBERED.fullmatch(line)
        if entry is None or int(entry[1]) != len(named) + 1:
            break
        token = _TOKEN.match(entry[2])
        position = None if token is None else _position(token[1])
        if token is None or position is None or re.match(r"\w", entry[2][token.end() :][:1] or " "):
            return Found(None, f"entry {entry[1]} of the list does not begin with a response")
        named.append([position])
    return Found(named) if named else None


def _in_value(value: Any) -> Found:
    """The positions that a JSON value names: a number, a list, nested for ties, or text."""
    if isinstance(value, str):
        return _expression(_plain(value))
    groups = []
    for one in value if isinstance(value, list) else [value]:
        found = [_of_entry(each) for each in (one if isinstance(one, list) else [one])]
        if None in found:
            return Found(None, "holds something else than responses")
        groups.append([position for position in found if position is not None])
    return Found(groups) if all(groups) and groups else Found(None, "is empty")


def _of_entry(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str):
        token = _TOKEN.fullmatch(_plain(value))
        return None if token is None else _position(token[1])
    return int(value) if float(value).is_integer() else None


def form_of_ranking(rule: Mapping[str, Any]) -> str:
    """The line that a prompt shows as the form of the answer."""
    name = "number" if rule["names"] == "numbers" else "letter"
    if rule["kind"] == "choice":
        return f"{rule['markers'][0]}: <{name} of the best response>"
    return f"{rule['markers'][0]}: <{name}s of all responses, best first>"


def ranking_rule(rule: Mapping[str, Any]) -> dict[str, Any]:
    """A rule about several responses with every default written out."""
    kind = rule["kind"]
    full: dict[str, Any] = {
        "kind": kind,
        "markers": list(rule.get("markers", MARKERS[kind])),
        "names": rule.get("names", "numbers"),
    }
    return full | ({"ties": rule.get("ties", True)} if kind == "ranking" else {})
