"""Large files, read block by block, come to the same dataset as they do in memory."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data import large
from harness.data.dataset import read_dataset
from harness.data.formats import csv as csv_format
from harness.data.formats import jsonl, parquet
from harness.data.frames import FrameDataset
from harness.data.parquet_pages import RowGroup, row_groups
from harness.data.rows import format_of
from harness.data.stored_texts import StoredDataset, StoredTexts
from harness.errors import DatasetError
from harness.records.datasets import DatasetSpec, Subset
from harness.records.label_set import LabelSet

WORDS = LabelSet(("fail", "pass"), "single")


@contextmanager
def blocks(size: int):  # type: ignore[no-untyped-def]
    """Files of any size are read in blocks of so many bytes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(large, "LARGE_BYTES", 0)
        patch.setattr(jsonl, "CHUNK_BYTES", size)
        patch.setattr(csv_format, "CHUNK_ROWS", -(-size // 100))
        patch.setattr(parquet, "CHUNK_ROWS", -(-size // 100))
        yield


def write(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write rows in the format that the ending of a path names."""
    name = path.name.removesuffix(".gz")
    if name.endswith(".parquet"):
        pl.DataFrame(list(rows), infer_schema_length=None).write_parquet(path, row_group_size=3)
        return path
    if name.endswith(".jsonl"):
        text = "".join(json.dumps(row) + "\n" for row in rows)
    else:
        file = io.StringIO()
        writer = csv.DictWriter(file, list(dict.fromkeys(key for row in rows for key in row)))
        writer.writeheader()
        writer.writerows(rows)
        text = file.getvalue()
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def both(
    folder: Path, rows: Sequence[Mapping[str, Any]], size: int, name: str = "pairs.jsonl", **settings: Any
) -> list[FrameDataset | str]:
    """The dataset as it is read in memory and by blocks; its problems where it cannot be read."""
    path = write(folder / name, rows)
    return read_twice(DatasetSpec("pairs", path, name, format_of(name) or "", **settings), size)


def read_twice(spec: DatasetSpec, size: int) -> list[FrameDataset | str]:
    """A dataset as it is read in memory and by blocks; its problems where it cannot be read."""
    found: list[FrameDataset | str] = []
    for is_large in (False, True):
        try:
            if is_large:
                with blocks(size):
                    found.append(read_dataset(spec, seed=1))
            else:
                found.append(read_dataset(spec, seed=1))
        except DatasetError as error:
            found.append("\n".join(map(str, error.problems)))
    return found


def assert_same(one: FrameDataset, other: FrameDataset) -> None:
    assert list(one.items()) == list(other.items())
    assert list(one.ids()) == list(other.ids())
    assert one.facts().equals(other.facts())
    assert (one.digest, one.notes, one.annotators, one.clustered) == (
        other.digest,
        other.notes,
        other.annotators,
        other.clustered,
    )
    for codes in ("reference_codes", "annotator_codes", "cluster_codes"):
        assert np.array_equal(getattr(one, codes)(), getattr(other, codes)())
    assert np.array_equal(one.has_text("WHY"), other.has_text("WHY"))
    assert one.prompts().equals(other.prompts())


texts = st.text(st.characters(codec="utf-8"), max_size=30)
rows = st.fixed_dictionaries(
    {"prompt": st.sampled_from(["Why?", "Who – what?", "{}"]) | texts, "response_a": texts, "response_b": texts},
    optional={
        "label": st.sampled_from(["a", "b", "tie", None]),
        "cluster": st.sampled_from(["k", None, 3]),
        "category": st.none() | texts,
        "model_a": st.just("x"),
        "reference": texts,
    },
)


NAMES = ("pairs.jsonl", "pairs.csv", "pairs.parquet", "pairs.jsonl.gz", "pairs.csv.gz")


@settings(max_examples=100, deadline=None)
@given(
    made=st.lists(rows, min_size=1, max_size=12),
    size=st.integers(1, 600),
    is_uniform=st.booleans(),
    name=st.sampled_from(NAMES),
)
def test_any_file_is_read_by_blocks_as_it_is_in_memory(
    made: list[dict[str, Any]], size: int, is_uniform: bool, name: str
) -> None:
    if name != "pairs.jsonl":
        made = [{key: value for key, value in row.items() if key != "cluster"} for row in made]
    if is_uniform:
        made = [{**made[0], **{name: row[name] for name in made[0] if name in row}} for row in made]
    numbered = [{"id": f"i{number}", **row} for number, row in enumerate(made)]
    with tempfile.TemporaryDirectory() as folder:
        plain, stored = both(Path(folder), numbered, size, name)
        if isinstance(plain, str) or isinstance(stored, str):
            assert plain == stored
        else:
            assert_same(plain, stored)


def pairs(count: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {"id": f"i{at}", "prompt": f"Why {at // 2}?", "response_a": f"a{at}", "response_b": f"b{at}", "label": "b"}
        | more
        for at in range(count)
    ]


@pytest.mark.parametrize("size", [1, 200, 10_000])
def test_parts_and_single_rows_have_their_texts(tmp_path: Path, size: int) -> None:
    plain, stored = both(tmp_path, pairs(7, cluster=None, reference="so"), size)
    assert isinstance(stored, StoredDataset)
    assert_same(plain, stored)
    for picked in ([], [6, 0, 3, 3], [2], range(7)):
        assert_same(plain.part(picked), stored.part(picked)) if picked else None
    assert_same(plain.only(5), stored.only(5))
    assert list(stored.items(2, 5)) == list(plain.items(2, 5))
    assert list(stored.items(5, 99)) == list(plain.items(5, 99))
    both_ways = [one.with_responses("n", (["x"] * 7, ["y"] * 7), ("m", "w")) for one in (plain, stored)]
    assert_same(*both_ways)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", [1, 250, 10_000])
def test_every_format_is_read_by_blocks(tmp_path: Path, name: str, size: int) -> None:
    plain, stored = both(tmp_path, pairs(10), size, name)
    assert isinstance(stored, StoredDataset)
    assert_same(plain, stored)


def test_several_files_are_read_one_after_the_other(tmp_path: Path) -> None:
    for at, ending in enumerate(("jsonl", "jsonl.gz", "jsonl")):
        write(tmp_path / f"part-{at}.{ending}", pairs(12)[4 * at : 4 * at + 4])
    plain, stored = read_twice(DatasetSpec("pairs", tmp_path / "part-*", "part-*", "jsonl"), 150)
    assert isinstance(stored, StoredDataset)
    assert_same(plain, stored)
    assert list(stored.ids()) == [f"i{at}" for at in range(12)]


@pytest.mark.parametrize("delimiter", [None, ";"])
@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_options_of_a_format_hold_for_blocks(tmp_path: Path, delimiter: str | None, encoding: str) -> None:
    lines = ["id,prompt,response_a,response_b", "1,Wär’s?,a,b", ""]
    (tmp_path / "pairs.csv").write_bytes("\r\n".join(lines).replace(",", delimiter or ",").encode(encoding))
    options = {"encoding": encoding} | ({} if delimiter is None else {"delimiter": delimiter})
    spec = DatasetSpec("pairs", tmp_path / "pairs.csv", "pairs.csv", "csv", options=options)
    plain, stored = read_twice(spec, 100)
    assert isinstance(stored, StoredDataset)
    assert_same(plain, stored)
    assert [message["content"] for one in stored.items() for message in one.prompt] == ["Wär’s?"]


def test_faults_of_a_table_are_reported_as_in_memory(tmp_path: Path) -> None:
    lines = ["id,prompt,response_a,response_b", "1,p,a,b", "2,p,a", '3,"p,a,b', '4,p"x",a,b', ""]
    for content in ("\n".join(lines).encode(), "\n".join(lines[:2]).encode() + b"\n2,\xff,a,b\n", b"id,id\n"):
        (tmp_path / "pairs.csv").write_bytes(content)
        plain, stored = read_twice(DatasetSpec("pairs", tmp_path / "pairs.csv", "pairs.csv", "csv"), 1)
        assert isinstance(plain, str)
        assert plain == stored


def test_columns_of_parquet_that_are_no_text_are_read_by_blocks(tmp_path: Path) -> None:
    made = [row | {"labels": ["a", "b"], "facts": {"n": at}} for at, row in enumerate(pairs(9))]
    settings = {"columns": {"labels": "labels", "cluster": "facts.n"}}
    plain, stored = both(tmp_path, made, 200, "pairs.parquet", **settings)
    assert isinstance(plain, str) or isinstance(stored, StoredDataset)
    assert_same(plain, stored) if isinstance(plain, FrameDataset) else None
    assert type(plain) is not str, plain


def test_row_groups_are_those_that_were_written(tmp_path: Path) -> None:
    with write(tmp_path / "pairs.parquet", pairs(8)).open("rb") as file:
        found = row_groups(file)
    assert len(found) > 1  # polars 1.30 writes groups of 4, later versions of 3
    assert sum(group.rows for group in found) == 8
    assert all(50 < group.unpacked < 2000 for group in found)


@pytest.mark.parametrize("groups", [[(3, 9), (3, 9)], [(9, 2**29)]], ids=["fewer rows", "a large group"])
def test_row_groups_that_save_nothing_or_are_wrong_are_read_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, groups: list[tuple[int, int]]
) -> None:
    monkeypatch.setattr(parquet, "row_groups", lambda file: [RowGroup(*group) for group in groups])
    plain, stored = both(tmp_path, pairs(9), 200, "pairs.parquet")
    assert not isinstance(stored, StoredDataset)
    assert_same(plain, stored)


def test_single_responses_are_read_by_blocks(tmp_path: Path) -> None:
    made = [{"id": f"i{at}", "prompt": "Why?", "response": f"r{at}", "label": "pass", "model": "m"} for at in range(5)]
    plain, stored = both(tmp_path, made, 100, label_set=WORDS)
    assert isinstance(stored, StoredDataset)
    assert_same(plain, stored)


@pytest.mark.parametrize(
    ("made", "settings"),
    [
        pytest.param([*pairs(3), pairs(1)[0]], {}, id="an id twice"),
        pytest.param([*pairs(3), {"id": "x", "prompt": "?", "response_a": 1, "response_b": "b"}], {}, id="a number"),
        pytest.param([*pairs(3), {"id": "x", "prompt": " ", "response_a": "a", "response_b": "b"}], {}, id="empty"),
        pytest.param(pairs(3, label="neither"), {}, id="an unknown label"),
        pytest.param([{"prompt": "p", "response_a": "a", "response_b": "b"}] * 3, {}, id="ids made of the content"),
        pytest.param(
            [{"id": f"{at}", "prompt": "p", "chosen": "a", "rejected": "b"} for at in range(4)], {}, id="drawn"
        ),
        pytest.param(pairs(4), {"subset": Subset(limit=2)}, id="limit"),
        pytest.param(pairs(4), {"slices": ("label",)}, id="slices"),
        pytest.param(pairs(4), {"columns": {"prompt": {"value": "same"}}}, id="one prompt for all"),
        pytest.param(pairs(4, response_a=[{"role": "assistant", "content": "hi"}]), {}, id="conversations"),
        pytest.param(pairs(4), {"columns": {"label": "nowhere"}}, id="a column that is not there"),
    ],
)
def test_what_needs_all_rows_at_once_is_read_in_memory(
    tmp_path: Path, made: list[dict[str, Any]], settings: dict[str, Any]
) -> None:
    plain, stored = both(tmp_path, made, 150, **settings)
    assert not isinstance(stored, StoredDataset)
    assert_same(plain, stored) if isinstance(plain, FrameDataset) else None
    if isinstance(plain, str):
        assert plain == stored


def test_lines_that_cannot_be_read_are_reported_as_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_bytes(b"\n".join(json.dumps(row).encode() for row in pairs(4)) + b"\n{not json}\n\xff\n")
    spec = DatasetSpec("pairs", path, "pairs.jsonl", "jsonl")
    with blocks(100), pytest.raises(DatasetError, match="not valid JSON") as error:
        read_dataset(spec, seed=1)
    assert [problem.line for problem in error.value.problems] == [5, 6]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"[]"])
def test_files_without_rows_are_refused_as_in_memory(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_bytes(content)
    with blocks(100), pytest.raises(DatasetError, match="no rows"):
        read_dataset(DatasetSpec("pairs", path, "pairs.jsonl", "jsonl"), seed=1)


def test_a_full_disk_leaves_the_texts_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: StoredTexts, texts: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(StoredTexts, "append", full)
    plain, stored = both(tmp_path, pairs(4), 150)
    assert not isinstance(stored, StoredDataset)
    assert_same(plain, stored)


def test_small_files_stay_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in pairs(3)))
    assert type(read_dataset(DatasetSpec("pairs", path, "pairs.jsonl", "jsonl"), seed=1)) is FrameDataset
