import bz2
import gzip
import lzma
import sqlite3
import zipfile
from pathlib import Path

import polars as pl
import pytest
import zstandard

from harness.data import files
from harness.data.files import content_digest, is_encoding, plain_file, shards, unpacked_name
from harness.errors import DatasetError

TEXT = "id,prompt\n1,Wo ist das Öl?\n"


def content(path: Path, **options) -> bytes:
    with plain_file(path, **options) as plain:
        return plain.read_bytes()


def test_a_plain_file_is_read_where_it_is(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(TEXT, encoding="utf-8")
    with plain_file(path) as plain:
        assert plain == path


@pytest.mark.parametrize("ending", [".gz", ".zst", ".GZ"])
def test_compressed_files_are_unpacked(tmp_path, ending):
    path = tmp_path / f"x.csv{ending}"
    pack = zstandard.compress if ending == ".zst" else gzip.compress
    path.write_bytes(pack(TEXT.encode()) * (2 if ending == ".zst" else 1))
    assert content(path) == TEXT.encode() * (2 if ending == ".zst" else 1)
    assert unpacked_name(path.name) == "x.csv"


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_what_is_not_compressed_that_way_is_said(tmp_path, ending):
    path = tmp_path / f"x.csv{ending}"
    path.write_text(TEXT, encoding="utf-8")
    with pytest.raises(DatasetError, match=rf"ends in `\{ending}` but is not compressed that way"):
        content(path)


@pytest.mark.parametrize("encoding", [None, "cp1252"])
@pytest.mark.parametrize(("start", "what"), [*((start, what) for start, (what, _) in files._NO_TEXT.items())])
def test_what_is_no_text_is_said_with_what_it_is(tmp_path, start, what, encoding):
    path = tmp_path / "x.csv"
    path.write_bytes(start + b"\0\1\2\3" * 9)
    with pytest.raises(DatasetError, match=f"is not text, but {what}") as error:
        content(path, encoding=encoding)
    assert error.value.problems[0].hint
    assert content(path, is_text=False) == path.read_bytes()


def test_every_kind_of_file_that_is_no_text_is_known_by_what_its_writer_writes(tmp_path):
    with zipfile.ZipFile(tmp_path / "book.csv", "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    with sqlite3.connect(tmp_path / "base.csv") as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    pl.DataFrame({"x": [1]}).write_parquet(tmp_path / "table.csv")
    pl.DataFrame({"x": [1]}).write_ipc(tmp_path / "arrow.csv")
    pl.DataFrame({"x": [1]}).write_avro(tmp_path / "avro.csv")
    for name, module in (("gzip", gzip), ("bzip2", bz2), ("xz", lzma), ("Zstandard", zstandard)):
        (tmp_path / f"{name}.csv").write_bytes(module.compress(b"id,prompt"))
    kinds = {"book": "zip", "base": "SQLite", "table": "Parquet", "arrow": "Arrow", "avro": "Avro"}
    for path in tmp_path.iterdir():
        with pytest.raises(DatasetError, match=f"is not text, but .*{kinds.get(path.stem, path.stem)}"):
            content(path)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_file_that_is_cut_off_is_said(tmp_path, pack):
    path = tmp_path / ("x.gz" if pack is gzip.compress else "x.zst")
    path.write_bytes(pack(bytes(range(256)) * 50_000)[:-40])
    with pytest.raises(DatasetError, match="cannot be unpacked"):
        content(path, is_text=False)


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_bomb_is_refused_before_it_fills_the_disk(tmp_path, monkeypatch, pack):
    monkeypatch.setattr(files, "RATIO_FREE_BYTES", 2**20)
    path = tmp_path / ("x.jsonl.gz" if pack is gzip.compress else "x.jsonl.zst")
    path.write_bytes(pack(b"0" * 2**24))
    with pytest.raises(DatasetError, match="unpacks to far more than a dataset does"):
        content(path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_recognised_by_its_byte_order_mark(tmp_path, encoding):
    path = tmp_path / "x.csv"
    mark = "" if encoding == "utf-16" else "\ufeff"
    path.write_bytes((mark + TEXT).encode(encoding))
    assert content(path) == TEXT.encode()


def test_a_declared_encoding(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(TEXT.encode("cp1252"))
    assert content(path, encoding="cp1252") == TEXT.encode()
    path.write_bytes(b"\x81\xff")
    with pytest.raises(DatasetError, match="is not shift_jis"):
        content(path, encoding="shift_jis")
    assert is_encoding("cp1252")
    assert not is_encoding("no-such-encoding")
    assert not is_encoding("base64")


def test_shards_are_sorted_and_hidden_files_passed_over(tmp_path):
    for name in ("b.jsonl", "a.jsonl", ".hidden.jsonl", "_SUCCESS"):
        (tmp_path / name).write_text(name)
    names = ["a.jsonl", "b.jsonl"]
    assert [path.name for path in shards(tmp_path)] == names
    assert [path.name for path in shards(tmp_path / "*.jsonl")] == names
    with pytest.raises(DatasetError, match="no file matches"):
        shards(tmp_path / "*.parquet")


def test_a_file_whose_name_has_wildcards_is_that_file(tmp_path):
    path = tmp_path / "a[1].jsonl"
    path.write_text("x")
    assert shards(path) == [path]


def test_too_many_shards_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "MAX_SHARDS", 1)
    for name in "ab":
        (tmp_path / name).write_text(name)
    with pytest.raises(DatasetError, match="matches 2 files, at most 1 are read"):
        shards(tmp_path)


def test_the_digest_of_shards_depends_on_names_and_contents(tmp_path):
    for name in "ab":
        (tmp_path / name).write_text(name)
    first = content_digest(tmp_path)
    assert first != content_digest(tmp_path / "a")
    (tmp_path / "b").write_text("changed")
    assert content_digest(tmp_path) != first
