from __future__ import annotations

import pytest

from harness.providers.finish_reasons import end_of

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


@pytest.mark.parametrize("reason", [None, 7, ["length"], {}, "", "x" * 10**6, "finish reason"])
def test_what_is_no_known_reason_is_a_stop(reason: object):
    assert end_of(reason) == "stop"
