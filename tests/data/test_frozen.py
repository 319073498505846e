"""A digest freezes the items that a subset leaves."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.data.dataset import PROMPT_SET, read_dataset
from harness.data.first_look import beginning_of
from harness.data.frozen import items_digest
from harness.errors import DatasetError
from harness.records.datasets import DatasetSpec, Item, Subset

ITEM = Item("p1", ({"role": "user", "content": "Why?"},), "x", "y", ("a", None), "c", "math", "m", "n", "z")
ROWS = [
    {"id": f"p{n}", "prompt": f"Why {n}?", "response_a": "x", "response_b": "y", "label": "a", "category": "math"}
    for n in range(4)
]


def write(path: Path, rows: list[dict[str, str]], subset: Subset = Subset()) -> DatasetSpec:  # noqa: B008
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return DatasetSpec("pairs", path, "pairs.jsonl", "jsonl", subset=subset)


def digest_of(spec: DatasetSpec) -> str:
    return items_digest(read_dataset(spec, seed=1).items())


def test_the_digest_is_the_same_on_every_machine():
    assert items_digest([ITEM]) == "48a9c5e6bfa7ea0202702ee44804d08e820a870e6cbc63e14db081e74734c421"


@pytest.mark.parametrize(
    "other",
    [
        {"id": "p2"},
        {"prompt": ({"role": "user", "content": "Why not?"},)},
        {"response_a": "y"},
        {"response_b": None},
        {"labels": ("b", None)},
        {"labels": ("a",)},
        {"reference": None},
    ],
)
def test_the_digest_depends_on_what_is_judged_and_on_the_labels(other):
    assert items_digest([ITEM._replace(**other)]) != items_digest([ITEM])


def test_the_digest_does_not_depend_on_the_order_or_on_columns_for_grouping():
    second = ITEM._replace(id="p2")
    assert items_digest([ITEM, second]) == items_digest([second, ITEM])
    assert items_digest([ITEM._replace(category="code", cluster="d", model_a="o")]) == items_digest([ITEM])


def test_two_items_are_not_one():
    assert items_digest([ITEM, ITEM]) != items_digest([ITEM]) != items_digest([])


def test_frozen_items_are_accepted_while_other_rows_change(tmp_path):
    subset = Subset(where={"id": ("p1", "p2")})
    spec = write(tmp_path / "pairs.jsonl", ROWS, subset)
    frozen = replace(subset, digest=digest_of(spec))
    changed = [ROWS[2], ROWS[0] | {"response_a": "new"}, ROWS[1]]
    assert len(read_dataset(write(tmp_path / "pairs.jsonl", changed, frozen), seed=1)) == 2


@pytest.mark.parametrize(
    "rows", [[ROWS[1]], [ROWS[1], ROWS[2] | {"response_b": "new"}], [*ROWS[1:3], ROWS[1] | {"id": "p9"}]]
)
def test_changed_lost_and_added_items_are_refused_with_both_digests(rows, tmp_path):
    frozen = digest_of(write(tmp_path / "pairs.jsonl", ROWS[1:3]))
    spec = write(tmp_path / "pairs.jsonl", rows)
    with pytest.raises(DatasetError, match="the items of `pairs` are not those") as error:
        read_dataset(replace(spec, subset=Subset(digest=frozen)), seed=1)
    (problem,) = error.value.problems
    assert problem.file == "pairs.jsonl"
    assert f"expected {frozen}, found {digest_of(spec)} ({len(rows)} item" in problem.message
    assert f"write `digest: {digest_of(spec)}`" in problem.hint


def test_the_digest_of_the_dataset_does_not_depend_on_the_check(tmp_path):
    spec = write(tmp_path / "pairs.jsonl", ROWS)
    frozen = replace(spec, subset=Subset(digest=digest_of(spec)))
    assert read_dataset(frozen, seed=1).digest == read_dataset(spec, seed=1).digest


def test_prompts_without_responses_can_be_frozen(tmp_path):
    rows = [{key: row[key] for key in ("id", "prompt")} for row in ROWS]
    spec = write(tmp_path / "prompts.jsonl", rows)
    digest = items_digest(read_dataset(spec, seed=1, required=PROMPT_SET).items())
    assert len(read_dataset(replace(spec, subset=Subset(digest=digest)), seed=1, required=PROMPT_SET)) == 4
    with pytest.raises(DatasetError, match="are not those"):
        read_dataset(replace(spec, subset=Subset(digest="0" * 64)), seed=1, required=PROMPT_SET)


def test_the_beginning_of_a_large_file_is_not_compared(tmp_path, monkeypatch):
    monkeypatch.setattr("harness.data.first_look.MAX_BYTES", 250)
    spec = write(tmp_path / "pairs.jsonl", ROWS)
    with beginning_of(replace(spec, subset=Subset(digest=digest_of(spec)))) as (part, sentence):
        assert sentence
        assert 0 < len(read_dataset(part, seed=1)) < 4
