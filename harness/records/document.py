"""A parsed YAML document that knows where each of its values stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from harness.errors import Problem
from harness.text import place_in_words

Step: TypeAlias = str | int


Place: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Document:
    """Plain JSON values and where in a file each of them stands.

    Attributes:
        file: path as the user gave it, or "" where there is no file.
        value: the whole document.
        values: line and column, counted from 1, of the value at each path.
        keys: line and column of the key of the value at each path.
    """

    file: str
    value: Any
    values: Mapping[tuple[Step, ...], Place] = field(default_factory=dict, repr=False)
    keys: Mapping[tuple[Step, ...], Place] = field(default_factory=dict, repr=False)

    def place(self, path: Sequence[Step], *, key: bool = False) -> Place:
        """Line and column of a value or of its key; of the innermost value around it if it is not there itself."""
        steps = tuple(path)
        if key and steps in self.keys:
            return self.keys[steps]
        while steps and steps not in self.values:
            steps = steps[:-1]
        return self.values.get(steps, (0, 0))

    def problem(self, path: Sequence[Step], message: str, *, hint: str = "", key: bool = False) -> Problem:
        """A finding about a value or its key, with its place."""
        line, column = self.place(path, key=key)
        return Problem(self.file, line, column, place_in_words(path), message, hint)
