"""The page of the statistics as a library: every public name of `harness.statistics`, from its docstring."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from harness import statistics

HEAD = """\
# The statistics as a library

Every procedure is a pure function on arrays, without files, specs or global state, so that it serves outside of the
harness as well:

```python
import numpy as np
from harness.statistics import agreement, intervals

table = np.array([[30, 2, 3, 0], [4, 5, 3, 1], [2, 3, 26, 1]])  # reference a, tie, b × judged a, tie, b, failed
kappa = agreement.kappa(table, agreement.identity_weights())
drawn = intervals.resampled_tables(table, smoothed=True, resamples=10_000, seed=1)
interval = intervals.percentile_interval(agreement.kappa(drawn, agreement.identity_weights()), 0.95)
```

`Array` is a numpy array of floats; shapes are written in round brackets, with `...` for any number of leading
dimensions. What is undefined is NaN in arrays and None elsewhere. [Simulations](../validation/simulations.md) measures
how often each procedure holds what it claims in worlds whose truth is known.
"""


def library_page() -> str:
    """All modules of `harness.statistics`, in the order of their names."""
    names = sorted(found.name for found in pkgutil.iter_modules(statistics.__path__))
    modules = [importlib.import_module(f"{statistics.__name__}.{name}") for name in names]
    return HEAD + "\n" + "\n".join(line for module in modules for line in _section(module))


def _section(module: ModuleType) -> Iterator[str]:
    yield f"## {module.__name__.rpartition('.')[2]}"
    yield ""
    yield from _text(module)
    for name, thing in vars(module).items():
        is_own = getattr(thing, "__module__", None) == module.__name__
        if not name.startswith("_") and is_own and (inspect.isfunction(thing) or inspect.isclass(thing)):
            yield f"### {name}"
            yield ""
            if inspect.isfunction(thing):
                yield from ["```python", _signature(name, thing), "```", ""]
            yield from _text(thing)


def _signature(name: str, function: Any) -> str:
    """How a function is called; on several lines where one would be long."""
    signature = inspect.signature(function)
    line = f"{name}{signature}".replace("'", "")
    if len(line) <= 110:
        return line
    parts: list[str] = []
    is_keyword_only = False
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.KEYWORD_ONLY and not is_keyword_only:
            parts.append("*")
            is_keyword_only = True
        parts.append(str(parameter).replace("'", ""))
    returned = f" -> {signature.return_annotation}".replace("'", "")
    return f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){returned}"


def _text(thing: Any) -> Iterator[str]:
    """A docstring as Markdown: its lists of arguments as bullets, what it shows indented as code."""
    for block in re.split(r"\n\n+", inspect.getdoc(thing) or ""):
        heading, _, rest = block.partition("\n")
        if heading in ("Args:", "Attributes:", "Returns:", "Raises:"):
            yield f"{heading[:-1]}:"
            yield ""
            yield from _entries(inspect.cleandoc(rest), is_list=heading != "Returns:")
        elif block.startswith("    "):
            yield from ["```text", inspect.cleandoc(block), "```"]
        else:
            yield block
        yield ""


def _entries(text: str, *, is_list: bool) -> Iterator[str]:
    if not is_list:
        yield " ".join(text.split())
        return
    for entry in re.split(r"\n(?=\S)", text):
        name, _, meaning = " ".join(entry.split()).partition(": ")
        yield f"- `{name}`: {meaning}"
