"""Claims of calls in flight, between runs in one process and in several."""

from __future__ import annotations

import subprocess
import sys

import pytest

from harness.cache import claims
from harness.cache.cache import Cache
from harness.cache.claims import CLAIMS, CallClaims

fcntl = pytest.importorskip("fcntl")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="locks of Linux")

KEY, OTHER = "a1" * 32, "a2" * 32


@pytest.fixture
def two(tmp_path):
    first, second = CallClaims(tmp_path / "cache"), CallClaims(tmp_path / "cache")
    yield first, second
    first.close()
    second.close()


def test_a_call_is_claimed_by_one_run_until_it_gives_it_up(two):
    first, second = two
    assert first.take(KEY)
    assert first.take(KEY)
    assert not second.take(KEY)
    assert second.take(OTHER)
    first.release(KEY)
    assert second.take(KEY)
    assert not first.take(KEY)


def test_the_folder_of_the_cache_is_made_with_those_around_it(tmp_path):
    deep = CallClaims(tmp_path / "not" / "there" / "cache")
    assert deep.take(KEY)
    assert (tmp_path / "not" / "there" / "cache" / CLAIMS).is_file()
    deep.close()


def test_others_are_seen_from_their_first_call_on_also_between_calls(two):
    first, second = two
    assert not first.has_others()
    assert second.take(KEY)
    second.release(KEY)
    assert first.has_others(), "a reply may have been stored since it was looked up here"
    assert second.has_others()


def test_others_that_have_ended_are_not_forgotten(two):
    first, second = two
    assert first.take(KEY)
    assert not first.has_others(), "its own do not count"
    assert second.take(OTHER)
    assert first.has_others()
    second.close()
    assert first.has_others()
    third = CallClaims(first._path.parent)
    first.close()
    assert not third.has_others()
    third.close()


def test_a_run_that_ends_gives_up_all_claims_and_can_claim_again(two):
    first, second = two
    assert first.take(KEY)
    first.close()
    first.close()
    assert second.take(KEY)
    assert not first.take(KEY)


def test_a_process_that_is_killed_gives_up_its_claims(tmp_path):
    code = (
        "import sys; from pathlib import Path; from harness.cache.claims import CallClaims\n"
        "found = CallClaims(Path(sys.argv[1])); print(found.take(sys.argv[2]), flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "cache"), KEY]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        mine = CallClaims(tmp_path / "cache")
        assert not mine.take(KEY)
        process.kill()
        process.wait(timeout=30)
    assert mine.take(KEY)
    mine.close()


def test_the_file_stays_empty_and_the_folder_is_private(two, tmp_path):
    first, _ = two
    assert first.take("f" * 64)
    assert first.take("0" * 64)
    assert (tmp_path / "cache" / CLAIMS).stat().st_size == 0
    assert (tmp_path / "cache").stat().st_mode & 0o777 == 0o700


def test_clear_removes_the_file(tmp_path):
    with Cache(tmp_path / "cache") as cache:
        assert cache.claims.take(KEY)
        cache.clear()
    assert not (tmp_path / "cache").exists()


def test_where_there_are_no_claims_every_run_makes_its_calls(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    outside = CallClaims(tmp_path / "file")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / CLAIMS).symlink_to(tmp_path / "elsewhere")
    linked = CallClaims(tmp_path / "cache")
    monkeypatch.setattr(claims, "_HAS_LOCKS", False)
    elsewhere = CallClaims(tmp_path / "third")
    for found in (outside, linked, elsewhere):
        assert found.take(KEY)
        assert not found.has_others()
        found.release(KEY)
        found.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "file"]


@pytest.mark.parametrize("act", ["take", "has_others"])
def test_a_file_system_without_locks_is_no_error(two, monkeypatch, act):
    first, _ = two
    assert first.take(OTHER)

    def fail(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(fcntl, "fcntl", fail)
    assert first.take(KEY) if act == "take" else not first.has_others()
    monkeypatch.undo()
    assert first.take(KEY), "it is not tried again"
    assert not first.has_others()
