"""A pattern of the strategy's own, matched by RE2, whose time grows linearly with the text.

Named groups give the answer: `verdict`, or `a`, `b` and `tie` (the one that matched is the verdict), or `label`, or
`score`, or `score_a` and `score_b`. The last match counts. The package `google-re2` is an extra and imported when it is
needed.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from harness.prompting.parsing.normalise import without_next_turn
from harness.prompting.parsing.values import AMBIGUOUS, NO_VALUE, Note, Noted, Nothing, Value

LONGEST = 65_536
"""Characters at the end of a reply that a pattern is matched against."""
MAX_MATCHES = 1000
"""Matches after which a reply has no answer. With LONGEST it bounds the time that any pattern takes."""
MAX_MEMORY_BYTES = 8 << 20
INSTALL = "`pattern` needs the package google-re2: pip install 'fellowship-harness[patterns]'"
GROUPS: Mapping[str, tuple[frozenset[str], ...]] = {
    "verdict": (frozenset({"verdict"}), frozenset({"a", "b"}), frozenset({"a", "b", "tie"})),
    "graded": (frozenset({"verdict"}),),
    "label": (frozenset({"label"}),),
    "score": (frozenset({"score"}),),
    "scores": (frozenset({"score_a", "score_b"}),),
    "rubric": (),
}
"""For each kind of answer, the named groups that a pattern may have."""


def pattern_faults(rule: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """What is wrong with the pattern of a full rule: place, message, hint."""
    if "pattern" not in rule:
        return
    place = ("pattern",)
    if "format" in rule:
        yield place, "a rule has a pattern or a JSON object, not both", "leave one of them out"
    try:
        compiled = compiled_pattern(rule["pattern"])
    except ImportError:
        yield place, "google-re2 is not installed", INSTALL
        return
    except ValueError as error:
        hint = "RE2 has no backreferences and no lookaround, so that its time stays linear"
        yield place, f"not a pattern that RE2 accepts: {error}", hint
        return
    fitting = GROUPS[rule["kind"]]
    if frozenset(compiled.groupindex) not in fitting:
        named = " or ".join(", ".join(f"(?P<{name}>...)" for name in sorted(one)) for one in fitting)
        hint = f"name {named}" if named else "leave `pattern` out"
        yield place, f"its named groups do not give an answer of the kind `{rule['kind']}`", hint


def compiled_pattern(source: str) -> Any:
    """A pattern made ready by RE2.

    Raises:
        ImportError: where google-re2 is not installed.
        ValueError: where RE2 refuses the pattern.
    """
    re2 = importlib.import_module("re2")
    options = re2.Options()
    options.max_mem = MAX_MEMORY_BYTES
    options.log_errors = False
    try:
        return re2.compile(source, options=options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        raise ValueError(reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)) from None


class Pattern:
    """Reads the values that the named groups of a pattern match.

    Args:
        source: the pattern.
        whole: reads the text of a group.
        meaning: values of the groups that are verdicts by their names.
    """

    def __init__(
        self, source: str, whole: Callable[[str], Value | Nothing], meaning: Mapping[str, Value] | None = None
    ) -> None:
        compiled = compiled_pattern(source)
        self._every = compiled.finditer
        self._groups = sorted(compiled.groupindex)
        self._whole, self._meaning = whole, meaning or {}

    def find(self, text: str, note: Noted | None = None) -> list[Value] | Nothing:
        """The values of the last match, in the order of the names of the groups."""
        matches = list(islice(self._every(pattern_text(text)), MAX_MATCHES + 1))
        if not matches:
            return NO_VALUE
        if len(matches) > MAX_MATCHES:
            return AMBIGUOUS
        last = matches[-1]
        matched = {name: last.group(name) for name in self._groups if last.group(name) is not None}
        if set(self._groups) & self._meaning.keys():
            values: list[Value | Nothing] = [self._meaning[name] for name in matched]
            values = values if len(values) == 1 else [AMBIGUOUS]
        else:
            values = [self._whole(matched[name]) if name in matched else AMBIGUOUS for name in self._groups]
        read = [value for value in values if not isinstance(value, Nothing)]
        complete = len(read) == len(values)
        if note:
            why = "" if complete else "a named group holds no value of the rule"
            note(Note("pattern", last.start(), last.end(), read[0] if complete else AMBIGUOUS, why))
        return read if complete else AMBIGUOUS


def pattern_text(text: str) -> str:
    r"""What a pattern is matched against: the end of the reply, with line ends as `\n`."""
    return without_next_turn(text)[-LONGEST:].replace("\r\n", "\n").replace("\r", "\n")
