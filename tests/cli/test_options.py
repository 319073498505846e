"""Options that several verbs share."""

from __future__ import annotations

import importlib

import click
import pytest
from click.testing import CliRunner

from harness.cli import main, verb_modules
from harness.cli._options import FiniteRange


@pytest.mark.parametrize("value", ["nan", "-nan", "inf", "-inf", "1e999"])
def test_a_number_is_finite(value):
    with pytest.raises(click.BadParameter, match="is not a finite number"):
        FiniteRange().convert(value, None, None)
    assert FiniteRange(0, 1).convert("0.5", None, None) == 0.5


def test_a_limit_that_no_number_passes_is_refused():
    shown = CliRunner().invoke(main, ["run", "spec.yaml", "--fail-on-failures", "nan"])
    assert shown.exit_code == 2
    assert "nan is not a finite number" in shown.stderr


def test_every_option_with_a_number_refuses_what_is_none():
    found = set()
    for stem in verb_modules().values():
        command = getattr(importlib.import_module(f"harness.cli.{stem}"), stem)
        commands = [command, *getattr(command, "commands", {}).values()]
        for option in (parameter for each in commands for parameter in each.params):
            if isinstance(option.type, click.types.FloatParamType):
                found.add(option.name)
                is_checked_with_others = (stem, option.name) == ("power", "effect")
                assert isinstance(option.type, FiniteRange) or is_checked_with_others, f"{stem} {option.name}"
    assert {"max_cost_usd", "settle_usd"} <= found
