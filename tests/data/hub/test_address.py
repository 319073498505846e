"""Addresses of datasets on the Hub."""

import pytest

from harness.data.hub.address import HubAddress, fault_of_address, is_plain_path, parse_address
from harness.errors import DatasetError

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("hf://datasets/org/pairs/train", HubAddress("org/pairs", None, "train")),
        ("hf://datasets/org/pairs@v1/train", HubAddress("org/pairs", "v1", "train")),
        ("hf://datasets/org/pairs@v1/math/train", HubAddress("org/pairs", "v1", "math/train")),
        ("hf://datasets/o/p@refs/convert/parquet/x/train", HubAddress("o/p", "refs/convert/parquet", "x/train")),
        ("hf://datasets/org/pairs@refs/pr/3/train", HubAddress("org/pairs", "refs/pr/3", "train")),
        ("hf://datasets/org/pairs@feature%2Fx/train", HubAddress("org/pairs", "feature/x", "train")),
        (f"hf://datasets/org/pairs@{COMMIT}/data/*.jsonl", HubAddress("org/pairs", COMMIT, "data/*.jsonl")),
        ("hf://datasets/org/pairs", HubAddress("org/pairs", None, "")),
    ],
)  # fmt: skip
def test_an_address_has_a_repository_a_revision_and_a_place(text, parsed):
    assert parse_address(text) == parsed
    assert parsed.is_pinned == (parsed.revision == COMMIT)


def test_an_address_with_its_commit_is_read_again():
    pinned = parse_address("hf://datasets/org/pairs@feature%2Fx/train").pinned(COMMIT)
    assert pinned == f"hf://datasets/org/pairs@{COMMIT}/train"
    assert parse_address(pinned) == HubAddress("org/pairs", COMMIT, "train")


@pytest.mark.parametrize(
    "text",
    [
        "hf://org/pairs/train",
        "hf://datasets/pairs",
        "hf://models/org/pairs/train",
        "hf://datasets/org/pairs@/train",
        "hf://datasets/org/pairs@-x/train",
        "hf://datasets/org/pairs@..%2F..%2Fx/train",
        "hf://datasets/org/pairs@a..b/train",
        "hf://datasets/org/pairs/../../etc/passwd",
        "hf://datasets/org/pairs/a//b",
        "hf://datasets/org/pairs/train\n",
        "hf://datasets/org/pairs/a\\b",
        "hf://datasets/../pairs/train",
        "hf://datasets/org/a--b/train",
        "hf://datasets/org/pairs/" + "x" * 2_000,
    ],
)
def test_anything_else_is_refused(text):
    with pytest.raises(DatasetError, match="hf://datasets/OWNER/NAME@REVISION/SPLIT"):
        parse_address(text)


def test_the_address_of_a_page_is_refused_with_that_of_the_dataset():
    message, hint = fault_of_address("https://huggingface.co/datasets/org/pairs/viewer") or ("", "")
    assert "address of a page" in message
    assert "hf://datasets/org/pairs/SPLIT" in hint
    assert "download" in (fault_of_address("https://example.org/x.csv") or ("", ""))[1]
    assert fault_of_address("hf://datasets/org/pairs/train") is None
    assert fault_of_address("pairs.csv") is None


@pytest.mark.parametrize("path", ["", "/x", "a/../b", "..", "a\\b", "C:x", "a\x00b", "a\x1bb", "x" * 256])
def test_a_path_that_leaves_its_repository_is_not_plain(path):
    assert not is_plain_path(path)
