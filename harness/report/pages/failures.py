"""Failures: how many judgments have no verdict, by kind and cell, with examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np

from harness.leaderboard.tables import Column
from harness.records.judgments import FAILURES
from harness.report.blocks import TableBlock, TableText, numbers, table_block
from harness.report.links import Links
from harness.report.pages.overview import cell_labels
from harness.report.run_source import RunSource

MOST_EXAMPLES = 10
"""Examples of each kind."""
MEANINGS = {
    "unparsed": "the reply holds no answer that the answer rule can read",
    "refused": "the model refused",
    "truncated": "the reply was cut off at the token limit before its answer",
    "unavailable": "no reply after all attempts",
}


class Example(NamedTuple):
    """A failed judgment and where its item is."""

    item: str
    cell: str
    href: str | None


class KindBlock(NamedTuple):
    """The failures of one kind.

    Attributes:
        kind: the kind.
        meaning: in words.
        total: judgments.
        examples: some of them, from different cells first.
        more: where all of them are, None for nowhere.
    """

    kind: str
    meaning: str
    total: int
    examples: Sequence[Example]
    more: str | None


@dataclass(frozen=True, slots=True)
class FailuresPage:
    """The failures of an evaluation.

    Attributes:
        source: the run.
        failed: judgments without a verdict.
        judgments: all judgments.
        table: the cells with failures; None without any.
        kinds: the kinds that occur.
    """

    TEMPLATE: ClassVar[str] = "failures.html"
    NAME: ClassVar[str] = "failures"
    TITLE: ClassVar[str] = "Failures"

    source: RunSource
    failed: int
    judgments: int
    table: TableBlock | None
    kinds: Sequence[KindBlock]


def failures_page(source: RunSource, links: Links) -> FailuresPage:
    """The failures of an evaluation, by kind and cell."""
    lines: list[list[str | TableText]] = []
    for dataset, rows in source.groups:
        for row, label in zip(rows, cell_labels(rows), strict=True):
            counts = [row["failures"][kind] for kind in FAILURES]
            if any(counts):
                name = label if len(source.groups) == 1 else f"{dataset}: {label}"
                share = f"{100 * sum(counts) / max(1, row['items']):.1f} %"
                lines.append([TableText(name, links.cell(source, row["cell"])), *map(str, counts), share])
    columns = [Column("cell", is_key=True, can_wrap=True), *numbers(*FAILURES, "share of items")]
    total = {kind: sum(row["failures"][kind] for row in source.board["rows"]) for kind in FAILURES}
    judgments = sum(row["items"] for row in source.board["rows"])
    table = table_block("failed judgments of each cell, by kind", columns, lines) if lines else None
    kinds = [
        KindBlock(kind, MEANINGS[kind], total[kind], list(_examples(source, kind, links)), _more(source, kind, links))
        for kind in FAILURES
        if total[kind]
    ]
    return FailuresPage(source, sum(total.values()), judgments, table, kinds)


def _more(source: RunSource, kind: str, links: Links) -> str | None:
    return links.items(source, {"outcome": kind})


def _examples(source: RunSource, kind: str, links: Links) -> Iterator[Example]:
    """Some failures: the first of each cell, then the second of each, and so on."""
    found: list[tuple[int, int, Example]] = []
    for data in source.judged.datasets:
        ids = data.ids()
        for at, cell in enumerate(data.cells):
            failed = np.flatnonzero(data.outcomes[:, at] == data.label_set.outcome_codes[kind])[:MOST_EXAMPLES]
            found += [
                (turn, len(found), Example(ids[row], cell.id, links.item(source, data.name, ids[row])))
                for turn, row in enumerate(failed.tolist())
            ]
    yield from (example for _, _, example in sorted(found)[:MOST_EXAMPLES])
