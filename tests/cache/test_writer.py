"""The database behind a cache."""

import pytest

from harness.cache import writer


def test_a_database_that_cannot_be_made_fails_with_its_own_error(tmp_path, monkeypatch):
    def refuse(folder):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("harness.cache.writer.make_file", refuse)
    with pytest.raises(OSError, match="No space left"):
        writer._Database(tmp_path / "cache")
