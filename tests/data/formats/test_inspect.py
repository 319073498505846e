"""Logs of inspect_ai in their binary form: a ZIP file of JSON, also damaged or made to fill a memory."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
import zstandard

from harness.data.formats.inspect import read
from harness.errors import DatasetError

SAMPLE = {"id": "p1", "epoch": 1, "output": {"completion": "A"}}


@pytest.fixture
def log(tmp_path: Path):
    def write(members: dict[str, Any], *, method: int = zipfile.ZIP_DEFLATED) -> Path:
        path = tmp_path / "log.eval"
        with zipfile.ZipFile(path, "w", method) as archive:
            for name, value in members.items():
                archive.writestr(name, value if isinstance(value, str | bytes) else json.dumps(value))
        return path

    return write


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_samples_are_rows_with_what_the_header_says(log, method):
    second = SAMPLE | {"id": "p2", "error": None}
    members = {
        "header.json": {"eval": {"model": "m"}},
        "samples/p1_epoch_1.json": SAMPLE,
        "samples/p2_epoch_1.json": second,
    }
    rows = read(log(members, method=method), ["id", "output", "eval", "none"])
    assert rows.frame["id"].to_list() == ["p1", "p2"]
    assert [json.loads(value) for value in rows.frame["output"]] == [{"completion": "A"}] * 2
    assert json.loads(rows.frame["eval"][0]) == {"model": "m"}
    assert rows.present == ("id", "epoch", "output", "eval", "error")
    assert (list(rows.numbers()), rows.unit) == ([1, 2], "sample")


def test_samples_in_zstandard(log):
    content = json.dumps(SAMPLE).encode()
    path = log({"samples/p1.json": zstandard.compress(content)}, method=zipfile.ZIP_STORED)
    raw = path.read_bytes()
    packed = len(zstandard.compress(content)).to_bytes(4, "little")
    for start, method, size in ((b"PK\x03\x04", 8, 22), (b"PK\x01\x02", 10, 24)):
        at = raw.index(start)
        raw = raw[: at + method] + (93).to_bytes(2, "little") + raw[at + method + 2 :]
        assert raw[at + size - 4 : at + size] == packed
        raw = raw[: at + size] + len(content).to_bytes(4, "little") + raw[at + size + 4 :]
    path.write_bytes(raw)
    assert read(path, ["id"]).frame["id"].to_list() == ["p1"]
    path.write_bytes(raw.replace(zstandard.compress(content)[:4], b"none"))
    with pytest.raises(DatasetError, match="is not a log of inspect_ai"):
        read(path, ["id"])


def test_a_log_that_was_not_finished_has_no_header(log):
    assert read(log({"samples/p1.json": SAMPLE}), ["id", "eval"]).frame["id"].to_list() == ["p1"]


@pytest.mark.parametrize("content", ["[1]", "{", "\xff"])
def test_a_sample_that_is_no_object_is_a_problem_of_its_row(log, content):
    rows = read(log({"samples/p1.json": SAMPLE, "samples/p2.json": content}), ["id"])
    assert [(problem.number, problem.message) for problem in rows.problems] == [
        (2, "is not the JSON object of a sample")
    ]


def test_what_is_no_log_is_refused(log, tmp_path):
    for content in (b"", b"PK\x03\x04", b"{}"):
        (tmp_path / "x.eval").write_bytes(content)
        with pytest.raises(DatasetError, match="is not a log of inspect_ai"):
            read(tmp_path / "x.eval", ["id"])
    path = log({"samples/p1.json": SAMPLE}, method=zipfile.ZIP_BZIP2)
    with pytest.raises(DatasetError, match="compressed in a way that is not known"):
        read(path, ["id"])


def test_a_bomb_is_refused_before_it_is_unpacked(log):
    path = log({"samples/p1.json": b"0" * 2**27})
    with pytest.raises(DatasetError, match="unpacks to far more than a log does"):
        read(path, ["id"])
