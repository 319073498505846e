from __future__ import annotations

import pytest

from harness.providers.finish_reasons import _TABLE, end_of

ENDS = {
    "stop": "stop STOP end_turn eos eos_token stop_sequence tool_calls complete COMPLETE FINISH_REASON_STOP other",
    "length": "length LENGTH max_tokens MAX_TOKENS maxTokens model_length max_output_tokens FinishReason.MAX_TOKENS "
    "FINISH_REASON_MAX_TOKENS context_window_exceeded model_context_window_exceeded incomplete max-tokens token_limit",
    "refusal": "content_filter CONTENT_FILTER contentFilter content-filter SAFETY RECITATION BLOCKLIST SPII refusal "
    "PROHIBITED_CONTENT IMAGE_SAFETY guardrail_intervened sensitive ERROR_TOXIC FinishReason.SAFETY content_filtered",
    "error": "error ERROR network_error abort aborted cancelled timeout insufficient_system_resource "
    "MALFORMED_FUNCTION_CALL engine_error internal_server_error failed",
}


@pytest.mark.parametrize(("reason", "end"), [(reason, end) for end, all_ in ENDS.items() for reason in all_.split()])
def test_finish_reasons_mean_the_same_in_all_words(reason: str, end: str):
    assert end_of(reason) == end


WORDS = {
    "length": "length max_tokens max_token model_length max_output_tokens max_completion_tokens max_new_tokens "
    "max_length max_tokens_reached max_tokens_exceeded token_limit token_limit_reached length_limit "
    "output_limit context_length context_length_exceeded context_window_exceeded "
    "model_context_window_exceeded model_context_length_exceeded incomplete truncated too_long time_limit "
    "max_time",
    "refusal": "content_filter content_filtered content_filtering content_policy content_policy_violation safety "
    "recitation blocklist prohibited_content spii image_safety image_prohibited_content image_recitation "
    "model_armor sensitive refusal refused guardrail guardrails guardrail_intervened blocked moderation "
    "moderated flagged policy_violation toxic error_toxic toxicity responsible_ai_policy_violation unsafe",
    "error": "error errored network_error system_error internal_error internal_server_error server_error "
    "engine_error api_error provider_error upstream_error inference_error unknown_error fail failed "
    "failure abort aborted cancelled canceled timeout timed_out interrupted unavailable overloaded "
    "insufficient_system_resource insufficient_system_resources malformed_function_call "
    "malformed_response unexpected_tool_call too_many_tool_calls",
}
"""Every word of the table: a word that is removed there, or moved, fails here."""


@pytest.mark.parametrize(("word", "end"), [(word, end) for end, all_ in WORDS.items() for word in all_.split()])
def test_every_word_of_the_table_in_each_spelling(word: str, end: str):
    camel = "".join(part.title() for part in word.split("_"))
    for spelling in (word, word.upper(), word.replace("_", "-"), camel, f"FINISH_REASON_{word.upper()}", f"X.{word}"):
        assert end_of(spelling) == end


def test_every_word_of_the_table_is_listed_here():
    listed = {word.replace("_", "") for words in WORDS.values() for word in words.split()}
    assert listed == _TABLE.keys(), "add a new word to the list of this test"


@pytest.mark.parametrize("reason", [None, 7, ["length"], {}, "", "x" * 10**6, "finish reason"])
def test_what_is_no_known_reason_is_a_stop(reason: object):
    assert end_of(reason) == "stop"
