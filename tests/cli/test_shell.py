"""The shell around the verbs: help, lazy imports, and how errors end."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from harness.cli import main, verb_modules, verb_summary
from harness.errors import MissingRepliesError, Problem, SpecError

HEAVY = (
    "polars",
    "numpy",
    "scipy",
    "sklearn",
    "openai",
    "jsonschema",
    "diskcache",
    "jinja2",
    "rich",
    "yaml",
    "asyncio",
)


def ending(monkeypatch, act, *arguments):
    """What the shell makes of a verb that does `act`."""
    monkeypatch.setattr("harness.cli.Verbs.get_command", lambda *_: click.command("act")(act))
    monkeypatch.setattr("harness.cli.verb_modules", lambda: {"act": "act"})
    return CliRunner().invoke(main, [*arguments, "act"])


def raising(error):
    def act():
        raise error

    return act


@pytest.mark.parametrize("verb", verb_modules())
def test_every_verb_has_a_summary_and_help_with_examples(verb):
    assert verb_summary(verb)
    shown = CliRunner().invoke(main, [verb, "--help"])
    assert shown.exit_code == 0, shown.output
    assert f"Usage: harness {verb}" in shown.output
    if "Commands:" not in shown.output:
        assert f"harness {verb}" in shown.output.partition("Examples:")[2]


def test_help_lists_every_verb_and_imports_nothing_heavy():
    check = (
        "import sys\n"
        "from harness.cli import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "print(sorted(set(sys.modules) & set(sys.argv[1:])), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", check, *HEAVY], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    for verb in verb_modules():
        assert f"  {verb}" in done.stdout


def test_python_dash_m_is_the_same_command():
    done = subprocess.run([sys.executable, "-m", "harness", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("harness, version ")


def test_mistyped_verb_is_an_error_with_a_suggestion():
    shown = CliRunner().invoke(main, ["validat"])
    assert shown.exit_code == 2
    assert "no verb `validat`; did you mean `validate`?" in shown.stderr


def test_unknown_verb_is_an_error_that_lists_all_verbs():
    shown = CliRunner().invoke(main, ["zzz"])
    assert shown.exit_code == 2
    assert "known: " in shown.stderr
    assert "validate" in shown.stderr


def test_an_unknown_option_is_a_usage_error():
    assert CliRunner().invoke(main, ["--no-such-option"]).exit_code == 2


def test_each_problem_is_one_line(monkeypatch):
    problems = [Problem("a.yaml", 3, 5, "matrix", "is empty", "add a cell"), Problem(message="second\x1b[31m\nline")]
    shown = ending(monkeypatch, raising(SpecError(problems)))
    assert shown.exit_code == 2
    assert shown.stderr == "a.yaml:3:5: matrix: is empty; add a cell\nerror: second line\n"


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (MissingRepliesError("3 replies are missing"), 1, "error: 3 replies are missing\n"),
        (KeyboardInterrupt(), 130, "interrupted; stored replies are kept"),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "r/x"), 2, "r/x: no space left on device; free some space"),
        (
            OSError(errno.EROFS, os.strerror(errno.EROFS), b"r/x"),
            2,
            "r/x: read-only file system; choose a writable folder",
        ),
        (PermissionError(errno.EACCES, "Permission denied", "r"), 2, "r: permission denied; check its permissions"),
        (OSError("a pipe of the wrong size"), 2, "error: a pipe of the wrong size\n"),
        (FileNotFoundError(), 2, "error: filenotfounderror\n"),
        (KeyError("x"), 70, "error: KeyError: 'x'\nthis is a bug in the harness; HARNESS_DEBUG=1 shows"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_errors_have_a_message_and_an_exit_code_but_no_traceback(monkeypatch, error, code, message):
    shown = ending(monkeypatch, raising(error))
    assert shown.exit_code == code
    assert shown.stderr.startswith(message)
    assert "Traceback" not in shown.stderr


def test_debug_shows_the_traceback_as_well(monkeypatch):
    shown = ending(monkeypatch, raising(KeyError("x")), "--debug")
    assert shown.exit_code == 70
    assert "Traceback" in shown.stderr
    monkeypatch.setenv("HARNESS_DEBUG", "1")
    assert "Traceback" in ending(monkeypatch, raising(SpecError("wrong"))).stderr


def test_exceptions_of_click_are_left_to_click(monkeypatch):
    assert ending(monkeypatch, raising(click.UsageError("not so"))).exit_code == 2
    assert ending(monkeypatch, raising(click.Abort())).exit_code == 1
    assert ending(monkeypatch, raising(click.exceptions.Exit(1))).exit_code == 1
    assert ending(monkeypatch, raising(SystemExit(3))).exit_code == 3


def test_a_broken_pipe_is_quiet(monkeypatch):
    shown = ending(monkeypatch, raising(BrokenPipeError(errno.EPIPE, "Broken pipe")))
    assert (shown.exit_code, shown.stderr) == (141, "")


def harness(*arguments, **streams):
    return subprocess.Popen([sys.executable, "-m", "harness", *arguments], stderr=subprocess.PIPE, **streams)


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe breaks otherwise on Windows")
def test_closed_pipe_prints_no_traceback():
    read, write = os.pipe()
    os.close(read)
    process = harness("schema", "problems", stdout=write)
    os.close(write)
    assert process.communicate()[1] == b""
    assert process.returncode == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_under_stdout_is_reported():
    with Path("/dev/full").open("wb") as full:
        process = harness("schema", "problems", stdout=full)
        errors = process.communicate()[1].decode()
    assert errors.startswith("error: no space left on device")
    assert process.returncode == 2
    assert "Traceback" not in errors
