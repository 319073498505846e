import json

import pytest
from click.testing import CliRunner

from harness import registry
from harness.cli import main
from harness.cli._listing import KINDS, entries_of
from harness.records.document import Document
from harness.spec.schema import check


def harness(*arguments):
    return CliRunner().invoke(main, arguments)


def test_without_a_kind_the_kinds_are_listed():
    shown = harness("list")
    assert shown.exit_code == 0
    assert [line.split()[0] for line in shown.stdout.splitlines()] == list(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_thing_has_one_line(kind):
    shown = harness("list", kind)
    assert shown.exit_code == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(registry.names(KINDS[kind].folder))
    assert all(len(line.split(maxsplit=1)) == 2 for line in lines)


def test_what_files_in_code_and_in_yaml_say_of_themselves():
    assert dict(entries_of("strategies"))["direct"] == "Names the better of two responses, or a tie, in one reply"
    assert dict(entries_of("metrics"))["kappa"] == "Cohen's kappa: agreement with the reference labels beyond chance"


def test_every_folder_of_plugs_can_be_listed():
    assert {kind.folder for kind in KINDS.values()} == set(registry.PACKAGES)


@pytest.mark.parametrize("kind", [None, "formats"])
def test_json_is_as_its_schema_says(kind):
    said = json.loads(harness("list", "--json", *filter(None, [kind])).stdout)
    assert check(Document("", said), "list") == []
    assert said["kind"] == kind
    assert [(entry["name"], entry["summary"]) for entry in said["entries"]] == entries_of(kind)


def test_a_kind_that_is_not_there_is_answered_with_the_nearest():
    shown = harness("list", "strategy")
    assert shown.exit_code == 2
    assert shown.stderr == "error: there is no kind `strategy`; did you mean `strategies`?\n"
