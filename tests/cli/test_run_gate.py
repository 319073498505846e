"""The gate of `harness run`: thresholds and failures, the JUnit file, and what GitHub Actions shows."""

import json
import os
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.cli._checks import Check, write_junit
from harness.cli._comparison_markdown import code, escaped
from harness.cli._github import MOST_ANNOTATIONS, add_to_summary, annotate, commands_stopped
from harness.errors import InputError
from harness.leaderboard.run_gate import RunRules, Threshold, parse_threshold, run_checks
from support.cli_folder import folder_with_starter_run
from support.loops import SPEC as LOOPS

CELLS = 6
ACTIONS = {
    "GITHUB_ACTIONS": "true",
    "CI": "true",
    "GITHUB_WORKFLOW": "judges",
    "GITHUB_JOB": "gate",
    "GITHUB_EVENT_NAME": "pull_request",
    "GITHUB_REF": "refs/pull/7/merge",
    "GITHUB_REPOSITORY": "someone/judges",
    "RUNNER_OS": "Linux",
}
"""Variables that the runner sets; the tests add the file of the summary."""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return folder_with_starter_run(tmp_path_factory.mktemp("gate"))


@pytest.fixture(autouse=True)
def here(made, tmp_path, monkeypatch):
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    shutil.copytree(made, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")


@pytest.fixture
def actions(monkeypatch, tmp_path):
    """The environment of a step of GitHub Actions, and the file of its summary."""
    for name, value in ACTIONS.items():
        monkeypatch.setenv(name, value)
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    return summary


def harness(*arguments):
    return CliRunner().invoke(main, list(arguments))


def run(*arguments):
    return harness("run", "mine.yaml", "--offline", *arguments)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 0, ""),
        (["--fail-below", "kappa=-1"], 0, "gate: 6 cells checked, kappa=-1 by the lower end of the interval: passed"),
        (["--fail-below", "kappa=0.99"], 1, "kappa=0.99 by the lower end of the interval: 6 failed"),
        (["--fail-below", "best:kappa=0.5"], 1, "best:kappa=0.5 by the lower end of the interval: 1 failed"),
        (["--fail-below", "best:kappa=0.5", "--fail-below-by", "estimate"], 0, "by the estimate: passed"),
        (["--fail-below", "best:kappa=0.3"], 0, "passed"),
        (["--fail-below", "direct/judge:careful:accuracy=0.999"], 1, "1 failed"),
        (["--fail-below", "kappa=-1", "--fail-below", "best:accuracy=0.999"], 1, "1 failed"),
        (["--fail-on-failures", "0"], 0, "gate: 6 cells checked, at most 0 % failures: passed"),
    ],
)
def test_truth_table_of_the_gate_of_a_run(arguments, code, said):
    shown = run(*arguments)
    assert shown.exit_code == code, shown.output
    assert said in shown.stderr
    assert ("gate:" in shown.stderr) == bool(arguments)


def test_the_reason_names_cell_interval_and_threshold():
    found = re.search(r"error: (.*)", run("--fail-below", "best:kappa=0.7").stderr)
    assert found
    assert re.fullmatch(
        r"pairs/direct/judge:careful: kappa 0\.628 \[0\.\d+, 0\.\d+\]: the lower end of the interval is below 0\.7",
        found[1],
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kappa", "`kappa` is no threshold; write METRIC=VALUE"),
        ("kappa=high", "`kappa=high` is no threshold"),
        ("kappa=nan", "`kappa=nan` is no threshold"),
        ("=0.5", "is no threshold"),
        ("kapa=0.5", "mine has no metric `kapa`; did you mean `kappa`?"),
        (
            "direct/judge:carefull:kappa=0.5",
            "mine has no cell `direct/judge:carefull`; did you mean `direct/judge:careful`?",
        ),
    ],
)
def test_a_threshold_that_cannot_hold_is_refused_before_the_run(text, message):
    shutil.rmtree("results")
    shown = run("--fail-below", text)
    assert (shown.exit_code, Path("results").exists()) == (2, False)
    assert message in shown.stderr


def board(*rows):
    """A leaderboard with these values, ends of intervals and failures."""
    return {
        "rows": [
            {
                "dataset": "d",
                "cell": f"d/s/judge:{k}",
                "mode": "judge",
                "items": 10,
                "failures": {"refused": failed},
                "metrics": {"kappa": {"value": value, "low": low, "high": 1.0, "reason": "no reason to vary"}},
            }
            for k, (value, low, failed) in enumerate(rows)
        ]
    }


@pytest.mark.parametrize(
    ("row", "by", "problem"),
    [
        ((0.7, 0.6, 0), "low", ""),
        ((0.7, 0.59, 0), "low", "kappa 0.700 [0.590, 1.000]: the lower end of the interval is below 0.6"),
        ((0.6, 0.1, 0), "estimate", ""),
        ((0.59, 0.1, 0), "estimate", "kappa 0.590 [0.100, 1.000]: the estimate is below 0.6"),
        ((None, None, 0), "low", "kappa is undefined: no reason to vary"),
        ((None, None, 0), "estimate", "kappa is undefined: no reason to vary"),
        ((0.9, None, 0), "low", "kappa 0.900 has no interval: no reason to vary"),
        ((0.9, None, 0), "estimate", ""),
    ],
)
def test_what_is_undefined_fails(row, by, problem):
    checks = run_checks(board(row), RunRules((Threshold("", "kappa", 0.6),), by))
    assert [check.problem for check in checks if "kappa" in check.name] == [problem]


def test_what_was_not_checked_fails():
    (check,) = [one for one in run_checks(board((1, 1, 0)), RunRules((parse_threshold("ac1=0"),))) if "ac1" in one.name]
    assert check.problem == "no cell has this metric, so nothing was checked"
    dead = run_checks(board((1, 1, 0), (0, 0, 10)), RunRules(most_failures=0.5))
    assert [check.problem for check in dead] == ["", "no judgment of it succeeded", ""]
    assert "nothing was judged" in run_checks({"rows": []}, RunRules(most_failures=0.5))[0].problem
    with pytest.raises(InputError, match="is no threshold"):
        parse_threshold("a=b=c")


@pytest.mark.whole
def test_a_generation_is_checked_by_its_win_rates():
    Path("loops.yaml").write_text(LOOPS)
    Path("tasks.jsonl").write_text("".join(f'{{"id": "{i}", "prompt": "Name colour {i}."}}\n' for i in range(4)))
    passed = harness("run", "loops.yaml", "--fail-below", "best:win-rate-half=0", "--fail-below-by", "estimate")
    assert passed.exit_code == 0, passed.output
    assert harness("run", "loops.yaml", "--fail-below", "win-rate-half=1.01").exit_code == 1
    assert "no metric `kappa`" in harness("run", "loops.yaml", "--fail-below", "kappa=0").stderr
    assert "every system, or of the `best`" in harness("run", "loops.yaml", "--fail-below", "x:win-rate-half=0").stderr


@pytest.mark.whole
def test_the_junit_file_has_a_case_for_each_check():
    assert run("--fail-below", "kappa=0.2", "--junit", "out/gate.xml").exit_code == 1
    (suite,) = ElementTree.parse("out/gate.xml").getroot()
    cases = {case.get("name"): case.find("failure") for case in suite}
    assert suite.get("name").startswith("mine ")
    assert len(cases) == 2 * CELLS
    assert cases["pairs/direct/judge:careful: kappa at least 0.2"] is None
    failed = [one for one in cases.values() if one is not None]
    assert len(failed) == int(suite.get("failures")) > 0
    assert all("the lower end of the interval is below 0.2" in one.get("message") for one in failed)


def test_a_junit_file_holds_any_text(tmp_path):
    hostile = "<x>&\"'\x00\x1b[31m\ufffe\ud800]]>\n::error::"
    write_junit(tmp_path / "a.xml", [Check(hostile, hostile, (hostile,)), Check("b", "c")])
    suites = list(ElementTree.parse(tmp_path / "a.xml").getroot())
    assert suites[0][0].get("name") == "<x>&\"'\ufffd\ufffd]]> ::error::"
    assert len(suites) == 2


def commands(text):
    """The commands that a runner would find in a log, which it reads line by line."""
    found, stopped = [], ""
    for line in text.splitlines():
        command = line.strip()
        if stopped:
            stopped = "" if command == f"::{stopped}::" else stopped
        elif command.startswith("::stop-commands::"):
            stopped = command.removeprefix("::stop-commands::")
        elif command.startswith("::"):
            found.append(command)
    assert not stopped, "commands work again at the end"
    return found


def test_a_run_in_github_actions_has_annotations_and_a_summary(actions):
    shown = run("--fail-below", "best:kappa=0.7")
    (command,) = commands(shown.stderr)
    assert command.startswith("::error title=harness run::pairs/direct/judge:careful: kappa at least 0.7: kappa 0.628")
    text = actions.read_text()
    assert text.startswith("before\n### <code>mine ")
    assert "**Gate failed**: 1 of 7 checks" in text
    assert "| direct | judge:careful" in text


@pytest.mark.whole
def test_a_comparison_in_github_actions_has_annotations_and_a_summary(actions):
    Path("other.yaml").write_text(Path("mine.yaml").read_text().replace('name: "mine"', "name: other"))
    text = Path("other.yaml").read_text().replace("skill: 0.9", "skill: 0.1")
    Path("other.yaml").write_text(text)
    assert harness("run", "other.yaml").exit_code == 0
    shown = harness("compare", "mine", "other", "--fail-if-worse", "0.02", "--junit", "gate.xml")
    assert shown.exit_code == 1
    found = commands(shown.stderr)
    assert found
    assert all(one.startswith("::error title=harness compare::pairs/") for one in found)
    assert "**Gate failed**: 6 cells checked; kappa not significantly worse by more than 0.02" in actions.read_text()
    (suite,) = ElementTree.parse("gate.xml").getroot()
    assert int(suite.get("tests")) == CELLS
    assert int(suite.get("failures")) == len(found)
    markdown = harness("compare", "mine", "other", "--fail-if-worse", "0.02", "--format", "markdown").stdout
    assert actions.read_text().count(markdown) == 2
    assert "| <code>pairs/direct/judge&#58;careful</code> |" in markdown


def test_json_on_stdout_stays_json_in_github_actions(actions):
    shown = harness("compare", "mine", "mine", "--json")
    assert json.loads(shown.stdout)["kind"] == "evaluation"
    assert commands(shown.stderr) == []


def test_text_from_elsewhere_is_no_command(actions):
    shown = harness("leaderboard", "::error::spoofed")
    assert "::error::spoofed" in shown.stderr
    assert commands(shown.stderr) == []


@pytest.mark.usefixtures("actions")
def test_an_annotation_is_escaped_and_their_number_is_limited(capsys):
    checks = [Check("g", f"a%\n::error::{k}", ("x: 100 %, y",)) for k in range(30)]
    context = main.make_context("harness", ["runs"], resilient_parsing=True)
    with context, commands_stopped(context, os.environ):
        annotate(checks, "one: two, three", os.environ, level="warning")
        annotate([Check("g", "passed")], "none", os.environ)
    found = commands(capsys.readouterr().err)
    assert len(found) == MOST_ANNOTATIONS
    assert found[0] == "::warning title=one%3A two%2C three::a%25 ::error::0: x: 100 %25, y"
    assert found[-1].endswith("::and 21 more; the log lists all")


def test_a_summary_is_cut_below_the_limit_and_a_missing_folder_is_a_warning(tmp_path, capsys):
    environment = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(tmp_path / "s.md")}
    add_to_summary("line\n" * 300_000, environment)
    assert 990_000 < (tmp_path / "s.md").stat().st_size <= 1_000_000
    assert (tmp_path / "s.md").read_text().endswith("The summary was cut here.\n")
    add_to_summary("more", environment | {"GITHUB_STEP_SUMMARY": str(tmp_path / "no/s.md")})
    assert "cannot be written: no such file" in capsys.readouterr().err
    add_to_summary("more", {"GITHUB_STEP_SUMMARY": str(tmp_path / "none.md")})
    assert not (tmp_path / "none.md").exists()


def test_names_in_markdown_are_text():
    assert code("@team #1 `x` <b> [a](http://x) | ~~_*") == (
        "<code>&#64;team &#35;1 &#96;x&#96; &#60;b&#62; &#91;a&#93;(http&#58;//x) &#124; &#126;&#126;&#95;&#42;</code>"
    )
    assert escaped("a\nb\x1b[31mc") == "a bc"
    assert escaped("ask @team") == "ask &#64;&#8203;team"


def test_junit_needs_a_gate_in_compare():
    shown = harness("compare", "mine", "mine", "--junit", "gate.xml")
    assert shown.exit_code == 2
    assert "--junit needs --fail-if-worse or --fail-if-changed" in shown.stderr
    assert not Path("gate.xml").exists()
