"""Reports of many cells stay bounded."""

from markupsafe import Markup

from harness.report.html import Frame, render
from harness.report.links import Anchors
from harness.report.pages.cells import cells_page
from harness.viewer.addresses import Addresses
from support.report_runs import check_page, shipped


def test_a_report_shows_the_best_cells_and_says_how_many_it_leaves_out(monkeypatch):
    monkeypatch.setattr("harness.report.run_source.MOST_DETAILED", 3)
    monkeypatch.setattr("harness.report.blocks.svg_of", lambda chart, title, variant: Markup("<svg></svg>"))
    source, links = shipped("quickstart"), Anchors()
    page = cells_page(source, links)
    ((_, blocks),) = page.datasets
    rows = source.board["rows"]
    assert [block.name for block in blocks] == [row["cell"] for row in rows[:3]]
    assert page.left_out == len(rows) - 3
    assert [links.cell(source, row["cell"]) for row in rows[2:4]] == ["#cell-3", None]
    text = render(page, Frame("run"), links)
    check_page(text)
    assert "The last 9 cells are left out" in text


def test_the_viewer_shows_all_cells(monkeypatch):
    monkeypatch.setattr("harness.report.run_source.MOST_DETAILED", 3)
    page = cells_page(shipped("quickstart"), Addresses())
    assert (len(page.datasets[0][1]), page.left_out) == (12, 0)


def test_an_unknown_cell_has_no_place():
    assert Anchors().cell(shipped("quickstart"), "nowhere") is None
