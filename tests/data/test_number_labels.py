"""Labels that are numbers: read from every form of a file, checked, and kept exactly."""

import json
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.dataset import read_dataset
from harness.data.number_labels import GREATEST, as_numbers, mean_numbers, number_texts
from harness.errors import DatasetError
from harness.records.datasets import DatasetSpec, Subset, VotesSpec
from harness.records.label_set import number_set
from harness.runner.tables import items_frame


def dataset(path, content, **settings):
    path.write_text(content, encoding="utf-8")
    kind = path.suffix.removeprefix(".")
    return read_dataset(DatasetSpec("d", path, path.name, kind, **{"label_set": number_set(1, 10), **settings}), seed=1)


def csv(*labels, head="label"):
    rows = "".join(f"{at},prompt {at},response {at},{label}\n" for at, label in enumerate(labels))
    return f"id,prompt,response,{head}\n{rows}"


def test_a_column_of_numbers_is_read_as_it_is(tmp_path):
    found = dataset(tmp_path / "d.csv", csv("3.5", " 4 ", "", "1e1", "-2"))
    assert found.numbers()[:, 0].tolist() == pytest.approx([3.5, 4, math.nan, 10, -2], nan_ok=True)
    assert found.reference_codes().tolist() == [0, 0, -1, 0, 0]
    assert [item.labels for item in found.items()] == [("3.5",), ("4",), (None,), ("10",), ("-2",)]


def test_several_annotators_have_a_mean_and_one_may_be_missing(tmp_path):
    content = "id,prompt,response,ann,ben\n1,p,r,4,5\n2,q,s,,7\n3,t,u,,\n"
    found = dataset(tmp_path / "d.csv", content, columns={"labels": ("ann", "ben")})
    assert found.annotators == ("ann", "ben")
    assert mean_numbers(found.numbers()).tolist() == pytest.approx([4.5, 7, math.nan], nan_ok=True)
    frame = items_frame({"d": found})
    assert frame["reference"].to_list() == ["4.5", "7", None]
    assert frame["labels"].to_list() == [["4", "5"], [None, "7"], [None, None]]


def test_a_list_of_labels_in_one_column_is_read(tmp_path):
    rows = [{"id": f"{at}", "prompt": f"p{at}", "response": "r", "labels": [at, 2.5]} for at in range(3)]
    found = dataset(tmp_path / "d.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    assert found.numbers().tolist() == [[0, 2.5], [1, 2.5], [2, 2.5]]


def test_labels_in_long_form_are_read(tmp_path):
    votes = tmp_path / "votes.csv"
    votes.write_text("item,annotator,label\n0,ann,3\n0,ben,4.5\n1,ann,\n", encoding="utf-8")
    given = VotesSpec(votes, "votes.csv", "csv")
    found = dataset(tmp_path / "d.csv", "id,prompt,response\n0,p,r\n1,q,s\n", votes=given)
    assert found.annotators == ("ann", "ben")
    assert found.numbers().tolist()[0] == [3, 4.5]
    assert np.isnan(found.numbers()[1]).all()


def test_a_bad_vote_is_named_with_its_line(tmp_path):
    votes = tmp_path / "votes.csv"
    votes.write_text("item,annotator,label\n0,ann,high\n", encoding="utf-8")
    given = VotesSpec(votes, "votes.csv", "csv")
    with pytest.raises(DatasetError, match=r"votes\.csv:2.*`high` is no finite number"):
        dataset(tmp_path / "d.csv", "id,prompt,response\n0,p,r\n", votes=given)


def test_two_different_numbers_of_one_annotator_are_refused(tmp_path):
    votes = tmp_path / "votes.csv"
    votes.write_text("item,annotator,label\n0,ann,3\n0,ann,4\n", encoding="utf-8")
    given = VotesSpec(votes, "votes.csv", "csv")
    with pytest.raises(DatasetError, match="`ann` gives `0` two different labels"):
        dataset(tmp_path / "d.csv", "id,prompt,response\n0,p,r\n", votes=given)


def test_all_bad_labels_are_named_at_once_with_their_lines(tmp_path):
    words = ["good", "nan"]
    with pytest.raises(DatasetError, match="is no finite number") as caught:
        dataset(tmp_path / "d.csv", csv("3", *words))
    found = [(problem.line, problem.message) for problem in caught.value.problems]
    assert found == [(at, f"`label` `{word}` is no finite number") for at, word in enumerate(words, 3)]


@pytest.mark.parametrize(
    "word", ["inf", "-Infinity", "1_0", "1e400", f"{2 * GREATEST:g}", "true", "3,5", "4/5", "\u0664x"]
)
def test_what_is_no_finite_number_is_a_fault(word):
    faults = []
    assert as_numbers(pl.Series(["2", word]), faults).to_list() == [2, None]
    assert [fault.row for fault in faults] == [1]
    is_far = word == f"{2 * GREATEST:g}"
    assert faults[0].message.endswith("is further from 0 than 1e+15" if is_far else "is no finite number")


def test_rows_are_chosen_by_their_number(tmp_path):
    chosen = dataset(tmp_path / "d.csv", csv("3.5", "4", ""), subset=Subset(where={"label": ("4", "3.5")}))
    assert list(chosen.ids()) == ["0", "1"]


@given(st.lists(st.floats(-GREATEST, GREATEST), max_size=20))
def test_text_gives_every_number_back(values):
    texts = number_texts(np.array(values, float))
    faults = []
    assert as_numbers(pl.Series(texts, dtype=pl.String), faults).to_list() == values
    assert faults == []


@given(st.lists(st.text(max_size=8), max_size=20))
def test_any_text_is_a_finite_number_blank_or_a_fault(words):
    faults = []
    found = as_numbers(pl.Series(words, dtype=pl.String), faults)
    assert found.dtype == pl.Float64
    wrong = {fault.row for fault in faults}
    for row, (word, number) in enumerate(zip(words, found, strict=True)):
        assert (number is None) == (row in wrong or not pl.Series([word]).str.strip_chars()[0])
        assert number is None or math.isfinite(number)
