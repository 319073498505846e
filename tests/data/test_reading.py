"""Files as other programs write them, read by a spec's settings from end to end."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from harness.data.dataset import FrameDataset, read_dataset
from harness.errors import DatasetError
from harness.records.datasets import DatasetSpec, VotesSpec


def pair(number: int, **more: Any) -> dict[str, Any]:
    texts = {"prompt": f"Why {number}?", "response_a": f"A{number}", "response_b": f"B{number}", "label": "a"}
    return {"id": f"p{number}", **texts} | more


def chat(prompt: str, answer: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": prompt}, {"role": "assistant", "content": answer}]


@pytest.fixture
def read(tmp_path: Path):
    def read_rows(rows: Sequence[Mapping[str, Any]], *, seed: int = 1, **spec: Any) -> FrameDataset:
        path = tmp_path / "pairs.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
        return read_dataset(DatasetSpec("pairs", path, "pairs.jsonl", "jsonl", **spec), seed=seed)

    return read_rows


def csv_dataset(tmp_path: Path, content: str | bytes, **spec: Any) -> FrameDataset:
    path = tmp_path / "pairs.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_dataset(DatasetSpec("pairs", path, "pairs.csv", "csv", **spec), seed=1)


# --- CSV --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_separators_are_recognised(tmp_path, mark, newline):
    header = ["id", "prompt", "response_a", "response_b", "label"]
    lines = [header, ["1", '"Name, a; fruit|please"', "Apple", "Stone", "a"]]
    (item,) = csv_dataset(tmp_path, newline.join(mark.join(line) for line in lines) + newline).items()
    assert item.prompt[0]["content"] == "Name, a; fruit|please"
    assert (item.response_b, item.labels) == ("Stone", ("a",))


def test_a_declared_separator_line(tmp_path):
    content = "sep=;\r\nid;prompt;response_a;response_b\r\n1;Why, then?;A;B\r\n2;Why\r\n"
    with pytest.raises(DatasetError, match="4: 2 fields where the header has 4"):
        csv_dataset(tmp_path, content)
    assert len(csv_dataset(tmp_path, content.replace("2;Why\r\n", ""))) == 1


def test_columns_without_a_name_are_passed_over(tmp_path):
    content = ",id,prompt,response_a,response_b,label,,\n0,1,Why?,A,B,a,,\n1,2,Who?,A,B,b\n2,3,How?,A,B,b,,,\n"
    assert list(csv_dataset(tmp_path, content).ids()) == ["1", "2", "3"]


def test_a_declared_delimiter_and_encoding(tmp_path):
    content = "id~prompt~response_a~response_b\n1~Öl?~A~B\n".encode("cp1252")
    dataset = csv_dataset(tmp_path, content, options={"delimiter": "~", "encoding": "cp1252"})
    assert next(dataset.items()).prompt[0]["content"] == "Öl?"


def test_utf_16_as_excel_writes_it(tmp_path):
    content = "id\tprompt\tresponse_a\tresponse_b\n1\tÖl?\tA\tB\n".encode("utf-16")
    assert next(csv_dataset(tmp_path, content).items()).prompt[0]["content"] == "Öl?"


# --- columns by path --------------------------------------------------------------------------------------


def test_columns_by_path_and_values_for_all_rows(read):
    row = {
        "conversation": [{"content": "Why?", "role": "user"}],
        "outputs": {"gpt": "A", "claude": "B"},
        "annotations": [{"winner": "b"}],
        "tags": ["math"],
    }
    columns = {
        "prompt": "conversation[0].content", "response_a": "outputs.gpt", "response_b": "outputs.claude",
        "label": "annotations[-1].winner", "category": "tags[0]", "model_a": {"value": "gpt-4"}, "id": {"from": "row"},
    }  # fmt: skip
    (item,) = read([row], columns=columns).items()
    assert (item.id, item.response_a, item.response_b, item.labels) == ("1", "A", "B", ("b",))
    assert (item.category, item.model_a, item.model_b) == ("math", "gpt-4", None)


def test_structs_and_lists_of_parquet_by_path(tmp_path):
    frame = pl.DataFrame({"id": ["1"], "q": [[{"text": "Why?"}]], "out": [{"a": "A", "b": "B"}], "winner": ["model_b"]})
    frame.write_parquet(tmp_path / "x.parquet")
    columns = {"prompt": "q[0].text", "response_a": "out.a", "response_b": "out.b", "label": "winner"}
    spec = DatasetSpec("x", tmp_path / "x.parquet", "x.parquet", "parquet", columns=columns)
    (item,) = read_dataset(spec, seed=1).items()
    assert (item.prompt[0]["content"], item.response_b, item.labels) == ("Why?", "B", ("b",))


def test_a_path_into_a_column_that_is_missing_is_named(read):
    with pytest.raises(DatasetError, match=r"there is no column `outputs\.x`"):
        read([pair(1)], columns={"response_a": "outputs.x"})


def test_ids_are_made_from_the_content_where_there_are_none(read):
    rows = [{key: value for key, value in pair(number).items() if key != "id"} for number in (1, 2, 1)]
    dataset = read(rows)
    first, second, third = dataset.ids()
    assert third == f"{first}-2"
    assert second not in (first, third)
    assert dataset.notes == ("the file has no column `id`: an id is the digest of the prompt and the responses",)
    assert list(read(rows[:2]).ids()) == [first, second]


# --- messages ---------------------------------------------------------------------------------------------


def test_responses_as_messages_with_the_prompt_in_front(read):
    rows = [{"id": "1", "response_a": chat("Why?", "A"), "response_b": chat("Why?", "B"), "label": "b"}]
    (item,) = read(rows).items()
    assert item.prompt == ({"role": "user", "content": "Why?"},)
    assert (item.response_a, item.response_b, item.labels) == ("A", "B", ("b",))


def test_the_prompt_column_goes_before_the_messages(read):
    rows = [pair(1, response_a=chat("Why 1?", "A"), response_b=chat("Why 1?", "B"))]
    (item,) = read(rows).items()
    assert item.prompt == ({"role": "user", "content": "Why 1?"},)
    assert (item.response_a, item.response_b) == ("A", "B")


def test_conversations_that_part_early_are_noted(read):
    one = [*chat("Hi", "Hello"), *chat("Why?", "A")]
    other = [*chat("Hi", "Ho"), *chat("Why?", "B")]
    dataset = read([{"id": "1", "response_a": one, "response_b": other}])
    (item,) = dataset.items()
    assert (item.prompt[0]["content"], item.response_a, item.response_b) == ("Hi", "A", "B")
    assert dataset.notes == ("1 item parts before the last turn: only the last answer of each side is judged",)


@pytest.mark.parametrize("columns", [{}, {"response_a": "chosen", "response_b": "rejected"}])
def test_chosen_and_rejected_need_no_label_and_no_order(read, columns):
    rows = [{"id": str(n), "prompt": f"Why {n}?", "chosen": f"good {n}", "rejected": f"bad {n}"} for n in range(60)]
    dataset = read(rows, columns=columns)
    labels = [item.labels[0] for item in dataset.items()]
    assert 15 < labels.count("a") < 45
    for item in dataset.items():
        assert (item.response_a if item.labels == ("a",) else item.response_b).startswith("good")
    assert any("order drawn from the seed" in note for note in dataset.notes)
    again = [item.labels[0] for item in read(rows[:30], columns=columns).items()]
    assert again == labels[:30]
    other = read(rows, columns=columns, seed=2)
    assert [item.labels[0] for item in other.items()] != labels
    assert other.digest != dataset.digest, "the same file, and other items"
    assert read(rows, columns=columns).digest == dataset.digest


def test_writers_move_with_chosen_and_rejected(read):
    rows = [
        {"id": str(n), "prompt": f"Q{n}", "chosen": "good", "rejected": "bad", "cm": "x", "rm": "y"} for n in range(20)
    ]
    for item in read(rows, columns={"model_a": "cm", "model_b": "rm"}).items():
        assert {(item.response_a, item.model_a), (item.response_b, item.model_b)} == {("good", "x"), ("bad", "y")}


def test_a_label_beside_chosen_and_rejected_is_used(read):
    rows = [{"id": "1", "prompt": "Q", "chosen": "good", "rejected": "bad", "label": "b"}]
    (item,) = read(rows, columns={"response_a": "chosen", "response_b": "rejected"}).items()
    assert (item.response_a, item.labels) == ("good", ("b",))


# --- labels -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "verdicts"),
    [
        (["model_a", "tie (bothbad)", "model_b", "tie"], "a tie b tie"),
        (["A>B", "B>A", "A=B"], "a b tie"),
        (["[[A]]", "[[C]]"], "a tie"),
        (["A", "B", "Tie"], "a b tie"),
    ],
)
def test_spellings_that_can_mean_one_thing_only(read, words, verdicts):
    dataset = read([pair(number, label=word) for number, word in enumerate(words)])
    assert [item.labels[0] for item in dataset.items()] == verdicts.split()


def test_labels_without_a_meaning_are_one_message_with_the_line_to_paste(read):
    labels = [0, 1, 1, 2, True, "left"]
    with pytest.raises(DatasetError, match="have no meaning") as error:
        read([pair(number, label=label) for number, label in enumerate(labels)])
    (problem,) = error.value.problems
    assert problem.line == 1
    assert problem.message.startswith("`label` `1` (2 rows), `0` (1 row), `2` (1 row), `true` (1 row), `left` (1 row)")
    assert '`label_values: {"1": …, "0": …, "2": …, "true": …, "left": …}`' in problem.hint


def test_votes_in_long_form(tmp_path, read):
    votes = tmp_path / "votes.csv"
    votes.write_text("q;who;said\np1;ann;A\np1;bob;B\np2;bob;Tie\np9;ann;A\n")
    spec = VotesSpec(votes, "votes.csv", "csv", "q", "who", "said")
    dataset = read([pair(1), pair(2), pair(3)], votes=spec)
    assert dataset.annotators == ("ann", "bob")
    assert [item.labels for item in dataset.items()] == [("a", "b"), (None, "tie"), (None, None)]
    unnamed = read([pair(1), pair(2)], votes=VotesSpec(votes, "votes.csv", "csv", "q", None, "said"))
    assert [item.labels for item in unnamed.items()] == [("a", "b"), ("tie", None)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("q,who,said\np9,ann,A\n", "votes.csv: holds no vote on an item of the dataset"),
        ("q,who,said\np1,ann,A\np1,ann,B\n", "`ann` gives `p1` two different labels"),
        ("q,who,verdict\np1,ann,A\n", "there is no column `said`; the file has `q`, `who`, `verdict`"),
        ("q,who,said\np1,ann,left\n", r"`left` \(1 row\) has no meaning"),
    ],
)
def test_votes_that_cannot_be_used(tmp_path, read, text, message):
    votes = tmp_path / "votes.csv"
    votes.write_text(text)
    with pytest.raises(DatasetError, match=message):
        read([pair(1)], votes=VotesSpec(votes, "votes.csv", "csv", "q", "who", "said"))


def test_many_annotators_are_numbered_within_each_item(tmp_path, read):
    votes = tmp_path / "votes.csv"
    votes.write_text("item,annotator,label\n" + "".join(f"p{n % 2 + 1},w{n:03},a\n" for n in range(300)))
    dataset = read([pair(1), pair(2)], votes=VotesSpec(votes, "votes.csv", "csv"))
    assert len(dataset.annotators) == 150
    assert all(item.labels == ("a",) * 150 for item in dataset.items())


# --- rows that cannot be used -----------------------------------------------------------------------------


def test_an_empty_response_is_judged_skipped_or_refused(read):
    rows = [pair(1), pair(2, response_a=""), pair(3, response_b=None)]
    judged = read(rows)
    assert [(item.response_a, item.response_b) for item in judged.items()] == [("A1", "B1"), ("", "B2"), ("A3", "")]
    assert judged.notes == (
        "2 items have an empty response, judged as an empty text (`empty_response: skip` leaves such rows out)",
    )
    skipped = read(rows, empty_response="skip")
    assert list(skipped.ids()) == ["p1"]
    assert skipped.notes == ("2 rows are left out and 1 is used: 2 × an empty response",)
    with pytest.raises(DatasetError, match="2: `response_a` is missing or empty"):
        read(rows, empty_response="error")
    with pytest.raises(DatasetError, match="every row has an empty response"):
        read([pair(1, response_a="")])


def test_rows_with_problems_are_skipped_and_counted(read):
    image = [{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}]
    rows = [pair(1), pair(1), pair(3, prompt=image), pair(4, label="?"), pair(5), pair(6, prompt=" ")]
    dataset = read(rows, on_problem="skip")
    assert list(dataset.ids()) == ["p1", "p5"]
    (note,) = dataset.notes
    assert note.startswith("4 rows are left out and 2 are used: ")
    assert note.endswith("; and 1 other reason")
    with pytest.raises(DatasetError, match="no row is left"):
        read([pair(1, prompt="")], on_problem="skip")


def test_numbers_and_booleans_in_text_columns_are_text(read):
    (item,) = read([pair(1, prompt=5, response_a=True, response_b=1.5)]).items()
    assert (item.prompt[0]["content"], item.response_a, item.response_b) == ("5", "true", "1.5")


def test_what_changes_the_items_changes_the_digest(read):
    rows = [pair(1), pair(2, response_a="")]
    digests = {
        read(rows, **settings).digest
        for settings in ({}, {"on_problem": "skip"}, {"empty_response": "skip"}, {"columns": {"id": {"from": "row"}}})
    }
    assert len(digests) == 4
    assert read(rows).digest == read(rows, on_problem="error", empty_response="judge").digest


# --- shards -----------------------------------------------------------------------------------------------


def test_shards_are_one_dataset_and_faults_name_their_file(tmp_path):
    folder = tmp_path / "shards"
    folder.mkdir()
    for name, rows in (("b", [pair(3, category=["x"])]), ("a", [pair(1), pair(2, category=7)])):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(DatasetError, match=r"b\.jsonl:1: `category` is a list"):
        read_dataset(DatasetSpec("x", folder, "shards", "jsonl"), seed=1)
    (folder / "b.jsonl").write_text(json.dumps(pair(3)))
    dataset = read_dataset(DatasetSpec("x", folder / "*.jsonl", "shards/*.jsonl", "jsonl"), seed=1)
    assert list(dataset.ids()) == ["p1", "p2", "p3"]
    assert [item.category for item in dataset.items()] == [None, "7", None]
