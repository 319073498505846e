"""The judges of tables: which columns hold the verdicts, scores or preferences of each, and in which orders."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from harness.api.table_reading import Place, Tables
from harness.data.judged import FIELDS
from harness.errors import InputError, Problem
from harness.text import listed, listed_first, pluralized, quoted, suggestion

Fields: TypeAlias = Mapping[str, Place]
"""The columns of one judgment, by the names in `harness.data.judged.FIELDS`."""
Order = Literal["given", "swapped", "both", "any"]
"""The orders that a judge saw; `any`: each item in one of both."""

VERDICT_NAMES = ("verdict", "winner", "decision", "choice", "preferred")
"""Columns that are taken for verdicts where none is named."""
RESULTS = ("verdict", "score_a", "score_b", "preference", "p_a")
COSTS = ("prompt_tokens", "completion_tokens", "cost_usd")
TAKEN = (*RESULTS, *COSTS)
"""Columns that are taken by their names; other fields have to be named."""
SEPARATORS = ("_", ".", "-", "/", " ")
ORDER_WORDS: Mapping[str, str] = {
    **dict.fromkeys(("given", "false", "original", "AB", "ab", "A-B"), "given"),
    **dict.fromkeys(("swapped", "true", "reversed", "flipped", "BA", "ba", "B-A"), "swapped"),
}
"""Orders that can mean one thing only."""
MAX_NAMED = 12
_FIELD = re.compile(rf"(?:(given|swapped)\.)?({'|'.join(FIELDS)})")


@dataclass(frozen=True, slots=True)
class TableJudge:
    """A judge of a table.

    Attributes:
        name: how it is called.
        file: the file that holds its judgments.
        given: the columns of its judgments in the order of the table, one entry for each repeat.
        swapped: the columns of those with the responses exchanged.
        row_value: in long form, the value of the column of judges in its rows.
    """

    name: str
    file: int
    given: Sequence[Fields]
    swapped: Sequence[Fields] = ()
    row_value: str | None = None

    @property
    def places(self) -> list[Place]:
        """All its columns."""
        return [place for fields in (*self.given, *self.swapped) for place in fields.values()]

    @property
    def words(self) -> list[Place]:
        """Its columns of verdicts, or of labels or scores of single responses."""
        named = ("verdict", "label", "score")
        return [fields[name] for fields in (*self.given, *self.swapped) for name in named if name in fields]


class RowPlace(NamedTuple):
    """Which judgment a row holds: item, order, and the value of the column of repeats."""

    item: str | None
    order: str
    repeat: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """The orders and repeats of a judge.

    Attributes:
        order: in which it saw the responses.
        repeats: how often it judged an item in an order, at most.
    """

    order: Order = "given"
    repeats: int = 1


def wide_judge(text: str, tables: Tables, result: str = "verdict") -> TableJudge:
    """The judge that `NAME`, a column, or `NAME=FIELDS` names.

    Args:
        text: the name, with its columns or without.
        tables: the files.
        result: what a column alone holds: `verdict`, or `label` or `score` of single responses.

    Raises:
        InputError: where there are no such columns.
    """
    if tables.places(text):
        place = tables.find(text)
        return _of_column(text, tables) if result == "verdict" else TableJudge(text, place.file, [{result: place}])
    name, equals, fields = text.partition("=")
    if equals and name:
        return judge_of(name, fields, tables, result=result)
    if result != "verdict":
        raise InputError(tables.missing(text))
    found = _companions(text, [name for file in range(len(tables.paths)) for name in tables.present(file)])
    if not found:
        raise InputError(tables.missing(text))
    return judge_of(text, ",".join(f"{key}:{column}" for key, column in found.items()), tables)


def judge_of(
    name: str, text: str, tables: Tables, row_value: str | None = None, *, result: str = "verdict"
) -> TableJudge:
    """A judge from its columns, such as `score_a:left,score_b:right,swapped.score_a:…`.

    Args:
        name: how it is called.
        text: column names, each after its field and a colon; a column alone holds verdicts. A field that occurs again
            belongs to the next repeat.
        tables: the files.
        row_value: in long form, the value of the column of judges.
        result: what a column alone holds.

    Raises:
        InputError: where a column is missing, or the columns are of several files.
    """
    orders: dict[str, list[dict[str, Place]]] = {"given": [], "swapped": []}
    for part in [text] if tables.places(text) else text.split(","):
        key, colon, column = part.strip().partition(":")
        found = _FIELD.fullmatch(key) if colon else None
        order, what = (found[1] or "given", found[2]) if found else ("given", result)
        if not (column if found else part).strip():
            hint = "write FIELD:COLUMN, such as verdict:winner, or a column alone"
            raise InputError(Problem(message=f"the judge {quoted(name)} has a field without a column", hint=hint))
        place = tables.find(column if found else part.strip())
        entry = next((one for one in orders[order] if what not in one), None)
        if entry is None:
            entry = {}
            orders[order].append(entry)
        entry[what] = place
    judge = TableJudge(name, 0, orders["given"], orders["swapped"], row_value)
    files = {place.file for place in judge.places}
    if len(files) > 1:
        both = " and ".join(tables.paths[file].name for file in sorted(files))
        raise InputError(Problem(message=f"the columns of the judge {quoted(name)} are in {both}", hint="use one file"))
    if result != "verdict":
        _check_single(judge, result)
    else:
        for fields in (*judge.given, *judge.swapped):
            _check_complete(name, fields)
    return TableJudge(name, files.pop(), judge.given, judge.swapped, row_value)


def long_judges(
    column: str, text: str | None, named: Sequence[str], tables: Tables, result: str = "verdict"
) -> list[TableJudge]:
    """The judges of a table with a row for each item and judge.

    Args:
        column: with the names of the judges.
        text: the columns of a judgment, as `judge_of` takes them; None to take those with usual names.
        named: the judges to take, none for all.
        tables: the files.
        result: what a column alone holds.

    Raises:
        InputError: where a column or a judge is missing.
    """
    place = tables.find(column)
    there = list(dict.fromkeys(value for value in tables.words(place) if value))
    if text is None:
        present = tables.present(place.file)
        fields = {key: key for key in TAKEN if key in present}
        if not set(RESULTS) & set(fields) and (verdict := next((one for one in VERDICT_NAMES if one in present), None)):
            fields["verdict"] = verdict
        if not set(RESULTS) & set(fields):
            message = f"{tables.paths[place.file].name} has no column of verdicts that is known by its name"
            hint = "name it: --verdict COLUMN, or --verdict score_a:COLUMN,score_b:COLUMN"
            raise InputError(
                Problem(message=message, hint=f"{hint}; the columns are {listed_first(present, MAX_NAMED)}")
            )
        text = ",".join(f"{key}:{tables.paths[place.file].name}:{name}" for key, name in fields.items())
    problems = [
        Problem(message=f"{quoted(column)} has no judge {quoted(name)}", hint=suggestion(name, there))
        for name in named
        if name not in there
    ]
    if problems:
        raise InputError(problems)
    return [judge_of(name, text, tables, name, result=result) for name in named or there]


def asked_of(judge: TableJudge, places: Mapping[int, RowPlace], *, is_numbered: bool) -> Asked:
    """The orders and repeats of a judge.

    Args:
        judge: the judge.
        places: the judgments of its rows.
        is_numbered: whether several rows of an item in an order are repeats.

    Raises:
        InputError: where several rows are the same judgment.
    """
    counts = Counter((place.item, place.order, None if is_numbered else place.repeat) for place in places.values())
    own = Counter((place.item, place.order) for place in places.values())
    is_repeated = any(place.repeat is not None for place in places.values())
    if not is_numbered and (twice := [key for key, count in counts.items() if count > 1]):
        item = quoted(str(twice[0][0]))
        others = len({key[0] for key in twice}) - 1
        more = f", and {pluralized(others, 'other item')} in several" if others else ""
        is_single = any({"label", "score"} & set(one) for one in judge.given)
        first = "" if is_single else "orders (--order COLUMN), or that of "
        hint = (
            "the column of repeats must differ between them"
            if is_repeated
            else f"name the column of {first}repeats (--repeat COLUMN, or --repeat row to number them)"
        )
        message = f"{quoted(judge.name)} judges item {item} in {counts[twice[0]]:,} rows{more}"
        raise InputError(Problem(message=message, hint=hint))
    repeats = max(own.values(), default=1) * max(len(judge.given), len(judge.swapped), 1)
    if judge.swapped:
        return Asked("both" if judge.given else "swapped", repeats)
    orders = {place.order for place in places.values()}
    if orders <= {"given"}:
        return Asked("given", repeats)
    if orders == {"swapped"}:
        return Asked("swapped", repeats)
    has_both = any((item, "given") in own and (item, "swapped") in own for item, _ in own)
    return Asked("both" if has_both else "any", repeats)


def orders_of(words: Sequence[str | None], given: Mapping[str, str], column: str) -> list[str]:
    """The order that each word of a column means.

    Raises:
        InputError: where some mean none, with the option to paste.
    """
    known = {**ORDER_WORDS, **given}
    unknown = Counter(value for value in words if value is not None and value not in known)
    if unknown:
        shown = ", ".join(f"{quoted(value)} ({count:,})" for value, count in unknown.most_common(MAX_NAMED))
        pairs = ",".join(f"{value}=?" for value in list(unknown)[:MAX_NAMED])
        hint = f'say what each means: --order-values "{pairs}", with given or swapped for each ?'
        raise InputError(Problem(message=f"{shown} in {quoted(column)} is no order", hint=hint))
    return ["given" if value is None else known[value] for value in words]


def _of_column(column: str, tables: Tables) -> TableJudge:
    """The judge whose verdicts are a column; objects in it are judgments with fields of their own."""
    place = tables.find(column)
    values = tables.values(place)
    if not any(isinstance(value, dict) for value in values):
        return TableJudge(column, place.file, [{"verdict": place}])
    keys = list(dict.fromkeys(str(key) for value in values if isinstance(value, dict) for key in value))
    found = {key: f"{place.column}.{key}" for key in keys if key in TAKEN}
    if not set(found) & set(RESULTS) and (verdict := next((one for one in VERDICT_NAMES if one in keys), None)):
        found["verdict"] = f"{place.column}.{verdict}"
    if not set(found) & set(RESULTS):
        message = f"{quoted(column)} holds objects with the keys {listed(keys[:MAX_NAMED])}, none of which is a verdict"
        hint = f"name one: --judge {column}=verdict:{column}.KEY, or score_a, score_b, preference, p_a"
        raise InputError(Problem(message=message, hint=hint))
    file = tables.paths[place.file].name
    fields = ",".join(f"{key}:{file}:{one}" for key, one in found.items())
    return judge_of(column.rpartition(":")[2], fields, tables)


def _companions(name: str, present: Sequence[str]) -> dict[str, str]:
    """The columns that begin with the name of a judge, by field; empty where none holds a result."""
    for separator in SEPARATORS:
        found: dict[str, str] = {}
        for order in ("", "swapped"):
            begin = separator.join(part for part in (name, order) if part) + separator
            own = {key: f"{begin}{key}" for key in TAKEN if f"{begin}{key}" in present}
            verdict = next((f"{begin}{one}" for one in VERDICT_NAMES if f"{begin}{one}" in present), None)
            if not set(own) & set(RESULTS) and verdict:
                own["verdict"] = verdict
            if set(own) & set(RESULTS):
                found |= {f"{order}.{key}" if order else key: column for key, column in own.items()}
        if found:
            return found
    return {}


def _check_single(judge: TableJudge, result: str) -> None:
    """Check that a judge of single responses has one column of labels or scores, and none about pairs."""
    known = (result, *COSTS)
    entries = [*judge.given, *judge.swapped]
    if judge.swapped or any(set(fields) - set(known) for fields in entries) or result not in entries[0]:
        message = f"the judge {quoted(judge.name)} has other columns than those of single responses"
        raise InputError(Problem(message=message, hint=f"name {listed(known)}, such as {result}:COLUMN"))
    if len(entries) > 1:
        message = f"the judge {quoted(judge.name)} has several columns of {result}s"
        raise InputError(Problem(message=message, hint="repeats are rows: --repeat COLUMN; judges have a --judge each"))


def _check_complete(name: str, fields: Fields) -> None:
    missing = {"score_a": "score_b", "score_b": "score_a"}
    for one, other in missing.items():
        if one in fields and other not in fields and not {"verdict", "preference", "p_a"} & set(fields):
            message = f"the judge {quoted(name)} has {quoted(one)} and no {quoted(other)}"
            raise InputError(Problem(message=message, hint=f"name both: --judge {name}=score_a:COLUMN,score_b:COLUMN"))
    if not {*RESULTS, "text", "logprobs"} & set(fields):
        message = f"the judge {quoted(name)} has no column with a result"
        raise InputError(Problem(message=message, hint=f"name one of {listed(RESULTS)}"))
