"""How many tokens a prompt can have at most."""

import sys
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.tokens import BYTES, COUNTED, ENCODINGS, counter_of, most_prompt_tokens


@given(st.lists(st.text(), max_size=5))
def test_bytes_bound_the_tokens(texts):
    messages = [{"role": "user", "content": text} for text in texts]
    assert most_prompt_tokens(messages) == sum(len(text.encode()) + 8 for text in texts) + 16
    assert most_prompt_tokens(messages, lambda _: 1) == 9 * len(texts) + 16


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
    return asked


def test_without_the_package_bytes_are_counted(monkeypatch):
    monkeypatch.setitem(sys.modules, "tiktoken", None)
    assert counter_of("gpt-4o", {}) == (None, BYTES)


@pytest.mark.parametrize("model", ["unheard-of", "old", "gpt-4o"])
def test_nothing_is_fetched(tiktoken, tmp_path, model):
    assert counter_of(model, {"TIKTOKEN_CACHE_DIR": str(tmp_path)}) == (None, BYTES)
    assert tiktoken == []


@pytest.mark.parametrize("variable", ["TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR"])
def test_an_encoding_that_is_here_counts(tiktoken, tmp_path, variable):
    import hashlib

    (tmp_path / hashlib.sha1(ENCODINGS["o200k_base"].encode(), usedforsecurity=False).hexdigest()).touch()
    count, method = counter_of("gpt-4o", {variable: str(tmp_path)})
    assert (count("three short words"), method) == (3, COUNTED)


def test_the_copies_have_the_names_that_tiktoken_gives_them():
    load = pytest.importorskip("tiktoken.load", reason="tiktoken is not installed")
    source = pytest.importorskip("tiktoken_ext.openai_public")
    import inspect

    assert "sha1(blobpath.encode())" in inspect.getsource(load).replace(" ", "")
    for name, address in ENCODINGS.items():
        assert address in inspect.getsource(getattr(source, name))
