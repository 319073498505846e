import json

import pytest
from click.testing import CliRunner

from harness import registry
from harness.cli import main
from harness.cli._listing import FORMER_NAMES, KINDS, entries_of
from harness.records.document import Document
from harness.spec.schema import check


def harness(*arguments):
    return CliRunner().invoke(main, arguments)


def test_without_a_kind_the_kinds_are_listed():
    shown = harness("list")
    assert shown.exit_code == 0
    assert [line.split()[0] for line in shown.stdout.splitlines()] == list(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_every_plugin_has_one_line(kind):
    shown = harness("list", kind)
    assert shown.exit_code == 0, shown.stderr
    lines = shown.stdout.splitlines()
    assert [line.split()[0] for line in lines] == list(registry.names(KINDS[kind].registry))
    assert all(len(line.split(maxsplit=1)) == 2 for line in lines)


def test_summaries_come_from_modules_and_yaml_files():
    assert dict(entries_of("strategies"))["direct"] == "Names the better of two responses, or a tie, in one reply"
    assert dict(entries_of("metrics"))["kappa"] == "Cohen's kappa: agreement with the reference labels beyond chance"


def test_every_kind_of_plugin_can_be_listed():
    assert {kind.registry for kind in KINDS.values()} == set(registry.PACKAGES)


@pytest.mark.parametrize("kind", [None, "dataset-formats"])
def test_json_output_matches_its_schema(kind):
    document = json.loads(harness("list", "--json", *filter(None, [kind])).stdout)
    assert check(Document("", document), "list") == []
    assert document["kind"] == kind
    assert [(entry["name"], entry["summary"]) for entry in document["entries"]] == entries_of(kind)


def test_unknown_kind_is_an_error_with_a_suggestion():
    shown = harness("list", "strategy")
    assert shown.exit_code == 2
    assert shown.stderr == "error: there is no kind `strategy`; did you mean `strategies`?\n"


@pytest.mark.parametrize(("former", "kind"), FORMER_NAMES.items())
def test_former_names_of_kinds_are_understood(former, kind):
    assert json.loads(harness("list", former, "--json").stdout)["kind"] == kind
    assert entries_of(former) == entries_of(kind)
