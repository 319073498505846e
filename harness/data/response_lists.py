"""Items with several responses: the responses of each row, and how people rank them.

`responses` is one column that holds a list, or several columns; a column may hold one response or a list of them, and
one without a value holds none, so that the number of responses may vary. What people say of them is in one of these:

| column | holds |
| --- | --- |
| scores | a number for each response, higher is better; equal ones are ties |
| ranks | a rank for each response, 1 is the best; equal ones are ties |
| ranking | positions from 1, best first: a list, or text such as `2>1=3` |
| best | the position, the letter or the column of the best response, or a list of these |

`best: {from: chosen}` makes the responses of one column the best ones. All responses are then shown in an order drawn
from the seed, since their order in the file says which are best.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
import polars as pl

from harness.data.column_names import OPINIONS, PLACES, RESPONSES
from harness.data.messages import NotMessagesError, is_messages, last_answer, messages_from
from harness.data.rows import Rows
from harness.data.values import Fault, text
from harness.records.datasets import OPINION, DatasetSpec
from harness.records.rankings import FEWEST_RESPONSES, MOST_RESPONSES
from harness.text import quoted

EMPTY = "is missing or empty"
DRAWN = "the responses of each item are shown in an order drawn from the seed, since their order in the file ranks them"


class ResponseLists(NamedTuple):
    """The responses of a file, and how people rank them.

    Attributes:
        columns: `responses`, the JSON text of a list for each row, and `opinion`, a list of scores, higher is better;
            null where there is none. `opinion` is left out where the file has none at all. `places`, the place in the
            file of each response as it is shown, where the order is drawn.
        notes: what a reader of the results should know.
    """

    columns: list[pl.Series]
    notes: tuple[str, ...]


class _Row(NamedTuple):
    """The responses of a row: each with the column and the place of its column in the spec; None for none there."""

    texts: list[str | None]
    columns: list[str]

    @property
    def present(self) -> list[int]:
        """The places that hold a response."""
        return [at for at, one in enumerate(self.texts) if one is not None]


JSON_LIST = '; in a CSV file a list is JSON, such as `[3, 1, 2]` or `["one", "two"]`'


class BadValueError(ValueError):
    """A value cannot be read; the text says why."""


def response_lists(
    rows: Rows, spec: DatasetSpec, names: Mapping[str, tuple[str, ...]], faults: list[Fault], seed: int
) -> ResponseLists:
    """The responses of a file, and how people rank them.

    Args:
        rows: the file.
        spec: says which column holds what.
        names: the canonical columns that there are, with their names in the file.
        faults: what is wrong with single rows is added to it.
        seed: of the experiment; it decides the order of responses whose order in the file says which are best.
    """
    columns = {name: _values(rows, name) for name in names.get(RESPONSES, ())}
    kind = opinion_column(spec, names)
    stated = [_values(rows, name) for name in names[kind]] if kind else []
    is_drawn = kind == "best" and isinstance(spec.columns.get("best"), Mapping)
    made: list[str | None] = []
    opinions: list[list[float] | None] = []
    places: list[list[int] | None] = []
    for row in range(rows.frame.height):
        here, opinion, column = None, None, RESPONSES
        try:
            here = _responses({name: values[row] for name, values in columns.items()}, spec)
            column = kind
            if is_drawn:
                opinion = [float(here.columns[at] == names["best"][0]) for at in here.present]
            elif kind:
                opinion = _opinion(kind, [values[row] for values in stated], here)
        except BadValueError as error:
            faults.append(Fault(row, column, str(error)))
        texts = [] if here is None else [here.texts[at] for at in here.present]
        order: list[int] | None = None
        if is_drawn and opinion is not None:
            order = _drawn(texts, seed)
            texts, opinion = [texts[at] for at in order], [opinion[at] for at in order]
        made.append(orjson.dumps(texts).decode() if texts else None)
        opinions.append(opinion)
        places.append(order)
    series = [pl.Series(RESPONSES, made, dtype=pl.String)]
    if kind:
        series.append(pl.Series(OPINION, opinions, dtype=pl.List(pl.Float64)))
    if is_drawn:
        series.append(pl.Series(PLACES, places, dtype=pl.List(pl.Int64)))
    return ResponseLists(series, (DRAWN,) if is_drawn else ())


def opinion_column(spec: DatasetSpec, names: Mapping[str, tuple[str, ...]]) -> str:
    """The column that says how people rank the responses; "" for none.

    It is one that the spec names, or the first that the file has.

    Args:
        spec: says which column holds what.
        names: the canonical columns that there are.
    """
    named = [kind for kind in OPINIONS if kind in spec.columns]
    return next((kind for kind in named or OPINIONS if kind in names), "")


def _values(rows: Rows, name: str) -> list[Any]:
    """The values of a column, lists among them parsed."""
    values = rows.frame[name]
    if values.dtype != pl.String:
        return [None if json is None else orjson.loads(json) for json in values]
    return [_parsed(value) if rows.only_text else value for value in values]


def _parsed(value: str | None) -> Any:
    """A JSON list in a text; any other text as it is."""
    if value is None or not value.lstrip().startswith("["):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return value


def _responses(values: Mapping[str, Any], spec: DatasetSpec) -> _Row:
    """The responses of a row by their columns."""
    found = _Row([], [])
    for name, value in values.items():
        is_list = isinstance(value, list) and not is_messages(value)
        for one in value if is_list else [value]:
            if one is None and is_list:
                raise BadValueError("holds an empty entry; leave out what is no response")
            found.texts.append(None if one is None else _response(one))
            found.columns.append(name)
    count = len(found.present)
    if not count:
        raise BadValueError(EMPTY)
    if not FEWEST_RESPONSES <= count <= MOST_RESPONSES:
        counted = "is one response" if count == 1 else f"are {count} responses"
        is_text = any(isinstance(value, str) and value.lstrip().startswith("[") for value in values.values())
        hint = JSON_LIST if is_text else ""
        raise BadValueError(f"{counted}, it must be {FEWEST_RESPONSES} to {MOST_RESPONSES}{hint}")
    if spec.empty_response != "judge" and not all(found.texts[at].strip() for at in found.present):  # type: ignore[union-attr]
        raise BadValueError(EMPTY)
    return found


def _response(value: Any) -> str:
    """A response as text: the last answer of a list of messages."""
    if is_messages(value):
        try:
            return last_answer(messages_from(value))
        except NotMessagesError as error:
            raise BadValueError(str(error)) from None
    found = text(value)
    if found is None:
        raise BadValueError("holds a response that is neither text nor a list of messages")
    return found


def _opinion(kind: str, values: Sequence[Any], here: _Row) -> list[float] | None:
    """What a row says of its responses, as a score for each of them; None where it says nothing."""
    value = values[0] if len(values) == 1 else list(values)
    if isinstance(value, str) and not value.strip():
        return None
    if value is None or (isinstance(value, list) and all(one is None for one in value)):
        return None
    return _READERS[kind](value, here)


def _scores(value: Any, here: _Row) -> list[float]:
    """A number for each response."""
    if isinstance(value, str):
        raise BadValueError(f"is text and no list of numbers{JSON_LIST}")
    numbers = value if isinstance(value, list) else [value]
    if len(numbers) == len(here.texts):
        beside = next((at for at, one in enumerate(numbers) if one is not None and here.texts[at] is None), None)
        if beside is not None:
            raise BadValueError(f"has a value for response {beside + 1}, which the row does not have")
        numbers = [numbers[at] for at in here.present]
    elif len(numbers) != len(here.present):
        count = "1 value" if len(numbers) == 1 else f"{len(numbers)} values"
        raise BadValueError(f"has {count} for {len(here.present)} responses")
    return [_number(one, at) for at, one in zip(here.present, numbers, strict=True)]


def _number(value: Any, at: int) -> float:
    if value is None:
        raise BadValueError(f"has no value for response {at + 1}")
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise BadValueError(f"is no finite number for response {at + 1}")
    return number


def _ranks(value: Any, here: _Row) -> list[float]:
    """A rank for each response; 1 is the best."""
    return [-rank for rank in _scores(value, here)]


def _ranking(value: Any, here: _Row) -> list[float]:
    """Positions, best first."""
    if isinstance(value, str):
        value = [group.split("=") for group in value.replace(",", ">").split(">")]
    groups = [
        group if isinstance(group, list) else [group] for group in (value if isinstance(value, list) else [value])
    ]
    positions = [[_position(one, here) for one in group] for group in groups]
    named = [at for group in positions for at in group]
    if len(set(named)) < len(named):
        raise BadValueError("names a response twice")
    if missing := sorted(set(here.present) - set(named)):
        raise BadValueError(f"does not name response {missing[0] + 1}; tied responses are written `2>1=3`")
    place = {at: number for number, group in enumerate(positions) for at in group}
    return [-float(place[at] + 1) for at in here.present]


def _best(value: Any, here: _Row) -> list[float]:
    """1 for the best responses, 0 for the others."""
    named = {at for one in (value if isinstance(value, list) else [value]) for at in _named(one, here)}
    return [float(at in named) for at in here.present]


def _named(value: Any, here: _Row) -> list[int]:
    """The places that a position, a letter or a column names."""
    if isinstance(value, str):
        word = value.strip()
        if places := [at for at in here.present if here.columns[at] == word]:
            return places
        if word in here.columns:
            raise BadValueError(f"names {quoted(word)}, which holds no response here")
        if len(word) == 1 and word.isascii() and word.isalpha():
            value = ord(word.upper()) - ord("A") + 1
    return [_position(value, here)]


def _position(value: Any, here: _Row) -> int:
    """The place that a position from 1 names."""
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not number.is_integer():
        raise BadValueError("names a response by something else than its position")
    if number == 0:
        raise BadValueError("names response 0; positions begin at 1")
    if int(number) - 1 not in here.present:
        raise BadValueError(f"names response {number:.15g}, and the row has {len(here.present)}")
    return int(number) - 1


_READERS: Mapping[str, Callable[[Any, _Row], list[float]]] = {
    "scores": _scores,
    "ranks": _ranks,
    "ranking": _ranking,
    "best": _best,
}


def _drawn(texts: Sequence[str | None], seed: int) -> list[int]:
    """An order of the responses that depends on the seed and on them alone."""
    material = hashlib.sha256(orjson.dumps([seed, *texts])).hexdigest()
    return sorted(range(len(texts)), key=lambda at: hashlib.sha256(f"{material}:{at}".encode()).digest())
