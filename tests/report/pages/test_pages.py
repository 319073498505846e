"""Pages of the shipped runs."""

import json
import shutil

import numpy as np
import polars as pl
import pytest
from markupsafe import Markup

from harness.errors import InputError
from harness.report.document import ReportOptions, report_of
from harness.report.html import Frame, NavEntry, render
from harness.report.links import Anchors
from harness.report.pages import evaluation, generation
from harness.report.pages.audit import audit_page
from harness.report.pages.cells import cell_block, cells_page
from harness.report.pages.compare import compare_page
from harness.report.pages.differences import differences_page
from harness.report.pages.failures import failures_page
from harness.report.run_source import RunSource
from support.report_runs import check_page, shipped

LINKS = Anchors()


def texts(table):
    return [[one.text for one in row] for row in table.rows]


def test_every_cell_has_its_confusion_with_the_failures_as_a_column():
    source = shipped("quickstart")
    ((_, blocks),) = cells_page(source, LINKS).datasets
    for block, row in zip(blocks, source.board["rows"], strict=True):
        counts = [[int(text) for text in line[1:5]] for line in texts(block.confusion)]
        assert counts == [[*line[:3], sum(line[3:])] for line in row["table"]]
        assert block.name == row["cell"]
    assert cell_block(source, blocks[3].name, LINKS).confusion == blocks[3].confusion


def test_differences_are_those_of_the_leaderboard_and_all_pairs_agree():
    source = shipped("quickstart")
    (part,) = differences_page(source, LINKS).datasets
    assert part.baseline == "direct/judge:master"
    assert len(part.table.rows) == 11
    pairs = texts(part.pairs)
    row = source.board["rows"][1]["metrics"]["kappa"]["difference"]
    assert pairs[1][1] == f"{row['value']:+.2f}".replace("-", "\u2212")
    assert {one.tone for line in part.pairs.rows for one in line} == {"", "good", "bad"}
    assert part.table.rows[-1][-1].text == "worse"


@pytest.mark.whole
def test_every_probe_is_shown_or_says_why_not():
    ((_, probes),) = audit_page(shipped("quickstart"), LINKS).datasets
    by_name = {probe.name: probe for probe in probes}
    assert by_name["length"].chart is not None
    assert len(by_name["length"].table.rows) == 12
    assert by_name["position"].reason == "one order only; `order: [both]` shows both"
    assert "win-rate" not in by_name


def test_failures_have_examples_and_their_counts():
    page = failures_page(shipped("quickstart"), LINKS)
    assert (page.failed, page.judgments) == (4, 1440)
    (kind,) = page.kinds
    assert (kind.kind, kind.total, len(kind.examples)) == ("unparsed", 4, 4)
    assert sum(int(line[1]) for line in texts(page.table)) == 4


def test_a_run_without_failures_says_so():
    page = failures_page(shipped("evaluator-modes"), LINKS)
    assert page.table is None
    assert "Every one of 1,920 judgments has a verdict." in render(page, Frame("run"), LINKS)


@pytest.mark.whole
def test_the_pages_of_a_generation_have_its_win_rates_and_its_loops():
    source = shipped("feedback-loops")
    html = report_of([source], ReportOptions()).html
    check_page(html)
    for board in source.board["boards"]:
        for row in board["rows"]:
            rate = row["win_rates"]["half"]
            assert f"{rate['value']:.3f} [{rate['low']:.3f}, {rate['high']:.3f}]" in html
    loops = generation.loops_page(source)
    assert texts(loops.taken)[1][:4] == ["village-tasks/writer+writer", "80", "3.00", "1:16 2:26 3:38"]
    assert loops.failures is None


def test_failures_of_loops_are_shown(tmp_path):
    target = tmp_path / "run"
    shutil.copytree(shipped("feedback-loops").folder, target)
    board = json.loads((target / "leaderboard.json").read_text("utf-8"))
    board["systems"][1] |= {"duels_failed": 2, "without_draft": 3, "cost_per_prompt_usd": None}
    (target / "leaderboard.json").write_text(json.dumps(board))
    loops = generation.loops_page(RunSource(target))
    assert texts(loops.failures)[0][-1] == "2"
    assert "no draft: 3 of 83" in loops.chart.wide


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory):
    """A shipped run, and a copy of it in which one cell answers otherwise and the spec has another prompt."""
    source = shipped("quickstart")
    target = tmp_path_factory.mktemp("other") / "run"
    shutil.copytree(source.folder, target)
    for file in ("manifest.json", "leaderboard.json"):
        text = (target / file).read_text("utf-8").replace(source.id, "0" * 16)
        (target / file).write_text(text)
    frame = pl.read_parquet(target / "judgments.parquet")
    cell = frame["cell"][0]
    verdict = pl.when((pl.col("cell") == cell) & (pl.col("verdict") == "a")).then(pl.lit("b")).otherwise("verdict")
    frame.with_columns(verdict.alias("verdict")).write_parquet(target / "judgments.parquet")
    spec = json.loads((target / "spec.json").read_text("utf-8"))
    spec["strategies"]["direct"]["user"] += "Think first.\n"
    spec["seed"] = 8
    (target / "spec.json").write_text(json.dumps(spec))
    (target / "checksums.json").unlink()  # those of the files before the changes
    return [source, RunSource(target)]


def test_a_comparison_shows_specs_prompts_differences_and_flipped_items(two_runs):
    page = compare_page(two_runs, LINKS)
    fields = {field.path: field for field in page.fields}
    assert list(fields["seed"].values) == ["7", "8"]
    assert ("added", "+Think first.") in fields["strategies.direct.user"].lines
    (part,) = page.parts
    assert part.unchanged == 11
    (flips,) = part.flips
    assert flips.cell == "direct/judge:novice"
    outcomes = two_runs[0].judged.datasets[0].outcomes[:, 0]
    assert len(flips.items) == np.count_nonzero(outcomes == 0)
    assert {(one.one, one.other) for one in flips.items} == {("a", "b")}
    assert page.merged


@pytest.mark.slow
def test_a_report_of_two_runs_compares_them_and_shows_each(two_runs, monkeypatch):
    monkeypatch.setattr("harness.report.blocks.svg_of", lambda chart, title, variant: Markup("<svg></svg>"))
    found = report_of(two_runs, ReportOptions())
    check_page(found.html)
    assert found.sections[:3] == ("compare", "run-1", "run-1-overview")
    assert "run-2-failures" in found.sections


@pytest.mark.whole
def test_the_same_run_twice_is_one_run():
    source = shipped("feedback-loops")
    found = report_of([source, RunSource(source.folder)], ReportOptions())
    assert found.sections == ("overview", "loops", "items")


@pytest.mark.whole
def test_runs_of_two_kinds_are_not_compared():
    with pytest.raises(InputError, match="only runs of one kind can be compared"):
        report_of([shipped("quickstart"), shipped("feedback-loops")], ReportOptions())


def test_a_page_can_stand_alone():
    page = evaluation.evaluation_page("failures", shipped("quickstart"), LINKS)
    nav = [NavEntry("All runs", "#main"), NavEntry(page.TITLE, "#main", is_here=True)]
    html = render(page, Frame("quickstart", nav=nav, crumbs=nav[:1]), LINKS)
    assert html.count("<h2") == 1
    assert 'aria-current="page"' in html


def test_differences_to_a_baseline():
    page = evaluation.evaluation_page("differences", shipped("quickstart"), LINKS, "direct/judge:novice")
    assert page.datasets[0].baseline == "direct/judge:novice"
    assert page.datasets[0].table.rows[0][-1].text == "better"


def test_an_unknown_baseline_is_an_error():
    with pytest.raises(InputError, match="this run has no cell `direct/judge:nobody`"):
        differences_page(shipped("quickstart"), LINKS, "direct/judge:nobody")
