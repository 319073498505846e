"""No default, signature, help text or repr of the public API holds the environment, in which the keys are."""

import dataclasses
import importlib
import inspect
import os
import pkgutil
import subprocess
import sys

import pytest

import harness

PUBLIC = sorted({*harness._PUBLIC, *harness._ERRORS})


@pytest.mark.parametrize("name", PUBLIC)
def test_help_of_the_public_api_shows_no_environment(name):
    code = f"import harness; help(harness.{name})"
    variables = {**os.environ, "OPENAI_API_KEY": "sk-known-123"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=variables, check=True)
    assert "sk-known-123" not in done.stdout + done.stderr
    assert name in done.stdout


def modules():
    found = pkgutil.walk_packages(harness.__path__, "harness.")
    return [one.name for one in found if "__main__" not in one.name]


@pytest.mark.parametrize("name", modules())
def test_no_default_and_no_repr_is_made_of_the_environment(name):
    module = importlib.import_module(name)
    for thing in vars(module).values():
        if inspect.isfunction(thing) and thing.__module__ == name:
            defaults = [one.default for one in inspect.signature(thing).parameters.values()]
            assert not any(default is os.environ or isinstance(default, type(os.environ)) for default in defaults), (
                thing
            )
        if dataclasses.is_dataclass(thing) and isinstance(thing, type) and thing.__module__ == name:
            shown = [one.name for one in dataclasses.fields(thing) if one.repr]
            assert "environment" not in shown, f"{name}.{thing.__name__}"
