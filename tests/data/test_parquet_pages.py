"""What a Parquet file unpacks to is bounded by the headers of its pages, whatever its footer says."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data import parquet_pages
from harness.data.parquet_bounds import FREE_BYTES, FREE_VALUES, ParquetBomb, check_pages
from harness.data.parquet_pages import Chunk, MalformedPages, chunks
from support.parquet_files import BY_DICTIONARY, FIXED_LENGTH, MARK, PREFIXES, Page, texts, thrift, varint, write_column

TWICE_THE_SECOND = b"\x01\x04\x01"
"""Indices of a dictionary: one bit each, a run of two, of the value 1."""


def found(path: Path) -> list[Chunk]:
    with path.open("rb") as file:
        return list(chunks(file))


def refuse(path: Path) -> None:
    with path.open("rb") as file:
        check_pages(file)


def test_a_file_made_by_hand_is_what_polars_reads(tmp_path: Path) -> None:
    pages = [
        Page(texts("a", "bc"), 2, is_dictionary=True),
        Page(TWICE_THE_SECOND, 2, BY_DICTIONARY),
        Page(texts("d"), 1),
    ]
    write_column(tmp_path / "a.parquet", pages, 3)
    assert pl.read_parquet(tmp_path / "a.parquet")["t"].to_list() == ["bc", "bc", "d"]
    assert found(tmp_path / "a.parquet") == [Chunk(11 + 3 + 5, 3)]
    refuse(tmp_path / "a.parquet")


@pytest.mark.parametrize("compression", ["zstd", "snappy", "gzip", "lz4", "brotli", "uncompressed"])
def test_every_chunk_of_every_column_is_counted(tmp_path: Path, compression: str) -> None:
    frame = pl.DataFrame(
        {
            "text": [f"text {at}" for at in range(500)],
            "list": [[at, at] for at in range(500)],
            "struct": [{"x": at, "y": None} for at in range(500)],
        }
    )
    file = tmp_path / "a.parquet"
    frame.write_parquet(file, compression=compression, row_group_size=200, data_page_size=500)
    assert sum(chunk.values for chunk in found(file)) == 500 + 1000 + 2 * 500
    assert sum(chunk.unpacked for chunk in found(file)) >= len("".join(frame["text"])) + 8 * 1500
    refuse(file)


def test_statistics_longer_than_one_read_do_not_hide_a_page(tmp_path: Path) -> None:
    header = {1: 0, 2: 7 + 2**31, 3: 3, 5: {1: 1, 2: 0, 3: 3, 4: 3, 5: {1: "m" * 10_000}}}
    page = type("", (), {"packed": lambda _: thrift(header) + b"123", "length": 0, "is_dictionary": False})()
    write_column(tmp_path / "a.parquet", [page], 1)
    assert found(tmp_path / "a.parquet") == [Chunk(7 + 2**31, 1)]


BOMBS = {
    "a huge page": ({"pages": [Page(b"", 1, claims=1_900_000_000)], "rows": 1}, "unpacks to 1,900,000,000 bytes"),
    "a huge dictionary": (
        {
            "pages": [Page(b"", 1, is_dictionary=True, claims=1_900_000_000), Page(b"\1\2\0", 1, BY_DICTIONARY)],
            "rows": 1,
        },
        "unpacks to 1,900,000,003 bytes",
    ),
    "one page in many chunks": (
        {"pages": [Page(b"x" * 2**20, 1)], "rows": 1, "groups": 3_000},
        "unpacks to 269,484,032",
    ),
    "long values of one length, again and again": (
        {
            "pages": [Page(b"x" * 2**20, 1, is_dictionary=True), Page(b"\0\2", 10_000, BY_DICTIONARY)],
            "rows": 10_000,
            "kind": FIXED_LENGTH,
            "length": 2**20,
        },
        "unpacks to 10,",
    ),
    "values that begin as the one before": (
        {"pages": [Page(b"x" * 2**16, 10_000, PREFIXES)], "rows": 10_000},
        "unpacks to 655,360,000 bytes",
    ),
    "more values than rows": (
        {"pages": [Page(b"\0\2", FREE_VALUES + 1, BY_DICTIONARY)], "rows": 1},
        "50,000,001 values",
    ),
    "more rows than values": ({"pages": [Page(texts("a"), 1)], "rows": FREE_VALUES + 1}, "50,000,001 values"),
}


@pytest.mark.parametrize(("file", "message"), BOMBS.values(), ids=BOMBS)
def test_a_small_file_that_unpacks_to_far_more_is_refused(tmp_path: Path, file: dict, message: str) -> None:
    write_column(tmp_path / "a.parquet", **file)
    assert (tmp_path / "a.parquet").stat().st_size < FREE_BYTES / 400
    with pytest.raises(ParquetBomb, match=message):
        refuse(tmp_path / "a.parquet")


def test_as_much_as_any_file_may_have_is_not_refused(tmp_path: Path) -> None:
    write_column(tmp_path / "a.parquet", [Page(b"", 1, claims=FREE_BYTES)], 1)
    refuse(tmp_path / "a.parquet")
    write_column(tmp_path / "a.parquet", [Page(b"", FREE_VALUES)], 1)
    refuse(tmp_path / "a.parquet")


def foot(data: bytes, pages: bytes = b"") -> bytes:
    """A file with some bytes as its footer."""
    return MARK + pages + data + len(data).to_bytes(4, "little") + MARK


def with_chunk(pages: bytes, **places: int) -> bytes:
    column = {3: {5: 10, 7: places.get("length", len(pages)), 9: places.get("start", 4)}}
    return foot(thrift({4: [{1: [column], 3: 10}]}), pages)


MALFORMED = {
    "nothing": (b"", "the footer is longer than the file"),
    "no footer": (MARK + (2**20).to_bytes(4, "little") + MARK, "the footer is longer than the file"),
    "a footer that is cut off": (foot(thrift({4: [{3: 1}]})[:-2]), "the footer ends in the middle of a value"),
    "a field of no type": (foot(b"\x1e\0"), "there is no type 14"),
    "structs without end": (foot(b"\x1c" * 10_000), "values are nested deeper than 16"),
    "lists without end": (foot(b"\x19" * 10_000), "values are nested deeper than 16"),
    "a number without end": (foot(b"\x16" + b"\xff" * 1000), "a number has more than 64 bits"),
    "a list longer than the file": (foot(b"\x49\xf3" + varint(2**40)), "the footer ends in the middle of a value"),
    "a text longer than the file": (foot(b"\x48" + varint(2**40)), "the footer ends in the middle of a value"),
    "row groups that are a number": (foot(thrift({4: 1})), "field 4 is no list"),
    "a row group that is a number": (foot(thrift({4: [1]})), "a row group is no struct"),
    "a chunk that is a number": (foot(thrift({4: [{1: [1], 3: 1}]})), "a chunk does not say where its pages are"),
    "a chunk without its data": (foot(thrift({4: [{1: [{2: 4}], 3: 1}]})), "a chunk does not say where its pages are"),
    "a negative size": (with_chunk(thrift({1: 0, 2: -5, 3: 1, 5: {1: 1}}) + b"x"), "field 2 is no size"),
    "a page that goes back": (with_chunk(thrift({1: 0, 2: 5, 3: -20, 5: {1: 1}}) + b"x"), "field 3 is no size"),
    "a page that is no struct": (with_chunk(b"\xff" * 20), "there is no type 15"),
    "fewer pages than values": (
        with_chunk(thrift({1: 0, 2: 1, 3: 1, 5: {1: 1}}) + b"x" + b"\xff" * 20),
        "there is no type",
    ),
}


@pytest.mark.parametrize(("data", "message"), MALFORMED.values(), ids=MALFORMED)
def test_a_file_that_does_not_follow_the_format_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "a.parquet").write_bytes(data)
    with pytest.raises(ParquetBomb, match=f"cannot be read as Parquet: {message}"):
        refuse(tmp_path / "a.parquet")


def test_what_follows_the_last_value_may_be_anything(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(with_chunk(thrift({1: 0, 2: 1, 3: 1, 5: {1: 10}}) + b"x" + b"\xff" * 30))
    assert found(tmp_path / "a.parquet") == [Chunk(1, 10)]


def test_pages_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet_pages, "FREE_PAGES", 100)
    page = thrift({1: 0, 2: 0, 3: 0, 5: {1: 0}})
    (tmp_path / "a.parquet").write_bytes(with_chunk(page * 150))
    with pytest.raises(MalformedPages, match="more pages than fit into the file"):
        found(tmp_path / "a.parquet")


def _sound() -> bytes:
    file = io.BytesIO()
    pl.DataFrame({"a": ["x", "y"] * 20, "b": [[1, 2]] * 40}).write_parquet(file)
    return file.getvalue()


SOUND = _sound()


@given(st.dictionaries(st.integers(0, len(SOUND) - 1), st.integers(0, 255), min_size=1, max_size=20))
def test_no_changed_bytes_raise_anything_else(changes: dict[int, int]) -> None:
    data = bytearray(SOUND)
    for at, value in changes.items():
        data[at] = value
    try:
        assert all(chunk.unpacked >= 0 for chunk in chunks(io.BytesIO(bytes(data))))
    except MalformedPages:
        pass
