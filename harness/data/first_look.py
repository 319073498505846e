"""Check the beginning of large files only, so that validating a spec stays quick."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from harness.data.files import PACKED, files_of
from harness.data.rows import find_dataset_format
from harness.errors import DatasetError
from harness.records.datasets import DatasetSpec

MAX_BYTES = 2**26
"""Of a text file that is larger, only so much is read."""


@contextmanager
def beginning_of(spec: DatasetSpec) -> Iterator[tuple[DatasetSpec, str]]:
    """A dataset of no more than the first 64 MB of a large file, and a sentence that says so.

    The sentence is empty, and the dataset as it was, where the file is small, compressed or not text, where it is one
    JSON value, where a program gives the rows, and where there are several files.
    """
    if spec.content is not None:
        yield spec, ""
        return
    try:
        files = files_of(spec)
        size = files[0].stat().st_size
    except (OSError, DatasetError):
        yield spec, ""
        return
    is_text = getattr(find_dataset_format(spec.format), "IS_TEXT", True)
    if len(files) > 1 or size <= MAX_BYTES or files[0].suffix in PACKED or not is_text or spec.format == "json":
        yield spec, ""
        return
    with tempfile.TemporaryDirectory(prefix="harness-data-") as folder, files[0].open("rb") as file:
        head = file.read(MAX_BYTES)
        if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):  # one array, which has no end in a part of it
            yield spec, ""
            return
        part = Path(folder) / "beginning"
        part.write_bytes(head[: head.rfind(b"\n") + 1])
        megabytes = f"{size / 2**20:,.0f}"
        sentence = (
            f"checked the first {MAX_BYTES >> 20} of {megabytes} MB of {spec.shown_path}; `harness plan` reads all"
        )
        yield replace(spec, path=part, files=(), hub="", subset=replace(spec.subset, digest=None)), sentence
