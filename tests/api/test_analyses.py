"""The analyses as functions: the documents of the commands, with frames."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import harness
from harness.api.document import SHOWN, Document
from harness.cli import main
from support.paths import ROOT

RESULTS = ROOT / "results"


@pytest.fixture(scope="module")
def run() -> harness.FinishedRun:
    return harness.open_run("quickstart", RESULTS)


def printed(*words: str) -> Any:
    shown = CliRunner().invoke(main, [*words, "--results", str(RESULTS), "--json"])
    assert shown.exit_code == 0, shown.output
    return json.loads(shown.stdout)


def test_a_comparison_is_the_document_of_the_command(run: harness.FinishedRun) -> None:
    found = harness.compare(run, run, gate=harness.GateRules(0.02))
    assert found == printed("compare", str(run.folder), str(run.folder), "--fail-if-worse", "0.02")
    assert found["gate"]["passed"]
    frame = found.frame()
    assert frame.height == 2 * len(run.manifest["cells"])
    assert set(frame["difference"]) == {0.0}
    assert json.loads(found.json()) == found
    assert repr(found) == f"<Document compare: quickstart {run.id}, quickstart {run.id}>"


@pytest.mark.whole
def test_an_audit_is_the_document_of_the_command(run: harness.FinishedRun) -> None:
    found = harness.audit(run)
    assert found == printed("audit", "quickstart")
    figures = found.frame()
    assert figures.filter(cell="village-notices/direct/judge:master", figure="failures.all")["value"][0] == 0
    assert figures.filter(probe="among")["cell"].null_count() == 2
    one = harness.audit("quickstart", cell="direct/judge:master", results=RESULTS)
    assert one.frame()["cell"].drop_nulls().n_unique() == 1


def test_power_takes_a_run_a_spec_a_file_and_a_plan(run: harness.FinishedRun) -> None:
    path = ROOT / "specs/quickstart.yaml"
    expected = printed("power", str(path), "--metric", "accuracy", "--effect", "0.1")
    spec = harness.load_spec(path)
    for target in (spec, path, harness.make_plan(spec)):
        assert harness.power(target, metrics=["accuracy"], effect=0.1, results=RESULTS) == expected
    of_run = harness.power(run, metrics=["accuracy"], effect=0.1)
    assert of_run == printed("power", str(run.folder), "--metric", "accuracy", "--effect", "0.1")
    assert of_run.frame().height == 4
    assert of_run.frame()["n_needed"].min() > 0


@pytest.mark.whole
def test_a_correction_is_the_document_of_the_command(run: harness.FinishedRun, tmp_path: Path) -> None:
    found = harness.correct(harness.load_spec(ROOT / "specs/quickstart.yaml"), results=RESULTS)
    assert found == printed("correct", "quickstart")
    assert {"judge", "corrected_low", "kappa"} <= set(found.frame().columns)
    labels = tmp_path / "labels.csv"
    items = run.items_frame()["item"].to_list()
    labels.write_text("question,winner\n" + "".join(f"{item},{1 + at % 2}\n" for at, item in enumerate(items)))
    options = {"columns": {"id": "question", "label": "winner"}, "values": {"1": "a", "2": "b"}}
    words = ["--column", "id=question", "--column", "label=winner", "--value", "1=a", "--value", "2=b"]
    assert harness.correct(run, labels, **options) == printed(
        "correct", str(run.folder), "--labels", str(labels), *words
    )  # type: ignore[arg-type]


def test_bad_arguments_are_one_error(run: harness.FinishedRun) -> None:
    with pytest.raises(harness.InputError, match="at least two runs"):
        harness.compare(run)
    with pytest.raises(harness.InputError, match=r"(?s)there is no `accurcy`.*n must be .*effect must be between"):
        harness.power(run, n=1, effect=3, metrics=["accurcy"])
    with pytest.raises(harness.InputError, match=r"(?s)columns: there is no `ident`.*describe a file of"):
        harness.correct(run, columns={"ident": "x"}, values={"1": "z"})
    with pytest.raises(harness.InputError, match="`z` is no label of this run; it has `a`, `tie`, `b`"):
        harness.correct(run, [{"id": "x", "label": "1"}], values={"1": "z"})
    with pytest.raises(harness.InputError, match="supports evaluations only"):
        harness.power(harness.open_run("feedback-loops", RESULTS))
    with pytest.raises(harness.InputError, match="supports evaluations only"):
        harness.power(ROOT / "specs/feedback-loops.yaml", results=RESULTS)
    with pytest.raises(harness.RunFolderError, match=r"no run of quickstart in .*; make one with `harness.run_spec`"):
        harness.audit(harness.load_spec(ROOT / "specs/quickstart.yaml"), results="nowhere")


def test_a_notebook_shows_the_first_rows_escaped() -> None:
    hostile = "<script>alert(1)</script>\x1b[31m\u202e&"
    rows = [(hostile, 0.123456)] * (SHOWN + 1)
    found = Document("audit", {"spec": hostile, "run": "1"}, lambda _: (("cell", "value"), rows))
    html = found._repr_html_()
    assert "<script" not in html
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert html.count("&lt;script&gt;") == SHOWN + 1  # the rows, and the caption
    assert "0.1235" in html
    assert ">and 1 more<" in html
    assert len(found) == 2


def test_help_of_an_analysis_names_its_arguments() -> None:
    for function in (harness.compare, harness.audit, harness.power, harness.correct):
        assert function.__doc__ is not None
        for section in ("Args:", "Returns:", "Raises:"):
            assert section in function.__doc__


@pytest.mark.slow
def test_a_report_is_the_file_and_the_document_of_the_command(run: harness.FinishedRun, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    found = harness.write_report(run, out=out)
    assert found.frame().rows() == [(run.id, "quickstart", str(run.folder))]
    first = out.read_bytes()
    assert len(first) == found["bytes"]
    assert printed("report", str(run.folder), "--out", str(out)) == found, "an earlier report is replaced"
    assert out.read_bytes() == first
    out.write_text("mine")
    with pytest.raises(harness.InputError, match="is not a report"):
        harness.write_report(run, out=out)
    assert harness.write_report(run, out=out, force=True) == found
    with pytest.raises(harness.InputError, match="at least one run"):
        harness.write_report(out=out)
