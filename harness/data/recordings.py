"""Judgments that were made elsewhere: the rows of any dataset file as replies, verdicts, scores or preferences.

A row holds one judgment, or several under `given` and `swapped`. Names are column names or paths, as for datasets
(`harness.data.paths`). What a judgment consists of:

| name | holds |
| --- | --- |
| text | the reply, which the answer rule of the strategy reads |
| text_a, text_b | the replies about each response alone |
| verdict | `a`, `b`, `tie`, or another spelling as for labels |
| score_a, score_b | the scores of the response shown first and of the other one |
| preference | a number from 1 (the response shown first) to 2 (the other one) |
| p_a | the probability that the response shown first is the better one |
| confidence | the probability that the verdict is right |
| label, score | of a single response: its label, its score |
| logprobs | log probabilities: of the tokens of `text`, or of tokens that stand for the responses |
| scores, ranks, ranking | of several responses (`harness.data.recorded_rankings`) |
| finish, reasoning, prompt_tokens, completion_tokens, cost_usd | as for a reply |

Where a row has no text, its verdict counts, else its preference, else its scores; of a single response its label, else
its score.
"""

from __future__ import annotations

import io
import random
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
import polars as pl

from harness.data.columns import missing_column
from harness.data.formats.jsonl import read_lines
from harness.data.judged import BESIDE_RANKINGS, FIELDS, judgment_of
from harness.data.labels import SPELLINGS, label_problem
from harness.data.paths import roots_of, with_paths
from harness.data.reading import read_files
from harness.data.recorded_rankings import BadRankingError, count_fault, values_of
from harness.data.recording_spec import Place, RecordedJudgment, RecordingSpec
from harness.data.rows import Rows
from harness.data.usable import at_row, row_problems
from harness.data.values import Fault, word
from harness.errors import DatasetError, Problem
from harness.records.judgments import FAILURES
from harness.records.rankings import RECORDED
from harness.text import pluralized, quoted

PLACES = ("item", "dataset", "strategy", "model", "order", "draw")
"""What identifies a judgment."""
ORDERS = ("given", "swapped")
ORDER_SPELLINGS: Mapping[str, str] = {"given": "given", "swapped": "swapped", "false": "given", "true": "swapped"}
MAX_NAMED = 3
_INSERTED = re.compile(r"\{([^{}]+)\}")


def read_recording(spec: RecordingSpec) -> list[RecordedJudgment]:
    """All judgments of a file, in file order.

    Raises:
        DatasetError: with everything that is wrong with the file and its rows.
    """
    try:
        return _read(spec)
    except DatasetError as error:
        raise DatasetError(replace(one, file=one.file or spec.shown_path) for one in error.problems) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise DatasetError(Problem(file=spec.shown_path, message=f"cannot be read: {reason}")) from None


def names_in(columns: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The columns and paths that `columns` of a recording names, each with the key that names it."""
    for key, value in columns.items():
        if isinstance(value, str):
            yield key, value
        elif key in RECORDED:
            yield from ((key, name) for name in value)
        elif key in ORDERS:
            for one in [value] if isinstance(value, Mapping) else value:
                yield from names_in(one)
        elif isinstance(value, Mapping) and "drawn" in value:
            yield from ((key, name) for name in _INSERTED.findall(value["drawn"]))


def _read(spec: RecordingSpec) -> list[RecordedJudgment]:
    named = list(names_in(spec.columns))
    names = list(dict.fromkeys(name for _, name in named))
    if spec.content is None:
        rows = read_files(spec.path, spec.format, roots_of(names), spec.options)
    else:
        rows = read_lines(io.BytesIO(spec.content), roots_of(names))._replace(unit="row")
    rows = with_paths(rows, names)
    if rows.present and (missing := [(key, name) for key, name in named if name not in rows.present]):
        raise DatasetError([missing_column(name, key, rows) for key, name in dict.fromkeys(missing)])
    if rows.frame.is_empty() and not isinstance(spec.columns.get("item"), Mapping):
        raise DatasetError(row_problems(rows, []) or [Problem(message="holds no rows")])
    table = _Table(rows, spec)
    judgments = table.judgments()
    if problems := table.problems():
        raise DatasetError(problems)
    return judgments


class _Table:
    """The rows of a recording; what is wrong with single rows is collected.

    Args:
        rows: the file, with a column for each path.
        spec: how to read it.
    """

    def __init__(self, rows: Rows, spec: RecordingSpec) -> None:
        self.rows = rows
        self.spec = spec
        self.faults: list[Fault] = []
        self._values: dict[str, list[Any]] = {}
        self._meanings: dict[str, Mapping[str, str]] = {}
        self._sides: Counter[tuple[str, bool]] = Counter()

    def judgments(self) -> list[RecordedJudgment]:
        """The judgments of the rows of the model, in file order."""
        columns = self.spec.columns
        items, orders, draws = self._items(), self._orders(), self._draws()
        datasets, strategies = self._words("dataset"), self._words("strategy")
        used = self._rows_of_model()
        found: list[tuple[int, RecordedJudgment]] = []
        for row in used:
            item = items[row]
            if item is None:
                is_there = self._of(columns["item"])[row] is not None
                self.faults.append(Fault(row, "item", "is a list or an object" if is_there else "is missing"))
                continue
            place: Place = (item, orders[row], draws[row], datasets[row] or "", strategies[row] or "")
            if not any(order in columns for order in ORDERS):
                found.append((row, self._judgment(row, columns, place)))
            for order in ORDERS:
                written = columns.get(order, ())
                for draw, fields in enumerate([written] if isinstance(written, Mapping) else written):
                    inner: Place = (item, order, draws[row] + draw, place[3], place[4])
                    found.append((row, self._judgment(row, fields, inner)))
        if not used:
            self._no_row_of_model()
        return self._numbered(found)

    def problems(self) -> list[Problem]:
        """Everything that is wrong: rows one by one, verdicts without a meaning together."""
        verdicts = [fault for fault in self.faults if fault.label is not None]
        found = row_problems(self.rows, [fault for fault in self.faults if fault.label is None])
        against = self._sides["b", True]
        if against > self._sides["b", False] and not self._sides["a", False]:
            message = f"`p_a` is above 0.5 where the verdict is b, in {pluralized(against, 'row')}"
            hint = "a probability of the verdict itself is `confidence`"
            found.append(Problem(message=message, hint=hint))
        if verdicts:
            found.append(at_row(label_problem(verdicts, "verdict", "verdict_values"), self.rows, verdicts[0].row))
        return found

    def _judgment(self, row: int, fields: Mapping[str, Any], place: Place) -> RecordedJudgment:
        if kind := next((one for one in RECORDED if one in fields), ""):
            return self._ranked(row, kind, fields, place)
        values = {name: self._of(fields[name])[row] for name in FIELDS if name in fields}
        if "verdict" in values and values["verdict"] is not None:
            values["verdict"] = self._verdict(row, fields["verdict"], values["verdict"])
        for name in ("label", "score"):
            if values.get(name) is not None:
                self._read_label(row, name, values)
        if values.get("verdict") in ("a", "b") and isinstance(values.get("p_a"), int | float) and values["p_a"] != 0.5:
            self._sides[values["verdict"], values["p_a"] > 0.5] += 1
        judged, faults = judgment_of(values, self.spec.tie_margin, self.spec.logprob_tokens)
        self.faults += [Fault(row, column, message) for column, message in faults]
        if place[1] == "swapped" and self.spec.is_mapped_back:
            judged = judged.exchanged()
        return RecordedJudgment(*place, judged)

    def _read_label(self, row: int, name: str, values: dict[str, Any]) -> None:
        """Replace a label by what it means; a score that is the name of a failure becomes that failure."""
        spelt = word(values[name])
        if spelt is None:
            values[name] = None
            self.faults.append(Fault(row, name, "is a list or an object, it must be a word or a number"))
            return
        meaning = self.spec.label_values.get(spelt, spelt)
        if name == "label":
            values["label"] = meaning if meaning.strip() else None
        elif meaning in FAILURES:
            values["score"], values["label"] = None, meaning

    def _ranked(self, row: int, kind: str, fields: Mapping[str, Any], place: Place) -> RecordedJudgment:
        """A judgment of several responses; the failure `unparsed` where the row has none."""
        named = fields[kind]
        value = self._of(named)[row] if isinstance(named, str) else [self._of(name)[row] for name in named]
        others = {name: self._of(fields[name])[row] for name in BESIDE_RANKINGS if name in fields}
        judged, faults = judgment_of(others, 0.0)
        self.faults += [Fault(row, column, message) for column, message in faults]
        try:
            values = values_of(kind, value)
            fault = "" if values is None else count_fault(place[3], place[0], len(values), self.spec.counts)
        except BadRankingError as error:
            values, fault = None, str(error)
        if fault:
            self.faults.append(Fault(row, kind, fault))
        judged = judged._replace(values=values, result=None if values else "unparsed")
        if place[1] == "swapped" and self.spec.is_mapped_back:
            judged = judged.exchanged()
        return RecordedJudgment(*place, judged)

    def _verdict(self, row: int, name: str, value: Any) -> str:
        """What a verdict means; a fault, and a tie in its place, where it means nothing."""
        spelt = word(value)
        if spelt is None:
            self.faults.append(Fault(row, "verdict", "is a list or an object, it must be a word or a number"))
            return "tie"
        if name not in self._meanings:
            used = {word(one) for one in self._of(name) if one is not None}
            known = next((one for one in SPELLINGS if used <= set(one)), SPELLINGS[0])
            self._meanings[name] = self.spec.verdict_values or known
        meaning = self._meanings[name].get(spelt)
        if meaning is None:
            self.faults.append(Fault(row, "verdict", "", label=spelt))
        return meaning or "tie"

    def _of(self, name: str) -> list[Any]:
        """The values of a column or a path, parsed."""
        if name not in self._values:
            self._values[name] = _parsed(self.rows.frame[name])
        return self._values[name]

    def _words(self, key: str) -> Sequence[str | None]:
        """The values of one of `PLACES` as text; nothing where the spec does not name it."""
        made = self.spec.columns.get(key)
        if made is None:
            return [None] * len(self.rows.frame)
        if isinstance(made, Mapping):
            return [word(made["value"])] * len(self.rows.frame)
        return [None if value is None else word(value) for value in self._of(made)]

    def _items(self) -> Sequence[str | None]:
        made = self.spec.columns.get("item", "item")
        return [str(number) for number in self.rows.numbers()] if isinstance(made, Mapping) else self._words("item")

    def _rows_of_model(self) -> list[int]:
        if "model" not in self.spec.columns:
            return list(range(len(self.rows.frame)))
        return [row for row, name in enumerate(self._words("model")) if name == self.spec.model]

    def _no_row_of_model(self) -> None:
        there = dict.fromkeys(name for name in self._words("model") if name is not None)
        shown = ", ".join(map(quoted, list(there)[:MAX_NAMED])) + (", …" if len(there) > MAX_NAMED else "")
        hint = f"it has {shown}; name one as `model:`" if there else "check `columns: {model: …}`"
        raise DatasetError(Problem(message=f"holds no judgment of {quoted(self.spec.model)}", hint=hint))

    def _orders(self) -> list[str]:
        made = self.spec.columns.get("order")
        if isinstance(made, Mapping) and "drawn" in made:
            return [ORDERS[_is_swapped(text)] for text in self._inserted(made["drawn"])]
        known = self.spec.order_values or ORDER_SPELLINGS
        orders = []
        for row, value in enumerate(self._words("order")):
            order = "given" if value is None else known.get(value)
            if order is None:
                hint = 'say what it means: `order_values: {"…": given, "…": swapped}`'
                self.faults.append(Fault(row, "order", f"{quoted(value or '')} is not an order", hint))
            orders.append(order or "given")
        return orders

    def _inserted(self, template: str) -> Iterator[str]:
        """The template of each row, with the values of its columns."""
        parts = _INSERTED.split(template)
        columns = [self._of(name) if at % 2 else [name] * len(self.rows.frame) for at, name in enumerate(parts)]
        return (
            "".join("" if value is None else str(value) for value in values) for values in zip(*columns, strict=True)
        )

    def _draws(self) -> list[int]:
        made = self.spec.columns.get("draw")
        if made is None or isinstance(made, Mapping):
            return [0] * len(self.rows.frame)
        draws = []
        for row, value in enumerate(self._words("draw")):
            is_number = value is not None and value.isascii() and value.isdigit() and len(value) < 7
            if not is_number:
                self.faults.append(Fault(row, "draw", f"{quoted(value or '')} is not a whole number from 0"))
            draws.append(int(value) if is_number and value else 0)
        return draws

    def _numbered(self, found: Sequence[tuple[int, RecordedJudgment]]) -> list[RecordedJudgment]:
        """The judgments with their draws numbered where the spec asks for it; a place that occurs twice is a fault."""
        counts: dict[tuple[Any, ...], int] = {}
        is_counted = isinstance(self.spec.columns.get("draw"), Mapping)
        numbered = []
        for row, one in found:
            key = one[:5]
            counts[key] = counts.get(key, -1) + 1
            if counts[key] and not is_counted:
                hint = "name the column of its repeats as `draw`, or number them: `draw: {from: row}`"
                self.faults.append(Fault(row, "item", f"{quoted(one.item)} is judged before", hint))
            numbered.append(one._replace(draw=counts[key]) if is_counted else one)
        return numbered


def _parsed(values: pl.Series) -> list[Any]:
    if values.dtype == pl.String:
        return values.to_list()
    return [None if value is None else orjson.loads(value) for value in values]


def _is_swapped(text: str) -> bool:
    """Whether Python's generator with this text as its seed draws True from False and True, as AlpacaEval does."""
    return random.Random(text).choices([False, True], k=1)[0]
