import gzip
from pathlib import Path, PurePosixPath

import pytest

from harness.errors import ImportSourceError, InputError, StorageError
from harness.importers._files import Imported, Source, compressed, json_lines, write_imported

IMPORTED = Imported({PurePosixPath("data", "x.jsonl"): b"{}\n", PurePosixPath("x.yaml"): b"name: x\n"}, ())


def test_files_are_written_and_kept_unless_forced(tmp_path):
    folder = tmp_path / "new" / "folder"
    assert write_imported(IMPORTED, folder) == [folder / "data" / "x.jsonl", folder / "x.yaml"]
    (folder / "x.yaml").write_text("mine")
    with pytest.raises(InputError, match=r"x\.yaml") as error:
        write_imported(IMPORTED, folder)
    assert [problem.file for problem in error.value.problems] == [
        str(folder / "data" / "x.jsonl"),
        str(folder / "x.yaml"),
    ]
    assert (folder / "x.yaml").read_text() == "mine"
    write_imported(IMPORTED, folder, force=True)
    assert (folder / "x.yaml").read_text() == "name: x\n"
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == ["x.jsonl", "x.yaml"]


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write"):
        write_imported(IMPORTED, tmp_path / "file")


def test_compression_depends_on_the_content_alone():
    content = json_lines([{"text": "naïve"}, {"text": "x"}])
    assert content == '{"text":"naïve"}\n{"text":"x"}\n'.encode()
    packed = compressed(content)
    assert packed == compressed(content)
    assert packed[4:8] == b"\0\0\0\0", "no time"
    assert gzip.decompress(packed) == content


@pytest.fixture
def file(tmp_path: Path):
    def write(content: bytes) -> Path:
        path = tmp_path / "source"
        path.write_bytes(content)
        return path

    return write


def test_what_is_wrong_is_gathered_and_raised_once(tmp_path, file):
    source = Source()
    source.raise_if_reported()
    assert source.rows(file(b'{"t": "x"}\n\n{"t": 1}\n{\n[]\n'), ("t",)) == [{"t": "x"}]
    assert source.text(tmp_path / "absent") is None
    assert source.rows(tmp_path, ("t",)) is None
    assert source.entries(tmp_path / "absent") is None
    assert source.text(file(b"\xff")) is None
    with pytest.raises(ImportSourceError, match="is no JSON object with `t`") as error:
        source.raise_if_reported()
    path = tmp_path / "source"
    assert [str(problem) for problem in error.value.problems] == [
        f"{path}:3: is no JSON object with `t`",
        f"{path}:4: is no JSON object with `t`",
        f"{path}:5: is no JSON object with `t`",
        f"{tmp_path / 'absent'}: cannot be read: no such file or directory",
        f"{tmp_path}: cannot be read: is a directory",
        f"{tmp_path / 'absent'}: cannot be read: no such file or directory",
        f"{path}: is not UTF-8",
    ]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[1]", b"[", b"[" * 100_000], ids=["empty", "object", "numbers", "open", "deep"]
)
def test_entries_are_a_list_of_objects(file, content):
    source = Source()
    assert source.entries(file(content)) is None
    assert [problem.message for problem in source.problems] == ["is not a JSON list of objects"]


def test_entries_may_hold_nan(file):
    assert Source().entries(file(b'[{"a": NaN}, {"a": 1}]'))[1] == {"a": 1}
