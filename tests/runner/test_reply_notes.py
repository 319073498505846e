from __future__ import annotations

import pytest

from harness.records.calls import Call, Model, Reply
from harness.runner.reply_notes import ReplyNotes, is_same_model, merged, remark_on


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ("gpt-4o", "gpt-4o"),
        ("gpt-4o", "gpt-4o-2024-08-06"),
        ("gpt-4", "gpt-4-0613"),
        ("claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022"),
        ("mistral-large-latest", "mistral-large-2411"),
        ("gemini-2.0-flash", "gemini-2.0-flash-001"),
        ("gemini-2.5-pro", "gemini-2.5-pro-preview-05-06"),
        ("openai/gpt-4o", "gpt-4o-2024-08-06"),
        ("models/gemini-2.0-flash", "gemini-2.0-flash"),
        ("Qwen/Qwen2.5-7B-Instruct", "qwen2.5-7b-instruct"),
        ("qwen2.5-7b", "/models/qwen2.5-7b.gguf"),
        ("llama3", "llama3:latest"),
        ("deepseek/deepseek-r1:free", "deepseek/deepseek-r1"),
    ],
)
def test_an_alias_and_its_snapshot_are_one_model(asked: str, served: str):
    assert is_same_model(asked, served)
    assert is_same_model(served, asked)


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ("m", "tiny-fallback"),
        ("gpt-4o", "gpt-4o-mini"),
        ("gpt-4o", "gpt-4o-mini-2024-07-18"),
        ("gpt-4", "gpt-4-turbo"),
        ("gpt-4", "gpt-4.1"),
        ("gpt-4", "gpt-4-32k"),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-08-06"),
        ("claude-3", "claude-3-5-sonnet"),
        ("llama3:8b", "llama3:70b"),
        ("llama-3-8b", "llama-3-70b"),
    ],
)
def test_another_size_family_or_snapshot_is_another_model(asked: str, served: str):
    assert not is_same_model(asked, served)
    assert not is_same_model(served, asked)


def remark(text: str, tokens: int, served: str = "", **more: int):
    call = Call(Model("judge", "openai", "m"), [{"role": "user", "content": text}])
    return remark_on(call, Reply("A", prompt_tokens=tokens, served_model=served, **more))


@pytest.mark.parametrize(
    ("text", "tokens", "is_cut"),
    [
        pytest.param("many words " * 4000, 2050, True, id="cut"),
        pytest.param("many words " * 4000, 8000, False, id="whole"),
        pytest.param("many words " * 4000, 0, False, id="not-reported"),
        pytest.param("-" * 45_000, 700, False, id="a-line-of-dashes-is-few-tokens"),
        pytest.param(" " * 45_000, 500, False, id="white-space"),
        pytest.param("長い文章です。" * 1000, 500, True, id="script-without-spaces"),
        pytest.param("長い文章です。" * 1000, 5000, False, id="whole-script-without-spaces"),
        pytest.param("many words " * 20, 1, False, id="short"),
    ],
)
def test_a_prompt_that_was_cut_is_known_by_its_tokens(text: str, tokens: int, is_cut: bool):
    assert (remark(text, tokens) is not None) == is_cut


def test_cached_prompt_tokens_that_are_reported_beside_the_others_count():
    assert remark("many words " * 4000, 10, cached_tokens=8000) is None


def test_notes_count_by_model_and_name_the_others():
    notes = ReplyNotes()
    for number, served in enumerate(["tiny", "tiny", "other", ""]):
        one = remark("many words " * 4000, 2050 + number, served)
        notes.add("cell", f"{number}", [one] if one else [])
    first, second = notes.notes()
    assert first == "judge: 3 replies were made by another model than the one asked for: `other` (1), `tiny` (2)"
    assert "judge: 4 replies report far fewer prompt tokens (2,050 to 2,053) than their prompts have" in second
    assert notes.manifest() == {"served_models": {"judge": {"other": 1, "tiny": 2}}}
    assert next(notes.rows()) == ("cell", "0", "judge", "tiny")
    both = merged(notes, notes)
    assert both.manifest() == {"served_models": {"judge": {"other": 2, "tiny": 4}}}
    assert len([*both.rows()]) == 6


def test_nothing_remarkable_leaves_no_trace():
    assert list(ReplyNotes().notes()) == []
    assert ReplyNotes().manifest() == {}
