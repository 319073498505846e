"""`harness run` with several specs: each in turn, and every error before the first call."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from harness.cli import main

SPEC = """\
schema: 1
name: {name}
datasets: {{pairs: {{path: {data}}}}}
models: {{judge: {{provider: simulated}}, other: {{provider: simulated, skill: 0.3}}}}
matrix: {{dataset: [pairs], strategy: {strategy}, evaluator: [{{judge: [judge, other]}}]}}
score: {{metrics: [accuracy], resamples: 200}}
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [
        {"id": str(n), "prompt": f"p{n}", "response_a": "a", "response_b": "b", "label": "ab"[n % 2]} for n in range(4)
    ]
    Path("pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    write("one")
    write("two")
    return tmp_path


def write(name, strategy="[direct, combined-10]", data="pairs.jsonl"):
    Path(f"{name}.yaml").write_text(SPEC.format(name=name, strategy=strategy, data=data))


def run(*arguments):
    return CliRunner().invoke(main, ["run", *arguments])


def runs():
    return sorted(folder.parent.name for folder in Path("results").glob("*/*/"))


@pytest.mark.whole
def test_each_spec_is_run_and_shown_in_turn():
    shown = run("one.yaml", "two.yaml")
    assert shown.exit_code == 0, shown.stderr
    assert shown.stdout.index(" of one;") < shown.stdout.index(" of two;")
    assert runs() == ["one", "two"]


@pytest.mark.whole
def test_the_replies_of_the_first_serve_the_second():
    shown = run("one.yaml", "two.yaml")
    assert "16 calls made, 0 from the cache" in shown.stderr
    assert "0 calls made, 16 from the cache" in shown.stderr


def test_all_errors_of_all_specs_are_reported_and_nothing_is_run():
    write("bad", strategy="[nowhere]")
    write("worse", data="missing.jsonl")
    shown = run("one.yaml", "bad.yaml", "worse.yaml")
    assert shown.exit_code == 2
    assert "bad.yaml:5:" in shown.stderr
    assert "worse.yaml:3:" in shown.stderr
    assert not runs()
    assert not Path(".harness-cache").exists()


@pytest.mark.whole
def test_a_spec_may_take_over_the_winner_of_one_before_it():
    write("second", strategy="[{winner_of: one}]")
    shown = run("one.yaml", "second.yaml")
    assert shown.exit_code == 0, shown.stderr
    assert runs() == ["one", "second"]


def test_a_spec_that_takes_over_a_winner_is_checked_before_the_first_call():
    write("second", strategy="[{winner_of: one, by: nothing}]")
    shown = run("one.yaml", "second.yaml")
    assert shown.exit_code == 2
    assert "has no metric `nothing`" in shown.stderr
    assert not runs()


def test_a_winner_of_a_spec_that_is_not_named_before_needs_a_run():
    write("second", strategy="[{winner_of: one}]")
    shown = run("second.yaml", "one.yaml")
    assert shown.exit_code == 2
    assert "second.yaml:5:" in shown.stderr
    assert not runs()


@pytest.mark.whole
def test_too_many_failures_of_one_spec_do_not_keep_the_others_from_running():
    write("refusing")
    text = Path("refusing.yaml").read_text()
    Path("refusing.yaml").write_text(text.replace("skill: 0.3", "refusal_rate: 1.0"))
    shown = run("refusing.yaml", "two.yaml", "--fail-on-failures", "0.1")
    assert shown.exit_code == 1
    assert "error:" in shown.stderr
    assert runs() == ["refusing", "two"]


@pytest.mark.parametrize("report", ["json", "csv"])
def test_a_format_of_one_document_takes_one_spec(report):
    shown = run("one.yaml", "two.yaml", "--format", report)
    assert shown.exit_code == 2
    assert "takes one SPEC" in shown.stderr
    assert not runs()


@pytest.mark.whole
def test_a_limit_counts_for_all_specs_together():
    shown = run("one.yaml", "two.yaml", "--max-cost", "5")
    assert shown.exit_code == 0, shown.stderr
    assert "two: $5.0000 of --max-cost left" in shown.stderr


@pytest.mark.parametrize("second", ["two.yaml", "linked.yaml"])
def test_thresholds_are_checked_for_every_spec_before_the_first_run(second):
    write("linked", strategy="[{winner_of: one}]")
    shown = run("one.yaml", second, "--fail-below", "kappa=0.5", "--junit", "gate.xml")
    assert shown.exit_code == 2
    assert shown.stderr.count("has no metric `kappa`") == 2
    assert runs() == []
    (case,) = ElementTree.parse("gate.xml").getroot()[0]
    assert "has no metric `kappa`" in "".join(failure.get("message") for failure in case)


@pytest.mark.whole
def test_the_junit_file_has_the_checks_before_the_error_and_the_error():
    assert run("one.yaml").exit_code == 0
    write("two", strategy="[combined-5]")
    shown = run("one.yaml", "two.yaml", "--offline", "--fail-on-failures", "0", "--junit", "gate.xml")
    assert shown.exit_code == 1
    passed, ended = ElementTree.parse("gate.xml").getroot()
    assert passed.get("name").startswith("one ")
    assert (passed.get("failures"), ended.get("failures"), ended.get("name")) == ("0", "1", "harness run")
    assert "replies" in ended[0][0].get("message")


def test_a_junit_file_that_cannot_be_written_hides_no_error():
    write("one", strategy="[nowhere]")
    shown = run("one.yaml", "--junit", "pairs.jsonl/gate.xml")
    assert shown.exit_code == 2
    assert "nowhere" in shown.stderr
    assert "gate.xml" in shown.stderr
