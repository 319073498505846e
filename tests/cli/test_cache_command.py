"""`harness cache`: what it prints, for people and for programs, and how it ends."""

import json
import sqlite3
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from harness.cache.cache import Cache
from harness.cli import main
from harness.errors import MissingRepliesError
from support.kept import entry, fill
from support.paths import SCHEMAS

SCHEMA = json.loads((SCHEMAS / "output/cache.schema.json").read_text())


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HARNESS_CACHE", raising=False)
    return tmp_path


@pytest.fixture
def keys(monkeypatch):
    """The keys that any spec is taken to have."""
    keys: list[str] = []
    pipeline = ModuleType("harness.api")
    pipeline.spec_keys = lambda path, cache, results, allow_paths: keys
    pipeline.load_spec = lambda path, results, allow_paths: SimpleNamespace(name="the spec's name")
    monkeypatch.setitem(sys.modules, "harness.api", pipeline)
    return keys


def run(*arguments, code=0, stdin=None):
    shown = CliRunner().invoke(main, ["cache", *arguments], input=stdin)
    assert shown.exit_code == code, shown.output
    assert "Traceback" not in shown.output
    return shown


def run_json(verb, *arguments, code=0):
    value = json.loads(run(verb, *arguments, "--json", code=code).stdout)
    Draft202012Validator({**SCHEMA["$defs"][verb], "$defs": SCHEMA["$defs"]}).validate(value)
    Draft202012Validator(SCHEMA).validate(value)
    return value


def spoil(folder, number):
    connection = sqlite3.connect(folder / "cache.db", isolation_level=None)
    connection.execute("UPDATE Cache SET mode = 4 WHERE key = ?", (entry(number).key,))
    connection.close()


def test_stats():
    with Cache(Path(".harness-cache")) as cache:
        cache.put_many([entry(1), entry(2), entry(3, model="evil\x1b]0;title\x07\x1b[2J\nmodel")])
    lines = run("stats").stdout.splitlines()
    assert lines[0].startswith(f"{Path('.harness-cache').resolve()}: 3 replies, 0.")
    assert lines[1:] == [
        "  evil model: 1 reply, 10 prompt and 3 completion tokens",
        "  m: 2 replies, 20 prompt and 3 completion tokens",
    ]
    value = run_json("stats")
    assert value["entries"] == 3
    assert value["models"][1] == {"model": "m", "entries": 2, "prompt_tokens": 20, "completion_tokens": 3}


def test_stats_of_a_cache_that_is_not_there_make_none(here):
    assert run("stats", "--cache", "x").stdout == f"{here / 'x'}, which does not exist: 0 replies, 0.0 MB\n"
    assert run_json("stats")["models"] == []
    assert list(here.iterdir()) == []


def test_the_folder_can_come_from_the_environment(here, monkeypatch):
    fill(here / "elsewhere", 2)
    monkeypatch.setenv("HARNESS_CACHE", "elsewhere")
    assert run_json("stats")["folder"] == "elsewhere"
    assert run_json("stats")["entries"] == 2


def test_stats_point_to_what_cannot_be_read(here):
    fill(here / "c", 2)
    spoil(here / "c", 1)
    assert "  1 unreadable; `harness cache verify` shows why\n" in run("stats", "--cache", "c").stdout


def test_verify_ends_well_if_all_is_well(here):
    fill(here / "c", 2)
    checked = "c: 2 replies checked, 0 bad\n"
    shown = "  2 replies checked by a checksum of the stored bytes; --full reads them\n"
    assert run("verify", "--cache", "c").stdout == checked + shown
    assert run("verify", "--cache", "c", "--full").stdout == checked
    assert run_json("verify", "--cache", "c", "--full")["in_full"] == 2
    assert run_json("verify", "--cache", "c") == {
        "folder": "c",
        "entries": 2,
        "good": True,
        "bad": [],
        "damage": [],
        "without_checksum": 0,
        "in_full": 0,
        "checksums_added": 0,
    }


def test_verify_ends_with_1_if_anything_is_bad(here):
    fill(here / "c", 30)
    for number in range(25):
        spoil(here / "c", number)
    lines = run("verify", "--cache", "c", code=1).stdout.splitlines()
    assert lines[0] == "c: 30 replies checked, 25 bad"
    assert lines[1] == "  5 replies checked by a checksum of the stored bytes; --full reads them"
    assert lines[2].startswith(f"  {entry(0).key}: this cache holds an entry that this program did not write")
    assert lines[-2] == "  and 5 more; --json lists all"
    assert lines[-1] == "  `harness run SPEC --retry damaged` asks for those of a spec again"
    value = run_json("verify", "--cache", "c", code=1)
    assert not value["good"]
    assert len(value["bad"]) == 25


def test_verify_shows_damage(here):
    fill(here / "c", 300)
    path = here / "c" / "cache.db"
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = bytes(range(256)) * 16
    path.write_bytes(content)
    assert "  damaged: " in run("verify", "--cache", "c", code=1).stdout
    assert run_json("verify", "--cache", "c", code=1)["damage"]


def test_a_file_that_is_no_cache_is_an_error(here):
    (here / "c").mkdir()
    (here / "c" / "cache.db").write_text("hello" * 1000)
    for verb in ("stats", "verify"):
        assert "file is not a database" in run(verb, "--cache", "c", code=2).stderr


def test_clear_asks_first(here):
    fill(here / "c", 2)
    shown = run("clear", "--cache", "c", code=1, stdin="n\n")
    assert "Delete the cache in c? Its replies cannot be recovered" in shown.stderr
    assert (here / "c").exists()
    assert "c: cleared" in run("clear", "--cache", "c", stdin="y\n").stdout
    assert not (here / "c").exists()


def test_clear_need_not_ask(here):
    fill(here / "c", 2)
    assert run_json("clear", "--cache", "c", "--yes")["freed_bytes"] > 0
    assert run_json("clear", "--cache", "c", "--yes")["freed_bytes"] == 0


def test_clear_keeps_batch_jobs_and_says_so_and_removes_a_journal_without_any(here):
    fill(here / "c", 2)
    (here / "c/batches/unfinished.new").mkdir(parents=True)
    (here / "c/batches/lock").write_text("")
    fill(here / "d", 2)
    (here / "d/batches/tag").mkdir(parents=True)
    (here / "d/batches/tag/job.json").write_text("{}")
    assert run_json("clear", "--cache", "c", "--yes")["jobs_kept"] == 0
    assert not (here / "c").exists()
    shown = run("clear", "--cache", "d", "--yes").stdout
    assert "1 batch job is kept, which `harness run SPEC --batch` collects" in shown
    assert (here / "d/batches/tag/job.json").exists()
    assert run_json("clear", "--cache", "d", "--yes") == {"folder": "d", "freed_bytes": 0, "jobs_kept": 1}


def test_clear_refuses_what_is_not_a_cache(here):
    (here / "c").mkdir()
    (here / "c" / "thesis.tex").write_text("mine")
    assert "holds other files and no cache" in run("clear", "--cache", "c", "--yes", code=2).stderr
    assert (here / "c" / "thesis.tex").exists()


def test_a_bundle_goes_from_one_cache_to_another(here, keys):
    keys += [each.key for each in fill(here / "one", 3)]
    assert run("export", "s.yaml", "s.bundle", "--cache", "one").stdout == "s.bundle: 3 replies, 0.0 MB\n"
    assert run("import", "s.bundle", "--cache", "two").stdout == "s.bundle: 3 replies, 3 added, 0 already present\n"
    with Cache(here / "two") as two:
        assert len(two.get_many(keys)) == 3


def test_a_bundle_of_an_earlier_version_can_be_written(here, keys):
    keys += [each.key for each in fill(here / "one", 3)]
    run("export", "s.yaml", "s.bundle", "--cache", "one", "--json-lines")
    assert (here / "s.bundle").read_bytes()[:2] == b"\x1f\x8b"
    assert run("import", "s.bundle", "--cache", "two").stdout == "s.bundle: 3 replies, 3 added, 0 already present\n"


def test_programs_hear_of_a_bundle_as_json(here, keys):
    keys += [each.key for each in fill(here / "one", 3)]
    with Cache(here / "two") as two:
        two.put_many([entry(0), entry(1, "mine")])
    value = run_json("export", "s.yaml", "s.bundle", "--cache", "one")
    assert value == {"file": "s.bundle", "entries": 3, "file_bytes": (here / "s.bundle").stat().st_size}
    assert run_json("import", "s.bundle", "--cache", "two") == {
        "file": "s.bundle",
        "spec": "the spec's name",
        "entries": 3,
        "added": 1,
        "kept": 1,
        "different": [entry(1).key],
    }
    lines = run("import", "s.bundle", "--cache", "two").stdout.splitlines()
    assert lines[1:] == ["  1 with a different reply in the cache, which is kept:", f"  {entry(1).key}"]


def test_a_bundle_is_not_replaced_unless_it_is_told_to(here, keys):
    fill(here / "one", 1)
    run("export", "s.yaml", "s.bundle", "--cache", "one")
    assert "--force" in run("export", "s.yaml", "s.bundle", "--cache", "one", code=2).stderr
    run("export", "s.yaml", "s.bundle", "--cache", "one", "--force")


def test_an_export_without_all_replies_ends_with_1(here, keys):
    keys += [entry(0).key, entry(7).key]
    fill(here / "one", 1)
    assert "lacks 1 of 2 replies" in run("export", "s.yaml", "s.bundle", "--cache", "one", code=1).stderr
    assert not (here / "s.bundle").exists()


def test_an_export_of_a_spec_that_did_not_run_ends_with_1(here, keys):
    def lack(path, cache, results, allow_paths):
        raise MissingRepliesError("the cache lacks 5 replies")

    sys.modules["harness.api"].spec_keys = lack
    assert "lacks 5 replies" in run("export", "s.yaml", "s.bundle", code=1).stderr


def test_a_bad_bundle_ends_with_2(here):
    (here / "s.bundle").write_text("hello")
    assert "s.bundle: this is not gzip" in run("import", "s.bundle", code=2).stderr
    assert not (here / ".harness-cache").exists()
