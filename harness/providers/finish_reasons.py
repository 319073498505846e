"""What the finish reasons of endpoints mean. Each protocol and server has its own words for the same few ends."""

from __future__ import annotations

from typing import Any, Literal

End = Literal["stop", "length", "refusal", "error"]

_REASONS: dict[End, str] = {
    "length": """
        length max_tokens max_token model_length max_output_tokens max_completion_tokens max_new_tokens max_length
        max_tokens_reached max_tokens_exceeded token_limit token_limit_reached length_limit output_limit
        context_length context_length_exceeded context_window_exceeded model_context_window_exceeded
        model_context_length_exceeded incomplete truncated too_long time_limit max_time
    """,
    "refusal": """
        content_filter content_filtered content_filtering content_policy content_policy_violation safety recitation
        blocklist prohibited_content spii image_safety image_prohibited_content image_recitation model_armor
        sensitive refusal refused guardrail guardrails guardrail_intervened blocked moderation moderated flagged
        policy_violation toxic error_toxic toxicity responsible_ai_policy_violation unsafe
    """,
    "error": """
        error errored network_error system_error internal_error internal_server_error server_error engine_error
        api_error provider_error upstream_error inference_error unknown_error fail failed failure abort aborted
        cancelled canceled timeout timed_out interrupted unavailable overloaded insufficient_system_resource
        insufficient_system_resources malformed_function_call malformed_response unexpected_tool_call
        too_many_tool_calls
    """,
}
_TABLE: dict[str, End] = {
    reason.replace("_", ""): end for end, reasons in _REASONS.items() for reason in reasons.split()
}


def end_of(finish_reason: Any) -> End:
    """What a finish reason means, whatever its case and separators; a reason that is not in the table is a stop."""
    if finish_reason == "stop" or not isinstance(finish_reason, str):
        return "stop"
    reason = "".join(letter for letter in finish_reason[:100].rpartition(".")[2].casefold() if letter.isalnum())
    return _TABLE.get(reason.removeprefix("finishreason"), "stop")
