"""Reading datasets: what is read, what is refused, which rows are used."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.dataset import FrameDataset, read_dataset
from harness.data.frames import ITEMS_HELD
from harness.errors import DatasetError
from harness.records.datasets import DatasetSpec, Item, Subset

PAIR = {"id": "p1", "prompt": "Why?", "response_a": "Because.", "response_b": "Why not?", "label": "a"}


def pair(number: int, **values: Any) -> dict[str, Any]:
    return PAIR | {"id": f"p{number}", "prompt": f"Why {number}?"} | values


@pytest.fixture
def read(tmp_path: Path):
    def read_rows(rows: Sequence[Mapping[str, Any]] | str | bytes, *, seed: int = 1, **spec: Any) -> FrameDataset:
        path = tmp_path / "pairs.jsonl"
        if isinstance(rows, bytes):
            path.write_bytes(rows)
        else:
            text = rows if isinstance(rows, str) else "".join(json.dumps(row) + "\n" for row in rows)
            path.write_text(text, encoding="utf-8")
        return read_dataset(DatasetSpec("pairs", path, "data/pairs.jsonl", "jsonl", **spec), seed=seed)

    return read_rows


def messages_of(error: pytest.ExceptionInfo[DatasetError]) -> list[str]:
    assert {problem.file for problem in error.value.problems} == {"data/pairs.jsonl"}
    return [f"{problem.line}: {problem.message}" for problem in error.value.problems]


# --- what is read ---------------------------------------------------------------------------------------


def test_a_row_becomes_an_item(read):
    row = PAIR | {"category": "c", "model_a": "x", "model_b": "y", "reference": "So.", "cluster": "k"}
    assert list(read([row]).items()) == [
        Item("p1", ({"role": "user", "content": "Why?"},), "Because.", "Why not?", ("a",), "k", "c", "x", "y", "So.")
    ]


def test_what_is_optional_may_be_missing(read):
    row = {key: value for key, value in PAIR.items() if key != "label"}
    dataset = read([row, row | {"id": "p2", "prompt": "Who?"}])
    item = next(dataset.items())
    assert item == Item("p1", ({"role": "user", "content": "Why?"},), "Because.", "Why not?", (), "p1")
    assert dataset.annotators == ()
    assert dataset.annotator_codes().shape == (2, 0)
    assert dataset.reference_codes().tolist() == [-1, -1]


def test_a_prompt_may_be_a_list_of_messages_in_some_rows(read):
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?", "turn": 1}]
    dataset = read([pair(1, prompt=chat), pair(2), pair(3, prompt=[{"role": "user", "content": "Who?"}])])
    prompts = [item.prompt for item in dataset.items()]
    assert prompts[0] == ({"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"})
    assert prompts[1:] == [({"role": "user", "content": text},) for text in ("Why 2?", "Who?")]


def test_text_that_looks_like_messages_stays_text(read):
    text = '[{"role": "user", "content": "Why?"}]'
    assert next(read([pair(1, prompt=text)]).items()).prompt == ({"role": "user", "content": text},)


def test_numbers_as_ids_and_words_become_text(read):
    dataset = read([pair(1, id=7, category=2.0, cluster=True), pair(2, id=8.5, category=None)])
    assert [(item.id, item.category, item.cluster) for item in dataset.items()] == [
        ("7", "2", "true"),
        ("8.5", None, "8.5"),
    ]


def test_columns_are_found_under_other_names_and_others_ignored(read):
    rows = [{"n": 1, "q": "Why?", "x": "A", "y": "B", "winner": "model_b", "extra": [1]}]
    columns = {"id": "n", "prompt": "q", "response_a": "x", "response_b": "y", "label": "winner"}
    dataset = read(rows, columns=columns, label_values={"model_a": "a", "model_b": "b", "both": "tie"})
    assert list(dataset.items()) == [Item("1", ({"role": "user", "content": "Why?"},), "A", "B", ("b",), "1")]
    assert dataset.annotators == ("winner",)


@pytest.mark.parametrize(
    ("row", "columns"),
    [
        pytest.param({"labels": [1, 2.0, "0"]}, {}, id="a-list"),
        pytest.param({"votes": [1, 2, 0]}, {"labels": "votes"}, id="a-list-under-another-name"),
        pytest.param({"x": 1, "y": 2, "z": 0}, {"labels": ("x", "y", "z")}, id="columns"),
    ],
)
def test_several_annotators(read, row, columns):
    dataset = read([PAIR | row | {"label": "b"}], columns=columns, label_values={"1": "a", "2": "b", "0": "tie"})
    assert next(dataset.items()).labels == ("a", "b", "tie")
    assert dataset.annotators == (("x", "y", "z") if "x" in row else ("1", "2", "3"))


def test_label_is_used_where_the_spec_asks_for_it(read):
    dataset = read([PAIR | {"labels": ["b", "b"]}], columns={"label": "label"})
    assert next(dataset.items()).labels == ("a",)


def test_shorter_lists_of_labels_end_in_none(read):
    dataset = read([pair(1, labels=["a", None, "b"]), pair(2, labels=["tie"]), pair(3, labels=None)])
    assert [item.labels for item in dataset.items()] == [("a", None, "b"), ("tie", None, None), (None, None, None)]
    assert dataset.annotator_codes().tolist() == [[0, -1, 2], [1, -1, -1], [-1, -1, -1]]


VERDICT_OR_NONE = st.sampled_from(["a", "tie", "b", None])


@given(st.lists(VERDICT_OR_NONE, min_size=1, max_size=7))
def test_the_reference_is_the_majority_and_a_split_is_a_tie(tmp_path_factory, labels):
    path = tmp_path_factory.mktemp("data") / "pairs.jsonl"
    path.write_text(json.dumps(PAIR | {"labels": labels}))
    reference = read_dataset(DatasetSpec("pairs", path, "", "jsonl"), seed=1).reference_codes()
    counts = {verdict: labels.count(verdict) for verdict in ("a", "tie", "b")}
    winners = [verdict for verdict, count in counts.items() if count == max(counts.values())]
    expected = -1 if not any(counts.values()) else ["a", "tie", "b"].index(winners[0] if len(winners) == 1 else "tie")
    assert reference.tolist() == [expected]
    assert reference.dtype == np.int8


# --- clusters -------------------------------------------------------------------------------------------


def test_pairs_with_the_same_prompt_are_a_cluster(read):
    dataset = read([pair(1), pair(2, prompt="Who?"), pair(3, prompt="Why 1?")])
    assert dataset.clustered
    assert dataset.cluster_codes().tolist() == [0, 1, 0]
    assert [item.cluster for item in dataset.items()] == ["p1", "p2", "p1"]


def test_a_chat_is_no_cluster_with_the_text_that_says_the_same(read):
    chat = [{"role": "system", "content": "Why?"}]
    text = json.dumps(chat, separators=(",", ":"))
    assert not read([pair(1, prompt=chat), pair(2, prompt=text)]).clustered


def test_named_clusters_replace_those_of_the_prompts(read):
    dataset = read([pair(1, cluster="k"), pair(2, prompt="Why 1?"), pair(3, cluster="k"), pair(4)])
    assert dataset.cluster_codes().tolist() == [0, 1, 0, 3]
    assert [item.cluster for item in dataset.items()] == ["k", "p2", "k", "p4"]


def test_clusters_that_are_null_everywhere_are_none(read):
    assert read([pair(1, cluster=None), pair(2, prompt="Why 1?")]).clustered


# --- items ----------------------------------------------------------------------------------------------


def test_items_of_any_range_are_those_of_the_whole(read):
    dataset = read([pair(number, labels=["a", "b"]) for number in range(ITEMS_HELD + 5)])
    items = list(dataset.items())
    assert [item.id for item in items] == dataset.ids()
    assert len(dataset) == len(items) == ITEMS_HELD + 5
    for start, stop in [(0, 0), (3, 7), (ITEMS_HELD - 2, ITEMS_HELD + 2), (ITEMS_HELD, None), (9, 4), (0, 10**6)]:
        assert list(dataset.items(start, stop)) == items[start:stop]


# --- what is refused ------------------------------------------------------------------------------------


def test_all_bad_rows_are_told_at_once_with_their_lines(read):
    rows = [
        pair(1),
        pair(1, prompt="Who?"),
        pair(3, response_a=""),
        pair(4, response_b=" \n"),
        pair(5, prompt=None),
        {key: value for key, value in pair(6).items() if key != "response_a"},
        pair(7, label="model_a"),
        pair(8, response_a=[3]),
        pair(None, id=None),
        pair(10, category=["x"]),
        pair(11, label={"winner": "a"}),
    ]
    with pytest.raises(DatasetError, match="`p1` occurs before") as error:
        read("\n".join(["", *map(json.dumps, rows), "{", "[1]"]), empty_response="error")
    *found, broken, no_object, label = messages_of(error)
    assert found == [
        "3: `id` `p1` occurs before",
        "4: `response_a` is missing or empty",
        "5: `response_b` is missing or empty",
        "6: `prompt` is missing or empty",
        "7: `response_a` is missing or empty",
        "9: `response_a` is a list, it must be text",
        "10: `id` is missing or empty",
        "11: `category` is a list, it must be text",
        "12: `label` is an object, it must be text",
    ]
    assert broken.startswith("13: not valid JSON: ")
    assert no_object == "14: not a JSON object"
    assert label == "8: `label` `model_a` (1 row) has no meaning"


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        pytest.param({"role": "user"}, "is an object, it must be text or a list of messages", id="object"),
        pytest.param([], "is a list of messages without text", id="no-messages"),
        pytest.param([{"role": "user", "content": " "}], "is a list of messages without text", id="blank"),
        pytest.param(["Why?"], "message 1 is not an object with a `role` and a text as `content`", id="texts"),
        pytest.param(
            [{"role": "user"}], "message 1 is not an object with a `role` and a text as `content`", id="no-content"
        ),
        pytest.param(
            [{"role": "user", "content": "x"}, {"role": "critic", "content": "y"}],
            "message 2 has the role 'critic', it must be one of system, developer, user, assistant",
            id="role",
        ),
    ],
)
def test_a_prompt_that_is_neither_text_nor_messages(read, prompt, message):
    with pytest.raises(DatasetError, match=r"pairs\.jsonl:2: `prompt`") as error:
        read([pair(1), pair(2, prompt=prompt)])
    assert messages_of(error) == [f"2: `prompt` {message}"]


@pytest.mark.parametrize("labels", ["a", 3, [["a"]], [{}]], ids=str)
def test_labels_that_are_no_list_of_verdicts(read, labels):
    with pytest.raises(DatasetError, match="`labels` is no list of labels") as error:
        read([pair(1, labels=["a"]), pair(2, labels=labels)])
    assert messages_of(error) == ["2: `labels` is no list of labels"]


def test_labels_that_are_all_text(read):
    with pytest.raises(DatasetError, match="`labels` is no list of labels") as error:
        read([pair(1, labels="a")])
    assert messages_of(error) == ["1: `labels` is no list of labels"]


def test_what_is_wrong_with_many_rows_is_one_problem_with_their_number(read):
    rows = [pair(number, prompt="") for number in range(27)]
    with pytest.raises(DatasetError, match="other rows") as error:
        read([*rows, pair(27, category=[1])])
    more = "other rows have a problem of this kind (2, 3, 4, 5, 6, …)"
    assert messages_of(error) == [
        f"1: `prompt` is missing or empty, and 26 {more}",
        "28: `category` is a list, it must be text",
    ]


def test_missing_columns_are_told_with_what_may_be_meant(read):
    with pytest.raises(DatasetError, match="there is no column `prompt`") as error:
        read([{"id": 1, "promt": "Why?", "response_a": "A"}], columns={"category": "zzz"})
    first, second, third = error.value.problems
    assert first.message == "there is no column `prompt`; the file has `id`, `promt`, `response_a`"
    assert first.hint == "did you mean `promt`? say what it is called with `columns: {prompt: NAME}`"
    assert "`response_b`" in second.message
    assert third.hint == "say what it is called with `columns: {category: NAME}`"


@pytest.mark.parametrize("text", ["", "\n\n"], ids=["empty", "blank"])
def test_a_file_without_rows(read, text):
    with pytest.raises(DatasetError, match="holds no rows") as error:
        read(text)
    assert messages_of(error) == ["0: holds no rows"]


def test_a_file_in_which_nothing_can_be_read(read):
    with pytest.raises(DatasetError, match="not valid JSON") as error:
        read("prompt,response\nx,y\n")
    assert [line.partition(":")[0] for line in messages_of(error)] == ["1", "2"]


def test_missing_columns_and_bad_lines_are_told_together(read):
    with pytest.raises(DatasetError, match="there is no column `response_b`") as error:
        read('{"id": 1, "prompt": "Why?", "response_a": "A"}\n{\n')
    assert [line.partition(":")[0] for line in messages_of(error)] == ["0", "2"]


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DatasetError, match=r"^no\.jsonl: cannot be read: no such file or directory$") as error:
        read_dataset(DatasetSpec("pairs", tmp_path / "no.jsonl", "no.jsonl", "jsonl"), seed=1)
    assert str(error.value) == "no.jsonl: cannot be read: no such file or directory"


# --- which rows are used --------------------------------------------------------------------------------


def ids(dataset: FrameDataset) -> list[str]:
    return list(dataset.ids())


def test_where_keeps_rows_by_canonical_and_by_other_columns(read):
    rows = [pair(n, category="even" if n % 2 == 0 else "odd", split=n % 3, label="ab"[n % 2]) for n in range(12)]
    assert ids(read(rows, subset=Subset(where={"category": ("even",)}))) == ["p0", "p2", "p4", "p6", "p8", "p10"]
    assert ids(read(rows, subset=Subset(where={"split": ("1", "2"), "category": ("odd",)}))) == [
        "p1",
        "p5",
        "p7",
        "p11",
    ]
    assert ids(read(rows, subset=Subset(where={"label": ("b",)}, limit=2))) == ["p1", "p3"]


def test_where_compares_lists_and_booleans_as_json(read):
    rows = [pair(1, tags=["x"], done=True), pair(2, tags=["y"], done=False), pair(3)]
    assert ids(read(rows, subset=Subset(where={"tags": ('["x"]',)}))) == ["p1"]
    assert ids(read(rows, subset=Subset(where={"done": ("false",)}))) == ["p2"]


def test_rows_that_where_leaves_out_may_be_bad(read):
    rows = [pair(1, split="test"), pair(1, split="train", label="?"), pair(2, split="train", response_a="")]
    assert ids(read(rows, subset=Subset(where={"split": ("test",)}))) == ["p1"]


def test_where_that_leaves_nothing(read):
    with pytest.raises(DatasetError, match="no row is left whose `category`") as error:
        read([pair(n, category=f"c{n}") for n in range(12)], subset=Subset(where={"category": ("x", "y")}))
    assert messages_of(error) == ["0: no row is left whose `category` is `x` or `y`"]
    assert error.value.problems[0].hint.startswith("it is `c0`, `c1`")
    assert error.value.problems[0].hint.endswith("`c9`, …")


def test_where_on_a_column_that_is_empty_or_not_there(read):
    with pytest.raises(DatasetError, match="it is empty everywhere"):
        read([pair(1, split=None)], subset=Subset(where={"split": ("x",)}))
    with pytest.raises(DatasetError, match="no column `spilt` to choose rows by; did you mean `split`"):
        read([pair(1, split="x")], subset=Subset(where={"spilt": ("x",)}))
    with pytest.raises(DatasetError, match="the file has `id`, `prompt`"):
        read([pair(1)], subset=Subset(where={"zzz": ("x",)}))


def test_a_sample_is_drawn_once_for_a_seed_and_keeps_the_order(read):
    rows = [pair(n) for n in range(100)]
    sample = ids(read(rows, subset=Subset(sample=20)))
    assert sample == ids(read(rows, subset=Subset(sample=20)))
    assert sample != ids(read(rows, subset=Subset(sample=20), seed=2))
    assert sample == ids(read(rows, subset=Subset(sample=20, seed=1), seed=2))
    assert sample == sorted(set(sample), key=lambda name: int(name[1:]))
    assert ids(read(rows, subset=Subset(sample=20, limit=3))) == sample[:3]
    assert len(read(rows, subset=Subset(sample=1000, limit=1000))) == 100


def test_a_sample_changes_little_when_rows_are_added(read):
    few = set(ids(read([pair(n) for n in range(100)], subset=Subset(sample=50))))
    more = set(ids(read([pair(n) for n in range(102)], subset=Subset(sample=50))))
    assert len(few & more) >= 48


# --- the digest -----------------------------------------------------------------------------------------


def test_the_digest_is_of_the_content_and_of_how_it_is_read(read):
    rows = [pair(n, category="c") for n in range(5)]
    digest = read(rows).digest
    assert digest == read(rows, seed=2).digest, "nothing is drawn"
    others = [
        read(rows[:4]).digest,
        read(rows, columns={"label": "label"}).digest,
        read(rows, label_values={"a": "b"}).digest,
        read(rows, subset=Subset(where={"category": ("c",)})).digest,
        read(rows, subset=Subset(limit=5)).digest,
        read(rows, subset=Subset(sample=5)).digest,
        read(rows, subset=Subset(sample=5), seed=2).digest,
    ]
    assert len({digest, *others}) == 8


# --- the same data in every format ----------------------------------------------------------------------


def test_every_format_says_the_same(tmp_path):
    rows = [
        pair(1, prompt='Say "hi",\nthen go', category="x"),
        pair(2, label=None, category=None),
        pair(3, label="tie", response_a="naïve\r\n"),
    ]
    frame = pl.DataFrame(rows)
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    frame.write_csv(tmp_path / "pairs.csv")
    frame.write_parquet(tmp_path / "pairs.parquet")
    read = [
        list(read_dataset(DatasetSpec("x", tmp_path / f"pairs.{ending}", "x", ending), seed=1).items())
        for ending in ("jsonl", "csv", "parquet")
    ]
    assert read[0] == read[1] == read[2]
    assert [item.labels for item in read[0]] == [("a",), (None,), ("tie",)]
