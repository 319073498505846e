import datetime
from pathlib import Path

import polars as pl
import pytest

from harness.data.dataset import read_dataset
from harness.data.formats import parquet
from harness.errors import DatasetError
from harness.records.datasets import DatasetSpec, Subset

PAIR = {"id": [1, 2], "prompt": ["x", "y"], "response_a": ["A", "A"], "response_b": ["B", "B"]}


@pytest.fixture
def read(tmp_path: Path):
    def read_frame(**columns):
        path = tmp_path / "with [brackets] and *.parquet"
        pl.DataFrame(PAIR | columns).write_parquet(path)
        return list(read_dataset(DatasetSpec("x", path, "x.parquet", "parquet"), seed=1).items())

    return read_frame


def test_numbers_categories_bytes_and_structs(read):
    chat = [{"role": "system", "content": "x"}, {"role": "user", "content": "y"}]
    items = read(
        prompt=[chat, chat[1:]],
        category=pl.Series(["c", None], dtype=pl.Categorical),
        model_a=[b"x", None],
        labels=[["a", "tie"], ["b"]],
        reference=pl.Series(["r", None]),
    )
    assert [item.id for item in items] == ["1", "2"]
    assert items[0].prompt == tuple(chat)
    assert items[1].prompt == ({"role": "user", "content": "y"},)
    assert [item.category for item in items] == ["c", None]
    assert [item.model_a for item in items] == ["x", None]
    assert [item.labels for item in items] == [("a", "tie"), ("b", None)]


def test_bad_rows_are_named_by_number(read):
    with pytest.raises(DatasetError, match="row 1: `prompt` is missing or empty") as error:
        read(label=["a", "?"], prompt=[None, "x"])
    assert [str(problem) for problem in error.value.problems] == [
        "x.parquet: row 1: `prompt` is missing or empty",
        (
            "x.parquet: row 2: `label` `?` (1 row) has no meaning; "
            'say what each means, `a`, `b` or `tie`, in place of `…`: `label_values: {"?": …}`'
        ),
    ]


@pytest.mark.parametrize("values", [[b"\xff", b"x"], [datetime.timedelta(1), None]], ids=["bytes", "durations"])
def test_columns_that_are_neither_text_nor_json(read, values):
    with pytest.raises(DatasetError, match=r"column `category` is of type .* neither text nor JSON"):
        read(category=values)


def test_a_file_that_is_no_parquet(tmp_path):
    path = tmp_path / "x.parquet"
    path.write_text("id,prompt\n")
    with pytest.raises(DatasetError, match=r"x\.parquet: is not a Parquet file; if it has another format"):
        read_dataset(DatasetSpec("x", path, "x.parquet", "parquet"), seed=1)


def test_only_the_wanted_columns_are_read(tmp_path):
    path = tmp_path / "x.parquet"
    pl.DataFrame({"a": ["x"], "b": [1], "c": [2]}).write_parquet(path)
    rows = parquet.read(path, ["c", "a", "zzz"])
    assert rows.frame.columns == ["c", "a"]
    assert rows.present == ("a", "b", "c")
    assert (rows.unit, list(rows.numbers())) == ("row", [1])


def test_where_on_a_column_of_the_file(tmp_path):
    path = tmp_path / "x.parquet"
    pl.DataFrame(PAIR | {"day": [datetime.date(2024, 1, 2), datetime.date(2024, 1, 3)]}).write_parquet(path)
    spec = DatasetSpec("x", path, "x", "parquet", subset=Subset(where={"day": ("2024-01-03",)}))
    assert list(read_dataset(spec, seed=1).ids()) == ["2"]


def test_a_file_without_rows(tmp_path):
    path = tmp_path / "x.parquet"
    pl.DataFrame(PAIR).clear().write_parquet(path)
    with pytest.raises(DatasetError, match="holds no rows"):
        read_dataset(DatasetSpec("x", path, "x", "parquet"), seed=1)


def test_more_rows_than_bytes_are_refused_before_they_are_made(tmp_path):
    path = tmp_path / "bomb.parquet"
    pl.DataFrame({"id": pl.repeat("x", 2_000_000, eager=True)}).write_parquet(path)
    assert path.stat().st_size < 100_000
    with pytest.raises(DatasetError, match="says that it has 2,000,000 rows, which is more than it has bytes"):
        parquet.read(path, ["id"])


@pytest.mark.parametrize(("at", "byte"), [(45, 31), (43, 189)])
def test_a_file_that_its_reader_panics_over_is_told(tmp_path, at, byte):
    whole = bytearray((Path(__file__).parent / "one_pair.parquet").read_bytes())
    path = tmp_path / "x.parquet"
    path.write_bytes(whole)
    assert list(read_dataset(DatasetSpec("x", path, "x", "parquet"), seed=1).ids()) == ["1"]
    whole[at] = byte
    path.write_bytes(whole)
    with pytest.raises(DatasetError, match="x: cannot be read as Parquet"):
        read_dataset(DatasetSpec("x", path, "x", "parquet"), seed=1)


def test_structs_are_converted_chunk_by_chunk(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "CHUNK_ROWS", 2)
    values = [None, None, {"a": 1}, {"a": 2}, {"a": None}]
    path = tmp_path / "x.parquet"
    pl.DataFrame({"s": values, "n": [1, 2, 3, None, 5], "t": list("abcde")}).write_parquet(path)
    frame = parquet.read(path, ["n", "s", "t"]).frame
    assert frame.schema == {"n": pl.Binary, "s": pl.Binary, "t": pl.String}
    assert frame["s"].to_list() == [None, None, b'{"a":1}', b'{"a":2}', b'{"a":null}']
    assert frame["n"].to_list() == [b"1", b"2", b"3", None, b"5"]
    assert frame["t"].to_list() == list("abcde")


def test_a_value_that_is_no_json_in_a_later_chunk_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(parquet, "CHUNK_ROWS", 1)
    path = tmp_path / "x.parquet"
    pl.DataFrame({"s": [None, datetime.timedelta(1)]}).write_parquet(path)
    with pytest.raises(DatasetError, match=r"column `s` is of type Duration.*neither text nor JSON"):
        parquet.read(path, ["s"])


def test_a_column_of_structs_without_rows(tmp_path):
    path = tmp_path / "x.parquet"
    pl.DataFrame({"s": [{"a": 1}]}).clear().write_parquet(path)
    frame = parquet.read(path, ["s"]).frame
    assert (frame.schema, frame.height) == ({"s": pl.Binary}, 0)
