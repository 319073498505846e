"""Which entries are checked where not all are."""

from __future__ import annotations

import json

import pytest

from harness.cache import verify
from harness.cache.cache import Cache
from harness.cache.entry import Entry
from harness.cache.sqlite_file import open_for_reading
from harness.records.calls import Reply


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (0, []),
        (1, [0]),
        (3, [2, 1, 0]),
        (5, [4, 3, 2, 1, 0]),
        (20, [19, 18, 17, 16, 15, 0, 4, 8, 12]),
        (41, [40, 39, 38, 37, 36, 0, 10, 20, 30]),
    ],
)
def test_the_newest_calls_and_others_spread_evenly_are_sampled(tmp_path, monkeypatch, entries, expected):
    monkeypatch.setattr(verify, "SAMPLED", 4)
    with Cache(tmp_path / "cache") as cache:
        cache.make_ready()
        for number in range(entries):
            call = json.dumps({"number": number}).encode()
            cache.put_many([Entry(f"{number:064x}", call, Reply("text", "stop", 1, 1))])
        connection = open_for_reading(tmp_path / "cache")
        assert connection is not None
        try:
            assert [call["number"] for call in verify.sampled_calls(connection)] == expected
        finally:
            connection.close()
