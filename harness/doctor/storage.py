"""Checks of the cache and the results folder."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from harness.cache.sqlite_file import FILES, open_for_reading
from harness.errors import CacheError
from harness.providers.health import Finding
from harness.text import pluralized

LITTLE_SPACE_BYTES = 2**30
CHECKED_BYTES = 2**31
"""Size up to which the cache is checked; `harness cache verify` checks a larger one."""

MOUNTS = Path("/proc/self/mountinfo")
"""The table of mounted file systems; only Linux has it."""

NETWORK_FILE_SYSTEMS = frozenset(
    """9p afs beegfs ceph cifs coda davfs fuse.ceph fuse.davfs fuse.glusterfs fuse.rclone fuse.s3fs fuse.sshfs glusterfs
    gpfs lustre ncpfs nfs nfs4 ocfs2 orangefs smb2 smb3 smbfs virtiofs""".split()  # noqa: SIM905 - a list to be read
)
"""File systems on which the locks and shared memory of SQLite fail between machines, or between processes."""


def check_cache(folder: Path, *, mounts: Path = MOUNTS) -> Iterator[Finding]:
    """The cache: readable, intact, writable, and on a file system that SQLite supports."""
    yield _health(folder)
    yield _writable("cache folder", folder, "--cache")
    yield _file_system(folder, mounts)


def check_results(folder: Path) -> Iterator[Finding]:
    """The results folder: writable."""
    yield _writable("results folder", folder, "--results")


def file_system_of(folder: Path, mounts: Path = MOUNTS) -> str | None:
    """The type of the file system that a folder is on or would be on, such as `ext4`; None where unknown.

    Args:
        folder: need not exist.
        mounts: a file in the format of Linux's `mountinfo`.
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    place = folder.absolute().resolve()
    best: tuple[int, str] | None = None
    for line in lines:
        before, _, after = line.partition(" - ")
        fields, kinds = before.split(" "), after.split(" ")
        if len(fields) < 5 or not kinds[0]:
            continue
        point = Path(fields[4].replace("\\040", " "))
        # Of two mounts on one point, the later one hides the earlier.
        if place.is_relative_to(point) and (best is None or len(point.parts) >= best[0]):
            best = (len(point.parts), kinds[0])
    return best[1] if best else None


def _health(folder: Path) -> Finding:
    size = sum((folder / name).stat().st_size for name in FILES if (folder / name).exists())
    move = "move the folder away; a bundle or a run creates a new one"
    try:
        connection = open_for_reading(folder)
    except CacheError as error:
        problem = error.problems[0]
        return Finding("cache", "failure", problem.message, problem.hint)
    if connection is None:
        return Finding("cache", "ok", f"{folder}: does not exist yet; the first run creates it")
    try:
        replies = connection.execute("SELECT count(*) FROM Cache").fetchone()[0]
        found = f"{folder}: {pluralized(replies, 'reply', 'replies')}, {size / 1e6:,.1f} MB"
        if size > CHECKED_BYTES:
            return Finding("cache", "ok", f"{found}; too large to check here", "`harness cache verify` checks it")
        damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        return Finding("cache", "failure", f"{folder}: corrupt: {error}", move)
    finally:
        connection.close()
    if damage != "ok":
        return Finding("cache", "failure", f"{folder}: corrupt: {damage}", move)
    return Finding("cache", "ok", found)


def _writable(what: str, folder: Path, option: str) -> Finding:
    """Whether a file can be created in a folder, or in its nearest existing parent; and the free space."""
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=there) as file:
            file.write(b"\0" * 4096)
            file.flush()
        free = shutil.disk_usage(there).free
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return Finding(what, "failure", f"{there} is not writable: {reason}", f"choose another folder with {option}")
    found = f"{folder} is writable, {free / 1e9:,.1f} GB free"
    if free < LITTLE_SPACE_BYTES:
        return Finding(what, "warning", found, f"free some space, or choose another folder with {option}")
    return Finding(what, "ok", found)


def _file_system(folder: Path, mounts: Path) -> Finding:
    kind = file_system_of(folder, mounts)
    if kind is None:
        return Finding("cache file system", "unknown", "unknown on this system; use a local disk")
    if kind in NETWORK_FILE_SYSTEMS:
        return Finding(
            "cache file system",
            "warning",
            f"{kind} is a network file system: two machines that use one cache can corrupt it",
            "choose a folder on a local disk with --cache, and share replies as bundles",
        )
    return Finding("cache file system", "ok", kind)
