import json
from pathlib import Path

import pytest

from harness.data import first_look
from harness.records.datasets import DatasetSpec


@pytest.fixture
def look(tmp_path: Path, monkeypatch):
    """Show the beginning of a file, of which 20 bytes are read."""
    monkeypatch.setattr(first_look, "MAX_BYTES", 20)

    def at(content: str, name: str = "x.jsonl", form: str = "jsonl") -> tuple[str, str]:
        path = tmp_path / name
        path.write_text(content)
        with first_look.beginning_of(DatasetSpec("x", path, name, form)) as (spec, sentence):
            return spec.path.read_text(), sentence

    return at


def test_whole_lines_of_a_large_file(look):
    beginning, sentence = look('{"a": "1"}\n' * 5)
    assert beginning == '{"a": "1"}\n'
    assert sentence == "checked the first 0 of 0 MB of x.jsonl; `harness plan` reads all"


@pytest.mark.parametrize(
    ("content", "name", "form"),
    [
        ('{"a": "1"}\n', "small.jsonl", "jsonl"),
        ("\ufeff \n" + json.dumps([{"a": "1"}] * 9, indent=1), "array.jsonl", "jsonl"),
        (json.dumps([{"a": "1"}] * 9, indent=1), "array.json", "json"),
        ('{"a": "1"}\n' * 5, "packed.jsonl.gz", "jsonl"),
    ],
)
def test_what_is_read_whole(look, content, name, form):
    assert look(content, name, form) == (content, "")


def test_rows_of_a_program_and_files_that_are_not_there(tmp_path):
    for content in (b'{"a": "1"}', None):
        spec = DatasetSpec("x", tmp_path / "none.jsonl", "none.jsonl", "jsonl", content=content)
        with first_look.beginning_of(spec) as found:
            assert found == (spec, "")
