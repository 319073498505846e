"""A run that the viewer has open: its files, the outcomes of its cells and its items, each read when first needed."""

from __future__ import annotations

from functools import cached_property

from harness.report.items.index import RunIndex
from harness.report.items.reader import Items, open_items
from harness.report.items.texts import Texts
from harness.report.run_source import RunSource
from harness.runner.run_folder import MANIFEST
from harness.viewer.roots import RunKey


class OpenedRun:
    """A run.

    Args:
        source: its folder, opened.
        texts: where its data and replies may be.
    """

    def __init__(self, source: RunSource, texts: Texts) -> None:
        self.source, self._texts = source, texts
        self.version = (source.folder / MANIFEST).stat().st_mtime_ns

    @property
    def key(self) -> RunKey:
        """What addresses call it."""
        return RunKey.of(self.source.folder)

    @cached_property
    def index(self) -> RunIndex:
        """The outcomes of its cells."""
        return RunIndex(self.source)

    @cached_property
    def items(self) -> Items:
        """Its items with their texts and conversations."""
        return open_items(self.source, self._texts)
