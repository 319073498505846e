"""Labels that came later: what a file may look like, and every fault of it at once."""

import csv
import re

import numpy as np
import orjson
import polars as pl
import pytest

from harness.analysis.correct.given_labels import LabelSource, Target
from harness.analysis.correct.label_file import read_labels
from harness.errors import DatasetError

PAIRS = Target("pairs", [f"p{k}" for k in range(6)])
OTHERS = Target("others", ["p1", "q1", "q2"], {"left": "a", "right": "b"})


@pytest.fixture
def written(tmp_path):
    def write(rows, name="labels.jsonl"):
        path = tmp_path / name
        if name.endswith(".csv"):
            with path.open("w", newline="") as file:
                writer = csv.DictWriter(file, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
        elif name.endswith(".parquet"):
            pl.DataFrame(rows).write_parquet(path)
        else:
            path.write_bytes(b"".join(row if isinstance(row, bytes) else orjson.dumps(row) + b"\n" for row in rows))
        return path

    return write


def codes(path, targets=(PAIRS,), **options):
    found = read_labels(LabelSource(path, **options), targets)
    return {name: labels.codes.tolist() for name, labels in found.items()}


def problems(path, targets=(PAIRS,), **options):
    with pytest.raises(DatasetError, match=re.escape(str(path))) as raised:
        read_labels(LabelSource(path, **options), targets)
    assert all(problem.file == str(path) for problem in raised.value.problems)
    return [(problem.line, problem.message, problem.hint) for problem in raised.value.problems]


SOME = [{"id": "p3", "label": "b"}, {"id": "p0", "label": "a"}, {"id": "p5", "label": "tie"}]


@pytest.mark.parametrize("name", ["labels.jsonl", "labels.csv", "labels.parquet"])
def test_labels_come_to_their_items_from_every_format(written, name):
    assert codes(written(SOME, name)) == {"pairs": [[0], [-1], [-1], [2], [-1], [1]]}


def test_rows_without_a_label_are_items_that_nobody_labelled(written):
    assert codes(written([*SOME, {"id": "p1", "label": None}])) == codes(written(SOME))


def test_a_run_s_own_name_for_ids_will_do(written):
    assert codes(written([{"item": "p0", "label": "a"}])) == {"pairs": [[0], [-1], [-1], [-1], [-1], [-1]]}


def test_columns_and_words_may_be_the_file_s_own(written):
    path = written([{"question": 1, "verdict": "left"}, {"question": 2, "verdict": "="}])
    found = codes(
        path,
        (Target("numbers", ["1", "2"]),),
        columns={"id": "question", "label": "verdict"},
        values={"left": "a", "=": "tie"},
    )
    assert found == {"numbers": [[0], [1]]}


def test_the_words_of_the_spec_mean_what_they_mean_there(written):
    rows = [{"id": "q1", "label": "left"}, {"id": "q2", "label": "b"}]
    assert codes(written(rows), (OTHERS,)) == {"others": [[-1], [0], [2]]}


def test_a_word_that_two_datasets_mean_differently_means_nothing(written):
    other = Target("third", ["t1"], {"left": "b"})
    found = problems(written([{"id": "q1", "label": "left"}]), (OTHERS, other))
    assert found[0][1] == "`label` `left` is none of `a`, `tie`, `b`, `right`"


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        pytest.param([{"id": "p0", "labels": ["a", "b"]}, {"id": "p1", "labels": ["tie"]}], {}, id="lists"),
        pytest.param(
            [{"id": "p0", "one": "a", "two": "b"}, {"id": "p1", "one": "tie", "two": None}],
            {"labels": ("one", "two")},
            id="columns",
        ),
        pytest.param(
            [
                {"id": "p0", "annotator": "1", "label": "a"},
                {"id": "p0", "annotator": "2", "label": "b"},
                {"id": "p1", "annotator": "1", "label": "tie"},
            ],
            {},
            id="rows",
        ),
    ],
)
def test_several_annotators_are_lists_columns_or_rows(written, rows, columns):
    found = read_labels(LabelSource(written(rows), columns), (PAIRS,))["pairs"]
    assert found.codes[:2].tolist() == [[0, 2], [1, -1]]
    assert (found.codes[2:] == -1).all()
    assert len(found.annotators) == 2


def test_an_item_is_found_in_the_only_dataset_that_has_it(written):
    rows = [{"id": "p0", "label": "a"}, {"id": "q2", "label": "b"}]
    found = codes(written(rows), (PAIRS, OTHERS))
    assert found["pairs"][0] == [0]
    assert found["others"][2] == [2]


def test_an_item_of_two_datasets_needs_the_name_of_one(written):
    ((line, message, hint),) = problems(written([{"id": "p1", "label": "a"}]), (PAIRS, OTHERS))
    assert (line, message) == (1, "`id` `p1` is an item of `pairs`, `others`")
    assert hint == "add a column `dataset`"
    named = written([{"id": "p1", "label": "a", "dataset": "others"}])
    assert codes(named, (PAIRS, OTHERS)) == {"others": [[0], [-1], [-1]]}


def test_every_fault_is_told_at_once_with_its_line(written):
    rows = [
        {"id": "p0", "label": "a"},
        {"id": "p0", "label": "b"},
        {"id": "p1", "label": "A wins"},
        b"{broken\n",
        {"id": "p77", "label": "a"},
        {"id": "", "label": "a"},
        {"id": ["p2"], "label": "a"},
    ]
    found = problems(written(rows))
    assert [(line, message) for line, message, _ in found] == [
        (2, "`id` `p0` is labelled before"),
        (3, "`label` `A wins` is none of `a`, `tie`, `b`"),
        (4, found[2][1]),
        (5, "`id` `p77` is of no item of this run"),
        (6, "`id` is missing or empty"),
        (7, "`id` is a list, it must be text"),
    ]
    assert "not valid JSON" in found[2][1]
    assert found[3][2] == "known: `p0`, `p1`, `p2`, `p3`, `p4`, `p5`"


def test_an_annotator_labels_an_item_once(written):
    row = {"id": "p0", "annotator": "anna", "label": "a"}
    ((line, message, _),) = problems(written([row, {**row, "label": "b"}]))
    assert (line, message) == (2, "`id` `p0` by `anna` is labelled before")


def test_one_way_to_name_annotators_is_enough(written):
    rows = [{"id": "p0", "annotator": "anna", "labels": ["a", "b"]}]
    ((_, message, _),) = problems(written(rows))
    assert message == "has a column `annotator` and several labels in a row"


def test_items_that_the_run_does_not_have_can_be_left_out(written):
    path = written([*SOME, {"id": "elsewhere", "label": "a"}])
    ((line, message, hint),) = problems(path)
    assert (line, message) == (4, "`id` `elsewhere` is of no item of this run")
    assert hint
    assert codes(path, skip_unknown=True) == codes(written(SOME))


@pytest.mark.parametrize("skip", [True, False])
def test_a_file_for_another_run_is_one_problem(written, skip):
    ((_, message, hint),) = problems(written([{"id": f"x{k}", "label": "a"} for k in range(40)]), skip_unknown=skip)
    assert "labels no item of this run: it has ids such as `x0`, `x1`, `x2`" in message
    assert "the run has ids such as `p0`, `p1`, `p2`" in message
    assert "--column id=NAME" in hint


def test_a_dataset_that_the_run_does_not_have_is_named(written):
    ((line, message, hint),) = problems(written([{"id": "p1", "label": "a", "dataset": "pears"}, *SOME]))
    assert (line, message) == (1, "`dataset` `pears` is not in this run")
    assert hint == "did you mean `pairs`?"


@pytest.mark.parametrize(
    ("rows", "columns", "message", "hint"),
    [
        ([{"ids": "p0", "label": "a"}], {}, "there is no column `id` (nor `item`)", "`--column id=ids`"),
        ([{"id": "p0", "verdict": "a"}], {}, "there is no column `label` (nor `labels`)", "`--column label=NAME`"),
        ([{"id": "p0", "labl": "a"}], {"label": "lable"}, "there is no column `lable`", "did you mean `labl`?"),
        ([{"id": "p0", "label": None}], {}, "holds no label", "write one of `a`, `tie`, `b`"),
    ],
    ids=["no ids", "no labels", "no such column", "all empty"],
)
def test_a_file_that_lacks_what_it_must_have_says_so(written, rows, columns, message, hint):
    found = problems(written(rows), columns=columns)
    assert found[0][1].startswith(message)
    assert hint in found[0][2]


def test_an_empty_file_an_unknown_ending_and_no_file(written, tmp_path):
    assert problems(written([]))[0][1] == "holds no rows"
    ((_, message, hint),) = problems(written([], "labels.txt"))
    assert message == "the file's ending does not say its format"
    assert ".jsonl" in hint
    ((_, message, _),) = problems(tmp_path / "nowhere.csv")
    assert message == "cannot be read: no such file or directory"


def test_many_rows_with_one_kind_of_fault_are_one_message_with_a_count(written):
    rows = [{"id": "p0", "label": "a"}, *({"id": f"x{k}", "label": "a"} for k in range(50))]
    ((line, message, hint),) = problems(written(rows))
    assert line == 2
    assert message.startswith(
        "`id` `x0` is of no item of this run, and 49 other rows have a problem of this kind (3, 4, "
    )
    assert hint.startswith("known: `p0`")


def test_labels_are_small_integers(written):
    found = read_labels(LabelSource(written(SOME)), (PAIRS,))["pairs"]
    assert found.codes.dtype == np.int8
    assert found.annotators == ("label",)


def test_a_column_in_upper_case_is_named_in_the_hint(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_bytes("\ufeffID;Label\r\ni1;a\r\n".encode())
    with pytest.raises(DatasetError, match="--column id=ID") as caught:
        read_labels(LabelSource(path), [Target("pairs", ["i1"])])
    hints = [problem.hint for problem in caught.value.problems]
    assert hints == [f"say what it is called with `--column {name}`" for name in ("id=ID", "label=Label")]
