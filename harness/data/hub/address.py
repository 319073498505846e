"""Addresses of datasets on the Hub: `hf://datasets/OWNER/NAME[@REVISION]/WHERE`.

They are those of `huggingface_hub`, polars and pandas. `WHERE` is a split, a config and a split, or the path of a file
or a pattern of paths. A revision is a branch, a tag, a commit, or `refs/…`; another `/` in it is written `%2F`.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

from harness.errors import DatasetError, Problem
from harness.text import quoted

SCHEME = "hf://"
FORM = "hf://datasets/OWNER/NAME@REVISION/SPLIT"
MAX_LENGTH = 1_000
_WEB = re.compile(r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/datasets/([^/]+/[^/?#]+)")
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,95})"
_ADDRESS = re.compile(
    rf"hf://datasets/(?P<owner>{_NAME})/(?P<name>{_NAME})"
    r"(?:@(?P<revision>refs/(?:convert/[\w.-]+|pr/\d+)|[\w.%+-]{1,200}))?(?:/(?P<where>.*))?",
    re.ASCII | re.DOTALL,
)
_COMMIT = re.compile(r"[0-9a-f]{40}")


class HubAddress(NamedTuple):
    """A parsed address.

    Attributes:
        repository: `OWNER/NAME`.
        revision: as the address states it, decoded; None for the default branch.
        where: a split, a config and a split, or a path; "" where the address ends before.
    """

    repository: str
    revision: str | None
    where: str

    @property
    def is_pinned(self) -> bool:
        """Whether the revision is a commit."""
        return self.revision is not None and _COMMIT.fullmatch(self.revision) is not None

    def pinned(self, commit: str) -> str:
        """The address of the same data at a commit."""
        return f"{SCHEME}datasets/{self.repository}@{commit}/{self.where}"

    def __str__(self) -> str:
        return f"{self.repository}@{self.revision}" if self.revision else self.repository


def is_hub_address(path: str) -> bool:
    """Whether a path of a spec is an address of the Hub."""
    return path.startswith(SCHEME)


def is_web_address(path: str) -> bool:
    """Whether a path of a spec is the address of a page."""
    return path.startswith(("https://", "http://"))


def parse_address(text: str) -> HubAddress:
    """Parse an address.

    Raises:
        DatasetError: where it is none.
    """
    found = _ADDRESS.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if found is None:
        message = f"{quoted(text[:MAX_LENGTH])} is not an address of a dataset on the Hub"
        raise DatasetError(Problem(message=message, hint=f"write it as `{FORM}`"))
    where, revision = found["where"] or "", found["revision"]
    if not is_plain_path(where) and where:
        message = f"{quoted(where)} is not a split or a path in the repository"
        raise DatasetError(Problem(message=message, hint=f"write it as `{FORM}`"))
    repository = f"{found['owner']}/{found['name']}"
    decoded = None if revision is None else unquote(revision)
    if ".." in repository or "--" in repository or (decoded is not None and not _is_revision(decoded)):
        message = f"{quoted(text)} names no repository and revision that the Hub can have"
        raise DatasetError(Problem(message=message, hint=f"write it as `{FORM}`"))
    return HubAddress(repository, decoded, where)


def fault_of_address(path: str) -> tuple[str, str] | None:
    """Message and hint for a path of a spec that is an address, but none of a dataset on the Hub; None for others."""
    if is_web_address(path):
        page = _WEB.match(path)
        hint = "download the file, and name its path"
        if page:
            hint = f"write `hf://datasets/{page[1]}/SPLIT`, or the path of a file in place of the split"
        return f"{quoted(path)} is the address of a page", hint
    if is_hub_address(path):
        try:
            parse_address(path)
        except DatasetError as error:
            return error.problems[0].message, error.problems[0].hint
    return None


def is_plain_path(path: str) -> bool:
    """Whether a path in a repository stays in it, and is text that a file system takes."""
    parts = path.split("/")
    return (
        bool(path)
        and len(path) <= MAX_LENGTH
        and path.isprintable()
        and not any(part in ("", ".", "..") or "\\" in part or ":" in part or len(part) > 255 for part in parts)
    )


def _is_revision(revision: str) -> bool:
    return (
        0 < len(revision) <= 200
        and ".." not in revision
        and revision[0] not in "-/."
        and revision.isprintable()
        and "\\" not in revision
        and " " not in revision
    )
