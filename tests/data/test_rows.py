"""What holds for every file, whatever is in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.data.column_names import COLUMNS, COLUMNS_OF_MANY, COLUMNS_OF_SINGLE
from harness.data.dataset import read_dataset
from harness.data.rows import hint_on_ending
from harness.errors import DatasetError
from harness.records.datasets import DatasetSpec, Subset
from harness.spec.schema import load_schema

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
CHAT = st.lists(
    st.fixed_dictionaries({"role": st.just("user") | JSON, "content": st.text(max_size=5) | JSON}), max_size=3
)
TEXT = st.text(min_size=1, max_size=5)
MOSTLY = {
    **dict.fromkeys(("id", "response_a", "response_b"), TEXT),
    "prompt": TEXT | CHAT,
    "label": st.sampled_from(["a", "b", "tie"]),
    "labels": st.lists(st.sampled_from(["a", "b", "tie", None]) | JSON, max_size=3),
}
REQUIRED = ("id", "prompt", "response_a", "response_b")
ROW = st.fixed_dictionaries(
    {column: MOSTLY[column] | JSON for column in REQUIRED},
    optional={column: JSON | MOSTLY.get(column, TEXT) for column in sorted({*COLUMNS, "other"} - {*REQUIRED})},
)


def is_read_or_refused(path: Path, ending: str, **spec) -> None:
    try:
        dataset = read_dataset(DatasetSpec("x", path, "shown", ending, **spec), seed=1)
    except DatasetError:
        return
    items = list(dataset.items())
    assert len(items) == len(dataset) > 0
    assert len({item.id for item in items}) == len(items)
    assert all(item.prompt for item in items)
    assert any(item.response_a.strip() and item.response_b.strip() for item in items)
    assert dataset.clustered == (len({*dataset.cluster_codes().tolist()}) < len(items))
    assert dataset.annotator_codes().shape == (len(items), len(dataset.annotators))


@settings(deadline=None)
@given(st.lists(ROW, max_size=4), st.sampled_from([{}, {"other": ("x",)}, {"label": ("a", "b")}]))
def test_any_rows_are_read_or_refused(tmp_path_factory, rows, where):
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    is_read_or_refused(path, "jsonl", subset=Subset(where=where))


BYTES = st.binary(max_size=40) | st.lists(
    st.sampled_from([b"id", b"prompt", b",", b'"', b"\n", b"x", b"\xff", b"[{"])
).map(b"".join)


@settings(deadline=None)
@given(BYTES, st.sampled_from(["jsonl", "csv", "parquet"]))
def test_any_bytes_are_read_or_refused(tmp_path_factory, content, ending):
    path = tmp_path_factory.mktemp("bytes") / "rows"
    path.write_bytes(content)
    is_read_or_refused(path, ending)


def test_the_schema_and_the_reader_know_the_same_columns():
    properties = load_schema("experiment")["$defs"]["dataset"]["properties"]["columns"]["properties"]
    assert sorted(properties) == sorted({*COLUMNS, *COLUMNS_OF_SINGLE, *COLUMNS_OF_MANY})


@pytest.mark.parametrize("heavy", ["polars", "numpy"])
def test_listing_formats_imports_nothing_heavy(heavy):
    code = f"""
import sys
from harness import registry
assert all(registry.find("dataset_formats", name).SUMMARY for name in registry.names("dataset_formats"))
sys.exit({heavy!r} in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("path", ["a.xlsx", "a.XLS", "b/c.ods", "x.xlsm.gz"])
def test_a_spreadsheet_is_to_be_saved_as_csv(path: str) -> None:
    assert hint_on_ending(path) == hint_on_ending(path, "else") == "save the sheet as CSV (UTF-8)"


def test_an_unknown_ending_gets_the_known_ones() -> None:
    assert hint_on_ending("a.txt", "write `format:`") == "write `format:`"
    assert hint_on_ending("a.txt").startswith("known endings: .csv, .tsv")
