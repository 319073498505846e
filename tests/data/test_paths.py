import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.paths import MAX_STEPS, ColumnPath, parse_path, roots_of, with_paths
from harness.data.rows import Rows
from harness.errors import DatasetError


def rows(**columns: pl.Series) -> Rows:
    frame = pl.DataFrame(columns)
    return Rows(frame, tuple(frame.columns), lambda: range(1, frame.height + 1))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("label", ColumnPath("label", ())),
        ("conversation[0].content", ColumnPath("conversation", (0, "content"))),
        ("annotations[-1].winner", ColumnPath("annotations", (-1, "winner"))),
        ('scores["my key"].value', ColumnPath("scores", ("my key", "value"))),
        (r'a["say \"hi\""]', ColumnPath("a", ('say "hi"',))),
        ("all[judge=gpt-4o].verdict", ColumnPath("all", (("judge", "gpt-4o"), "verdict"))),
        (r'all[by="a \"b\" [c]"]', ColumnPath("all", (("by", 'a "b" [c]'),))),
        ("Réponse A.texte", ColumnPath("Réponse A", ("texte",))),
    ],
)
def test_a_path_is_a_column_and_steps(text, path):
    assert parse_path(text) == path


@pytest.mark.parametrize(
    "text", ["", ".a", "a.", "a[", "a[x]", "a[1.5]", "a..b", "a[0]b", 'a["x]', "a[=x]", "a[x=]", "a[0=x]", "a" * 501]
)
def test_what_is_not_a_path_is_refused(text):
    with pytest.raises(DatasetError, match="is not a column path"):
        parse_path(text)


def test_steps_are_bounded():
    assert len(parse_path("a" + "[0]" * MAX_STEPS).steps) == MAX_STEPS
    with pytest.raises(DatasetError, match="is not a column path"):
        parse_path("a" + "[0]" * (MAX_STEPS + 1))


def test_formats_are_asked_for_the_columns_in_which_paths_begin():
    assert roots_of(["id", "outputs.model_a", "a[", "outputs.model_b"]) == [
        "id",
        "outputs.model_a",
        "outputs",
        "a[",
        "outputs.model_b",
    ]


def test_paths_become_columns_and_what_leads_nowhere_is_null():
    file = rows(
        out=pl.Series([b'{"a": "x", "n": 1}', b'{"a": 2}', b"[3]", None], dtype=pl.Binary),
        text=pl.Series(['{"a": "t"}', "plain", None, "[1"], dtype=pl.String),
    )
    found = with_paths(file, ["out.a", "out[0]", "text.a", "absent.a"])
    assert found.frame["out.a"].to_list() == [b'"x"', b"2", None, None]
    assert found.frame["out[0]"].to_list() == [None, None, b"3", None]
    assert found.frame["text.a"].to_list() == ["t", None, None, None]
    assert found.present == ("out", "text", "out.a", "out[0]", "text.a")


def test_a_column_of_that_whole_name_wins():
    file = rows(**{"a.b": pl.Series(["whole"]), "a": pl.Series([b'{"b": "inside"}'])})
    assert with_paths(file, ["a.b"]) is file


@given(st.text(max_size=60))
def test_any_text_is_a_path_or_a_clear_error(text):
    try:
        path = parse_path(text)
    except DatasetError:
        return
    assert path.root
    assert text.startswith(path.root)
