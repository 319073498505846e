from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest

from harness.providers.retry import (
    FAILURES_TO_STOP,
    MAX_BACKOFF_S,
    MESSAGE_LENGTH,
    OF_ONE_CALL,
    REJECTIONS_TO_STOP,
    WINDOW_ATTEMPTS,
    WINDOW_S,
    FailureRow,
    Fault,
    as_answer,
    backoff_s,
    in_short,
)
from harness.records.calls import Reply


def test_backoff_is_random_below_a_limit_that_grows_and_ends():
    random = Random(1)
    for failed, limit in [(1, 0.5), (2, 1.5), (3, 4.5), (7, MAX_BACKOFF_S), (10_000, MAX_BACKOFF_S)]:
        waits = [backoff_s(failed, random) for _ in range(300)]
        assert 0.6 * limit <= min(waits) < 0.65 * limit
        assert 0.95 * limit < max(waits) <= limit


def test_each_wait_is_clearly_longer_than_the_one_before_it_until_they_end():
    random = Random(2)
    for _ in range(300):
        waits = [backoff_s(failed, random) for failed in range(1, 6)]
        assert all(later > 1.15 * earlier for earlier, later in pairwise(waits))


def test_the_last_attempt_comes_when_a_minute_has_passed():
    last = backoff_s(WINDOW_ATTEMPTS - 1, Random(3), attempts=WINDOW_ATTEMPTS, elapsed_s=2.0)
    assert last >= WINDOW_S - 2.0
    assert backoff_s(1, Random(3), attempts=WINDOW_ATTEMPTS) < 1
    fewer = WINDOW_ATTEMPTS - 1
    assert backoff_s(fewer - 1, Random(3), attempts=fewer) <= MAX_BACKOFF_S, "fewer attempts ask for less patience"


REJECTED = Fault("rejected", "status 400: no", "give-up", 400)
DOWN = Fault("server", "status 500", "again", 500)
FORBIDDEN = Fault("forbidden", "status 403", "give-up", 403)


def added(failures: FailureRow, fault: Fault, times: int) -> list[bool]:
    return [failures.add(fault) for _ in range(times)]


@pytest.mark.parametrize(
    ("fault", "most"), [(DOWN, FAILURES_TO_STOP), (FORBIDDEN, FAILURES_TO_STOP), (REJECTED, REJECTIONS_TO_STOP)]
)
def test_first_failures_alike_stop_the_model(fault: Fault, most: int):
    assert added(FailureRow(), fault, most) == [False] * (most - 1) + [True]


@pytest.mark.parametrize("fault", [DOWN, REJECTED])
def test_failures_after_an_answer_concern_their_own_call(fault: Fault):
    failures = FailureRow()
    failures.answered()
    assert not any(added(failures, fault, 99))


def test_calls_that_are_forbidden_in_a_row_stop_the_model_also_after_an_answer():
    failures = FailureRow()
    for _ in range(9):
        assert not any(added(failures, FORBIDDEN, FAILURES_TO_STOP - 1))
        failures.answered()
    assert added(failures, FORBIDDEN, FAILURES_TO_STOP)[-1]


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(Fault("rejected", "status 422: no", "give-up", 422), id="status"),
        pytest.param(Fault("rejected", "status 400: never", "give-up", 400), id="words"),
    ],
)
def test_failures_that_differ_do_not_add_up(other: Fault):
    failures = FailureRow()
    assert not any(failures.add(fault) for _ in range(99) for fault in (REJECTED, other))


def test_rejections_that_differ_in_numbers_are_alike():
    failures = FailureRow()
    faults = [Fault("rejected", f"status 400: item {n}", "give-up", 400) for n in range(REJECTIONS_TO_STOP)]
    assert [failures.add(fault) for fault in faults][-1]


@pytest.mark.parametrize("kind", sorted(OF_ONE_CALL))
def test_what_concerns_one_prompt_never_counts(kind: str):
    assert not any(added(FailureRow(), Fault(kind, "", "give-up", 400), 99))


def test_text_in_short_is_one_short_line_that_no_terminal_obeys():
    assert in_short("a\x1b[31m b\n\n c\x00") == "a b c"
    assert len(in_short("x" * 10_000)) == MESSAGE_LENGTH


@pytest.mark.parametrize(
    ("status", "wait_s", "expected"),
    [
        (429, None, True),
        (429, 2.0, True),
        (503, 2.0, True),
        (503, 0.0, True),
        (503, None, False),
        (500, 2.0, False),
        (502, 2.0, False),
        (504, 2.0, False),
        (408, 2.0, False),
    ],
)
def test_an_endpoint_asks_for_fewer_calls_by_429_or_by_503_with_a_time_to_wait(
    status: int, wait_s: float | None, expected: bool
):
    assert Fault("server", "x", "again", status, wait_s).is_too_many is expected


def test_faults_of_one_prompt_are_these():
    assert {"too-long", "refused", "format"} == OF_ONE_CALL


@pytest.mark.parametrize(
    ("kind", "finish"),
    [("refused", "refusal"), ("too-long", "too-long"), ("format", None), ("server", None), ("rate-limit", None)],
)
def test_a_fault_that_answers_a_prompt_is_a_reply(kind: str, finish: str | None):
    fault = Fault(kind, "no", "give-up", 400)
    assert as_answer(fault) == (fault if finish is None else Reply("no", finish))
