"""The rules of the source tree: packages, names of modules, length of files, number of parameters."""

import ast
from pathlib import Path

import pytest

from support.paths import ROOT

PACKAGE = ROOT / "harness"
MODULES = sorted(PACKAGE.rglob("*.py"))

PACKAGES = {
    "analysis",
    "api",
    "cache",
    "cli",
    "data",
    "doctor",
    "evaluators",
    "generation",
    "importers",
    "leaderboard",
    "preferences",
    "prompting",
    "providers",
    "records",
    "report",
    "runner",
    "scoring",
    "spec",
    "statistics",
    "viewer",
}
FILES = {
    "__init__.py",
    "__main__.py",
    "_version.py",
    "atomic.py",
    "errors.py",
    "hashing.py",
    "py.typed",
    "registry.py",
    "simulation.py",
    "text.py",
}
NAMES_THAT_SAY_NOTHING = {"base", "common", "core", "helper", "helpers", "manager", "misc", "util", "utils"}
MOST_LINES = 350
MOST_PARAMETERS = 6
WITH_MORE_PARAMETERS = {
    "api/analyses.py:correct": "public: every option of `harness correct`, by keyword",
    "api/label_verbs.py:label_next": "public: every option of `harness label next`, by keyword",
    "api/label_verbs.py:label_export": "public: every option of `harness label export`, by keyword",
    "api/scored_labels.py:calibrate": "public: every option of `harness calibrate`, by keyword",
    "api/scored_labels.py:threshold": "public: every option of `harness threshold`, by keyword",
    "api/reporting.py:write_report": "public: every option of `harness report`, by keyword",
    "api/run.py:run_spec": "public: every option of `harness run`, by keyword",
    "scoring/score.py:best_of": "each is data of its own; callers have no common record",
    "scoring/score.py:score_cells": "the arrays of a run that is not stored yet, and of one that is read again",
    "scoring/score.py:score_dataset": "as `score_cells`",
    "statistics/clustered.py:table_interval": "a pure function of arrays; the last three by keyword",
    "scoring/slice_differences.py:_found": "a cell, a metric and what they were made of",
    "statistics/slice_differences.py:slice_differences": "a pure function of arrays; the last two by keyword",
    "statistics/soft_pairs.py:influence_errors": "a pure function of arrays; the last two by keyword",
    "statistics/multiplicity.py:compare_pairs": "a pure function of arrays; the last three by keyword",
}
"""Functions with more than six parameters, and why."""


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    of = function.args
    named = [each.arg for each in (*of.posonlyargs, *of.args, *of.kwonlyargs) if each.arg not in ("self", "cls")]
    return len(named) + (of.vararg is not None) + (of.kwarg is not None)


def is_command(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether click calls the function, with one parameter for each option."""
    return any(".command(" in ast.unparse(decorator) for decorator in function.decorator_list)


def with_many_parameters(source: str) -> list[str]:
    functions = [
        each for each in ast.walk(ast.parse(source)) if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return [each.name for each in functions if parameters(each) > MOST_PARAMETERS and not is_command(each)]


def gives_reason(source: str) -> bool:
    """Whether the docstring of a module says why it is long."""
    return "long because" in " ".join((ast.get_docstring(ast.parse(source)) or "").split())


def test_the_package_has_the_expected_packages_and_files():
    found = {path.name for path in PACKAGE.iterdir() if path.name not in ("__pycache__", "schemas")}
    assert found == PACKAGES | FILES


def test_only_listed_functions_have_more_than_six_parameters():
    found = {f"{name_of(path)}:{name}" for path in MODULES for name in with_many_parameters(path.read_text("utf-8"))}
    assert found == set(WITH_MORE_PARAMETERS)


def test_a_long_file_gives_its_reason():
    sources = {name_of(path): path.read_text("utf-8") for path in MODULES}
    long = {name for name, source in sources.items() if len(source.splitlines()) > MOST_LINES}
    assert {name for name in long if not gives_reason(sources[name])} == set()


def test_the_name_of_a_module_says_what_is_in_it():
    names = {
        name_of(path): set(path.with_suffix("").name.strip("_").split("_")) | {path.parent.name} for path in MODULES
    }
    assert {name for name, words in names.items() if words & NAMES_THAT_SAY_NOTHING} == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def f(a, b, c, d, e, f): ...", []),
        ("def f(a, b, c, d, e, f, g): ...", ["f"]),
        ("def f(a, b, c, *, d, e, f, g): ...", ["f"]),
        ("def f(a, b, c, d, e, *f, **g): ...", ["f"]),
        ("class C:\n    async def f(self, a, b, c, d, e, f): ...", []),
        ("@click.command()\ndef f(a, b, c, d, e, f, g): ...", []),
        ("@cache.command('x')\n@other\ndef f(a, b, c, d, e, f, g): ...", []),
    ],
)
def test_parameters_are_counted(source, found):
    assert with_many_parameters(source) == found


def test_a_reason_is_read_from_the_docstring():
    assert gives_reason('"""A table of words.\n\nLong, and\nlong because it is one table."""')
    assert not gives_reason("# long because\n'''A table.'''")
