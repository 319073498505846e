"""The items of a report, with and without the data and the cache of the run."""

import contextlib
import json

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.providers.simulation.dataset import make_pairs
from harness.report.document import ReportOptions, report_of
from harness.report.items.texts import Texts
from harness.report.pages import items as items_module
from harness.report.pages.items import items_page
from harness.report.run_source import RunSource
from support.cli_folder import run_commands
from support.report_runs import ATTACK, check_page, shipped

SPEC = """\
schema: 1
name: attacked
datasets:
  pairs: {path: pairs.jsonl}
models:
  small: {provider: simulated, skill: 0.6, malformed_rate: 0.3}
  large: {provider: simulated, skill: 0.9}
matrix:
  dataset: [pairs]
  strategy: [direct]
  evaluator: [{judge: [small, large]}, {jury: {of: [small, large], sizes: [2]}}]
score: {resamples: 200}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run over data whose every text is an attack, one of them a line of a megabyte."""
    folder = tmp_path_factory.mktemp("attacked")
    rows = []
    for number, row in enumerate(make_pairs(3, 40)):
        row["response_a"] += ATTACK
        row["response_b"] += "x" * 1_000_000 if number == 0 else "</div></details>"
        row["id"] = f"{number} {ATTACK}"
        rows.append(row)
    (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "spec.yaml").write_text(SPEC)
    return run_commands(folder, ["run", "spec.yaml"])


@pytest.fixture
def source(folder):
    (run,) = (folder / "results/attacked").iterdir()
    return RunSource(run)


def texts(folder):
    return Texts((folder,), folder / ".harness-cache")


@pytest.mark.whole
def test_items_have_their_conversations_and_stay_texts(folder, source, monkeypatch):
    monkeypatch.setattr("harness.report.pages.evaluation.PAGES", {"cells": "Cells", "failures": "Failures"})
    found = report_of([source], ReportOptions(items=5, texts=texts(folder)))
    page = check_page(found.html)
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in found.html
    assert page.tags.count("mark") > 0
    assert found.items >= 5
    assert any(href.startswith("#item-") for href in page.hrefs)


def test_juries_and_cells_beyond_the_most_have_verdicts_only(folder, source):
    page = items_page(source, texts(folder), 3)
    for card in page.cards:
        assert len(card.item.verdicts) == 3
        assert [one.evaluator for one in card.item.conversations] == ["judge:large", "judge:small"]
    assert "the conversations of the best 5 that ask a model" in page.remark


def test_no_items_are_shown_where_none_are_wanted(folder, source):
    assert items_page(source, texts(folder), 0).cards == []


def test_items_beyond_the_size_are_left_out(folder, source, monkeypatch):
    everything = items_page(source, texts(folder), 40)
    monkeypatch.setattr(items_module, "MOST_TEXT", 10)
    page = items_page(source, texts(folder), 40)
    assert len(page.cards) == 1
    assert page.left_out == everything.left_out + len(everything.cards) - 1


def test_without_data_and_cache_the_page_says_what_is_missing(source):
    page = items_page(source, Texts(), 2)
    assert all("the texts are not there" in card.item.missing for card in page.cards)


def test_a_generation_shows_the_loops_of_the_prompts_that_split_the_verdicts():
    source = shipped("feedback-loops")
    page = items_page(source, Texts(), 2)
    assert [len(card.loops) for card in page.cards] == [5, 5]
    assert page.left_out == 78
    assert page.anchors("") == {}
    assert page.cards[0].loops[1].drafts[1].diff


@pytest.mark.whole
def test_run_writes_a_report_into_its_folder(folder):
    with contextlib.chdir(folder):
        done = CliRunner().invoke(main, ["run", "spec.yaml", "--offline", "--report"])
    assert done.exit_code == 0, done.output
    (run,) = (folder / "results/attacked").iterdir()
    assert f"wrote results/attacked/{run.name}/report.html (" in done.output
    check_page((run / "report.html").read_text("utf-8"))
