"""A Python function as a model, for programs and notebooks.

    def longer(messages):
        ...
        return "A"

    spec = harness.load_spec(source, providers={"longer": longer})

A model of the spec names the function as its provider, `{provider: longer, digest: v1}`, which is loaded as
`{provider: python, function: longer, digest: v1}`. A spec cannot name code: without the function, as on the command
line, only the replies in the cache are used.

The function takes the messages of a call, a list of `{"role": …, "content": …}`, and returns the text of the reply or a
`harness.Reply`. It may be async, and it may take the number of the draw as `draw`. A call whose function raises an
exception has failed.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import ModelStopped
from harness.records.calls import Model

if TYPE_CHECKING:
    from harness.providers.provider import Connection, Context

SUMMARY = "a Python function that a program gives; its replies are cached under the digest that the spec declares"

SETTINGS: Mapping[str, Any] = {"function": None, "digest": None}
"""`function`: the name under which the program gives it; `digest`: as it declares it. `harness.load_spec` adds the
function itself as `call`."""

IS_FREE = True


def model_id(name: str, entry: Mapping[str, Any], spec_folder: Path) -> str:
    """Such as `python:longer:v1`: the name and the declared digest stand for the function."""
    return f"python:{entry['function']}:{entry['digest']}"


def connect(model: Model, context: Context) -> Connection:
    """A connection that calls the function.

    Raises:
        ModelStopped: where the program gives no such function.
    """
    from harness.providers.function_connection import FunctionConnection

    function = model.settings.get("call")
    if function is None:
        name = model.settings["function"]
        hint = f"load the spec from Python with `harness.load_spec(…, providers={{{name!r}: function}})`"
        raise ModelStopped(f"model {model.name}: there is no function `{name}` here", kind="function", hint=hint)
    return FunctionConnection(model, context, function)
