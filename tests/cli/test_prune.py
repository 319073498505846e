"""`harness cache prune`: which replies it would delete, what they cost, and that it deletes nothing else."""

import json
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.api.used_replies import PruneRules, prune_cache
from harness.cache.cache import Cache
from harness.cli import main
from harness.errors import InputError
from harness.records.document import Document
from harness.spec.schema import check
from support.cli_folder import folder_with_starter_run
from support.kept import entry
from support.loops import SPEC as LOOPS


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return folder_with_starter_run(tmp_path_factory.mktemp("prune"))


@pytest.fixture(autouse=True)
def here(made, tmp_path, monkeypatch):
    shutil.copytree(made, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")


def harness(*arguments, code=0):
    shown = CliRunner().invoke(main, list(arguments))
    assert shown.exit_code == code, shown.output
    return shown


def prune(*arguments):
    found = json.loads(harness("cache", "prune", *arguments, "--json").stdout)
    assert check(Document("", found), "cache") == []
    return found


def store(*entries, age_s=0.0):
    with Cache(Path(".harness-cache")) as cache:
        cache.put_many(list(entries))
    with closing(sqlite3.connect(".harness-cache/cache.db")) as connection, connection:
        keys = [one.key for one in entries]
        marks = ",".join("?" * len(keys))
        connection.execute(f"UPDATE Cache SET store_time = ? WHERE key IN ({marks})", [time.time() - age_s, *keys])


@pytest.mark.whole
def test_a_dry_run_deletes_nothing_and_names_the_cost():
    store(entry(1, model="paid"), entry(2, model="paid"), entry(3, model="unpriced"))
    spec = Path("mine.yaml").read_text()
    paid = "  paid: {provider: openai, model: paid, api_key_env: NO_KEY, price: {input: 1000000, output: 0}}\n"
    Path("mine.yaml").write_text(spec.replace("  hasty:", f"{paid}  hasty:"))
    found = prune("--unused-by", "mine.yaml")
    assert (found["replies"], found["entries"], found["deleted"], found["freed_bytes"]) == (3, 323, False, None)
    by_model = {one["model"]: one["cost_usd"] for one in found["models"]}
    assert by_model == {"paid": 20.0, "unpriced": None}
    assert found["cost_usd"] is None
    lines = harness("cache", "prune", "--unused-by", "mine.yaml").stdout.splitlines()
    assert lines[0] == f"{Path('.harness-cache').resolve()}: would delete 3 of 323 replies"
    assert "$20.00 to buy again" in lines[1]
    assert "no price known" in lines[2]
    assert lines[-1].startswith("nothing was deleted; --delete deletes them")
    assert prune("--unused-by", "mine.yaml")["entries"] == 323


@pytest.mark.whole
def test_deleting_leaves_what_the_spec_uses_and_the_cache_intact():
    store(*(entry(number) for number in range(300)))
    found = prune("--unused-by", "mine.yaml", "--delete")
    assert (found["replies"], found["deleted"]) == (300, True)
    assert found["freed_bytes"] > 0
    assert "0 bad" in harness("cache", "verify").stdout
    assert "0 calls made" in harness("run", "mine.yaml", "--offline").stderr
    with Cache(Path(".harness-cache")) as cache:
        cache.put_many([entry(1)])  # the counters of the file are right
    assert prune("--unused-by", "mine.yaml")["replies"] == 1


@pytest.mark.whole
def test_replies_of_an_older_run_of_the_spec_are_used():
    Path("mine.yaml").write_text(Path("mine.yaml").read_text().replace("skill: 0.6", "skill: 0.5"))
    assert prune("--unused-by", "mine.yaml")["replies"] == 0
    shutil.rmtree("results")
    assert prune("--unused-by", "mine.yaml")["replies"] == 160, "the replies of the judge that changed"


@pytest.mark.whole
def test_only_old_replies_with_both_options():
    store(entry(1), age_s=10 * 86_400)
    store(entry(2), age_s=60)
    assert prune("--older-than", "9d")["replies"] == 1
    assert prune("--older-than", "11d")["replies"] == 0
    assert prune("--older-than", "0h")["replies"] == 322
    assert prune("--older-than", "0h", "--unused-by", "mine.yaml")["replies"] == 2
    assert prune("--older-than", "1.5w", "--unused-by", "mine.yaml")["replies"] == 0


def test_a_replaced_reply_goes_with_the_one_that_replaced_it():
    store(entry(1))
    one = entry(1)
    with Cache(Path(".harness-cache")) as cache:
        cache.replace(one.key, one.call, one.reply._replace(text="anew")).result()
    found = prune("--unused-by", "mine.yaml", "--delete")
    assert (found["replies"], found["entries"]) == (1, 321)
    with Cache(Path(".harness-cache")) as cache:
        assert cache.history(one.key) == []
        assert cache.stats().entries == 320


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "nothing says which replies to delete; give --unused-by SPEC, --older-than AGE, or both"),
        (["--older-than", "3y"], "`3y` is no age; write a number and h, d or w, such as 90d"),
        (["--older-than", "1d", "--cache", "no"], "no, which does not exist; name it with --cache"),
        (["--unused-by", "a.yaml", "--unused-by", "b.yaml"], "a.yaml: "),
    ],
)
def test_input_that_cannot_be_used(arguments, message):
    assert message in harness("cache", "prune", *arguments, code=2).stderr
    assert not Path("no").exists()


def test_problems_of_all_specs_are_reported_and_nothing_is_deleted():
    shown = harness("cache", "prune", "--unused-by", "a.yaml", "--unused-by", "b.yaml", "--delete", code=2)
    assert "a.yaml" in shown.stderr
    assert "b.yaml" in shown.stderr
    with Cache(Path(".harness-cache")) as cache:
        assert cache.stats().entries == 320


@pytest.mark.whole
def test_replies_of_a_generation():
    Path("loops.yaml").write_text(LOOPS)
    Path("tasks.jsonl").write_text('{"id": "1", "prompt": "Name a colour."}\n')
    with pytest.raises(InputError, match=r"loops\.yaml: the replies that it uses cannot all be known.*complete a run"):
        prune_cache(Path(".harness-cache"), PruneRules([Path("loops.yaml")]), now_s=0, really=True)
    harness("run", "loops.yaml")
    store(entry(1))
    assert prune("--unused-by", "loops.yaml", "--unused-by", "mine.yaml")["replies"] == 1
    Path("loops.yaml").write_text(LOOPS.replace("seed: 7", "seed: 8"))
    assert prune("--unused-by", "loops.yaml", "--unused-by", "mine.yaml")["replies"] <= 1
    shutil.rmtree("results/loops")
    assert prune("--unused-by", "mine.yaml")["replies"] > 1


def test_a_damaged_run_names_no_price():
    for spec in Path("results").glob("*/*/spec.json"):
        spec.write_text('{"models": 3}')
    assert prune("--older-than", "0h")["replies"] == 320


def test_an_unreadable_entry_is_left_to_verify():
    store(entry(1))
    with closing(sqlite3.connect(".harness-cache/cache.db")) as connection, connection:
        connection.execute("UPDATE Cache SET value = ? WHERE key = ?", (b"no reply", entry(1).key))
    assert prune("--older-than", "0h")["entries"] == 320
