"""Kills and a full disk during import, prune and clear, and caches in an odd state."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from random import Random

import pytest

from harness.cache.bundle import export_bundle, import_bundle
from harness.cache.cache import Cache
from harness.cache.entry import Entry
from harness.cache.key import call_bytes, call_key
from harness.cache.sqlite_file import DATABASE, HEADROOM, LOCK
from harness.errors import CacheError
from harness.records.calls import Call, Model, Reply

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")

MODEL = Model("m", "openai", "m")
ENTRIES = 4_000
WORK = """\
import sys
from pathlib import Path
from harness.cache.bundle import import_bundle
from harness.cache.cache import Cache
from harness.cache.lock import CacheLock
from harness.cache.prune import delete
import harness.cache.writer
verb, cache, bundle, keys = sys.argv[1], *map(Path, sys.argv[2:])
print("ready", flush=True)
if verb == "import":
    with Cache(cache) as store:
        import_bundle(bundle, store)
elif verb == "prune":
    delete(cache, keys.read_text().split(), CacheLock(cache))
else:
    Cache(cache).clear()
print("done", flush=True)
"""


def entries(count: int, first: int = 0) -> list[Entry]:
    calls = [
        Call(MODEL, [{"role": "user", "content": f"question {n} " + "x" * 300}]) for n in range(first, first + count)
    ]
    return [Entry(call_key(call), call_bytes(call), Reply(f"answer {call.messages}", "stop", 9, 9)) for call in calls]


def filled(folder: Path, found: list[Entry]) -> Path:
    with Cache(folder) as cache:
        cache.put_many(found)
    return folder


def keys_of(folder: Path) -> set[str]:
    with Cache(folder) as cache:
        assert cache.verify().is_good
        return {reply.key for reply in cache.stored()}


def started(verb: str, cache: Path, bundle: Path, keys: Path, most_bytes: int = 0) -> subprocess.Popen[str]:
    def limited() -> None:
        if most_bytes:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))

    words = [sys.executable, "-c", WORK, verb, str(cache), str(bundle), str(keys)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=limited)


@pytest.fixture(scope="module")
def material(tmp_path_factory):
    """A folder with a cache, a bundle of its entries and of as many others, and a file with half of its keys."""
    folder = tmp_path_factory.mktemp("material")
    own, others = entries(ENTRIES), entries(ENTRIES, ENTRIES)
    filled(folder / "cache", own)
    with Cache(filled(folder / "both", [*own, *others])) as both:
        export_bundle(both, [entry.key for entry in (*own, *others)], folder / "both.bundle")
    (folder / "keys").write_text("\n".join(entry.key for entry in own[: ENTRIES // 2]))
    return folder, {entry.key for entry in own}, {entry.key for entry in others}


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("verb", ["import", "prune", "clear"])
def test_a_kill_leaves_a_sound_cache_and_the_verb_can_be_repeated(tmp_path, material, verb):
    folder, own, others = material
    doomed = set((folder / "keys").read_text().split())
    moments, seconds, killed = Random(verb), 0.0, 0
    for attempt in range(5):
        cache = tmp_path / f"cache-{attempt}"
        shutil.copytree(folder / "cache", cache)
        process = started(verb, cache, folder / "both.bundle", folder / "keys")
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        begun = time.monotonic()
        if attempt:  # the first one shows how long it takes
            time.sleep(moments.uniform(0, seconds))
            process.kill()
        out, err = process.communicate(timeout=60)
        seconds = seconds or time.monotonic() - begun
        killed += "done" not in out
        if verb == "clear":
            assert not cache.exists() or keys_of(cache) in (own, set())
        else:
            kept = keys_of(cache)
            assert kept >= (own - doomed if verb == "prune" else own), err
            assert kept <= own | others
            assert verb != "prune" or kept in (own, own - doomed), "prune deletes all or nothing"
        again = started(verb, cache, folder / "both.bundle", folder / "keys")
        out, err = again.communicate(timeout=60)
        assert "done" in out, err
    assert killed or seconds < 0.2


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["import", "prune"])
def test_a_full_disk_leaves_a_sound_cache(tmp_path, material, verb):
    folder, own, _ = material
    doomed = set((folder / "keys").read_text().split())
    shutil.copytree(folder / "cache", tmp_path / "cache")
    size = (folder / "cache" / DATABASE).stat().st_size
    most = size + 300_000 if verb == "import" else 100_000
    out, err = started(verb, tmp_path / "cache", folder / "both.bundle", folder / "keys", most).communicate(timeout=60)
    kept = keys_of(tmp_path / "cache")
    assert kept >= (own - doomed if verb == "prune" else own), err
    if verb == "import":
        assert "done" not in out
        assert "the cache cannot be used" in err
    with Cache(tmp_path / "cache") as cache:
        import_bundle(folder / "both.bundle", cache)
    assert keys_of(tmp_path / "cache") >= own


def test_a_log_of_the_cache_that_was_deleted_loses_only_what_was_in_it(tmp_path):
    with Cache(tmp_path / "cache") as cache:
        cache.put_many(entries(5))
        shutil.copytree(tmp_path / "cache", tmp_path / "copy")  # as a killed process leaves it
    (tmp_path / "copy" / f"{DATABASE}-wal").unlink(missing_ok=True)
    with Cache(tmp_path / "copy") as copy:
        copy.put_many(entries(5, 5))
    kept = keys_of(tmp_path / "copy")
    assert kept >= {entry.key for entry in entries(5, 5)}
    assert kept <= {entry.key for entry in entries(10)}


@pytest.mark.parametrize("name", [DATABASE, f"{DATABASE}-wal", HEADROOM, LOCK])
@pytest.mark.timeout(60)
def test_a_pipe_in_the_place_of_a_file_of_the_cache_is_no_endless_wait(tmp_path, name):
    folder = filled(tmp_path / "cache", entries(1))
    (folder / name).unlink(missing_ok=True)
    os.mkfifo(folder / name)
    expected = pytest.raises(CacheError, match=re.escape(str(folder))) if name.startswith(DATABASE) else nullcontext()
    with expected, Cache(folder) as cache:
        cache.put_many(entries(2))


@pytest.fixture
def open_folder():
    """A folder that every user can enter, unlike those that pytest makes."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root becomes another user")
@pytest.mark.parametrize(("mode", "message"), [(0o700, "permission denied"), (0o755, "permission denied")])
def test_another_user_reads_a_cache_that_is_open_to_all_and_no_other(open_folder, mode, message):
    folder = filled(open_folder / "cache", entries(1))
    folder.chmod(mode)
    for path in folder.iterdir():
        path.chmod(0o644)
    code = (
        "import os, sys; from pathlib import Path; from harness.cache.cache import Cache\n"
        "import harness.cache.verify, harness.cache.rescue, encodings.idna, zstandard\n"
        "with Cache(Path(sys.argv[2])) as cache:\n"  # what is imported on the way may not be readable to another user
        "    cache.make_ready(); list(cache.stored())\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "with Cache(Path(sys.argv[1])) as cache:\n"
        "    print(len(list(cache.stored())))\n"
        "    cache.make_ready()\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code, str(folder), str(open_folder / "own")], capture_output=True, text=True, timeout=60
    )
    assert shown.returncode != 0, "another user cannot write"
    assert "CacheError" in shown.stderr
    assert re.search(message, shown.stderr)
    assert shown.stdout == ("1\n" if mode == 0o755 else "")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root becomes another user")
def test_a_folder_that_may_no_longer_be_written_is_an_error_and_nothing_is_lost(open_folder):
    code = (
        "import os, sys; from pathlib import Path; from harness.cache.cache import Cache\n"
        "from harness.errors import CacheError\n"
        "from harness.records.calls import Reply\n"
        "import harness.cache.verify, harness.cache.writer, encodings.idna, urllib.parse, zstandard\n"
        "with Cache(Path(sys.argv[2])) as cache:\n"
        "    cache.put('0' * 64, b'{}', Reply(text='')).result()\n"
        "os.chown(sys.argv[1], 65534, 65534); os.setgid(65534); os.setuid(65534)\n"
        "folder = Path(sys.argv[1], 'cache')\n"
        "with Cache(folder) as cache:\n"
        "    cache.put('1' * 64, b'{}', Reply(text='one')).result()\n"
        "    folder.chmod(0)\n"
        "    try:\n"
        "        cache.put('2' * 64, b'{}', Reply(text='two')).result()\n"
        "    except CacheError as error:\n"
        "        print(error)\n"
        "    folder.chmod(0o700)\n"
        "    cache.put('3' * 64, b'{}', Reply(text='three')).result()\n"
        "    print(len(cache.get_many([str(number) * 64 for number in range(4)])))\n"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code, str(open_folder), str(open_folder / "own")],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    error, count = shown.stdout.strip().rsplit("\n", 1)
    assert "the cache cannot be used: permission denied" in error
    assert count == "2", shown.stderr
