"""Filter and search the items of a run, and read one page of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from harness.errors import InputError
from harness.records.label_set import VERDICT_LABELS, LabelSet
from harness.report.items.index import DatasetIndex, RunIndex
from harness.report.items.telling import scores_of
from harness.text import listed, quoted, suggestion

Show: TypeAlias = Literal["all", "disagree", "wrong", "right", "flips", "failed"]
Sort: TypeAlias = Literal["data", "telling"]
SHOWS: tuple[Show, ...] = get_args(Show)
SORTS: tuple[Sort, ...] = get_args(Sort)
NO_LABEL = "none"
"""The value of `label` for items without a reference verdict."""
PAGE = 50
"""Items of a page."""
Search: TypeAlias = "Callable[[str, str], NDArray[np.bool_] | None]"
"""Whether each item of a dataset, by its name, has a text in its prompt or responses; None where they are not there."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What is wanted of the items of a run. Empty text leaves a filter out.

    Attributes:
        dataset: name of the dataset, the first one by default.
        cell: id of a cell; the filters on outcomes are then about it alone.
        outcome: a verdict or a kind of failure.
        label: the reference verdict, or `none`.
        category: the category.
        show: `disagree`: cells differ between a and b; `wrong`: the cell is, or all verdicts are, wrong; `right`: the
            cell is, or some verdict is, right; `flips`: the order of the responses decides; `failed`: no verdict.
        text: in the id, the prompt or a response, in any case.
        sort: in the order of the data, or the most telling first.
        page: from 1.
    """

    dataset: str = ""
    cell: str = ""
    outcome: str = ""
    label: str = ""
    category: str = ""
    show: Show = "all"
    text: str = ""
    sort: Sort = "data"
    page: int = 1

    def without_page(self) -> dict[str, str]:
        """The filters that are set, by name."""
        usual = Filters()
        names = ("dataset", "cell", "outcome", "label", "category", "show", "text", "sort")
        return {name: str(getattr(self, name)) for name in names if getattr(self, name) != getattr(usual, name)}


class ItemLine(NamedTuple):
    """One line of a list of items.

    Attributes:
        item: id.
        category: None without one.
        reference: the reference verdict, None without labels.
        counts: how many cells give each label (of pairs a, tie, b), and how many failed.
        right: how many verdicts are the reference verdict, None without labels.
        flips: how many cells change their verdict with the order of the responses.
        outcome: of the cell that is filtered for, None without one.
    """

    item: str
    category: str | None
    reference: str | None
    counts: tuple[int, ...]
    right: int | None
    flips: int
    outcome: str | None


class ItemPage(NamedTuple):
    """One page of the items that match.

    Attributes:
        filters: with the dataset filled in.
        lines: of this page.
        total: items that match.
        of: items of the dataset.
        pages: how many pages there are, at least 1.
        note: what was not searched, "" where all was.
    """

    filters: Filters
    lines: tuple[ItemLine, ...]
    total: int
    of: int
    pages: int
    note: str


def filters_from(values: Mapping[str, str], labels: LabelSet = VERDICT_LABELS) -> Filters:
    """Filters from the fields of a form.

    Args:
        values: the fields.
        labels: the label set of the run.

    Raises:
        InputError: where a value is none of those that its filter knows.
    """
    known = {name: values.get(name, "").strip() for name in ("dataset", "cell", "outcome", "label", "category")}
    show, sort, page = values.get("show", "") or "all", values.get("sort", "") or "data", values.get("page", "") or "1"
    _check("show", show, SHOWS)
    _check("sort", sort, SORTS)
    if known["outcome"]:
        _check("outcome", known["outcome"], labels.outcomes)
    if known["label"]:
        _check("label", known["label"], (*labels.names, NO_LABEL))
    if not (page.isascii() and page.isdigit() and 0 < len(page) < 9 and int(page)):
        raise InputError(f"`page` is {quoted(page)}, not a number from 1")
    return Filters(**known, show=show, text=values.get("text", "").strip(), sort=sort, page=int(page))  # type: ignore[arg-type]


def _check(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise InputError(f"`{name}` is {quoted(value)}", hint=f"it is one of {listed(allowed)}")


def find_items(index: RunIndex, filters: Filters, search: Search) -> ItemPage:
    """The items of a run that match, one page of them.

    Args:
        index: the outcomes of the run.
        filters: what is wanted.
        search: finds a text in prompts and responses.

    Raises:
        InputError: where the run has no such dataset or cell.
    """
    data, column = _place(index, filters)
    mask, note = _matching(data, column, filters, search)
    rows = np.flatnonzero(mask)
    if filters.sort == "telling":
        rows = rows[np.argsort(-scores_of(data)[rows], kind="stable")]
    pages = max(1, -(-len(rows) // PAGE))
    number = min(filters.page, pages)
    shown = rows[(number - 1) * PAGE : number * PAGE]
    applied = Filters(**{**_fields(filters), "dataset": data.name, "page": number})  # type: ignore[arg-type]
    return ItemPage(applied, tuple(_lines(data, column, shown)), len(rows), len(data), pages, note)


def _fields(filters: Filters) -> dict[str, object]:
    return {name: getattr(filters, name) for name in Filters.__dataclass_fields__}


def _place(index: RunIndex, filters: Filters) -> tuple[DatasetIndex, int | None]:
    """The dataset, and the position of the cell in it."""
    name = filters.dataset
    if filters.cell and not name:
        name = next((each for each in index.names if filters.cell in index.cells_of(each)), "")
    name = name or index.names[0]
    if name not in index.names:
        raise InputError(f"this run has no dataset {quoted(name)}", hint=suggestion(name, index.names))
    if not filters.cell:
        return index.dataset(name), None
    ids = index.cells_of(name)
    if filters.cell not in ids:
        raise InputError(f"this run has no cell {quoted(filters.cell)}", hint=suggestion(filters.cell, ids))
    return index.dataset(name), ids.index(filters.cell)


def _matching(
    data: DatasetIndex, column: int | None, filters: Filters, search: Search
) -> tuple[NDArray[np.bool_], str]:
    """Which items match, and a note on what was not searched."""
    mask = np.ones(len(data), np.bool_)
    columns = slice(None) if column is None else [column]
    outcomes = data.outcomes[:, columns]
    if filters.outcome:
        mask &= (outcomes == data.labels.outcomes.index(filters.outcome)).any(axis=1)
    if filters.label:
        mask &= data.reference == (-1 if filters.label == NO_LABEL else data.labels.names.index(filters.label))
    if filters.category:
        mask &= (data.frame["category"].cast(pl.String) == filters.category).fill_null(False).to_numpy()
    mask &= _shown(data, columns, filters.show)
    if not filters.text:
        return mask, ""
    found = data.ids.str.to_lowercase().str.contains(filters.text.lower(), literal=True).to_numpy()
    texts = search(data.name, filters.text)
    if texts is None:
        return mask & found, "only ids are searched: the texts are not there"
    return mask & (found | texts), ""


def _shown(data: DatasetIndex, columns: slice | list[int], show: Show) -> NDArray[np.bool_]:
    if show == "disagree":
        return data.disagreement > 0
    if show == "wrong" and isinstance(columns, slice):
        return data.is_all_wrong
    found = np.ones((len(data), 1), np.bool_)
    if show == "wrong":
        found = data.is_wrong[:, columns]
    elif show == "right":
        found = data.is_right[:, columns]
    elif show == "flips":
        found = data.flips[:, columns]
    elif show == "failed":
        found = data.is_failed[:, columns]
    return np.asarray(found.any(axis=1), np.bool_)


def _outcome(data: DatasetIndex, at: int, column: int) -> str:
    """The outcome of a cell on an item; of a ranking, what it puts first."""
    code = int(data.outcomes[at, column])
    return data.labels.outcomes[code] if data.tops is None or code else str(data.tops[at, column])


def _lines(data: DatasetIndex, column: int | None, rows: NDArray[np.intp]) -> list[ItemLine]:
    names = data.labels.names
    frame = data.frame[pl.Series(rows.astype(np.int64))] if len(rows) else data.frame.head(0)
    lines = []
    columns = (frame["item"], frame["category"].cast(pl.String), frame["reference"])
    for at, item, category, label in zip(rows.tolist(), *columns, strict=True):
        outcomes, reference = data.outcomes[at], int(data.reference[at])
        counts = [int((outcomes == code).sum()) for code in range(len(names))]
        lines.append(
            ItemLine(
                item,
                category,
                f"{float(label):.4g}" if label and data.labels.is_number else label,
                (*counts, len(outcomes) - sum(counts)),
                int(data.is_right[at].sum()) if reference >= 0 and not data.labels.is_number else None,
                int(data.flips[at].sum()),
                None if column is None else _outcome(data, at, column),
            )
        )
    return lines
