"""Untrusted text (replies, item ids, file names, parts of a spec) made safe to print, and words for messages.

`quoted` is the only way for text of a user into a message: it shortens the text, escapes control characters and
redacts what looks like an API key.
"""

from __future__ import annotations

import difflib
import html
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

# Whole escape sequences: control strings (OSC, DCS, APC, PM, SOS) with all they carry, then CSI, then the short ones.
_ESCAPES = re.compile(
    r"""(?x)
    (?: \x1b[\]PX^_] | [\x90\x98\x9d\x9e\x9f] ) [^\x07\x1b\x9c]* (?: \x07 | \x1b\\ | \x9c )?
    | (?: \x1b\[ | \x9b ) [0-?]* [\ -/]* [@-~]?
    | \x1b [\ -/]* [0-~]?
    """
)
_BREAKS = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]+")
# Other control characters, and the marks that make a terminal show text in another order than it is stored.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_NEGATIVE = re.compile(r"(?<![\w)\]}>`-])-(?=\.?[0-9])|(?<=[0-9]e)-(?=[0-9])")
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def printable(text: str) -> str:
    r"""The text as one line without terminal commands.

    Escape sequences, control characters and bidirectional marks are removed, line breaks and tabs become a space, and
    a lone surrogate (an undecodable byte of a file name) becomes U+FFFD.

    >>> printable("judge\x1b[31m-1\x1b[0m\nB wins")
    'judge-1 B wins'
    """
    text = _ESCAPES.sub("", text)
    text = _BREAKS.sub(" ", text)
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub("", text))


_OBEYED = re.compile(r"[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufff9-\ufffb]")
"""Beyond what JSON escapes itself: the other control characters, marks of writing direction, halves of pairs."""


def json_text(value: Any) -> str:
    """A value as JSON, indented, that is safe to print on a terminal.

    Characters that a terminal acts on are escaped, so a program that parses the text reads the same value.
    """
    return escaped_json(json.dumps(value, indent=2, ensure_ascii=False)) + "\n"


def escaped_json(text: str) -> str:
    """JSON text in which every character that a terminal acts on is escaped; it parses to the same value."""
    return _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


# --- words of messages ---------------------------------------------------------------------------------------

LONGEST = 60
"""Characters of a quoted text."""
SECRET = re.compile(
    r"(?<=://)[^\s/@]+@|(?:\b(?:sk|pk|rk|xai)-|\b(?:gsk|hf|ghp)_|\bAIza|\bBearer\s+)[A-Za-z0-9_\-]{12,}"
)
"""The form of API keys of common services, and a password in a URL."""
PLAIN_STEP = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{,99}")


def looks_secret(text: str) -> bool:
    """Whether a text contains what looks like an API key."""
    return SECRET.search(text) is not None


def quoted(text: str) -> str:
    """Untrusted text between backticks, safe to print."""
    text = SECRET.sub("…", text[: 4 * LONGEST])
    if len(text) > LONGEST:
        text = text[: LONGEST - 1] + "…"
    return f"`{''.join(c if c.isprintable() else c.encode('unicode_escape').decode() for c in text)}`"


def place_in_words(path: Sequence[str | int]) -> str:
    """A path inside a document, such as `matrix.strategy[1]`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif PLAIN_STEP.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f'["{quoted(step)[1:-1]}"]'
    return text


def listed(names: Iterable[str]) -> str:
    """Names between backticks, separated by commas."""
    return ", ".join(quoted(name) for name in names)


def listed_first(names: Sequence[str], most: int) -> str:
    """The first of some names between backticks, and the number of the others."""
    rest = len(names) - most
    return (listed(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")) or "none"


def suggestion(word: str, known: Iterable[str], *, most: int = 12, cutoff: float = 0.65) -> str:
    """A hint for an unknown word: the most similar known one, or all known ones if there are at most `most`, or ""."""
    choices = list(dict.fromkeys(known))
    by_lower_case = {choice.lower(): choice for choice in choices}
    nearest = difflib.get_close_matches(word[:100].lower(), by_lower_case, n=1, cutoff=cutoff)
    if nearest:
        return f"did you mean {quoted(by_lower_case[nearest[0]])}?"
    return f"known: {listed(choices)}" if 0 < len(choices) <= most else ""


def pluralized(count: int, noun: str, plural: str = "") -> str:
    """A count with its noun, such as `1 reply` or `1,204 replies`.

    Args:
        count: how many.
        noun: the singular.
        plural: the plural, where it is not the singular and an `s`.
    """
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"


def with_minus_signs(number: str) -> str:
    """Formatted numbers with the minus sign U+2212 for the hyphen, as in all tables for people."""
    return number.replace("-", "\u2212")


def minus_signs_within(text: str) -> str:
    """A sentence with the minus sign U+2212 before its negative numbers; hyphens of names such as `top-1` stay."""
    return _NEGATIVE.sub("\u2212", text)


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows as columns: the first left, the others right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if not at else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    )


def html_table(
    headings: Sequence[str], rows: Sequence[Sequence[object]], caption: str = "", *, most: int | None = None
) -> str:
    """A table for a notebook; every text in it is escaped, numbers are rounded to four digits.

    Args:
        headings: of the columns.
        rows: of values; None is shown as a dash.
        caption: a line above it; none where it is empty.
        most: rows that are shown; the number of the others is a line below. None for all.
    """
    head = "".join(f"<th>{_html(heading)}</th>" for heading in headings)
    lines = "".join(f"<tr>{''.join(f'<td>{_html(value)}</td>' for value in row)}</tr>" for row in rows[:most])
    left = 0 if most is None else len(rows) - most
    more = f'<tr><td colspan="{len(headings)}">and {left:,} more</td></tr>' if left > 0 else ""
    title = f'<caption style="text-align: left">{_html(caption)}</caption>' if caption else ""
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{lines}{more}</tbody></table>"


def html_list(lines: Iterable[str]) -> str:
    """Lines as a list for a notebook, escaped."""
    return f"<ul>{''.join(f'<li>{_html(line)}</li>' for line in lines)}</ul>"


def _html(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        value = f"{value:.4g}"
    return html.escape(printable(str(value)))
