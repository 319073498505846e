"""Convert JSON from other programs to columns.

Python, R and JavaScript tools write `NaN` and `Infinity`, which JSON does not have: they are no value, as in Parquet.
Half of a surrogate pair, which UTF-8 cannot hold, becomes U+FFFD.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    import polars as pl

MAX_DEPTH = 200
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def parsed(text: bytes) -> Any:
    """The value of a JSON text.

    Raises:
        ValueError: where it is not JSON, or nests deeper than 200 levels.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if b"NaN" not in text and b"Infinity" not in text and b"\\u" not in text and not _has_long_number(text):
            raise
        strict = error
    try:
        value = json.loads(text.decode(), parse_constant=lambda _: None)
        return _without_surrogates(value)
    except (ValueError, RecursionError):
        raise strict from None


def json_bytes(value: Any) -> bytes:
    """Canonical JSON of a value, whole numbers of any size included."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def columns_of(rows: Sequence[Mapping[str, Any]], wanted: Iterable[str]) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The wanted columns of some rows, and the names of all columns in the order in which they first occur."""
    import polars as pl

    present = dict.fromkeys(key for row in rows for key in row)
    names = [name for name in wanted if name in present]
    return pl.DataFrame([column_of([row.get(name) for row in rows]).alias(name) for name in names]), tuple(present)


def column_of(values: Sequence[Any]) -> pl.Series:
    """A String column where all values are text or null, else a Binary one of JSON texts."""
    import polars as pl

    try:
        return pl.Series(values, dtype=pl.String, strict=True)
    except TypeError:
        return as_json(values)


def as_json(values: Iterable[Any]) -> pl.Series:
    """A Binary column of JSON texts; null stays null."""
    import polars as pl

    return pl.Series([None if value is None else json_bytes(value) for value in values], dtype=pl.Binary)


def joined(name: str, chunks: Sequence[pl.Series]) -> pl.Series:
    """One column of several chunks; where one of them is Binary, all become so."""
    import polars as pl

    if len({chunk.dtype for chunk in chunks}) > 1:
        chunks = [chunk if chunk.dtype == pl.Binary else as_json(chunk) for chunk in chunks]
    return pl.concat(chunks).alias(name)


def _has_long_number(text: bytes) -> bool:
    return re.search(rb"\d{19}", text) is not None


def _without_surrogates(value: Any, depth: int = 0) -> Any:
    if depth > MAX_DEPTH:
        raise ValueError(f"nests deeper than {MAX_DEPTH} levels")
    if isinstance(value, str):
        return _SURROGATES.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_SURROGATES.sub("\ufffd", key): _without_surrogates(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_without_surrogates(inner, depth + 1) for inner in value]
    return value
