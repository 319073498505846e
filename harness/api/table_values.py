"""The meaning of the verdicts and labels in tables: known spellings, those that are given, and the option to paste."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from harness.api.table_reading import MAX_SHOWN
from harness.data.labels import SPELLINGS
from harness.errors import InputError, Problem
from harness.records.judgments import FAILURES, VERDICTS
from harness.text import printable, quoted

UNGUESSED = "?"
"""Stands for a meaning that nobody can guess."""
GUESSES = {
    **dict.fromkeys(("first", "left", "model a", "response a", "assistant a"), "a"),
    **dict.fromkeys(("second", "right", "model b", "response b", "assistant b"), "b"),
    **dict.fromkeys(("tie", "ties", "tied", "draw", "both", "equal", "same", "neither", "no preference"), "tie"),
}
"""What the option to paste suggests for values in lower case; numbers can mean several things."""


class Words(NamedTuple):
    """The words of a column.

    Attributes:
        column: its name.
        counts: how often each word occurs.
        is_judge: whether they are verdicts of a judge, which may be failures, and not labels.
        field: how the option that names the column begins, for a message about numbers.
    """

    column: str
    counts: Mapping[str, int]
    is_judge: bool
    field: str


def meanings(columns: Sequence[Words], given: Mapping[str, str]) -> list[Mapping[str, str]]:
    """The meaning of the words of each column, which are verdicts or failures.

    Args:
        columns: the words of each column.
        given: what values mean; `COLUMN:VALUE` holds in one column only.

    Raises:
        InputError: where some have none, with the option to paste.
    """
    found, unknown, numbers = list[Mapping[str, str]](), Counter[str](), list[Words]()
    for one in columns:
        own = {value: given[value] for value in one.counts if value in given}
        prefix = f"{one.column}:"
        own |= {value.removeprefix(prefix): means for value, means in given.items() if value.startswith(prefix)}
        known: dict[str, str] = {failure: failure for failure in FAILURES} if one.is_judge else {}
        meaning = {**known, **_spelling(set(one.counts) - set(known), own), **own}
        found.append({value: meaning[value] for value in sorted(one.counts) if value in meaning})
        missing = {value: count for value, count in one.counts.items() if value not in meaning}
        if any(map(_is_fraction, missing)):
            numbers.append(one)
        else:
            unknown.update(missing)
    problems = [_not_verdicts(one) for one in numbers]
    if unknown:
        problems.append(_unknown(unknown.most_common(), given))
    if problems:
        raise InputError(problems)
    return found


def unused(given: Mapping[str, str], columns: Iterable[Words]) -> list[str]:
    """The given values that occur in no column."""
    words = {text for one in columns for value in one.counts for text in (value, f"{one.column}:{value}")}
    return [value for value in given if value not in words]


def _spelling(used: set[str], given: Mapping[str, str]) -> Mapping[str, str]:
    """The known spelling of most of the values, among those that contradict no given meaning; empty if all do."""
    fitting = [one for one in SPELLINGS if all(one.get(value, meaning) == meaning for value, meaning in given.items())]
    return max(fitting, key=lambda one: len(used & set(one)), default={})


def _is_fraction(value: str) -> bool:
    try:
        return not float(value).is_integer()
    except (ValueError, OverflowError):
        return False


def _not_verdicts(one: Words) -> Problem:
    """That a column holds numbers, with the options that say what they are."""
    number = next(value for value in one.counts if _is_fraction(value))
    message = f"{quoted(one.column)} holds numbers such as {quoted(number)}, which are no verdicts"
    if one.is_judge:
        hint = (
            f"a preference from 1 (a) to 2 (b) is `{one.field}preference:{one.column}`, the probability of a "
            f"`{one.field}p_a:{one.column}`, scores of both responses `{one.field}score_a:COLUMN,score_b:COLUMN`"
        )
    else:
        hint = f"the share of annotators who prefer a is `{one.field}p_a:{one.column}`; shares are `a:COLUMN,b:COLUMN`"
    return Problem(message=message, hint=hint)


def _unknown(unknown: Sequence[tuple[str, int]], given: Mapping[str, str]) -> Problem:
    """That values have no meaning, with the option to paste; what a value means is only guessed from a plain word."""
    shown = ", ".join(f"{quoted(value)} ({_times(count)})" for value, count in unknown[:MAX_SHOWN])
    more = f", and {len(unknown) - MAX_SHOWN:,} more" if len(unknown) > MAX_SHOWN else ""
    guessed = {value: GUESSES.get(value.strip().lower(), UNGUESSED) for value, _ in unknown[:MAX_SHOWN]}
    pairs = ",".join(f"{value}={meaning}" for value, meaning in {**given, **guessed}.items())
    option = f"--values {json.dumps(printable(pairs), ensure_ascii=False)}"
    fill = f", with a meaning for each {UNGUESSED}" if UNGUESSED in guessed.values() else ""
    verb = "has" if len(unknown) == 1 else "have"
    hint = f"say what each means ({', '.join(VERDICTS)}): {option}{fill}; the other values keep their meaning"
    if set(guessed.values()) == {UNGUESSED}:
        hint += "; labels of single responses need --labels, which names them from the worst to the best"
    return Problem(message=f"{shown}{more} {verb} no meaning", hint=hint)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"
