"""What a help text imports: heavy packages would make it slow."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys

import pytest

from harness.cli import verb_modules

HEAVY = (
    "numpy",
    "polars",
    "pyarrow",
    "scipy",
    "sklearn",
    "openai",
    "anthropic",
    "aiohttp",
    "httpx2",
    "asyncio",
    "jsonschema",
    "diskcache",
    "yaml",
    "jinja2",
    "rich",
    "tiktoken",
    "huggingface_hub",
)
SEARCH = "importlib.metadata"
"""What finds the plug-ins of installed distributions, of which none brings one here."""

# Modules stay loaded, so that each help text is printed by a process of its own: a copy of one that has loaded only
# what all have in common.
PROGRAM = """
import json, os, sys
from harness.cli import main, verb_modules

watched = sys.argv[1:]

def loaded(words):
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        main(words, prog_name="harness", standalone_mode=False)
        os.write(writing, json.dumps(sorted(set(watched) & set(sys.modules))).encode())
        os._exit(0)
    os.close(writing)
    with open(reading) as answer:
        found = answer.read()
    os.waitpid(child, 0)
    return json.loads(found)

options = {word: loaded([word]) for word in ("--help", "--version")}
print(json.dumps(options | {verb: loaded([verb, "--help"]) for verb in verb_modules()}))
"""


@pytest.fixture(scope="module")
def loaded() -> dict[str, list[str]]:
    """The watched modules that are loaded after the help text of each verb."""
    if not hasattr(os, "fork"):
        pytest.skip("no fork on this system, and a new process for each verb takes long")
    command = [sys.executable, "-c", PROGRAM, *HEAVY, SEARCH]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert (done.returncode, done.stderr) == (0, "")
    found: dict[str, list[str]] = json.loads(done.stdout)
    return found


def test_no_help_text_imports_a_heavy_package(loaded: dict[str, list[str]]) -> None:
    assert set(loaded) == {"--help", "--version", *verb_modules()}
    found = {verb: set(names) & set(HEAVY) for verb, names in loaded.items()}
    assert {verb: names for verb, names in found.items() if names} == {}, "import it in the function that uses it"


def test_a_help_text_does_not_search_for_plug_ins_where_there_are_none(loaded: dict[str, list[str]]) -> None:
    assert [verb for verb, names in loaded.items() if SEARCH in names] == []


@pytest.mark.parametrize(
    ("verb", "name", "source"),
    [
        ("batch", "OPENAI_LINES", "harness.providers.batch_lines"),
        ("label", "ANNOTATOR", "harness.api.labelling"),
        ("report", "MOST_ITEMS", "harness.api.reporting"),
    ],
)
def test_what_an_option_has_as_its_default_is_what_the_function_has(verb: str, name: str, source: str) -> None:
    shown = importlib.import_module(f"harness.cli.{verb}")
    assert getattr(shown, name) == getattr(importlib.import_module(source), name)
