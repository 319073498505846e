"""Which files of a repository are a split."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.data.hub.local_copy import front_matter
from harness.data.hub.splits import MAX_FILES, Config, configs_of_card, files_of, matches
from harness.errors import DatasetError

SHARDS = ["data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet", "data/test-00000-of-00001.parquet"]
NESTED = ["README.md", "harmless/train.jsonl.gz", "harmless/test.jsonl.gz", "helpful/train.jsonl.gz", "load.py"]
CONVERTED = ["default/train/0000.parquet", "default/train/0001.parquet", "default/test/0000.parquet"]


@pytest.mark.parametrize(
    ("files", "where", "found"),
    [
        (SHARDS, "train", SHARDS[:2]),
        (SHARDS, "test", SHARDS[2:]),
        (NESTED, "harmless/train", ["harmless/train.jsonl.gz"]),
        (CONVERTED, "default/train", CONVERTED[:2]),
        (["train.csv", "data/train.csv"], "train", ["train.csv"]),
        (["data/math/train.json"], "math/train", ["data/math/train.json"]),
        (["rows.jsonl", "dataset_infos.json"], "train", ["rows.jsonl"]),
        (NESTED, "harmless/*.gz", ["harmless/test.jsonl.gz", "harmless/train.jsonl.gz"]),
        (NESTED, "**/train.jsonl.gz", ["harmless/train.jsonl.gz", "helpful/train.jsonl.gz"]),
        (NESTED, "helpful/train.jsonl.gz", ["helpful/train.jsonl.gz"]),
    ],
)
def test_without_a_card_the_names_of_files_say_it(files, where, found):
    assert files_of(where, files, ()) == found


def test_a_card_declares_configs_in_four_forms():
    card = {
        "configs": [
            {"config_name": "default", "data_files": [{"split": "train", "path": ["a/*.csv", "./b.csv"]}]},
            {"config_name": "one", "data_files": "one.csv"},
            {"config_name": "two", "data_dir": "two", "data_files": {"test": "x.csv"}},
            {"config_name": "three", "data_dir": "three", "default": True},
            {"config_name": 4},
            "five",
        ]
    }
    assert configs_of_card(card) == (
        Config("default", False, {"train": ("a/*.csv", "b.csv")}),
        Config("one", False, {"train": ("one.csv",)}),
        Config("two", False, {"test": ("two/x.csv",)}, "two"),
        Config("three", True, {}, "three"),
    )
    assert configs_of_card(None) == configs_of_card({"configs": "x"}) == ()


FILES = ["README.md", "a/1.csv", "b.csv", "one.csv", "two/x.csv", "three/train.csv"]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("train", ["a/1.csv", "b.csv"]),
        ("one/train", ["one.csv"]),
        ("two/test", ["two/x.csv"]),
        ("three/train", ["three/train.csv"]),
    ],
)
def test_the_card_says_which_files_are_a_split(where, found):
    configs = (
        Config("default", False, {"train": ("a/*.csv", "b.csv")}),
        Config("one", False, {"train": ("one.csv",)}),
        Config("two", False, {"test": ("two/x.csv",)}, "two"),
        Config("three", False, {}, "three"),
    )
    assert files_of(where, FILES, configs) == found


@pytest.mark.parametrize(
    ("files", "where", "words"),
    [
        (SHARDS, "", "names no split; it has `test`, `train`"),
        (SHARDS, "dev", "no split `dev`; it has `test`, `train`"),
        (NESTED, "train", "it has `harmless/test`, `harmless/train`, `helpful/train`"),
        (["a.csv", "b.csv"], "train", "its data files are `a.csv`, `b.csv`"),
        (["weights.bin", "load.py"], "train", "no data file; its data are in no format that is read"),
        (["train.csv", "load.py"], "load.py", "`load.py` is not a data file"),
        (["train.csv"], "tran.csv", "no file is called `tran.csv`; did you mean `train.csv`"),
        (SHARDS, "x/*.csv", "no file matches"),
        (SHARDS, "train[:100]", "subset: {limit: 100}"),
        (["train/a.csv", "train/b.jsonl"], "train", "formats `csv`, `jsonl`"),
        ([f"train/{at}.csv" for at in range(MAX_FILES + 1)], "train", "at most 1,000"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(files, where, words):
    with pytest.raises(DatasetError, match=re.escape(words)):
        files_of(where, files, ())


def test_several_configs_and_none_named_is_an_error():
    configs = (Config("x", False, {"train": ("x.csv",)}), Config("y", False, {"train": ("y.csv",)}))
    with pytest.raises(DatasetError, match="names no config, and there are several; it has `x/train`, `y/train`"):
        files_of("train", ["x.csv", "y.csv"], configs)
    with pytest.raises(DatasetError, match="no split `z/train`"):
        files_of("z/train", ["x.csv"], configs)


@pytest.mark.parametrize(
    ("path", "pattern", "is_match"),
    [
        ("a/b/c.csv", "**/c.csv", True),
        ("c.csv", "**/c.csv", True),
        ("a/b/c.csv", "a/**", True),
        ("a/b/c.csv", "a/*", False),
        ("a/b/c.csv", "*/b/?.csv", True),
        ("a/b/c.csv", "**/x/**", False),
        ("train-1.csv", "train-**.csv", True),
        ("a" * 200, "*a" * 50 + "b", False),
    ],
)
def test_patterns_match_names_and_folders(path, pattern, is_match):
    assert matches(path, pattern) is is_match


@given(st.lists(st.sampled_from("ab*?[]!/"), max_size=60).map("".join), st.text("ab/", max_size=40))
def test_no_pattern_fails(pattern, path):
    assert matches(path, pattern) in (True, False)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("---\nconfigs: []\n---\n# x\n", {"configs": []}),
        ("\ufeff---\na: 1\n---", {"a": 1}),
        ("# no front matter\n---\n", None),
        ("---\na: 1\n", None),
        ("---\na: [\n---\n", None),
        ("---\na: !!python/object/apply:os.system [x]\n---\n", None),
        ("---\na: " + "[" * 5_000 + "\n---\n", None),
        ("", None),
    ],
)
def test_front_matter_is_plain_values_or_nothing(text, value):
    assert front_matter(text) == value


def test_a_card_of_aliases_takes_no_time():
    lines = ["a0: &a0 [x, x]", *(f"a{at}: &a{at} [*a{at - 1}, *a{at - 1}]" for at in range(1, 60)), "configs: *a59"]
    assert configs_of_card(front_matter("\n".join(["---", *lines, "---"]))) == ()
