import csv as stdlib_csv
import io
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.dataset import read_dataset
from harness.data.formats import csv
from harness.errors import DatasetError
from harness.records.datasets import DatasetSpec

CP1252 = "byte 3 is not UTF-8; say what it is with `encoding:`, such as `encoding: cp1252`"


@pytest.fixture
def file(tmp_path: Path):
    def write(content: str | bytes) -> Path:
        path = tmp_path / "rows.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def test_rows_know_their_first_lines(file):
    rows = csv.read(file('\ufeffa,b\r\n1,"x\ny"\r\n\r\n2,\r\n"",3'), ["b", "a", "c"])
    assert rows.frame.to_dict(as_series=False) == {"b": ["x\ny", None, "3"], "a": ["1", "2", None]}
    assert list(rows.numbers()) == [2, 5, 6]
    assert rows.present == ("a", "b")
    assert rows.only_text


def test_rows_of_another_width_are_noted(file):
    rows = csv.read(file("a,b\n1\n1,2\n1,2,3\n"), ["a"])
    assert rows.frame.height == 1
    assert rows.problems == ((2, "1 field where the header has 2"), (4, "3 fields where the header has 2"))


def test_a_quote_that_is_not_closed(file):
    rows = csv.read(file('a,b\n1,2\n3,"4\n5,6\n'), ["a"])
    assert rows.frame["a"].to_list() == []
    assert rows.problems == ((4, "not valid CSV: unexpected end of data"),)


def test_bytes_that_are_not_utf_8(file):
    rows = csv.read(file(b"a,b\n1,\xff\n2,x\n3,\xfe\n"), ["a"])
    assert rows.problems == ((2, CP1252), (4, CP1252))


def test_a_column_that_occurs_twice(file):
    with pytest.raises(DatasetError, match="column `a` occurs twice in the header"):
        csv.read(file("a,b,a\n"), ["a"])


def test_an_empty_file(file):
    rows = csv.read(file(""), ["a"])
    assert rows.present == ()
    assert rows.frame.is_empty()


def test_a_field_longer_than_the_parsers_limit_which_is_put_back(file):
    limit = stdlib_csv.field_size_limit()
    rows = csv.read(file(f"a\n{'x' * (limit + 1)}\n"), ["a"])
    assert len(rows.frame["a"][0]) == limit + 1
    assert stdlib_csv.field_size_limit() == limit


def test_rows_are_read_in_chunks(file, monkeypatch):
    monkeypatch.setattr(csv, "CHUNK_ROWS", 2)
    assert csv.read(file("a\n1\n2\n3\n4\n5\n"), ["a"]).frame["a"].to_list() == list("12345")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1), min_size=1))
def test_what_a_writer_quotes_is_read_back(tmp_path_factory, texts):
    buffer = io.StringIO()
    stdlib_csv.writer(buffer, quoting=stdlib_csv.QUOTE_ALL).writerows([["t"], *([text] for text in texts)])
    path = tmp_path_factory.mktemp("csv") / "rows.csv"
    path.write_bytes(buffer.getvalue().encode())
    assert csv.read(path, ["t"]).frame["t"].to_list() == texts


# --- what only text can say -----------------------------------------------------------------------------


def read(path: Path, **spec):
    return list(read_dataset(DatasetSpec("x", path, "x.csv", "csv", **spec), seed=1).items())


def rows_of(*prompts: str, labels: str = "a") -> str:
    buffer = io.StringIO()
    rows = [[number, prompt, "A", "B", labels] for number, prompt in enumerate(prompts, 1)]
    stdlib_csv.writer(buffer).writerows([["id", "prompt", "response_a", "response_b", "labels"], *rows])
    return buffer.getvalue()


def test_a_prompt_that_begins_as_messages_do_is_one(file):
    chat = ' [ {"role": "system", "content": "x"}, {"content": "y", "role": "user"}]'
    texts = ["[INST] Why?", "[1, 2]", "[{]"]
    items = read(file(rows_of(chat, *texts)), columns={"labels": ("labels",)})
    assert items[0].prompt == ({"role": "system", "content": "x"}, {"role": "user", "content": "y"})
    assert [item.prompt[0]["content"] for item in items[1:]] == texts


def test_such_a_prompt_must_be_whole(file):
    with pytest.raises(DatasetError, match="`prompt` begins as a list of messages") as error:
        read(file(rows_of('[{"role": "user",', '[{"content": "x"}]')), columns={"labels": ("labels",)})
    first, second = error.value.problems
    assert (first.line, second.line) == (2, 3)
    assert first.message.startswith("`prompt` begins as a list of messages but is not valid JSON")
    assert second.message.startswith("`prompt` message 1 has the role None")


def test_labels_in_one_column_are_a_json_list(file):
    assert read(file(rows_of("x", labels='["a", null, "b"]')))[0].labels == ("a", None, "b")
    assert read(file(rows_of("x", "y", labels="")))[0].labels == ()
    with pytest.raises(DatasetError, match="`labels` is no list of labels; name one column per annotator"):
        read(file(rows_of("x", labels="a")))


def test_many_columns_are_read_in_no_time(file):
    names = ",".join(f"c{at}" for at in range(40_000))
    values = ",".join("1" for _ in range(40_000))
    started = time.process_time()
    rows = csv.read(file(f"{names}\n{values}\n"), ["c39999"])
    assert rows.frame["c39999"].to_list() == ["1"]
    assert time.process_time() - started < 5, "it took 17 s where each name was counted in all others"
