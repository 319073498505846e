import json
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.dataset import PROMPT_SET, read_dataset
from harness.data.rows import Rows
from harness.data.shares import labels_of_shares
from harness.data.values import Fault
from harness.errors import DatasetError
from harness.records.datasets import SOFT_LABEL, DatasetSpec
from harness.records.judgments import VERDICTS
from harness.runner.tables import items_frame

KAGGLE = {"a": "winner_model_a", "b": "winner_model_b", "tie": "winner_tie"}


def verdicts(codes: list[int | None]) -> list[str | None]:
    return [None if code is None else VERDICTS[code] for code in codes]


def labels(named: dict[str, str], **columns: list[object]) -> tuple[list[str | None], list[float | None], list[Fault]]:
    """Verdicts, soft labels and faults of columns of text, as a CSV file has them."""
    frame = pl.DataFrame({name: pl.Series(values, dtype=pl.String) for name, values in columns.items()})
    faults: list[Fault] = []
    found = labels_of_shares(Rows(frame, tuple(columns), lambda: range(frame.height), only_text=True), named, faults)
    code, soft = found.columns
    assert (code.dtype, soft.dtype, soft.name) == (pl.Int8, pl.Float64, SOFT_LABEL)
    return verdicts(code.to_list()), soft.to_list(), faults


def test_the_largest_share_is_the_verdict():
    words, soft, faults = labels(
        {"a": "x", "b": "y", "tie": "z"},
        x=["0.5", "2", "1", "0.3", "0.4"],
        y=["0.2", "5", "0", "0.3", "0.4"],
        z=["0.3", "1", "4", "0.4", "0.2"],
    )
    assert words == ["a", "b", "tie", "tie", "tie"]
    assert soft == pytest.approx([0.65, 2.5 / 8, 0.6, 0.5, 0.5])
    assert faults == []


def test_a_tie_of_shares_is_not_decided_by_rounding():
    assert labels({"a": "x", "b": "y"}, x=[f"{0.1 + 0.2!r}"], y=["0.3"])[0] == ["tie"]


def test_b_is_the_rest_of_probabilities():
    words, soft, faults = labels({"a": "x"}, x=["0.7", "0", "0.5", "1", ""])
    assert (words, soft, faults) == (["a", "b", "tie", "a", None], [0.7, 0, 0.5, 1, None], [])
    words, soft, _ = labels({"a": "x", "tie": "z"}, x=["0.2"], z=["0.1"])
    assert (words, soft) == (["b"], pytest.approx([0.25]))


def test_a_row_without_shares_has_no_label():
    words, soft, faults = labels({"a": "x", "b": "y"}, x=["", None, "NaN", "0"], y=["", None, "null", "0"])
    assert (words, soft, faults) == ([None] * 4, [None] * 4, [])


def test_large_numbers():
    words, soft, faults = labels(KAGGLE, winner_model_a=["1.5e308"], winner_model_b=["1e308"], winner_tie=["1e308"])
    assert (words, soft, faults) == (["a"], [pytest.approx(2 / 3.5)], [])


def test_words_for_one_and_none():
    words, _, faults = labels(KAGGLE, winner_model_a=["true"], winner_model_b=[" False "], winner_tie=["0"])
    assert (words, faults) == (["a"], [])


@pytest.mark.parametrize(
    ("x", "y", "fault"),
    [
        ("-1", "2", ("x", "is no share: it must be a number that is not negative")),
        ("inf", "2", ("x", "is no share: it must be a number that is not negative")),
        ("much", "2", ("x", "is no share: it must be a number that is not negative")),
        ("1", "", ("y", "has no value, and another share of the row has one")),
    ],
)
def test_what_is_no_share_is_a_fault_of_its_row(x, y, fault):
    words, soft, faults = labels({"a": "x", "b": "y"}, x=["1", x], y=["0", y])
    assert faults == [Fault(1, *fault)]
    assert (words, soft) == (["a", None], [1, None])


def test_probabilities_beyond_one_without_b():
    words, _, faults = labels({"a": "x"}, x=["70", "1.0000001"])
    assert words == [None, "a"]
    assert [(fault.row, fault.column) for fault in faults] == [(0, "x")]
    assert "at most 1 in all" in faults[0].message


@given(st.lists(st.tuples(*[st.floats(0, 1e6, allow_subnormal=False)] * 3), min_size=1, max_size=20))
def test_soft_labels_are_shares_and_agree_with_verdicts(rows):
    words, soft, faults = labels(
        {"a": "x", "b": "y", "tie": "z"}, **{name: [repr(row[at]) for row in rows] for at, name in enumerate("xyz")}
    )
    assert faults == []
    for (a, b, tie), verdict, share in zip(rows, words, soft, strict=True):
        if a + b + tie == 0:
            assert (verdict, share) == (None, None)
            continue
        assert share == pytest.approx((a + tie / 2) / (a + b + tie))
        if verdict != "tie":
            assert {"a": a, "b": b}[verdict] == max(a, b, tie)


@pytest.fixture
def file(tmp_path: Path):
    def write(*shares: dict[str, object]) -> DatasetSpec:
        path = tmp_path / "x.jsonl"
        rows = [
            {"id": f"{at}", "prompt": "p", "response_a": "x", "response_b": "y"} | row for at, row in enumerate(shares)
        ]
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return DatasetSpec("x", path, "x.jsonl", "jsonl", columns={"label": {"a": "votes.a", "b": "votes.b"}})

    return write


def test_shares_by_path_are_kept_with_the_items(file):
    data = read_dataset(file({"votes": {"a": 3, "b": 1}}, {"votes": {"a": 1, "b": 1}}, {"votes": None}), seed=1)
    assert data.annotators == ("label",)
    assert verdicts([None if code < 0 else code for code in data.reference_codes()]) == ["a", "tie", None]
    assert [note for note in data.notes if "largest share" in note]
    assert items_frame({"x": data})[SOFT_LABEL].to_list() == [0.75, 0.5, None]
    other = data.with_responses("y", (["1"] * 3, ["2"] * 3), ("m", "n"))
    assert SOFT_LABEL not in items_frame({"y": other}).columns


def test_items_of_datasets_with_and_without_shares(file, tmp_path):
    with_shares = read_dataset(file({"votes": {"a": 3, "b": 1}, "label": "b"}), seed=1)
    plain = DatasetSpec("p", tmp_path / "x.jsonl", "x.jsonl", "jsonl")
    frame = items_frame({"x": with_shares, "p": read_dataset(plain, seed=1)})
    assert frame[SOFT_LABEL].to_list() == [0.75, None]
    assert frame["reference"].to_list() == ["a", "b"]
    assert SOFT_LABEL not in items_frame({"p": read_dataset(plain, seed=1)}).columns


def test_a_column_of_shares_that_is_not_there_and_values_that_are_none(file):
    with pytest.raises(DatasetError, match=r"there is no column `votes\.b`.*`columns: \{label: \{b: NAME\}\}`"):
        read_dataset(file({"votes.a": 3, "votes_b": 1}), seed=1)
    with pytest.raises(DatasetError, match="is no share: it must be a number that is not negative") as caught:
        read_dataset(file({"votes": {"a": [1], "b": 1}}, {"votes": {"a": 1, "b": 1}}, {"votes": {"a": 1}}), seed=1)
    assert [str(problem) for problem in caught.value.problems] == [
        "x.jsonl:1: `votes.a` is no share: it must be a number that is not negative",
        "x.jsonl:3: `votes.b` has no value, and another share of the row has one",
    ]


def test_prompts_alone_take_no_notice(file):
    assert len(read_dataset(file({"votes": {"a": 1, "b": 0}}), seed=1, required=PROMPT_SET)) == 1
