"""The bounds that the documentation promises, as numbers: other tests use the constants, and would follow a change."""

from __future__ import annotations

import importlib

import pytest

BOUNDS = {
    "harness.cache.bundle:MAX_BYTES": 64 * 1024**3,
    "harness.cache.bundle_frames:MAX_FIRST_LINE_BYTES": 64 * 1024,
    "harness.cache.bundle_lines:MAX_LINES_BYTES": 64 * 1024**3,
    "harness.cache.bundle_lines:MAX_LINE_BYTES": 16 * 1024 * 1024,
    "harness.cache.bundle_lines:MAX_RATIO": 200,
    "harness.cache.headroom:SIZE_BYTES": 8 * 1024 * 1024,
    "harness.cache.lock:GIVE_UP_AFTER_S": 60,
    "harness.cache.lock:REPORT_AFTER_S": 2,
    "harness.cache.packing:MOST_BYTES": 16 * 1024 * 1024,
    "harness.cache.packing:MOST_RATIO": 200,
    "harness.cache.verify:DAMAGE_SHOWN": 20,
    "harness.cache.verify:SAMPLED": 200,
    "harness.cache.writer:GROUP": 200,
    "harness.doctor.models:LIMIT_OF_ALL_S": 60,
    "harness.doctor.models:LIMIT_S": 20,
    "harness.evaluators.question:EMPTY": "(no text)",
    "harness.prompting.parsing.pattern:MAX_MATCHES": 1000,
    "harness.prompting.parsing.reply:LONGEST": 1024 * 1024,
    "harness.prompting.template:MAX_PLACES": 64,
    "harness.providers.attempts:MOST_LOST": 5,
    "harness.providers.budget:LONGEST_TOKEN": 256,
    "harness.providers.budget:OTHERS_WAIT_S": 900,
    "harness.providers.bounded_body:MAX_BYTES": 16 * 1024 * 1024,
    "harness.providers.endpoint:CONNECT_TIMEOUT_S": 15,
    "harness.providers.health:MAX_BYTES": 4 * 1024 * 1024,
    "harness.providers.retry:FAILURES_TO_STOP": 5,
    "harness.providers.retry:MAX_BACKOFF_S": 45,
    "harness.providers.retry:MAX_WAIT_S": 600,
    "harness.providers.retry:MESSAGE_LENGTH": 300,
    "harness.providers.retry:OF_ONE_CALL": {"too-long", "refused", "format"},
    "harness.providers.retry:REJECTIONS_TO_STOP": 25,
    "harness.providers.retry:WINDOW_ATTEMPTS": 6,
    "harness.providers.retry:WINDOW_S": 62,
    "harness.providers.ledger:STEP_S": 0.002,
    "harness.providers.unpacking:MAX_BYTES": 16 * 1024 * 1024,
    "harness.providers.unpacking:MAX_LAYERS": 3,
    "harness.providers.usage:MAX_TOKENS": 100_000_000,
    "harness.records.judgments:FAILURES": ("unparsed", "refused", "truncated", "unavailable"),
    "harness.records.judgments:VERDICTS": ("a", "tie", "b"),
    "harness.runner.executor:GRACE_S": 30,
    "harness.runner.executor:UNSTORED_WINDOW": 2,
    "harness.runner.lookup:MAX_NAMED": 8,
    "harness.runner.run_check:MAX_JSON_BYTES": 512 * 1024 * 1024,
    "harness.runner.run_check:MAX_JSON_VALUES": 20_000_000,
    "harness.scoring.estimates:MIN_ITEMS": 20,
    "harness.spec.yaml:MAX_BYTES": 1024 * 1024,
    "harness.statistics.win_rate:TIES": ("half", "lose", "dropped"),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_a_bound_is_what_is_promised(name: str) -> None:
    module, _, constant = name.partition(":")
    assert getattr(importlib.import_module(module), constant) == BOUNDS[name]
