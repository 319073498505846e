"""Text from elsewhere (replies, item ids, file names) made fit for a terminal."""

from __future__ import annotations

import re

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
_SURROGATES = re.compile(r"[\ud800-\udfff]")


def printable(text: str) -> str:
    r"""The text as one line that can do nothing to a terminal but stand there.

    Escape sequences, control characters and marks of writing direction are removed, line breaks and tabs become a
    space, and what UTF-8 cannot say (an undecodable byte of a file name) becomes U+FFFD.

    >>> printable("judge\x1b[31m-1\x1b[0m\nB wins")
    'judge-1 B wins'
    """
    text = _ESCAPES.sub("", text)
    text = _BREAKS.sub(" ", text)
    return _SURROGATES.sub("\ufffd", _CONTROLS.sub("", text))
