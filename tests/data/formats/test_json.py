import json
from pathlib import Path

import pytest

from harness.data.formats import json as json_format
from harness.data.formats import jsonl
from harness.errors import DatasetError


@pytest.fixture
def file(tmp_path: Path):
    def write(content: str | bytes, name: str = "rows.json") -> Path:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write


def test_an_array_of_objects(file):
    rows = json_format.read(file(json.dumps([{"a": "1", "n": 2}, {"a": None}], indent=1)), ["n", "a"])
    assert rows.frame.to_dict(as_series=False) == {"n": [b"2", None], "a": ["1", None]}
    assert (rows.unit, list(rows.numbers()), rows.present) == ("row", [1, 2], ("a", "n"))


def test_entries_that_are_no_objects_are_noted(file):
    rows = json_format.read(file('\ufeff[{"a": "1"}, 7, {"a": "2"}]'), ["a"])
    assert rows.frame["a"].to_list() == ["1", "2"]
    assert list(rows.numbers()) == [1, 3]
    assert rows.problems == ((2, "is not a JSON object"),)


@pytest.mark.parametrize("content", ['{"data": [{"a": "1"}], "other": [{}]}', '{"meta": 1, "pairs": [{"a": "1"}]}'])
def test_an_object_that_holds_the_array(file, content):
    assert json_format.read(file(content), ["a"]).frame["a"].to_list() == ["1"]


@pytest.mark.parametrize("content", ["7", '"text"', "{}", '{"one": [{}], "two": [{}]}', '{"a": [1]}'])
def test_other_json_is_said(file, content):
    with pytest.raises(DatasetError, match="neither an array of objects nor an object that holds one"):
        json_format.read(file(content), ["a"])


def test_what_is_not_json_is_said_with_the_likely_format(file):
    with pytest.raises(DatasetError, match=r"is not valid JSON.*`format: jsonl`"):
        json_format.read(file('{"a": 1}\n{"a": 2}\n'), ["a"])


def test_json_lines_that_are_one_array_are_read(file):
    rows = jsonl.read(file(' \n[{"a": "1"},\n {"a": NaN}]', "rows.jsonl"), ["a"])
    assert rows.frame["a"].to_list() == ["1", None]


def test_deep_nesting_is_a_message_and_no_crash(file):
    with pytest.raises(DatasetError, match="is not valid JSON"):
        json_format.read(file("[" * 100_000 + "NaN"), ["a"])
    deep = '[{"a": ' + "[" * 300 + "NaN" + "]" * 300 + "}]"
    with pytest.raises(DatasetError, match="is not valid JSON"):
        json_format.read(file(deep), ["a"])


def test_numbers_beyond_64_bits_and_half_surrogates(file):
    rows = json_format.read(file('[{"a": 123456789012345678901234567890, "b": "\\ud83d x"}]'), ["a", "b"])
    assert [json.loads(value) for value in rows.frame["a"]] == [123456789012345678901234567890]
    assert rows.frame["b"].to_list() == ["\ufffd x"]


@pytest.mark.parametrize(("module", "name"), [(json_format, "rows.json"), (jsonl, "rows.jsonl")])
def test_a_file_that_is_too_large_to_be_read_whole_is_told(file, monkeypatch, module, name):
    content = json.dumps([{"a": "1"}, {"a": "2"}])
    monkeypatch.setattr(json_format, "MAX_BYTES", len(content))
    assert module.read(file(content, name), ["a"]).frame["a"].to_list() == ["1", "2"]
    with pytest.raises(DatasetError, match=r"is one JSON value of 0 MB; JSON is read whole.*`format: jsonl`"):
        module.read(file(content + " ", name), ["a"])
    assert jsonl.read(file('{"a": "1"}\n' * 9, "lines.jsonl"), ["a"]).frame.height == 9
