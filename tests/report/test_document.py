"""The whole report of a run."""

import shutil

import pytest

from harness.leaderboard.numbers import with_interval
from harness.report.document import ReportOptions, report_of
from harness.report.run_source import RunSource
from support.report_runs import check_page, hostile, shipped


@pytest.fixture(scope="module")
def html():
    return report_of([shipped("quickstart")], ReportOptions()).html


def test_the_page_is_self_contained_and_its_links_lead_somewhere(html):
    page = check_page(html)
    assert page.tags.count("h1") == 1
    assert "main" in page.tags
    assert html.count("<svg") == html.count('role="img"')


def test_every_figure_of_the_leaderboard_is_on_the_page(html):
    board = shipped("quickstart").board
    for row in board["rows"]:
        for figure in row["metrics"].values():
            assert with_interval(figure["value"], figure["low"], figure["high"]) in html
        for counts in row["table"]:
            assert all(f">{count}</td>" in html for count in counts[:3])
    for note in board["notes"][1:]:
        assert note in html


def test_the_report_says_that_models_are_simulated(html):
    assert "<strong>Simulated models.</strong>" in html


@pytest.mark.slow
def test_two_folders_with_the_same_run_have_the_same_report(tmp_path, html):
    source = shipped("quickstart")
    other = tmp_path / "elsewhere" / source.id
    shutil.copytree(source.folder, other)
    (other / "environment.json").write_text('{"host": "other", "seconds": 3.0}')
    assert report_of([RunSource(other)], ReportOptions()).html == html


@pytest.mark.slow
def test_texts_of_a_run_from_elsewhere_stay_texts(tmp_path):
    html = report_of([hostile(tmp_path)], ReportOptions()).html
    check_page(html)
    assert "&lt;script&gt;alert(1)" in html
    assert "{{7*7}}" in html
    assert "⟨U+202E⟩evil⟨U+2066⟩" in html
