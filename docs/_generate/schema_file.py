"""JSON as a person would lay it out: what fits on a line is on one line."""

from __future__ import annotations

import json
from typing import Any

WIDTH = 120


def laid_out(value: Any, indent: int = 0, used: int = 0) -> str:
    """A JSON value as text.

    Args:
        value: the value.
        indent: spaces before its own lines.
        used: characters that precede it on its first line.
    """
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or not value or used + len(line) < WIDTH:
        return line
    inner = " " * (indent + 2)
    if isinstance(value, list):
        parts = [laid_out(each, indent + 2, len(inner)) for each in value]
    else:
        names = {key: f"{json.dumps(key, ensure_ascii=False)}: " for key in value}
        parts = [names[key] + laid_out(each, indent + 2, len(inner + names[key])) for key, each in value.items()]
    begin, end = "[]" if isinstance(value, list) else "{}"
    return begin + "\n" + ",\n".join(inner + part for part in parts) + "\n" + " " * indent + end
