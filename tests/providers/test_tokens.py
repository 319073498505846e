"""How many tokens a prompt can have at most."""

import sys
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.providers.tokens import (
    ENCODINGS,
    MAX_COUNTED,
    TOKENS_PER_MESSAGE,
    TOKENS_PER_PROMPT,
    counter_of,
    most_prompt_tokens,
    most_reply_tokens,
)
from harness.records.calls import Model


@given(st.lists(st.text(), max_size=5))
def test_bytes_bound_the_tokens(texts):
    messages = [{"role": "user", "content": text} for text in texts]
    around = TOKENS_PER_MESSAGE * len(texts) + TOKENS_PER_PROMPT
    assert most_prompt_tokens(messages) == sum(len(text.encode()) for text in texts) + around
    assert most_prompt_tokens(messages, lambda _: 1) == len(texts) + around


@pytest.mark.parametrize(
    ("params", "most"),
    [
        ({"max_tokens": 10, "best_of": 3}, 30),
        ({}, 0),
        ({"max_tokens": 5}, 5),
        ({"max_tokens": 5, "max_completion_tokens": 9}, 9),
        ({"max_tokens": 5, "max_completion_tokens": None, "n": 3}, 15),
    ],
)
def test_a_reply_is_bounded_by_the_largest_that_any_endpoint_may_take_it_for(params, most):
    assert most_reply_tokens(Model("m", "openai", "id", params)) == most


@pytest.fixture
def tiktoken(monkeypatch):
    """A tiktoken that knows one model and would notice being asked to fetch anything."""
    asked = []

    def encoding_name_for_model(model):
        return {"gpt-4o": "o200k_base", "old": "p50k_base"}[model]

    def get_encoding(name):
        asked.append(name)
        return SimpleNamespace(encode_ordinary=lambda text: text.split())

    fake = SimpleNamespace(encoding_name_for_model=encoding_name_for_model, get_encoding=get_encoding)
    monkeypatch.setitem(sys.modules, "tiktoken", fake)
    monkeypatch.setitem(sys.modules, "tiktoken.load", SimpleNamespace(read_file=None))
    return asked


def test_without_the_package_bytes_are_counted(monkeypatch):
    monkeypatch.setitem(sys.modules, "tiktoken", None)
    assert counter_of("gpt-4o", {}) is None


@pytest.mark.parametrize("model", ["unheard-of", "old", "gpt-4o"])
def test_nothing_is_fetched(tiktoken, tmp_path, model):
    assert counter_of(model, {"TIKTOKEN_CACHE_DIR": str(tmp_path)}) is None
    assert counter_of(model, {"TIKTOKEN_CACHE_DIR": ""}) is None
    assert tiktoken == []


@pytest.mark.parametrize("variable", ["TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"])
def test_an_encoding_that_is_here_counts(tiktoken, tmp_path, variable):
    import hashlib

    (tmp_path / hashlib.sha1(ENCODINGS["o200k_base"].encode(), usedforsecurity=False).hexdigest()).touch()
    count = counter_of("gpt-4o", {variable: str(tmp_path)})
    assert count is not None
    assert count("three short words") == 3
    assert count("a b " * MAX_COUNTED) == 4 * MAX_COUNTED, "its bytes"


def copy_of(name, folder):
    """Where tiktoken keeps its copy of an encoding."""
    import hashlib

    return folder / hashlib.sha1(ENCODINGS[name].encode(), usedforsecurity=False).hexdigest()


def test_a_damaged_copy_is_not_fetched_anew(tmp_path, monkeypatch):
    loading = pytest.importorskip("tiktoken.load", reason="tiktoken is not installed")
    fetched = []
    monkeypatch.setattr(loading, "read_file", fetched.append)
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    copy_of("cl100k_base", tmp_path).write_bytes(b"damaged")
    assert counter_of("gpt-4", {"TIKTOKEN_CACHE_DIR": str(tmp_path)}) is None
    assert fetched == []
    assert loading.read_file == fetched.append, "put back as it was"


def test_a_real_encoding_counts(tmp_path, monkeypatch):
    tiktoken = pytest.importorskip("tiktoken", reason="tiktoken is not installed")
    ranks = {bytes([byte]): byte for byte in range(256)} | {b"ab": 256, b"abab": 257}
    tiny = tiktoken.Encoding("tiny", pat_str=r"\S+|\s+", mergeable_ranks=ranks, special_tokens={"<|end|>": 258})
    monkeypatch.setattr(tiktoken, "get_encoding", lambda _: tiny)
    copy_of("cl100k_base", tmp_path).touch()
    count = counter_of("gpt-4", {"TIKTOKEN_CACHE_DIR": str(tmp_path)})
    assert count is not None
    assert [count(text) for text in ("", "abab", "ab abab", "<|end|>", "ä")] == [0, 1, 3, 7, 2]


def test_the_copies_have_the_names_that_tiktoken_gives_them():
    load = pytest.importorskip("tiktoken.load", reason="tiktoken is not installed")
    source = pytest.importorskip("tiktoken_ext.openai_public")
    import inspect

    assert "sha1(blobpath.encode())" in inspect.getsource(load).replace(" ", "")
    for name, address in ENCODINGS.items():
        assert address in inspect.getsource(getattr(source, name))
