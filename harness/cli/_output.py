"""Output to streams of any encoding: text with replacements, JSON with escapes."""

from __future__ import annotations

import codecs
import io
import json
import re
import sys
from collections.abc import Mapping
from typing import Any

import click

from harness.text import escaped_json, json_text

HANDLER = "harness.ascii"
"""The name of the error handler of the codecs."""

REPLACEMENTS: Mapping[str, str] = {
    **dict.fromkeys("\u2212\u2013\u2014\u2500\u2501\u2010\u2011", "-"),
    **dict.fromkeys("\u2018\u2019", "'"),
    **dict.fromkeys("\u201c\u201d", '"'),
    "\u2026": "...",
    "\u2192": "->",
    "\u00d7": "x",
    "\u00b1": "+/-",
    "\u221e": "inf",
    "\u03bb": "lambda",
    "\u25cf": "o",
    **dict.fromkeys("\u251c\u2524", "|"),
}
"""Characters that the harness itself writes, in ASCII. All others become `?`."""

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


def replace_unencodable() -> None:
    """Let stdout and stderr replace the characters that their encoding lacks, as on Windows pipes."""
    codecs.register_error(HANDLER, _replacement)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and not _is_utf8(stream):
            stream.reconfigure(errors=HANDLER)


def print_json(value: Any) -> None:
    """Print a value as JSON."""
    print_json_text(json_text(value))


def print_json_text(text: str) -> None:
    """Print JSON text; what a terminal acts on, and what stdout cannot encode, is escaped, which keeps the value."""
    text = escaped_json(text)
    click.echo(text if _is_utf8(sys.stdout) else _NOT_ASCII.sub(_escape, text), nl=False)


def _is_utf8(stream: Any) -> bool:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def _escape(found: re.Match[str]) -> str:
    return json.dumps(found[0])[1:-1]


def _replacement(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError), "the handler is for output"
    return "".join(REPLACEMENTS.get(each, "?") for each in error.object[error.start : error.end]), error.end
