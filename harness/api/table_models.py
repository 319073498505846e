"""The judges of tables as models of the provider `recorded`, and the cells that they make."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from harness.api.table_columns import TableColumns
from harness.api.table_dataset import Meanings
from harness.api.table_judges import Asked, Fields, RowPlace, TableJudge, asked_of, orders_of
from harness.api.table_question import ROWS, TableQuestion
from harness.errors import InputError, Problem
from harness.text import pluralized, quoted

SCORED = "recorded-scores"
"""The strategy of judges whose scores have a scale."""
MAX_ITEMS_NAMED = 3


class TableModels(NamedTuple):
    """The judges of tables in a spec.

    Attributes:
        entries: of the models, by name.
        asked: the orders and repeats of each.
        notes: what a reader should know of them.
    """

    entries: Mapping[str, Mapping[str, Any]]
    asked: Mapping[str, Asked]
    notes: tuple[str, ...]


def models_of(columns: TableColumns, question: TableQuestion, meaning: Meanings) -> TableModels:
    """The judges of tables as models.

    Raises:
        InputError: where rows are the same judgment, or orders have no meaning.
    """
    entries, asked, notes = dict[str, Mapping[str, Any]](), dict[str, Asked](), list[str]()
    _check_scale(columns, question.scale)
    orders = _orders(columns, question)
    for name, judge in _named(columns.judges).items():
        rows = _rows_of(columns, judge, orders)
        asked[name] = asked_of(judge, rows, is_numbered=question.repeat == ROWS)
        entries[name] = _entry(columns, question, judge, asked[name], meaning)
        notes += _notes(columns, judge, rows, asked[name])
    return TableModels(entries, asked, tuple(notes))


def matrix_of(dataset: str, strategy: str, asked: Mapping[str, Asked], collapse: str | None) -> dict[str, Any]:
    """The matrix: every judge in the orders that it saw."""
    order_of = {name: "given" if one.order == "any" else one.order for name, one in asked.items()}
    orders = [order for order in ("given", "swapped", "both") if order in order_of.values()]
    exclude = [{"model": name, "order": order} for name, own in order_of.items() for order in orders if order != own]
    repeats = max(one.repeats for one in asked.values())
    return {
        "dataset": [dataset],
        "strategy": [strategy],
        "evaluator": [{"judge": list(asked)}],
        **({"order": orders} if orders != ["given"] else {}),
        **({"repeats": repeats} if repeats > 1 else {}),
        **({"collapse": collapse} if collapse else {}),
        **({"exclude": exclude} if exclude else {}),
    }


def scored_strategy(low: float, high: float) -> dict[str, Any]:
    """The strategy of judges whose scores lie between two numbers."""
    return {
        "ask": "pair",
        "user": "{{ prompt }}\n{{ response_a }}\n{{ response_b }}\n{{ answer_format }}",
        "follow_up": None,
        "answer": {"kind": "scores", "scale": {"min": low, "max": high}},
    }


def _check_scale(columns: TableColumns, scale: tuple[float, float] | None) -> None:
    """Check that no score lies outside the scale, where the soft verdict would be cut off.

    Raises:
        InputError: where scores do.
    """
    if scale is None:
        return
    sides = (fields for judge in columns.judges for fields in (*judge.given, *judge.swapped))
    places = dict.fromkeys(
        place for fields in sides for key, place in fields.items() if key in ("score_a", "score_b", "score")
    )
    problems = []
    for place in places:
        scores = _numbers(columns.tables.words(place))
        if scores and (min(scores) < scale[0] or max(scores) > scale[1]):
            message = f"the scores in {quoted(place.column)} are from {min(scores):g} to {max(scores):g}"
            hint = "name the least and the greatest score that are possible"
            problems.append(Problem(message=f"{message}, outside --scale {scale[0]:g},{scale[1]:g}", hint=hint))
    if problems:
        raise InputError(problems)


def _numbers(words: Sequence[str | None]) -> list[float]:
    """What is a number; what is none has a message of its own where it is read."""
    found = []
    for word in words:
        with contextlib.suppress(ValueError):
            found.append(float(word or ""))
    return [number for number in found if math.isfinite(number)]


def _orders(columns: TableColumns, question: TableQuestion) -> Sequence[str] | None:
    """The order of each row of judgments; None where no column says it."""
    if columns.order is None:
        return None
    return orders_of(columns.tables.words(columns.order), question.order_values, columns.order.column)


def _rows_of(columns: TableColumns, judge: TableJudge, orders: Sequence[str] | None) -> dict[int, RowPlace]:
    """The judgment that each row of a judge holds, by the number of the row."""
    ids = columns.ids[judge.file]
    repeats = None if columns.repeat is None else columns.tables.words(columns.repeat)
    judges = None if columns.judge is None else columns.tables.words(columns.judge)
    return {
        row: RowPlace(item, "given" if orders is None else orders[row], None if repeats is None else repeats[row])
        for row, item in enumerate(ids)
        if item is not None and (judges is None or judges[row] == judge.row_value)
    }


def _entry(
    columns: TableColumns, question: TableQuestion, judge: TableJudge, asked: Asked, meaning: Meanings
) -> dict[str, Any]:
    item = columns.keys[judge.file]
    named: dict[str, Any] = {"item": {"from": "row"} if item is None else item}
    if columns.judge is not None:
        named["model"] = columns.judge.column
    if columns.order is not None:
        named["order"] = columns.order.column
    if asked.repeats > max(len(judge.given), len(judge.swapped)):
        named["draw"] = {"from": "row"}
    if len(judge.given) == 1 and not judge.swapped:
        named |= _names(judge.given[0])
    else:
        sides = {"given": judge.given, "swapped": judge.swapped}
        named |= {order: [_names(fields) for fields in side] for order, side in sides.items() if side}
    known = {value: means for place in judge.words for value, means in meaning[place].items()}
    if question.is_single:
        known = {value: means for value, means in known.items() if value != means}
    elif any("" in columns.tables.values(place) for place in judge.words):
        known[""] = "unparsed"
    entry: dict[str, Any] = {
        "provider": "recorded",
        "path": columns.path(judge.file),
        "format": columns.tables.forms[judge.file],
        "columns": named,
    }
    if judge.row_value is not None:
        entry["model"] = judge.row_value
    if columns.order is not None:
        words = columns.tables.words(columns.order)
        orders = orders_of(words, question.order_values, columns.order.column)
        entry["order_values"] = {word: order for word, order in sorted(zip(words, orders, strict=True)) if word}
    settings = {
        "label_values" if question.is_single else "verdict_values": known,
        "tie_margin": question.tie_margin,
        "mapped_back": question.is_mapped_back,
        "any_order": asked.order == "any",
    }
    return {**entry, **{key: value for key, value in settings.items() if value}}


def _names(fields: Fields) -> dict[str, str]:
    return {key: place.column for key, place in fields.items()}


def _notes(columns: TableColumns, judge: TableJudge, rows: Mapping[int, RowPlace], asked: Asked) -> list[str]:
    """That items have no judgment, or judgments no item, and what is made of the orders."""
    items = {item for item in columns.ids[columns.first] if item is not None}
    judged = dict.fromkeys(place.item for place in rows.values())
    foreign = [str(item) for item in judged if item not in items]
    missing = len(items - set(judged))
    found = []
    if foreign:
        shown = ", ".join(map(quoted, foreign[:MAX_ITEMS_NAMED])) + (", …" if len(foreign) > MAX_ITEMS_NAMED else "")
        name = columns.tables.paths[columns.first].name
        found.append(f"{judge.name}: judgments of {pluralized(len(foreign), 'item')} that {name} lacks: {shown}")
    if missing:
        found.append(f"{judge.name}: no judgment of {pluralized(missing, 'item')}, which count as unavailable")
    if asked.order == "any":
        found.append(f"{judge.name}: judged each item in one order; the swapped ones are mapped back")
    elif asked.order == "both" and columns.order is not None:
        orders: dict[str, set[str]] = {}
        for place in rows.values():
            orders.setdefault(str(place.item), set()).add(place.order)
        if single := sum(len(each) == 1 for each in orders.values()):
            found.append(f"{judge.name}: only one order of {pluralized(single, 'item')}, which count as unavailable")
    return found


def _named(judges: Sequence[TableJudge]) -> dict[str, TableJudge]:
    """The judges by the names that a spec gives them."""
    names: dict[str, TableJudge] = {}
    for judge in judges:
        plain = re.sub(r"[^A-Za-z0-9._-]+", "-", judge.name).strip("-._")[:60] or "judge"
        name, number = plain, 2
        while name in names:
            name, number = f"{plain}-{number}", number + 1
        names[name] = judge
    return names
