from pathlib import Path

import polars as pl
import pytest

from harness.data.formats import jsonl


@pytest.fixture
def file(tmp_path: Path):
    def write(content: bytes) -> Path:
        path = tmp_path / "rows.jsonl"
        path.write_bytes(content)
        return path

    return write


def test_text_columns_stay_text_and_others_become_json(file):
    rows = jsonl.read(file(b'{"t": "x", "n": 1, "z": [null]}\n{"t": null, "n": "1"}'), ["t", "n", "z", "absent"])
    assert rows.frame.to_dict(as_series=False) == {"t": ["x", None], "n": [b"1", b'"1"'], "z": [b"[null]", None]}
    assert rows.frame.schema == {"t": pl.String, "n": pl.Binary, "z": pl.Binary}
    assert rows.present == ("t", "n", "z")
    assert not rows.only_text


def test_lines_are_counted_as_an_editor_counts_them(file):
    rows = jsonl.read(file(b'\xef\xbb\xbf\r\n{"a": "1"}\r\n\n  \n{"a": "2"}\n'), ["a"])
    assert rows.frame["a"].to_list() == ["1", "2"]
    assert list(rows.numbers()) == [2, 5]


def test_a_byte_order_mark_is_no_part_of_the_first_line(file):
    assert jsonl.read(file(b'\xef\xbb\xbf{"a": "1"}'), ["a"]).frame["a"].to_list() == ["1"]


def test_bad_lines_are_noted_and_the_others_read(file):
    rows = jsonl.read(file(b'{"a": "1"}\n{"a": "\xff"}\n{"a": NaN}\n7\n{"a": "\\ud800"}\n{"a": "2"}'), ["a"])
    assert rows.frame["a"].to_list() == ["1", None, "\ufffd", "2"]
    assert list(rows.numbers()) == [1, 3, 5, 6]
    assert [problem.number for problem in rows.problems] == [2, 4]
    assert rows.problems[0].message.startswith("byte 8 is not UTF-8; say what it is with `encoding:`")
    assert rows.problems[1].message == "not a JSON object"


def test_a_column_that_is_text_in_one_chunk_only(file, monkeypatch):
    monkeypatch.setattr(jsonl, "CHUNK_BYTES", 1)
    rows = jsonl.read(file(b'{"a": "1", "b": "x"}\n{"a": 2}\n{"a": null, "b": "y"}\n'), ["a", "b"])
    assert rows.frame.to_dict(as_series=False) == {"a": [b'"1"', b"2", None], "b": ["x", None, "y"]}
    assert list(rows.numbers()) == [1, 2, 3]
