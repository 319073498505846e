"""Resolve a plain YAML scalar by YAML 1.2's core schema; a scalar that YAML 1.1 reads differently is an error.

Dates are text, since no value in a spec is a date.
"""

from __future__ import annotations

import math
import re

from harness.text import quoted

MAX_INTEGER = 2**53 - 1
"""The largest whole number that every JSON parser reads exactly."""

NULLS = frozenset({"", "~", "null", "Null", "NULL"})
BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
NOT_FINITE = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")

OLD_BOOLEAN = re.compile(r"(?:(yes|on)|(?:no|off))", re.IGNORECASE)
OLD_NUMBERS = (
    (re.compile(r"[-+]?0[0-9_]+"), "an octal number in YAML 1.1 and a decimal one in YAML 1.2"),
    (re.compile(r"[-+]?0b[01_]+"), "a binary number in YAML 1.1 and text in YAML 1.2"),
    (re.compile(r"[-+]0x[0-9a-fA-F_]+"), "a number in YAML 1.1 and text in YAML 1.2"),
    (
        re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"),
        "a number to base 60 in YAML 1.1 and text in YAML 1.2",
    ),
    (
        re.compile(r"[-+]?(?=[0-9.x]*_)(0x[0-9a-fA-F_]+|[0-9][0-9_]*(\.[0-9_]*)?([eE][-+][0-9]+)?|\.[0-9][0-9_]*)"),
        "a number in YAML 1.1 and text in YAML 1.2",
    ),
)


class ScalarError(ValueError):
    """A scalar without one clear value.

    Attributes:
        message: the problem.
        hint: the fix, or "".
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def plain_value(text: str) -> str | int | float | bool | None:
    """The value of a text without quotes. Raises ScalarError."""
    _refuse_other_meanings(text)
    if text in NULLS:
        return None
    if text in BOOLEANS:
        return BOOLEANS[text]
    if NOT_FINITE.fullmatch(text):
        raise ScalarError(f"{quoted(text)} is not a finite number")
    if INTEGER.fullmatch(text):
        # A number of many digits is not even converted: that takes time quadratic in their count.
        number = int(text, 0 if text[:2] in ("0o", "0x") else 10) if len(text) < 100 else MAX_INTEGER + 1
        if abs(number) <= MAX_INTEGER:
            return number
    elif FLOAT.fullmatch(text):
        if math.isfinite(real := float(text)):
            return real
    else:
        return text
    raise ScalarError(f"the number {quoted(text)} is too large", "quotes make it text")


def quoted_value(text: str) -> str:
    """The value of a text in quotes. Raises ScalarError for invalid text.

    JSON may write one character as two escapes.
    """
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise ScalarError("this text holds half of a surrogate pair, which is no character") from None


def _refuse_other_meanings(text: str) -> None:
    if match := OLD_BOOLEAN.fullmatch(text):
        boolean = "true" if match[1] else "false"
        message = f"{quoted(text)} is a boolean in YAML 1.1 and text in YAML 1.2"
        raise ScalarError(message, f"write {boolean} or '{text}'")
    for pattern, meaning in OLD_NUMBERS:
        if pattern.fullmatch(text):
            raise ScalarError(
                f"{quoted(text)} is {meaning}", f"write a plain decimal number or {quoted(text)} in quotes"
            )
