"""Bundles and caches from somebody else, on the command line: refused in words, with nothing stored and nothing run.

Each single thing that may be wrong with one is in `tests/cache/test_bundle.py` and `tests/cache/test_cache.py`; here
are attacks as
a user would meet them.
"""

from __future__ import annotations

import gzip
import json
import pickle
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cache.bundle import export_bundle
from harness.cache.cache import Cache
from harness.cli import main
from harness.hashing import canonical_json
from support.kept import entry, fill


class Owner:
    """A pickle that leaves a file behind when it is loaded."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[Path]]:
        return Path.touch, (Path("owned"),)


@pytest.fixture
def packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """An honest bundle of four replies, beside a cache that has three of them."""
    monkeypatch.chdir(tmp_path)
    fill(Path("mine"), 3)
    fill(Path("theirs"), 4)
    with Cache(Path("theirs")) as cache:
        export_bundle(cache, [entry(number).key for number in range(4)], Path("honest.bundle"), spec="s", version=1)
    return Path("honest.bundle").read_bytes()


def first_entry(packed: bytes, **values: object) -> bytes:
    """The bundle with something else in its first entry."""
    lines = gzip.decompress(packed).splitlines(keepends=True)
    lines[1] = canonical_json({**json.loads(lines[1]), **values}) + b"\n"
    return gzip.compress(b"".join(lines))


def first_line(packed: bytes, **values: object) -> bytes:
    lines = gzip.decompress(packed).splitlines(keepends=True)
    return gzip.compress(canonical_json({**json.loads(lines[0]), **values}) + b"\n" + b"".join(lines[1:]))


BUNDLES: dict[str, Callable[[bytes], bytes]] = {
    "a bomb of zeros": lambda packed: gzip.compress(bytes(2**27)),
    "a bomb inside a bomb": lambda packed: gzip.compress(gzip.compress(bytes(2**24))),
    "one endless line": lambda packed: gzip.compress(b'{"entries":1,"spec":"' + b"x" * 2**25),
    "deep JSON": lambda packed: gzip.compress(b"[" * 2**20 + b"\n"),
    "a count of entries beyond any": lambda packed: first_line(packed, entries=2**60),
    "a path as key": lambda packed: first_entry(packed, key="../../../../tmp/owned"),
    "an absolute path as key": lambda packed: first_entry(packed, key="/tmp/owned"),
    "another digest": lambda packed: first_entry(packed, sha256="0" * 64),
    "a file name beside the reply": lambda packed: first_entry(packed, filename="../owned"),
    "a pickle": lambda packed: pickle.dumps(Owner()),
    "a packed pickle": lambda packed: gzip.compress(pickle.dumps(Owner())),
    "a pickle for a line": lambda packed: gzip.compress(gzip.decompress(packed) + pickle.dumps(Owner())),
    "cut short": lambda packed: packed[: len(packed) // 2],
    "two bundles in one": lambda packed: packed * 2,
    "a second gzip of a pickle": lambda packed: packed + gzip.compress(pickle.dumps(Owner())),
    "zeros behind": lambda packed: packed + bytes(4096),
    "a database": lambda packed: Path("mine/cache.db").read_bytes(),
    "a zip": lambda packed: b"PK\x03\x04" + bytes(100),
    "nothing": lambda packed: b"",
}


@pytest.mark.parametrize("attack", BUNDLES.values(), ids=BUNDLES)
def test_a_hostile_bundle_is_refused_and_leaves_nothing(packed: bytes, attack: Callable[[bytes], bytes]) -> None:
    Path("evil.bundle").write_bytes(attack(packed))
    before = sorted(Path().rglob("*"))
    shown = CliRunner().invoke(main, ["cache", "import", "evil.bundle", "--cache", "new"])
    assert shown.exit_code == 2, shown.output
    assert "evil.bundle" in shown.output
    assert len(shown.output) < 1000
    assert sorted(Path().rglob("*")) == before


def test_the_name_of_a_spec_in_a_bundle_is_only_shown(packed: bytes) -> None:
    lines = [gzip.decompress(first_line(packed, spec="../../x\x1b[31m")).splitlines(keepends=True)][0][:-1]
    Path("named.bundle").write_bytes(gzip.compress(b"".join([*lines, _seal(lines)])))
    shown = CliRunner().invoke(main, ["cache", "import", "named.bundle", "--cache", "new"])
    assert shown.exit_code == 0, shown.output
    assert "\x1b" not in shown.output
    assert sorted(path.name for path in Path("new").iterdir()) == ["cache.db", "cache.lock"]


def _seal(lines: list[bytes]) -> bytes:
    from hashlib import sha256

    return canonical_json({"sha256": sha256(b"".join(lines)).hexdigest()}) + b"\n"


CACHES = {
    "a pickled value": "UPDATE Cache SET mode = 4, value = :pickle",
    "a pickled key": "UPDATE Cache SET key = :pickle, raw = 0 WHERE rowid = 1",
    "a file to be read": "UPDATE Cache SET mode = 2, filename = '../outside', value = NULL",
    "a text to be read": "UPDATE Cache SET mode = 3, filename = '../outside', value = NULL",
    "an absolute file": "UPDATE Cache SET mode = 2, filename = :absolute",
    "a trigger that deletes": "CREATE TRIGGER t AFTER INSERT ON Cache BEGIN DELETE FROM Cache; END",
    "a trigger that changes": "CREATE TRIGGER t AFTER INSERT ON Cache BEGIN UPDATE Cache SET mode = 4; END",
    "a view in place of a table": "CREATE VIEW Other AS SELECT 1",
    "a table of somebody's own": "CREATE TABLE Other (x)",
    "a setting that is code": "INSERT OR REPLACE INTO Settings VALUES ('sqlite_cache_size', '1; DROP TABLE Cache')",
    "a setting that is a pickle": "INSERT OR REPLACE INTO Settings VALUES ('disk_pickle_protocol', :pickle)",
    "a setting that names a folder": "INSERT OR REPLACE INTO Settings VALUES ('_directory', '/')",
}


@pytest.mark.parametrize("attack", CACHES.values(), ids=CACHES)
def test_a_hostile_cache_is_refused_runs_nothing_and_reaches_no_file(packed: bytes, attack: str) -> None:
    outside = Path("outside").absolute()
    outside.write_text("mine")
    connection = sqlite3.connect("mine/cache.db", isolation_level=None)
    connection.execute(attack, {"pickle": pickle.dumps(Owner()), "absolute": str(outside)})
    connection.close()
    verbs = (["verify"], ["stats"], ["import", "honest.bundle"], ["clear", "--yes"])
    codes = []
    for words in verbs:
        shown = CliRunner().invoke(main, ["cache", *words, "--cache", "mine"])
        assert shown.exit_code in (0, 1, 2), shown.output
        assert "Traceback" not in shown.output
        codes.append(shown.exit_code)
    assert any(codes)
    assert outside.read_text() == "mine"
    assert not Path("owned").exists()
