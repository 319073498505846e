"""The documents of analyses: what a command prints with `--json`, and a frame of the main figures."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.text import html_table, json_text

if TYPE_CHECKING:
    import polars as pl

Table = tuple[Sequence[str], list[tuple[Any, ...]]]
"""The names of the columns of a frame, and its rows."""

SHOWN = 50
"""Rows of a frame that a notebook shows."""


class Document(Mapping[str, Any]):
    """The document of an analysis. It is a mapping: `document["run"]`, `dict(document)`.

    Args:
        name: of the schema of the document, as `harness schema NAME` prints it.
        value: the content.
        table: makes the main table of the content.
    """

    def __init__(self, name: str, value: Mapping[str, Any], table: Callable[[Mapping[str, Any]], Table]) -> None:
        self.name = name
        self._value: dict[str, Any] = json.loads(json.dumps(value))
        self._table = table

    def __getitem__(self, key: str) -> Any:
        return self._value[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._value)

    def __len__(self) -> int:
        return len(self._value)

    def frame(self) -> pl.DataFrame:
        """The main figures of the document, one row for each."""
        import polars as pl

        columns, rows = self._table(self._value)
        return pl.DataFrame(rows, schema=list(columns), orient="row", infer_schema_length=None)

    def json(self) -> str:
        """The document as JSON text, as the command prints it."""
        return json_text(self._value)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}: {self._about()}>"

    def _repr_html_(self) -> str:
        """The frame, as a notebook shows it."""
        columns, rows = self._table(self._value)
        return html_table(columns, rows, f"{self.name}: {self._about()}", most=SHOWN)

    def _about(self) -> str:
        """The runs, in a few words."""
        runs = self._value.get("runs") or [self._value]
        return ", ".join(f"{run.get('spec')} {run.get('run') or '(no run)'}" for run in runs)
