"""Slices of runs: figures, intervals and tests are those of the leaderboard."""

import html
import json
import shutil

import polars as pl
import pytest
from markupsafe import Markup

from harness.errors import InputError
from harness.leaderboard.numbers import with_interval
from harness.leaderboard.slices import slices_json
from harness.report.charts.palette import BEST, BETTER, WORSE
from harness.report.html import Frame, render
from harness.report.links import Anchors
from harness.report.pages import slices
from harness.report.pages.evaluation import evaluation_page
from harness.report.pages.overview import overview_page
from harness.report.pages.slices import MOST_CELLS, slice_forest, slices_by, slices_page
from harness.report.run_source import RunSource
from harness.runner.slices import sliced
from harness.viewer.addresses import Addresses
from support.report_runs import ATTACK, check_page, shipped

LINKS = Anchors()


class Elsewhere(Anchors):
    """Anchors of a document without the page of the cells."""

    def cell(self, source, cell):
        return None


@pytest.fixture(scope="module")
def found():
    """The slices of a shipped run by category."""
    run = shipped("quickstart").judged
    return slices_json(sliced(run.datasets, ["category"], run.score, run.seed, {}))


@pytest.fixture
def with_stored(tmp_path, found):
    """Make a run whose leaderboard has slices, those of a shipped run after a change."""

    def make(change=lambda slices: None):
        target = tmp_path / "run"
        shutil.copytree(shipped("quickstart").folder, target)
        stored = json.loads(json.dumps(found))
        change(stored)
        board = json.loads((target / "leaderboard.json").read_text("utf-8")) | {"slices": stored}
        (target / "leaderboard.json").write_text(json.dumps(board), "utf-8")
        return RunSource(target)

    return make


def texts(block):
    return [[one.text for one in row] for row in block.rows]


def test_a_run_without_named_columns_has_its_categories_scored_as_the_leaderboard_does(found):
    page = slices_page(shipped("quickstart"), LINKS)
    (part,) = page.blocks
    assert part.title == "village-notices by category"
    assert [column.name for column in page.columns if column.is_here] == ["category"]
    lines = texts(part.table)
    assert len(lines) == 12 * 4
    cells = {cell["cell"]: cell for cell in found[0]["cells"]}
    best = cells[shipped("quickstart").board["rows"][0]["cell"]]
    for line, one in zip(lines, best["slices"], strict=False):
        figure = one["metrics"]["kappa"]
        shown = with_interval(figure["value"], figure["low"], figure["high"])
        assert line[1:5] == [one["value"], str(one["n"]), str(one["failed"]), shown]
    assert list(part.notes) == found[0]["notes"]
    assert part.left_out == 0


def test_the_chart_shows_the_best_cells_each_with_a_heading_and_its_slices(found):
    source = shipped("quickstart")
    rows = source.groups[0][1]
    forest, drawn = slice_forest("kappa", rows, found[0])
    assert drawn == MOST_CELLS
    assert [row.is_heading for row in forest.rows] == [True, False, False, False, False] * MOST_CELLS
    assert forest.rows[0].text.startswith("interaction p ")
    assert forest.title == "kappa with 98.75 % interval, by category"
    assert {row.colour for row in forest.rows} == {BEST}


def test_a_slice_on_which_a_cell_is_distinguishably_better_or_worse_is_marked(with_stored):
    def change(stored):
        best = next(cell for cell in stored[0]["cells"] if cell["cell"].endswith("direct/judge:master"))
        best["slices"][0] |= {"difference": -0.31, "p_family": 0.01}
        best["slices"][1] |= {"difference": 0.21, "p_family": 0.02}

    source = with_stored(change)
    (part,) = slices_page(source, LINKS).blocks
    assert [line[5].tone for line in part.table.rows[:4]] == ["bad", "good", "", ""]
    forest, _ = slice_forest("kappa", source.groups[0][1], source.board["slices"][0])
    assert [(row.note, row.colour) for row in forest.rows[1:3]] == [("\u22120.31*", WORSE), ("+0.21*", BETTER)]


def test_the_overview_of_a_run_with_slices_shows_the_leaderboard_alone(with_stored):
    source = with_stored()
    (part,) = overview_page(source, LINKS).datasets
    assert len(part.table.rows) == len(source.board["rows"])


def test_a_refused_slice_has_its_reason_and_a_missing_value_its_name(with_stored):
    reason = "fewer than 20 labelled items"

    def change(stored):
        for cell in stored[0]["cells"]:
            nothing = {"value": None, "low": None, "high": None, "reason": reason}
            figures = {name: figure | nothing for name, figure in cell["slices"][0]["metrics"].items()}
            refused = {"value": None, "difference": None, "p_value": None, "p_family": None, "reason": reason}
            cell["slices"][0] |= refused | {"metrics": figures}
            cell["p_value"] = None

    source = with_stored(change)
    (part,) = slices_page(source, LINKS).blocks
    line = texts(part.table)[0]
    assert (line[1], line[4:]) == ("(none)", ["–", "–", "–", "–", reason])
    forest, _ = slice_forest("kappa", source.groups[0][1], source.board["slices"][0])
    assert (forest.rows[0].text, forest.rows[1].text) == ("", reason)
    assert forest.rows[1].label.startswith("(none) (")


def test_a_run_whose_slices_are_all_refused_has_no_chart(with_stored):
    def change(stored):
        for part in (part for cell in stored[0]["cells"] for part in cell["slices"]):
            part["metrics"]["kappa"] |= {"value": None, "low": None, "high": None, "reason": "too few"}

    page = slices_page(with_stored(change), LINKS)
    assert page.blocks[0].chart is None
    assert "<svg" not in render(page, Frame("run"), LINKS)


def test_a_long_table_says_what_it_leaves_out(monkeypatch, with_stored):
    monkeypatch.setattr(slices, "MOST_ROWS", 10)
    page = slices_page(with_stored(), LINKS)
    assert (len(page.blocks[0].table.rows), page.blocks[0].left_out) == (10, 38)
    monkeypatch.setattr("harness.report.blocks.svg_of", lambda chart, title, variant: Markup("<svg></svg>"))
    text = render(page, Frame("run"), LINKS)
    assert "38 more rows are left out; <code>harness leaderboard quickstart --by category --wide</code>" in text


def test_many_cells_are_scored_only_where_they_are_asked_for(monkeypatch):
    monkeypatch.setattr(slices, "MOST_SCORED", 3)
    page = slices_page(shipped("quickstart"), LINKS)
    assert list(page.blocks) == []
    (remark,) = page.remarks
    assert remark.startswith("slices by category are not scored for more than 3 cells here")
    assert "`harness leaderboard quickstart --by category`" in remark
    assert remark in html.unescape(render(page, Frame("run"), LINKS))


def test_a_category_with_many_values_is_not_shown(monkeypatch):
    monkeypatch.setattr(slices, "MAX_SLICES", 3)
    page = slices_page(shipped("quickstart"), LINKS)
    assert list(page.blocks) == []
    assert page.remarks[0].startswith("the column `category` has 4 values")


def test_data_without_columns_say_how_to_keep_one(tmp_path):
    target = tmp_path / "run"
    shutil.copytree(shipped("quickstart").folder, target)
    items = pl.read_parquet(target / "items.parquet")
    nothing = [pl.lit(None, items.schema[name]).alias(name) for name in ("category", "model_a", "model_b")]
    items.with_columns(nothing).write_parquet(target / "items.parquet")
    page = slices_page(RunSource(target), LINKS)
    assert (list(page.columns), list(page.blocks)) == ([], [])
    assert "no other column was kept" in render(page, Frame("run"), LINKS)


def test_an_unknown_column_is_an_error():
    with pytest.raises(InputError, match=r"no values in a column `categry`.*did you mean `category`"):
        slices_by(shipped("quickstart"), "categry")


def test_the_viewer_leads_to_every_column_and_to_the_items_of_a_slice(with_stored):
    links = Addresses()
    page = evaluation_page("slices", with_stored(), links, by="category")
    assert [(column.name, column.is_here) for column in page.columns] == [
        ("category", True), ("model_a", False), ("model_b", False)
    ]  # fmt: skip
    assert page.columns[1].href.endswith("/slices?by=model_a")
    assert "/items?dataset=village-notices&cell=" in page.blocks[0].table.rows[0][1].href
    assert page.blocks[0].table.rows[0][1].href.endswith("&category=guide")


def test_values_from_elsewhere_stay_texts(with_stored):
    def change(stored):
        for cell in stored[0]["cells"]:
            cell["slices"][0]["value"] = ATTACK

    links = Elsewhere()
    check_page(render(slices_page(with_stored(change), links), Frame("run"), links))
