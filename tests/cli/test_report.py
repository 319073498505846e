"""`harness report` on a run of a user's spec."""

import json

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.records.document import Document
from harness.spec.schema import check
from support.cli_folder import folder_with_starter_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return folder_with_starter_run(tmp_path_factory.mktemp("reported"))


@pytest.fixture(autouse=True)
def here(folder, monkeypatch):
    monkeypatch.chdir(folder)


def report(*arguments):
    return CliRunner().invoke(main, ["report", *arguments])


@pytest.mark.slow
def test_an_older_report_is_replaced(folder):
    (folder / "report.html").write_text('<meta name="generator" content="fellowship-harness 0.0.1">')
    done = report("mine")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("wrote report.html (")
    assert (folder / "report.html").read_text("utf-8").startswith("<!doctype html>")


def test_json_output_matches_its_schema(folder):
    (folder / "other.html").write_text("mine")
    done = report("mine.yaml", "--out", "other.html", "--json", "--force")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert check(Document("report", found), "report") == []
    assert found["bytes"] == (folder / "other.html").stat().st_size
    assert found["sections"][0] == "overview"


def test_a_file_that_is_not_a_report_is_kept(folder):
    (folder / "thesis.html").write_text("mine")
    done = report("mine", "--out", "thesis.html")
    assert done.exit_code == 2
    assert "thesis.html exists and is not a report" in done.output
    assert (folder / "thesis.html").read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nothing"], "there is no run folder, spec file or spec with runs called nothing"),
        (["mine", "--vs", "direct/judge:nobody"], "this run has no cell `direct/judge:nobody`"),
        ([], "Missing argument 'RUN...'"),
    ],
)
def test_wrong_arguments_are_an_error(arguments, message, folder):
    done = report(*arguments, "--out", "never.html")
    assert done.exit_code == 2
    assert message in done.output
    assert not (folder / "never.html").exists()
