"""Files to fill in: what is written is read back, spreadsheets run nothing, and a damaged file says where."""

import csv
import re
from pathlib import Path

import pytest

from harness.analysis.label.form import LONGEST_CELL, FormRow, Texts, is_form, read_form, text_columns, write_form
from harness.errors import DatasetError

TEXTS = {"prompt": "What, then?\nTell me.", "response_1": '"one"; a,b', "response_2": "two\u202e <b>&"}


def rows(**changed):
    return [
        FormRow("r1-001", "anna", "0.25", "d1", TEXTS, "1"),
        FormRow("r1-002", "anna", "0.25", "d1", TEXTS | changed),
    ]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_what_is_written_is_read_back(tmp_path, name):
    path = tmp_path / name
    write_form(path, rows())
    found = read_form(path).rows
    assert [(one.key, one.label, one.annotator, one.probability, one.draw) for one in found] == [
        ("r1-001", "1", "anna", "0.25", "d1"),
        ("r1-002", "", "anna", "0.25", "d1"),
    ]
    assert found[1].texts == TEXTS
    assert is_form(path)
    before = path.read_bytes()
    write_form(path, found)
    assert path.read_bytes() == before


@pytest.mark.parametrize("text", ["=1+1", "+x", "-list", "@cmd", "\tx"])
def test_a_spreadsheet_takes_no_text_for_a_formula(tmp_path, text):
    path = tmp_path / "a.csv"
    write_form(path, rows(response_1=text))
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.DictReader(file))[1]["response_1"] == f"'{text}"
    assert read_form(path).rows[1].texts["response_1"] == text


def test_odd_characters_do_not_break_a_row(tmp_path):
    for name in ("a.csv", "a.jsonl"):
        write_form(tmp_path / name, rows(prompt="\0\ud800", response_1='"\r\n"'))
        assert len(read_form(tmp_path / name).rows) == 2


def test_columns_of_the_annotator_are_kept(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("key,label,prompt,annotator,probability,draw,why\nr1-001,1,p,anna,0.25,d1,too long\n", "utf-8")
    write_form(path, read_form(path).rows)
    assert read_form(path).rows[0].more == {"why": "too long"}


def test_a_spreadsheet_cell_holds_the_beginning_of_a_long_text():
    texts = Texts("p", ("y" * (LONGEST_CELL + 5),))
    shown = text_columns(texts, [0], "csv")["response"]
    assert shown == "y" * LONGEST_CELL + "… (5 more characters)"
    assert len(text_columns(texts, [0, 1])["response"]) == LONGEST_CELL + 5


def test_a_file_saved_by_a_spreadsheet_with_semicolons_and_decimal_commas_is_read(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("key;label;prompt;response;annotator;probability;draw\nr1-001; pass ;p;r;anna;0,25;d1\n", "utf-8")
    (row,) = read_form(path).rows
    assert (row.label, row.probability, row.texts) == ("pass", "0,25", {"prompt": "p", "response": "r"})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("key,label,annotator,draw\na,b,c,d\n", "a.csv: has no column `probability`; keep every column"),
        ("key,label\na,b,c,d\n", "a.csv"),
        (None, "a.csv: cannot be read: no such file or directory"),
    ],
)
def test_a_damaged_file_is_an_error_with_its_place(tmp_path, monkeypatch, content, message):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        Path("a.csv").write_text(content, "utf-8")
    with pytest.raises(DatasetError, match=re.escape(message)):
        read_form(Path("a.csv"))


def test_other_files_are_no_files_to_fill_in(tmp_path):
    (tmp_path / "labels.csv").write_text("id,label\na,b\n", "utf-8")
    (tmp_path / "odd.jsonl").write_bytes(b"\xff\xfe")
    assert not is_form(tmp_path / "labels.csv")
    assert not is_form(tmp_path / "odd.jsonl")
    assert not is_form(tmp_path / "none.csv")
    assert not is_form(tmp_path)


def test_the_texts_of_a_pair_are_shown_in_the_order_of_the_draw_and_name_no_system():
    texts = Texts("p", ("first", "second"), "the answer")
    assert text_columns(texts, [0, 1]) == {
        "prompt": "p", "response_1": "first", "response_2": "second", "reference": "the answer"
    }  # fmt: skip
    assert text_columns(texts, [1, 0])["response_1"] == "second"
    assert text_columns(Texts("p", ("only",)), [1, 0]) == {"prompt": "p", "response": "only"}
