"""The index of result files: damaged, cut off, repeated, foreign and huge lines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError
from harness.runner.batches import result_files
from harness.runner.batches.result_files import ResultFiles

KEYS = [f"{at:064x}" for at in range(4)]


def line(key: str, text: str = "A") -> bytes:
    return json.dumps({"custom_id": key, "response": {"body": text}, "error": None}).encode() + b"\n"


def test_lines_are_found_in_any_order_and_in_several_files(tmp_path: Path):
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_bytes(b"\xef\xbb\xbf" + line(KEYS[2]) + b"\r\n \n" + line(KEYS[0], "first"))
    two.write_bytes(line(KEYS[0], "second") + line(KEYS[1])[:-1])
    with ResultFiles([one, two]) as found:
        assert (found.lines, found.repeated, found.bad) == (4, 1, 0)
        assert [value["response"]["body"] for value in found.results(KEYS[0])] == ["first", "second"]
        assert KEYS[1] in found
        assert KEYS[3] not in found
        assert found.place_of(KEYS[0]) == (one, 4)


def test_a_line_that_cannot_be_used_is_a_problem_with_its_place(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(result_files, "MOST_BYTES", 500)
    monkeypatch.setattr(result_files, "_STEP", 100)
    file = tmp_path / "out.jsonl"
    file.write_bytes(line("k" * 5000) + line("foreign") + b"\xff\xfe\n" + line(KEYS[0]) + line(KEYS[1])[:40])
    with ResultFiles([file]) as found:
        messages = [(one.line, one.message) for one in found.problems]
        assert found.keys == [KEYS[0]]
        assert (found.lines, found.bad) == (5, 4)
    assert messages == [
        (1, f"has {len(line('k' * 5000)):,} bytes, more than any reply"),
        (2, "its `custom_id` is no cache key: foreign"),
        (3, "is not JSON, or cut off"),
        (5, "is not JSON, or cut off"),
    ]


def test_a_file_that_is_none_is_an_error(tmp_path: Path):
    with pytest.raises(InputError, match="is no file"), ResultFiles([tmp_path]):
        pass
    with pytest.raises(FileNotFoundError, match="missing"), ResultFiles([tmp_path / "missing"]):
        pass


@given(st.lists(st.one_of(st.binary(max_size=80), st.sampled_from([line(key) for key in KEYS])), max_size=12))
def test_any_bytes_are_read_or_reported(tmp_path_factory, pieces: list[bytes]):
    file = tmp_path_factory.mktemp("any") / "out"
    file.write_bytes(b"".join(pieces))
    with ResultFiles([file]) as found:
        assert found.lines == found.bad + found.repeated + len(found.keys)
        assert all(len(list(found.results(key))) >= 1 for key in found.keys)
