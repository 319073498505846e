"""The local copy of a dataset on the Hub: its commit, its files, and what is downloaded of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from harness.data.hub.address import HubAddress, parse_address
from harness.data.hub.client import CARD, HubAccess, HubClient
from harness.data.hub.splits import Config, configs_of_card, files_of
from harness.data.rows import format_of
from harness.errors import DatasetError, Problem
from harness.records.datasets import DatasetSpec, VotesSpec
from harness.text import pluralized

MAX_DOWNLOAD = 8 * 2**30
"""Bytes that are downloaded for one dataset."""
MAX_CARD = 2**23
_MEGABYTE = 2**20


class LocalCopy(NamedTuple):
    """The files of a dataset on this machine.

    Attributes:
        address: with the commit in place of the revision.
        files: in the order of their names.
        format: the dataset format of all of them.
        note: repository, commit, number of files and their size, for the reader of results.
    """

    address: str
    files: tuple[Path, ...]
    format: str
    note: str


class TooLargeToCheckError(DatasetError):
    """More would be downloaded than the caller allows; the message says how much."""


def fetched(spec: DatasetSpec, access: HubAccess | None = None, *, most: int | None = None) -> DatasetSpec:
    """A dataset with the files of the Hub that it names, downloaded where they are not here; others as they are.

    Args:
        spec: the dataset.
        access: how the Hub may be used.
        most: bytes that may be downloaded for it; None for 8 GiB.

    Raises:
        DatasetError: with what is wrong; TooLargeToCheckError where more than `most` would be downloaded.
    """
    if spec.hub and not spec.files and spec.content is None:
        copy = _copied(spec.hub, spec.shown_path, access, most)
        form = spec.format or copy.format
        spec = replace(spec, hub=copy.address, files=copy.files, format=form, source_note=copy.note)
    if spec.votes is not None and spec.votes.hub and not spec.votes.files:
        spec = replace(spec, votes=_with_files(spec.votes, access, most))
    return spec


def local_copy(path: str, access: HubAccess, *, most: int | None = None) -> LocalCopy:
    """The files that an address names, downloaded where they are not here.

    Raises:
        DatasetError: with what is wrong, and TooLargeToCheckError.
    """
    address = parse_address(path)
    client = HubClient(access)
    commit = client.commit(address)
    sizes = client.sizes(address, commit)
    configs = _configs(client, address, commit, sizes)
    paths = files_of(address.where, list(sizes), configs)
    total = sum(sizes[path] for path in paths)
    missing = sum(sizes[path] for path in paths if not client.is_here(address, commit, path))
    note = f"{address.repository} at commit {commit[:12]}: {pluralized(len(paths), 'file')}, {_size(total)}"
    _refuse_large(missing, most, note)
    files = tuple(client.file(address, commit, path, sizes[path]) for path in paths)
    return LocalCopy(address.pinned(commit), files, format_of(paths[0]) or "", f"from the Hub, {note}")


def _copied(path: str, shown: str, access: HubAccess | None, most: int | None) -> LocalCopy:
    try:
        return local_copy(path, access or HubAccess(), most=most)
    except DatasetError as error:
        raise type(error)(replace(problem, file=problem.file or shown) for problem in error.problems) from None


def _with_files(votes: VotesSpec, access: HubAccess | None, most: int | None) -> VotesSpec:
    copy = _copied(votes.hub, votes.shown_path, access, most)
    return replace(votes, hub=copy.address, files=copy.files, format=votes.format or copy.format)


def _configs(client: HubClient, address: HubAddress, commit: str, sizes: Mapping[str, int]) -> tuple[Config, ...]:
    """The configs that the card declares; none where there is no card, or one without readable front matter."""
    size = sizes.get(CARD)
    if size is None or size > MAX_CARD:
        return ()
    text = client.file(address, commit, CARD, size).read_text(encoding="utf-8", errors="replace")
    return configs_of_card(front_matter(text))


def front_matter(text: str) -> Any:
    """The front matter of a card as plain values; None where there is none that can be read."""
    lines = text.removeprefix("\ufeff").splitlines()
    if not lines or lines[0].strip() != "---":
        return None
    end = next((at for at, line in enumerate(lines[1:], 1) if line.strip() == "---"), None)
    if end is None:
        return None
    try:
        return yaml.load("\n".join(lines[1:end]), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except (yaml.YAMLError, RecursionError, ValueError):
        return None


def _refuse_large(missing: int, most: int | None, note: str) -> None:
    if missing > MAX_DOWNLOAD:
        message = f"{note}; {_size(missing)} to download, at most {_size(MAX_DOWNLOAD)} are downloaded"
        raise DatasetError(Problem(message=message, hint="name fewer files by a pattern of their paths"))
    if most is not None and missing > most:
        raise TooLargeToCheckError(Problem(message=f"{note}; {_size(missing)} not downloaded yet"))


def _size(count: int) -> str:
    if count >= 2**30:
        return f"{count / 2**30:,.1f} GB"
    return f"{count / _MEGABYTE:,.1f} MB" if count >= _MEGABYTE / 10 else f"{count:,} bytes"
