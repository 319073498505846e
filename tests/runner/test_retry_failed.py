"""Asking again for judgments that failed: what is replaced, what stays, and what it costs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cache.cache import Cache
from harness.cli import main
from harness.providers.simulation.dataset import make_pairs
from harness.records.calls import Reply
from harness.records.document import Document
from harness.records.judgments import FAILURES
from harness.runner.retries import RETRIES
from harness.runner.retry_failed import HidingStore, kinds_of
from harness.runner.run_folder import ENVIRONMENT
from harness.spec.schema import check
from reliability.served import MUTE, served

SPEC = """\
schema: 1
name: again
datasets:
  letters: {{path: letters.jsonl}}
models:
  small:
    provider: openai
    model: "simulated?skill=0.6"
    base_url: "{url}"
    identity: here
    price: {{input: 1, output: 2}}
matrix:
  dataset: [letters]
  strategy: [direct]
  evaluator: [{{judge: [small]}}]
score: {{resamples: 200}}
"""
ITEMS = 12


@pytest.fixture
def world(tmp_path):
    (tmp_path / "letters.jsonl").write_text("".join(json.dumps(row) + "\n" for row in make_pairs(3, ITEMS)))

    def run(url, *words, code=0):
        (tmp_path / "spec.yaml").write_text(SPEC.format(url=url))
        places = ["--cache", str(tmp_path / "cache"), "--results", str(tmp_path / "results")]
        shown = CliRunner().invoke(main, ["run", str(tmp_path / "spec.yaml"), *places, "--format", "json", *words])
        assert shown.exit_code == code, shown.output
        return json.loads(shown.stdout)["rows"][0] if not code else shown

    run.folder = tmp_path
    return run


def test_what_may_be_asked_for_again():
    assert ("failed", *FAILURES, "damaged") == RETRIES
    assert kinds_of(["failed"]) == frozenset(FAILURES)
    assert kinds_of(["refused", "truncated"]) == {"refused", "truncated"}
    assert kinds_of(["damaged", "refused"]) == {"refused"}
    assert kinds_of([]) == frozenset()


@pytest.mark.whole
def test_stored_failures_stay_unless_they_are_asked_for_again(world):
    with served(mute=1) as server:  # each question, and each follow-up, is first answered without an answer
        assert world(server.url)["failures"]["unparsed"] == ITEMS
        before = server.asked.total()
        assert before == 2 * ITEMS
        assert world(server.url)["failures"]["unparsed"] == ITEMS
        assert server.asked.total() == before
        assert world(server.url, "--retry", "refused")["failures"]["unparsed"] == ITEMS
        assert server.asked.total() == before, "none of them is a refusal"
        row = world(server.url, "--retry", "unparsed")
        assert row["failures"]["unparsed"] == 0
        assert server.asked.total() == before + ITEMS, "the questions; no follow-up is needed any more"
        assert world(server.url, "--retry", "failed")["failures"]["unparsed"] == 0
        assert server.asked.total() == before + ITEMS, "nothing failed any more"
    offline = world("http://127.0.0.1:9/v1", "--offline")
    assert offline["failures"] == row["failures"]
    assert offline["table"] == row["table"]


@pytest.mark.whole
def test_the_replies_that_were_replaced_are_kept_counted_and_sound(world):
    with served(mute=1) as server:
        world(server.url)
        world(server.url, "--retry", "failed")
    places = ["--cache", str(world.folder / "cache")]
    stats = json.loads(CliRunner().invoke(main, ["cache", "stats", "--json", *places]).stdout)
    assert check(Document("x", stats), "cache") == []
    assert (stats["entries"], stats["replaced"]) == (3 * ITEMS, ITEMS)
    assert "replaced by --retry" in CliRunner().invoke(main, ["cache", "stats", *places]).stdout
    verified = json.loads(CliRunner().invoke(main, ["cache", "verify", "--json", *places]).stdout)
    assert verified["good"]
    bundle = world.folder / "again.bundle"
    spec = str(world.folder / "spec.yaml")
    made = CliRunner().invoke(main, ["cache", "export", spec, str(bundle), *places, "--json"])
    assert json.loads(made.stdout)["entries"] == ITEMS, "a bundle carries what counts, not what was replaced"
    with Cache(world.folder / "cache") as cache:
        histories = [cache.history(key) for key in _keys(world.folder)]
        assert [[reply.text for reply in history] for history in histories] == [[MUTE]] * ITEMS


def _keys(folder: Path):
    import polars as pl

    newest = max(
        (folder / "results" / "again").iterdir(), key=lambda one: json.loads((one / ENVIRONMENT).read_bytes())["number"]
    )
    return pl.read_parquet(newest / "judgments.parquet")["calls"].explode().to_list()


@pytest.mark.whole
def test_an_endpoint_that_gives_nothing_leaves_the_old_reply_in_its_place(world):
    with served(mute=1) as server:
        world(server.url)
    text = SPEC.replace("    price:", "    limits: {{attempts: 1}}\n    price:")
    (world.folder / "spec.yaml").write_text(text.format(url="http://127.0.0.1:9/v1"))
    places = ["--cache", str(world.folder / "cache"), "--results", str(world.folder / "results")]
    spec = str(world.folder / "spec.yaml")
    shown = CliRunner().invoke(main, ["run", spec, *places, "--format", "json", "--retry", "failed"])
    assert json.loads(shown.stdout)["rows"][0]["failures"]["unparsed"] == ITEMS
    with Cache(world.folder / "cache") as cache:
        assert cache.stats().replaced == 0


def test_what_it_will_cost_is_said_before_and_a_budget_holds(world):
    with served(mute=1) as server:
        world(server.url)
        shown = CliRunner().invoke(
            main,
            [
                *("run", str(world.folder / "spec.yaml"), "--retry", "failed", "--max-cost", "0.001"),
                *("--cache", str(world.folder / "cache"), "--results", str(world.folder / "results")),
            ],
        )
        assert shown.exit_code == 1
        assert f"making {ITEMS}–{2 * ITEMS} calls" in shown.stderr
        assert "stopped before --max-cost 0.001 could be passed" in shown.stderr


def test_offline_nothing_can_be_asked_again(world):
    shown = world("http://127.0.0.1:9/v1", "--offline", "--retry", "failed", code=2)
    assert "a run that may make no call cannot ask again" in shown.stderr


@pytest.mark.whole
def test_a_generation_asks_again_too(tmp_path):
    from support.loops import SPEC as LOOPS
    from support.loops import laid_out

    text = LOOPS.replace("skill: 0.9}", "skill: 0.9, malformed_rate: 0.3}")
    laid_out(tmp_path, text, prompts=6)
    places = ["--cache", str(tmp_path / "cache"), "--results", str(tmp_path / "results")]
    words = ["run", str(tmp_path / "spec.yaml"), *places]
    assert CliRunner().invoke(main, words).exit_code == 0
    again = CliRunner().invoke(main, [*words, "--retry", "unparsed"])
    assert again.exit_code == 0, again.output
    assert " 0 calls made" not in again.stderr
    with Cache(tmp_path / "cache") as cache:
        assert cache.stats().replaced > 0
        assert cache.verify().is_good


def test_a_hidden_reply_is_seen_once_it_has_come_anew(tmp_path):
    key, call = "0" * 64, b"{}"
    with Cache(tmp_path) as cache:
        cache.put(key, call, Reply("old")).result()
        cache.put("1" * 64, call, Reply("other")).result()
        hiding = HidingStore(cache, [key])
        assert set(hiding.get_many([key, "1" * 64])) == {"1" * 64}
        hiding.put(key, call, Reply("new")).result()
        hiding.put("1" * 64, call, Reply("ignored")).result()
        assert {name: reply.text for name, reply in hiding.get_many([key, "1" * 64]).items()} == {
            key: "new",
            "1" * 64: "other",
        }
        assert [reply.text for reply in cache.history(key)] == ["old"]
        cache.replace(key, call, Reply("newest")).result()
        assert [reply.text for reply in cache.history(key)] == ["old", "new"]
        assert cache.history("1" * 64) == []
