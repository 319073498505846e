"""Room on the disk that is released where the disk is full."""

import errno
import os

import pytest

from harness.cache.headroom import HEADROOM, SIZE_BYTES, Headroom

pytestmark = pytest.mark.skipif(not hasattr(os, "posix_fallocate"), reason="this system cannot reserve room")


def test_room_is_taken_once_and_given_up_once(tmp_path):
    room = Headroom(tmp_path)
    room.reserve()
    room.reserve()
    assert (tmp_path / HEADROOM).stat().st_blocks * 512 >= SIZE_BYTES
    assert room.release()
    assert not list(tmp_path.iterdir())
    assert not room.release()
    room.reserve()
    assert not list(tmp_path.iterdir()), "room that was needed is not taken again"


def test_room_that_a_killed_run_left_is_used(tmp_path):
    Headroom(tmp_path).reserve()
    room = Headroom(tmp_path)
    room.reserve()
    assert room.release()
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("code", "is_raised"), [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EOPNOTSUPP, False)])
def test_a_disk_without_room_is_an_error_and_one_that_cannot_reserve_is_none(tmp_path, monkeypatch, code, is_raised):
    def fail(*_):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "posix_fallocate", fail)
    room = Headroom(tmp_path)
    if is_raised:
        with pytest.raises(OSError, match=os.strerror(code)):
            room.reserve()
    else:
        room.reserve()
    assert not room.release()
    assert not list(tmp_path.iterdir())


def test_a_link_is_neither_followed_nor_kept(tmp_path):
    (tmp_path / "mine").write_text("mine")
    (tmp_path / HEADROOM).symlink_to(tmp_path / "mine")
    room = Headroom(tmp_path)
    room.reserve()
    room.release()
    assert (tmp_path / "mine").read_text() == "mine"
    assert not (tmp_path / HEADROOM).is_symlink()
