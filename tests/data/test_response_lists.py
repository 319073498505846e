"""Items with several responses: their columns, what people say of them, and what is wrong with a row."""

import json
import re

import pytest

from harness.data.dataset import read_dataset
from harness.data.response_lists import JSON_LIST
from harness.errors import DatasetError
from harness.records.datasets import LENGTHS, OPINION, DatasetSpec
from harness.records.label_set import RANKED


def read(folder, rows, columns=None, name="data.jsonl", seed=1, **options):
    path = folder / name
    text = rows if isinstance(rows, str) else "".join(f"{json.dumps(row)}\n" for row in rows)
    path.write_text(text, encoding="utf-8")
    kind = name.rpartition(".")[2]
    spec = DatasetSpec("d", path, name, kind, columns or {}, label_set=RANKED, **options)
    return read_dataset(spec, seed=seed)


def row(**values):
    return {"id": "x", "prompt": "p", "responses": ["one", "two", "three"], **values}


def opinions(dataset):
    return dataset.facts()[OPINION].to_list()


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"scores": [1, 3, 3]}, "2=3>1"),
        ({"ranks": [2, 1, 3]}, "2>1>3"),
        ({"ranks": [1, 1, 2.5]}, "1=2>3"),
        ({"ranking": [3, 1, 2]}, "3>1>2"),
        ({"ranking": [[3, 1], 2]}, "1=3>2"),
        ({"ranking": "2>1=3"}, "2>1=3"),
        ({"ranking": "2, 1, 3"}, "2>1>3"),
        ({"best": 2}, "2>1=3"),
        ({"best": "2"}, "2>1=3"),
        ({"best": "c"}, "3>1=2"),
        ({"best": [1, 3]}, "1=3>2"),
        ({"scores": None}, None),
        ({"scores": [None, None, None]}, None),
        ({"best": " "}, None),
        ({}, None),
    ],
)
def test_what_people_say_becomes_a_ranking(tmp_path, values, text):
    dataset = read(tmp_path, [row(**values)])
    (item,) = dataset.items()
    assert item.responses == ("one", "two", "three")
    assert item.labels == (() if text is None else (text,))
    assert dataset.reference_codes().tolist() == [-1 if text is None else 0]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"scores": [1, 2]}, "`scores` has 2 values for 3 responses"),
        ({"scores": [1, None, 2]}, "`scores` has no value for response 2"),
        ({"scores": [1, "x", 2]}, "`scores` is no finite number for response 2"),
        ({"scores": [1, "nan", 2]}, "`scores` is no finite number for response 2"),
        ({"scores": [1, "inf", 2]}, "`scores` is no finite number for response 2"),
        ({"scores": [1, True, 2]}, "`scores` is no finite number for response 2"),
        ({"scores": "[1, 2, NaN]"}, f"`scores` is text and no list of numbers{JSON_LIST}"),
        ({"responses": "['a', 'b']"}, f"`responses` is one response, it must be 2 to 26{JSON_LIST}"),
        ({"best": "1e99"}, "`best` names response 1e+99, and the row has 3"),
        ({"scores": 4}, "`scores` has 1 value for 3 responses"),
        ({"ranking": [1, 2]}, "`ranking` does not name response 3; tied responses are written `2>1=3`"),
        ({"ranking": [1, 2, 2]}, "`ranking` names a response twice"),
        ({"ranking": [0, 1, 2]}, "`ranking` names response 0; positions begin at 1"),
        ({"ranking": "1>2>4"}, "`ranking` names response 4, and the row has 3"),
        ({"ranking": "best"}, "`ranking` names a response by something else than its position"),
        ({"best": 7}, "`best` names response 7, and the row has 3"),
        ({"best": "z"}, "`best` names response 26, and the row has 3"),
        ({"best": 1.5}, "`best` names a response by something else than its position"),
        ({"responses": ["only"]}, "`responses` is one response, it must be 2 to 26"),
        ({"responses": [str(at) for at in range(27)]}, "`responses` are 27 responses, it must be 2 to 26"),
        ({"responses": []}, "`responses` is missing or empty"),
        ({"responses": None}, "`responses` is missing or empty"),
        ({"responses": ["a", None]}, "`responses` holds an empty entry; leave out what is no response"),
        ({"responses": ["a", {"x": 1}]}, "`responses` holds a response that is neither text nor a list of messages"),
    ],
)
def test_a_bad_row_is_reported_with_its_line(tmp_path, values, message):
    rows = [row(id="first"), row(**values)]
    with pytest.raises(DatasetError, match=re.escape(message)) as caught:
        read(tmp_path, rows)
    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.message) == ("data.jsonl", 2, message)


def test_columns_without_a_value_hold_no_response(tmp_path):
    text = "id,prompt,r1,r2,r3,s1,s2,s3\nx,p,a,b,c,1,2,3\ny,p,a,,c,5,,4\nz,p,a,,c,5,1,4\n"
    columns = {"responses": ("r1", "r2", "r3"), "scores": ("s1", "s2", "s3")}
    with pytest.raises(DatasetError, match="`scores` has a value for response 2, which the row does not have"):
        read(tmp_path, text, columns, "data.csv")
    dataset = read(tmp_path, text.rpartition("z,")[0], columns, "data.csv")
    first, second = dataset.items()
    assert (first.responses, second.responses) == (("a", "b", "c"), ("a", "c"))
    assert opinions(dataset) == [[1, 2, 3], [5, 4]]
    assert dataset.facts()[LENGTHS].to_list() == [[1, 1, 1], [1, 1]]


def test_the_best_may_be_a_column(tmp_path):
    text = "id,prompt,short,long,winner\nx,p,a,b,long\n"
    columns = {"responses": ("short", "long"), "best": "winner"}
    (item,) = read(tmp_path, text, columns, "data.csv").items()
    assert item.labels == ("2>1",)


def test_the_best_is_no_column_without_a_response(tmp_path):
    text = "id,prompt,short,long,third,winner\nx,p,a,b,,third\n"
    columns = {"responses": ("short", "long", "third"), "best": "winner"}
    with pytest.raises(DatasetError, match="`best` names `third`, which holds no response here"):
        read(tmp_path, text, columns, "data.csv")


def test_lists_in_a_csv_file_are_json(tmp_path):
    text = 'id,prompt,responses,ranking\nx,p,"[""a"", ""b""]",2>1\n'
    (item,) = read(tmp_path, text, name="data.csv").items()
    assert (item.responses, item.labels) == (("a", "b"), ("2>1",))


def test_chosen_and_rejected_are_shown_in_an_order_drawn_from_the_seed(tmp_path):
    rows = [
        {"id": str(at), "prompt": "p", "chosen": [f"good {at}"], "rejected": [f"bad {at} {k}" for k in "abc"]}
        for at in range(40)
    ]
    columns = {"responses": ("chosen", "rejected"), "best": {"from": "chosen"}}
    one, same, other = (read(tmp_path, rows, columns, seed=seed) for seed in (1, 1, 2))
    items, again, drawn = (list(each.items()) for each in (one, same, other))
    places = [item.responses.index(f"good {item.id}") for item in items]
    assert set(places) == {0, 1, 2, 3}
    assert items == again
    assert [item.responses for item in items] != [item.responses for item in drawn]
    assert [item.labels[0].partition(">")[0] for item in items] == [str(place + 1) for place in places]
    assert one.digest == same.digest != other.digest
    assert "in an order drawn from the seed" in " ".join(one.notes)


def test_an_empty_response_is_judged_or_not(tmp_path):
    rows = [row(responses=["a", " "]), row(id="y")]
    assert len(read(tmp_path, rows)) == 2
    with pytest.raises(DatasetError, match="`responses` is missing or empty"):
        read(tmp_path, rows, empty_response="error")
    assert len(read(tmp_path, rows, empty_response="skip")) == 1


def test_conversations_are_shown_by_their_last_answer(tmp_path):
    said = [{"role": "user", "content": "p"}, {"role": "assistant", "content": "a"}]
    (item,) = read(tmp_path, [row(responses=[said, "b"])]).items()
    assert item.responses == ("a", "b")


def test_a_digest_covers_the_responses_and_the_ranking(tmp_path):
    from harness.data.frozen import items_digest

    base = items_digest(read(tmp_path, [row(best=1)]).items())
    assert base != items_digest(read(tmp_path, [row(best=2)]).items())
    assert base != items_digest(read(tmp_path, [row(best=1, responses=["one", "two", "four"])]).items())


def test_texts_are_searched_in_every_response(tmp_path):
    assert read(tmp_path, [row(), row(id="y", responses=["a", "b"])]).has_text("THREE").tolist() == [True, False]


def test_a_dataset_without_its_column_names_it(tmp_path):
    with pytest.raises(DatasetError, match="there is no column `responses`"):
        read(tmp_path, [{"id": "x", "prompt": "p", "answers": ["a", "b"]}])
