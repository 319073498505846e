from __future__ import annotations

import pytest

from harness.providers.usage import MAX_TOKENS, TokenUsage, read_usage


@pytest.mark.parametrize(
    ("usage", "read"),
    [
        pytest.param({"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}, (12, 3), id="plain"),
        pytest.param({"prompt_tokens": 12.0, "completion_tokens": 3.0}, (12, 3), id="whole floats"),
        pytest.param({"input_tokens": 12, "output_tokens": 3}, (12, 3), id="other names"),
        pytest.param(
            {"prompt_tokens": 12, "completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 6}},
            (12, 9, 0, 6),
            id="reasoning inside",
        ),
        pytest.param(
            {
                "prompt_tokens": 100,
                "completion_tokens": 10,
                "total_tokens": 5110,
                "completion_tokens_details": {"reasoning_tokens": 5000},
            },
            (100, 5010, 0, 5000),
            id="reasoning outside, with a total",
        ),
        pytest.param(
            {"prompt_tokens": 100, "completion_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 5000}},
            (100, 5010, 0, 5000),
            id="reasoning outside, without a total",
        ),
        pytest.param(
            {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 900}, (100, 800), id="total alone"
        ),
        pytest.param({"prompt_tokens": 100, "total_tokens": 900}, (100, 800), id="no completion"),
        pytest.param({"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 5}, (100, 10), id="small total"),
        pytest.param(
            {"promptTokenCount": 7, "candidatesTokenCount": 5, "thoughtsTokenCount": 20, "totalTokenCount": 32},
            (7, 25, 0, 20),
            id="Gemini's names",
        ),
        pytest.param(
            {"prompt_tokens": 100, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 90}},
            (100, 1, 90),
            id="cached",
        ),
        pytest.param(
            {"prompt_tokens": 100, "completion_tokens": 1, "prompt_cache_hit_tokens": 90}, (100, 1, 90), id="cache hits"
        ),
        pytest.param(
            {"prompt_tokens": 10, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 90}},
            (10, 1, 10),
            id="no more is cached than there is",
        ),
        pytest.param({"prompt_tokens": -1, "completion_tokens": True}, (0, 0), id="no counts"),
        pytest.param({"prompt_tokens": 1.5, "completion_tokens": "3"}, (0, 0), id="no whole numbers"),
        pytest.param({"prompt_tokens": 1, "completion_tokens": MAX_TOKENS + 1}, (1, 0), id="absurd"),
        pytest.param({"prompt_tokens": 1, "total_tokens": 10**30}, (1, 0), id="an absurd total"),
        pytest.param({"completion_tokens": MAX_TOKENS - 1, "reasoning_tokens": MAX_TOKENS}, (0, 0), id="an absurd sum"),
        pytest.param({"prompt_tokens_details": [], "prompt_tokens": 2}, (2, 0), id="details of a wrong type"),
        pytest.param(None, (0, 0), id="none"),
        pytest.param([1], (0, 0), id="a list"),
    ],
)
def test_usage_is_read(usage: object, read: tuple[int, ...]):
    assert read_usage(usage) == TokenUsage(*read)
