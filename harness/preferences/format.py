"""The contract of an export format: one file in `harness/preferences/formats/`, or an entry point.

The group of the entry points is `harness.export_formats`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, cast

from harness import registry
from harness.preferences.records import Preference


class ExportFormat(Protocol):
    """A format of preference data. Columns that identify the source of a row are added to its own."""

    SUMMARY: str
    """One line for lists."""
    FIELDS: Sequence[str]
    """The names of its own columns, in order."""

    def rows(
        self, preferences: Sequence[Preference], stopped: Counter[str]
    ) -> Iterable[tuple[Preference, Mapping[str, Any]]]:
        """The rows of the preferences of one prompt.

        Args:
            preferences: the pairs that passed all filters.
            stopped: the number of pairs left out so far, by reason; the format adds those that it leaves out.

        Returns:
            Each row as plain JSON values by FIELDS, with the preference it comes from.
        """
        ...


def find_export_format(name: str) -> ExportFormat:
    """The format of that name. Raises KeyError where there is none."""
    return cast(ExportFormat, registry.find("export_formats", name))
