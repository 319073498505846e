"""Answers of endpoints by the hundred with what they are taken for: faults, waits, replies, tokens, secrets, addresses.

`tests/providers/test_recorded.py` keeps the results.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

from harness.errors import InputError, ModelStopped
from harness.providers.attempts import connection_fault
from harness.providers.budget import bill_at_most, has_usage
from harness.providers.endpoint import (
    api_key_of,
    extras_of,
    identity_of,
    key_parts,
    normalised,
    proxy_in,
    variables_of,
    without_query,
)
from harness.providers.faults import fault_in, fault_of
from harness.providers.finish_reasons import end_of
from harness.providers.ledger_lines import FIRST_LINE, LedgerTotals, line_of
from harness.providers.ledger_settling import left_by, settling_lines
from harness.providers.redaction import Secret, Secrets, secrets_in
from harness.providers.response import read_completion, read_value
from harness.providers.retry import FailureRow, Fault, as_answer, backoff_s, in_short, unexpected
from harness.providers.unpacking import LongReplyError, PackingError, Unpacker
from harness.providers.usage import read_usage
from harness.providers.waits import duration_s, retry_after_s, wait_of
from harness.records.calls import Call, Model, Price, Reply

NOW = 1_800_000_000.0
STATUSES = (300, 301, 399, 400, 401, 402, 403, 404, 405, 408, 409, 410, 413, 415, 422, 424, 425, 429, 451, 498, 499,
            500, 501, 502, 503, 504, 529, 599, 600)  # fmt: skip
SAID = (
    "", "no", "Invalid API key provided", "You exceeded your current quota, please check your plan and billing details",
    "insufficient_quota", "maximum context length is 4096 tokens, however you requested 5000",
    "max_tokens is too large",
    "The model `x` does not exist", "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
    "'temperature' does not support 0", "`top_k` is not supported", "Unrecognized request argument supplied: foo",
    "System role not supported", "content policy violation", "blocked by our data policy",
    "response_format is not supported",
    "rate limit reached, try again in 7s", "server is overloaded", "<html><title>403</title> Cloudflare blocked</html>",
    "prompt is too long: 9 tokens per minute", "permission denied for this API key", "account has no credit balance",
)  # fmt: skip
PARAMS = ("temperature", "max_tokens", "top_k")


def _shown(fault: Any) -> list[Any]:
    if isinstance(fault, Reply):
        return ["reply", *(one for one in fault if one not in ("", 0, None, (), False))]
    return [fault.kind, fault.remedy, fault.status, fault.wait_s, fault.may_be_billed, fault.hint, fault.message[:60]]


def faults() -> Any:
    """The fault of each status with each message; where it is the same for a message, once."""
    found: dict[str, Any] = {}
    for said in SAID:
        for status in STATUSES:
            for asks in (False, True):
                body = (
                    {"error": {"message": said, "param": "max_tokens" if "max_tokens" in said else None}}
                    if said
                    else ""
                )
                shown = _shown(fault_of(status, body, {}, NOW, params=PARAMS, asks_format=asks))
                key = json.dumps([*shown[:2], *shown[3:6]])
                found.setdefault(said, {}).setdefault(key, []).append(status + (0.5 if asks else 0))
    headers = ({"location": "https://u:p@host/path?q=1#f"}, {"location": "http://["}, {"location": "/x"},
        {"retry-after": "600"},
               {"retry-after": "601"}, {"retry-after": "7"}, {"x-ratelimit-reset-requests": "9s"})  # fmt: skip
    more = [_shown(fault_of(status, "busy", one, NOW)) for one in headers for status in (301, 400, 429, 500, 503)]
    for text in ("'max_completion_tokens' is not supported", "'max_completion_tokens' is wrong, use max_tokens"):
        one_ = {"error": {"message": text, "param": "max_completion_tokens"}}
        more.append(_shown(fault_of(400, one_, {}, NOW, params=("max_completion_tokens",))))
    secret = Secrets(["abc12345"])
    for content in (
        b'{"error": {"message": "response_format is not supported, abc12345"}}',
        b"no key abc12345",
        b"\xff",
    ):
        text = content.decode("utf-8", "replace")
        one = SimpleNamespace(
            status_code=400, content=content, text=text, headers={"Retry-After": "7", "X": "abc12345"}
        )
        more += [
            _shown(fault_in(one, secret, NOW)),
            _shown(fault_in(one, secret, NOW, params=PARAMS, asks_format=True)),
        ]
    return found | {"headers": more}


TIMES = ("7", "7.5", "-3", "0", "", "x", "nan", "inf", "1e400", "38.2s", "6m0s", "20ms", "1 minute 5 seconds",
    "2 hours, 3 mins and 4 secs",
         "1d", "1h30m", "5 msecs", "3 millis", "2 milliseconds", "7 x", "s", "Fri, 15 Jan 2027 08:00:09 GMT",
         "2027-01-15T08:00:30+00:00",
         "2027-01-15T08:00:30Z", "Fri, 15 Jan 2027", "1800000009", "1800000009000", "999999999", "300", "300.1",
         "1m1ms", "2 3 s", "4 H", "9 days")  # fmt: skip


def waits() -> Any:
    """Seconds of each way to write a time, in each place of a response."""
    found: dict[str, Any] = {}
    for text in TIMES:
        headers = [
            {name: text}
            for name in ("retry-after", "retry-after-ms", "x-ms-retry-after-ms", "x-ratelimit-reset-tokens")
        ]
        headers.append({"x-ratelimit-reset": text, "x-ratelimit-remaining": "0", "x-ratelimit-reset-b": "3"})
        bodies: list[Any] = [f"Please try again in {text}.", f"wait {text}", f"resets after about {text}",
            {"retry_after": text},
                             {"error": {"details": [{"retryDelay": text}]}}, {"retryAfterMs": text},
                             {"a": [f"available in {text}"]}]  # fmt: skip
        found[text] = [
            duration_s(text),
            [retry_after_s(one, NOW) for one in headers],
            [wait_of(status, one, "", NOW) for one in headers for status in (429, 503, 500)],
            [wait_of(400, {}, one, NOW) for one in bodies],
        ]
    values: list[Any] = [7, 7.5, True, None, [1], {"seconds": 3, "nanos": 5e8}, {"seconds": "3",
        "nanos": 500_000_000}, {"seconds": None}, {"nanos": 1},
                         "36s", "-1"]  # fmt: skip
    names = (
        "retry_after",
        "retryAfter",
        "RetryDelay",
        "retry-in",
        "try_again_in",
        "x-retry-after-ms",
        "retry_after_millis",
        "after",
        "retry",
    )
    found["values"] = [wait_of(400, {}, {name: one}, NOW) for name in names for one in values]
    deep: Any = {"retry_after": 5}
    found["deep"] = []
    for _ in range(10):
        found["deep"].append(
            [
                wait_of(400, {}, deep, NOW),
                wait_of(400, {}, [deep], NOW),
                wait_of(400, {}, {"x": "try again in 4s"}, NOW),
            ]
        )
        deep = {"in": deep}
    many = [wait_of(400, {}, [0] * count + [{"retry_after": 5}], NOW) for count in (99, 100)]
    first = (
        wait_of(429, {"retry-after": "1"}, {"retry_after": 2}, NOW),
        wait_of(429, {"x-ratelimit-reset": "3"}, {"retry_after": 2}, NOW),
    )
    limits = [{"x-ratelimit-reset-a": "9", "x-ratelimit-reset-b": "4"}, {"ratelimit-reset": "9",
        "ratelimit-remaining": "x"},
              {"anthropic-ratelimit-tokens-reset": "8", "anthropic-ratelimit-tokens-remaining": "0",
              "anthropic-ratelimit-requests-reset": "2"}]  # fmt: skip
    long = "x" * 3990
    texts = [wait_of(400, {}, f"{long}. wait 5 s", NOW), wait_of(400, {}, f"{long}{long}. wait 5 s", NOW)]
    return found | {"many": [many, first, [wait_of(429, one, "", NOW) for one in limits], texts]}


USAGES: list[Any] = [
    None, [], {}, {"prompt_tokens": 7, "completion_tokens": 3}, {"prompt_tokens": 7.0, "completion_tokens": 3.5},
    {"prompt_tokens": True},
    {"prompt_tokens": -1, "completion_tokens": "3"}, {"prompt_tokens": 10**8, "completion_tokens": 10**8},
    {"prompt_tokens": 10**8 + 1},
    {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 15}, {"total_tokens": 15}, {"input_tokens": 7,
    "output_tokens": 3},
    {"promptTokenCount": 7, "candidatesTokenCount": 3, "thoughtsTokenCount": 5}, {"promptTokenCount": 7,
    "totalTokenCount": 20},
    {"prompt_token_count": 7, "candidates_token_count": 3, "thoughts_token_count": 9, "total_token_count": 11,
    "cached_content_token_count": 2},
    {"prompt_tokens": 7, "completion_tokens": 3, "reasoning_tokens": 9}, {"prompt_tokens": 7, "completion_tokens": 3,
    "thinking_tokens": 2},
    {"prompt_tokens": 7, "completion_tokens": 10**8, "reasoning_tokens": 10**8}, {"prompt_tokens": 7,
    "cachedContentTokenCount": 5},
    *({"prompt_tokens": 7, "completion_tokens": 3, f"{kind}_tokens_details": {"reasoning_tokens": 2,
    "cached_tokens": 4}}
      for kind in ("completion", "output", "prompt", "input", "other")),
    {"prompt_tokens": 7, "prompt_cache_hit_tokens": 9}, {"prompt_tokens": 7, "cache_read_input_tokens": 6},
    {"prompt_tokens": 0, "input_tokens": 4},
    {"prompt_tokens": 7, "completion_tokens": 3, "completion_tokens_details": None, "prompt_tokens_details": []},
    {"completion_tokens": 2, "candidatesTokenCount": 3, "thoughtsTokenCount": 1},
]  # fmt: skip
CONTENTS: list[Any] = [
    "A", "", None, 7, [], {}, ["A", "B"], [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}],
    [{"type": "Output_Text", "text": "A"}],
    [{"type": "thinking", "thinking": "t"}, {"type": "text", "text": "A"}], [{"type": "reasoning.text", "text": "t"},
    {"text": "A"}],
    [{"type": "redacted_thinking", "content": "t"}, {"type": "message", "content": [{"text": "A"}]}],
    [{"thought": True, "text": "t"}, {"text": "A"}],
    [{"type": "thoughts", "summary": [{"text": "t"}]}], [{"type": "refusal", "refusal": "no"}], [{"refusal": "no"}],
    [{"type": "refusal", "refusal": ""}],
    [{"type": "image_url", "text": "x"}, {"type": "tool_use", "text": "y"}], [{"type": 7, "text": "A"}],
    {"text": "A"}, {"type": "text", "value": "A"},
    [[[[[[["A"]]]]]]], [[[[[[[["A"]]]]]]]], [{"text": {"text": {"text": {"text": "A"}}}}], "<think>t</think>A",
    [{"type": "think", "output_text": "t"}],
    [{"type": "text", "reasoning": "A"}], [{"type": "reasoning", "text": [{"type": "image", "text": "t"}]}],
]  # fmt: skip


def replies() -> Any:
    """What the values of chat completions are taken for: contents, ends, reasoning, errors, bodies."""

    def choice(message: Any, end: Any = "stop", **more: Any) -> Any:
        return {
            "choices": [{"message": message, "finish_reason": end} | more],
            "model": "m",
            "usage": {"prompt_tokens": 7},
        }

    values = [choice({"content": one}, end) for one in CONTENTS for end in ("stop", "length")]
    fields = ("reasoning_content", "reasoning", "reasoning_details", "thinking", "thinking_blocks", "thoughts", "other")
    values += [
        choice({"content": content, name: text})
        for name in fields
        for content in ("A", None)
        for text in (" t ", [{"text": "t"}], "")
    ]
    values += [
        choice({"content": "A", "reasoning": "t", "reasoning_content": "u"}),
        choice({"content": [{"type": "think", "thinking": "v"}], "thinking": "t"}),
    ]
    values += [
        choice({"content": content, "refusal": said}) for content in ("A", None, "") for said in ("no", "", None, 7)
    ]
    ends = (
        "content_filter",
        "SAFETY",
        "FinishReason.MAX_TOKENS",
        "error",
        None,
        7,
        "tool_calls",
        "max_tokens",
        "x" * 99 + ".length",
        "finish_reason_stop",
    )
    values += [choice(message, end) for end in ends for message in ({"content": "A"}, None, "A")]
    values += [choice({"content": "A"}, native_finish_reason=end) for end in ends]
    values += [
        choice({"content": "A"}, error=one)
        for one in ({"message": "m"}, {"code": "content_filter"}, {"type": "safety"}, "e", 0)
    ]
    values += [
        {"error": one}
        for one in ({"message": "m"}, {"code": "content_filter"}, {"type": "refusal"}, "e", {}, ["x"], {"message": 7})
    ]
    values += [{"choices": one} for one in (None, [], [7], {}, "x")] + [
        None,
        [],
        "x",
        {"choices": [{}]},
        {"choices": [{"message": {}}], "model": 7},
    ]
    values += [
        {name: {reason: "x"}}
        for name in ("prompt_feedback", "promptFeedback")
        for reason in ("block_reason", "blockReason", "other")
    ]
    values += [{"prompt_feedback": "x"}, {"choices": [], "promptFeedback": {"blockReason": ""}}]
    bodies = [
        b"{}",
        b"x" * 99,
        b"[1]",
        b"\xff",
        b'data: {"choices": [{"delta": {"content": "A"}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n',
        b"data: x\n\n",
        b"",
    ]
    read = [
        read_completion(body, kind)
        for body in bodies
        for kind in ("", "application/json", "text/event-stream", "x" * 400)
    ]
    return [[_shown(read_value(value)) for value in values], [_shown(one) for one in read],
        [tuple(read_usage(one)) for one in USAGES],
            [end_of(one) for one in (*ends, "Stop", "INCOMPLETE", "time-limit", "x.y.refusal", "x" * 101 + "length",
            "abort", "blocked")]]  # fmt: skip


def retries() -> Any:
    """Waits between attempts, and rows of failures that stop a model."""
    found: dict[str, Any] = {}
    found["waits"] = [backoff_s(failed, Random(failed), attempts=attempts, elapsed_s=elapsed) for failed in (1, 2, 3,
        4, 5, 6, 7, 20)
                      for attempts in (0, 5, 6, 7, 8) for elapsed in (0.0, 30.0, 70.0)]  # fmt: skip
    for kind in ("too-long", "refused", "format", "forbidden", "unknown-model", "rejected", "timeout"):
        for has_answered in (False, True):
            row, count = FailureRow(), 0
            if has_answered:
                row.add(Fault("timeout", "m", "again"))
                row.answered()
            while count < 40 and not row.add(Fault(kind, f"m {count}", "give-up", 400)):
                count += 1
            found[f"{kind} {has_answered}"] = [
                count,
                row.add(Fault(kind, "other", "give-up", 400)),
                row.add(Fault("x", "m", "again", 500)),
            ]
    texts = ["a\nb\x00c", "x" * 299, "x" * 300, "x" * 301, " " * 1300 + "x", "x" * 1300]
    found["short"] = [[len(in_short(text)), in_short(text)[-3:]] for text in texts]
    kinds = (("refused", 400), ("too-long", 413), ("key", 401), ("rate-limit", 429), ("server", 503), ("server", 500))
    faults_ = [Fault(kind, "m", "again", status, wait) for kind, status in kinds for wait in (None, 1.0)]
    found["answers"] = [[*_shown(as_answer(one)), one.is_too_many] for one in faults_]
    found["unexpected"] = [unexpected(ValueError("secret"))]
    model, causes = (
        Model("m", "openai", "m"),
        [TimeoutError("t"), ConnectionRefusedError("r"), OSError(""), type("ConnectError", (OSError,), {})("c")],
    )
    for cause in causes:
        outer = RuntimeError("outer")
        outer.__cause__ = cause
        found["unexpected"] += [_shown(connection_fault(one, model, Secrets(["outer"]))) for one in (cause, outer)]
    return found


KEYS = (
    "sk-abcdef0123456789XYZ",
    "sk-no-key-required",
    "EMPTY",
    "abc12345",
    "abc1234",
    "abcdefghijklmnop",
    "abcdefghijklmno",
    "a1b2c3d4e5f6a7b8c9d0e1f2",
    "ключ-0123456789",
    "",
)


def secrets() -> Any:
    """Where each key is found, as it is and in other forms, and what is left."""
    import base64
    from urllib.parse import quote

    found: dict[str, Any] = {}
    for key in KEYS:
        raw = key.encode()
        texts = [key, key.upper(), f"x{key}y", " ".join(key), "-".join(key), raw.hex(), quote(key, safe=""),
            "".join(f"%{one:02x}" for one in raw),
                 "".join(f"\\u00{one:02X}" for one in raw), "".join(f"\\\\x{one:02x}" for one in raw),
                 "".join(f"&#{one};" for one in raw),
                 *(base64.b64encode(b"x" * lead + raw + b"yy").decode() for lead in range(4)),
                 base64.urlsafe_b64encode(raw).decode(),
                 key[-10:], key[-11:-1], key[:10], key[-9:], key[:-1], key[::-1],
                 quote(quote(quote(key[:3] + "%" + key[3:]))), "nothing here", ""]  # fmt: skip
        one = Secret(key)
        found[key] = [
            "".join("01"[one.is_in(text)] for text in texts),
            [one.redacted(text) for text in texts[:8]],
            one.redacted_message(f"m {key}."),
            repr(one),
        ]
    both, deep = Secrets(["abc12345", "", "xyz98765"]), "abc12345"
    value: Any = deep
    for _ in range(18):
        value = [value]
    plain = {"abc12345": ["xyz98765", 7, None, True], "k": {"x": "abc 123 45"}}
    found["json"] = [
        both.redacted_json(plain),
        both.redacted_json(value),
        Secrets([]).redacted_json(value),
        both.redacted("abc12345 xyz98765"),
        repr(both),
    ]
    environment = {
        "OPENAI_API_KEY": " abc12345 ",
        "MY_TOKEN": "tok12345",
        "secret": "s3cr3t00",
        "Password": "passw0rd",
        "CREDENTIALS": "cred1234",
        "HOME": "home1234",
    }
    found["environment"] = [
        [one.is_in(value.strip()) for value in environment.values()] for one in secrets_in(environment)
    ]
    return found


ADDRESSES = ("https://api.openai.com/v1", "HTTPS://API.OpenAI.com:443/v1/", "http://u:p@host.:80//a//b/?b=2&a=1&c=#f",
    "http://host:8080", "http://[::1]:80/x", "http://[::1",
             "http://h:99999", " https://h/ #f", "h/x", "", "https://h/v1?x=${KEY}&y=a b")  # fmt: skip
ENVIRONMENT = {
    "KEY": "abc12345",
    "EMPTY": " ",
    "BAD": "é12345678",
    "http_proxy": "proxy:1",
    "HTTPS_PROXY": "http://u:pw123456@p:2",
    "NO_PROXY": "localhost,.internal",
}


def addresses() -> Any:
    """Addresses in their one form, identities, proxies, and what is sent beside a call."""
    found: list[Any] = [[normalised(one), normalised(one, {"b": "3"}), without_query(one)] for one in ADDRESSES]
    entries = [{}, {"base_url": ADDRESSES[1]}, {"base_url": "http://h/v1/"}, {"identity": "mine"},
        {"identity": "HTTP://H/"}, {"query": {"a": "1"}}, {"system": "user"},
               {"system": "system"}, {"base_url": "http://own/"}]  # fmt: skip
    found += [
        [identity_of(one), identity_of(one, "http://own", "own"), key_parts(one), key_parts(one, "http://own", "own")]
        for one in entries
    ]
    bases = ("http://h/x", "https://h/x", "https://localhost/x", "https://u@a.internal:9/x", "ftp://h")
    every = {"ALL_PROXY": "http://all:1"}
    found += [
        [proxy_in(one, base) for base in bases]
        for one in (ENVIRONMENT, {}, every, {**every, "no_proxy": "*"}, {"https_proxy": " "})
    ]
    settings: list[dict[str, Any]] = [{}, {"headers": {"X": "a ${KEY} b"}, "query": {"q": "${KEY}", "n": 7},
        "proxy": "env"}, {"proxy": "http://u:${KEY}@p"},
                                      {"headers": {"X": "${NONE}"}}, {"query": {"X": "${EMPTY}"}},
                                      {"proxy": "${BAD}"}, {"headers": None, "query": None}]  # fmt: skip
    for one in settings:
        model = Model("m", "openai", "m", settings=one)
        try:
            extras = extras_of(model, ENVIRONMENT, "sk-0123456789", "https://h")
            shown: Any = [
                *extras[:3],
                [extras.secrets.redacted(text) for text in ("abc12345", "pw123456", "sk-0123456789")],
            ]
        except ModelStopped as error:
            shown = [str(error), error.kind]
        found.append([list(variables_of(model)), shown])
    for name in (None, "KEY", "EMPTY", "BAD", "NONE"):
        try:
            found.append(api_key_of(Model("m", "openai", "m", api_key_env=name), ENVIRONMENT))
        except ModelStopped as error:
            found.append([str(error), error.kind])
    return found


def ledgers() -> Any:
    """Lines of a ledger with their sums, and lines that are none."""
    begin = {"run": "r", "host": "here", "pid": 7, "started": "1"}
    good = [begin, {"run": "r", "n": 1, "reserved": 10}, {"run": "r", "n": 2, "reserved": 5}, {"run": "r", "n": 1,
        "spent": 7}, {"run": "r", "n": 2, "unknown": 9},
            {"run": "r", "n": 3, "reserved": 4}, {**begin, "run": "s", "host": "there"}, {"run": "s", "n": 1,
            "reserved": 100}, {"run": "r", "ended": True}]  # fmt: skip
    found: list[Any] = []

    def totals(lines: Iterable[bytes], *, alive: bool) -> Any:
        every, wrong = LedgerTotals(lambda identity: alive, lambda: "here"), ""
        for line in lines:
            try:
                every.add(line)
            except ValueError as error:
                wrong = str(error)
        sums = [
            round(one * 1e12) for one in (every.spent_usd, every.unknown_usd, every.killed_usd, every.in_flight_usd)
        ]
        states = [every.state_of(run) for run in every.runs.values()]
        return [
            every.lines,
            every.committed,
            sums,
            states,
            [every.has_live_reservations(without=name) for name in "rsx"],
            wrong,
        ]

    for count in range(len(good) + 1):
        found += [totals([FIRST_LINE, *map(line_of, good[:count])], alive=alive) for alive in (True, False)]
    bad: list[Any] = [b"x", b"[]", b"7", {"ledger": 2}, {"ledger": 1, "x": 1}, {"run": "r", "host": "h"}, {**begin,
        "pid": "7"}, {**begin, "run": 7}, {**begin, "host": 7},
                      {**begin, "started": 7}, {**begin, "x": 1}, begin, {"run": "x", "n": 1, "reserved": 1},
                      {"run": 7, "n": 1, "reserved": 1}, {"run": "r", "ended": False},
                      {"run": "r", "ended": True, "x": 1}, {"run": "r", "n": "1", "reserved": 1}, {"run": "r", "n": 9,
                      "reserved": 1.0}, {"run": "r", "n": 9},
                      {"run": "r", "n": 9, "reserved": 1, "spent": 1}, {"run": "r", "n": 9, "reserved": -1},
                      {"run": "r", "n": 9, "reserved": 2**62},
                      {"run": "r", "n": 9, "reserved": 2**62 + 1}, {"run": "r", "n": 2, "reserved": 1}, {"run": "r",
                      "n": 9, "spent": 1}, {"run": "r", "n": 2, "spent": 0}]  # fmt: skip
    for one in bad:
        line = one if isinstance(one, bytes) else line_of(one)
        found += [totals([FIRST_LINE, *map(line_of, good[:3]), line], alive=True), totals([line], alive=True)[-1]]
    ended = [{**begin, "run": "ra"}, {"run": "ra", "n": 1, "reserved": 3}, {"run": "ra", "n": 2, "reserved": 7}]
    for alive in (True, False):
        every = LedgerTotals(lambda identity, alive=alive: alive, lambda: "here")
        for line in (FIRST_LINE, *map(line_of, [*good[:-1], *ended])):
            every.add(line)
        for run in ("r", "ra", "s", "x", ""):
            try:
                left = left_by(every, Path("ledger"), run)
                found.append([left, [settling_lines(left, units).__repr__() for units in (0, 1, 100)]])
            except InputError as error:
                found.append(str(error))
    price = Price(0.15, 0.6)
    calls = [
        Call("m", ({"role": "user", "content": "x" * 400},), params)
        for params in ({"max_tokens": 50}, {"max_tokens": 50, "n": {"a": "b"}, "stop": ["x", "y"]}, {})
    ]
    for call in calls:
        for more in ((0, 0), (3, 4)):
            bill = bill_at_most(Model("m", "openai", "m", params=call.params or {}), price, call, more=more)
            found.append([bill, bill.usd])
    found.append(
        [
            has_usage(Reply("x" * size, prompt_tokens=prompt, completion_tokens=1))
            for size in (0, 256, 257)
            for prompt in (0, 1)
        ]
    )
    return found


def packings() -> Any:
    """Bodies that are packed in each way, whole, cut short, too long and with something behind them."""
    plain = b"abc" * 400
    raw = zlib.compressobj(wbits=-15)
    bodies = {"": plain, "gzip": gzip.compress(plain, mtime=0), "deflate": zlib.compress(plain),
        "Deflate ": raw.compress(plain) + raw.flush(),
              "gzip, gzip": gzip.compress(gzip.compress(plain, mtime=0), mtime=0),
              "identity, x-gzip": gzip.compress(plain, mtime=0)}  # fmt: skip
    bodies |= {
        "br": b"",
        "gzip,gzip,gzip,gzip": b"",
        "gzip,deflate,gzip": gzip.compress(zlib.compress(gzip.compress(plain))),
    }
    found: dict[str, Any] = {}
    for name, body in bodies.items():
        ends = {
            "whole": body,
            "short": body[:-9],
            "padded": body + b"\0\0",
            "twice": body * 2,
            "more": body + b"xy",
            "none": b"",
        }
        for kind, sent in ends.items():
            for limit in (len(plain), len(plain) - 1, 2 * len(plain)):
                try:
                    unpacker = Unpacker(name, limit)
                    out = b"".join(
                        piece for at in range(0, len(sent), 50) for piece in unpacker.feed(sent[at : at + 50])
                    )
                    unpacker.finish()
                    shown: Any = [len(out), out == plain]
                except (LongReplyError, PackingError) as error:
                    shown = f"{type(error).__name__} {error}"[:70]
                found[f"{name} {kind} {limit}"] = shown
    return found


CALLS: dict[str, Callable[[], Any]] = {
    "faults": faults, "waits": waits, "replies": replies, "retries": retries, "secrets": secrets,
    "addresses": addresses, "ledgers": ledgers, "packings": packings,
}  # fmt: skip
