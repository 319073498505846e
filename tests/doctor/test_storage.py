import os
from collections import namedtuple
from pathlib import Path

import pytest

from harness.cache.cache import Cache
from harness.cache.entry import Entry
from harness.doctor import storage
from harness.doctor.storage import check_cache, check_results, file_system_of
from harness.records.calls import Reply

MOUNTS = """\
22 1 259:1 / / rw,relatime - ext4 /dev/root rw
30 22 0:25 / /home rw - nfs4 server:/home rw
31 30 0:26 / /home/me/my\\040disk rw - ext4 /dev/sdb rw
32 22 0:27 / /over rw - ext4 /dev/sdc rw
33 22 0:28 / /over rw - cifs //server/share rw
a line that says nothing
"""


@pytest.fixture
def mounts(tmp_path):
    file = tmp_path / "mountinfo"
    file.write_text(MOUNTS)
    return file


def states(findings):
    return {finding.what: finding.state for finding in findings}


def filled(folder):
    import hashlib

    call = b'{"draw":0,"key":1,"messages":[],"model":"m","params":{}}'
    with Cache(folder) as cache:
        cache.put_many([Entry(hashlib.sha256(call).hexdigest(), call, Reply("text"))])


@pytest.mark.parametrize(
    ("folder", "kind"),
    [("/data", "ext4"), ("/home/me/cache", "nfs4"), ("/home/me/my disk/cache", "ext4"), ("/over/there", "cifs")],
)
def test_the_deepest_and_latest_mount_tells_the_file_system(folder, kind, mounts):
    assert file_system_of(Path(folder), mounts) == kind


def test_a_system_that_does_not_tell_is_not_guessed_at(tmp_path):
    assert file_system_of(tmp_path, tmp_path / "no-such-file") is None
    assert states(check_cache(tmp_path, mounts=tmp_path / "no-such-file"))["cache file system"] == "unknown"


def test_a_network_file_system_is_warned_of(tmp_path):
    file = tmp_path / "mountinfo"
    file.write_text("22 1 259:1 / / rw - nfs4 server:/ rw\n")
    found = [finding for finding in check_cache(tmp_path, mounts=file) if finding.what == "cache file system"]
    assert found[0].state == "warning"
    assert "bundles" in found[0].hint


def test_a_cache_that_is_not_there_yet_is_no_fault_and_is_not_made(tmp_path, mounts):
    assert "failure" not in states(check_cache(tmp_path / "new" / "cache", mounts=mounts)).values()
    assert not (tmp_path / "new").exists()


def test_replies_are_counted(tmp_path, mounts):
    filled(tmp_path / "cache")
    health = next(check_cache(tmp_path / "cache", mounts=mounts))
    assert health.state == "ok"
    assert ": 1 reply, " in health.message


def test_a_large_cache_is_left_to_verify(tmp_path, mounts, monkeypatch):
    filled(tmp_path / "cache")
    monkeypatch.setattr(storage, "CHECKED_BYTES", 100)
    assert "verify" in next(check_cache(tmp_path / "cache", mounts=mounts)).hint


def test_a_file_that_is_no_cache_is_a_failure_with_a_way_out(tmp_path, mounts):
    (tmp_path / "cache.db").write_bytes(b"not a database" * 1000)
    health = next(check_cache(tmp_path, mounts=mounts))
    assert health.state == "failure"
    assert "move the folder away" in health.hint


def test_a_damaged_page_is_found(tmp_path, mounts):
    import hashlib

    with Cache(tmp_path) as cache:
        calls = [b'{"draw":%d,"key":1,"messages":[],"model":"m","params":{}}' % number for number in range(500)]
        cache.put_many([Entry(hashlib.sha256(call).hexdigest(), call, Reply("text" * 100)) for call in calls])
    file = tmp_path / "cache.db"
    content = bytearray(file.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 4096] = b"\xff" * 4096
    file.write_bytes(content)
    assert next(check_cache(tmp_path, mounts=mounts)).state == "failure"


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to the superuser")
def test_a_folder_that_cannot_be_written_is_a_failure(tmp_path):
    tmp_path.chmod(0o500)
    assert states(check_results(tmp_path / "results"))["results folder"] == "failure"
    tmp_path.chmod(0o700)


def test_what_the_system_says_of_a_folder_is_passed_on(tmp_path, monkeypatch):
    def refused(**_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(storage.tempfile, "TemporaryFile", refused)
    found = next(check_results(tmp_path))
    assert (found.state, found.hint) == ("failure", "choose another folder with --results")
    assert "read-only file system" in found.message


def test_little_space_is_warned_of(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(storage.shutil, "disk_usage", lambda _: usage(100, 90, 10))
    assert states(check_results(tmp_path)) == {"results folder": "warning"}
