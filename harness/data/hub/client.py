"""Requests to the Hub, by `huggingface_hub`, and its cache on this machine.

The token is that of the variable HF_TOKEN alone, and goes to the endpoint alone. What the library says of an error is
not shown: its text can hold signed addresses.
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from harness.data.hub.address import HubAddress, is_plain_path
from harness.errors import DatasetError, Problem
from harness.text import pluralized, quoted

if TYPE_CHECKING:
    from huggingface_hub import HfApi

INSTALL = "pip install 'fellowship-harness[hub]'"
CARD = "README.md"
MAX_LISTED = 100_000
"""Files of a repository that are listed."""
_TELEMETRY = "HF_HUB_DISABLE_TELEMETRY"
_DATASET: Mapping[str, Any] = {"repo_type": "dataset"}
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class HubAccess:
    """How the Hub may be used.

    Attributes:
        offline: only what is on this machine is read.
        environment: where HF_TOKEN, HF_ENDPOINT, HF_HOME and HF_HUB_CACHE are found; that of the process for None.
    """

    offline: bool = False
    environment: Mapping[str, str] | None = field(default=None, repr=False)

    def variable(self, name: str) -> str:
        """The value of an environment variable, "" where it is not set."""
        return (os.environ if self.environment is None else self.environment).get(name, "").strip()


class HubClient:
    """The repositories of the Hub.

    Args:
        access: how it may be used.

    Raises:
        DatasetError: where `huggingface_hub` is not installed.
    """

    def __init__(self, access: HubAccess) -> None:
        constants = _constants()
        self._token: str | bool = access.variable("HF_TOKEN") or False
        self._endpoint = access.variable("HF_ENDPOINT").rstrip("/") or None
        self._cache = _cache_folder(access)
        self.is_offline = access.offline or constants.is_offline_mode()

    def commit(self, address: HubAddress) -> str:
        """The commit that the revision of an address is now, or was when it was last looked up, where offline."""
        if address.is_pinned:
            assert address.revision is not None
            return address.revision
        with self._reported(address):
            if not self.is_offline:  # first, since `resolve_revision` falls back on the cache without a word
                self._api().dataset_info(address.repository, revision=address.revision, timeout=self._timeout())
            found = self._api().resolve_revision(
                address.repository,
                revision=address.revision,
                cache_dir=self._cache,
                local_files_only=self.is_offline,
                **_DATASET,
            )
            return str(found.resolved)

    def sizes(self, address: HubAddress, commit: str) -> dict[str, int]:
        """The paths of all files at a commit and their sizes in bytes. The card is downloaded with them."""
        from huggingface_hub import get_cached_repo_tree, snapshot_download
        from huggingface_hub.errors import CachedRepoTreeNotFoundError

        wanted: dict[str, Any] = {"revision": commit, "cache_dir": self._cache, **_DATASET}
        with self._reported(address):
            try:
                files = get_cached_repo_tree(address.repository, **wanted)
            except CachedRepoTreeNotFoundError:
                if self.is_offline:
                    raise
                self._refuse_many(address, commit)
                snapshot_download(
                    address.repository,
                    allow_patterns=[CARD],
                    tqdm_class=_silent(),
                    token=self._token,
                    endpoint=self._endpoint,
                    **wanted,
                )
                files = get_cached_repo_tree(address.repository, **wanted)
        return {file.path: file.size for file in files if is_plain_path(file.path)}

    def is_here(self, address: HubAddress, commit: str, path: str) -> bool:
        """Whether the local copy has a file."""
        from huggingface_hub import try_to_load_from_cache

        found = try_to_load_from_cache(
            address.repository, path, cache_dir=self._cache, revision=commit, repo_type="dataset"
        )
        return isinstance(found, str)

    def file(self, address: HubAddress, commit: str, path: str, size: int) -> Path:
        """A file of the local copy, downloaded where it is not there yet.

        Raises:
            DatasetError: where it cannot be downloaded, or is not what the commit holds.
        """
        from huggingface_hub import hf_hub_download

        was_here = self.is_here(address, commit, path)
        with self._reported(address, path):
            found = Path(
                hf_hub_download(
                    address.repository,
                    path,
                    revision=commit,
                    cache_dir=self._cache,
                    token=self._token,
                    endpoint=self._endpoint,
                    etag_timeout=self._timeout(),
                    local_files_only=self.is_offline,
                    tqdm_class=_silent(),
                    **_DATASET,
                )
            )
            if found.stat().st_size != size or not (was_here or _is_whole(found)):
                message = f"{quoted(path)}: the local copy is not what the commit holds"
                raise DatasetError(Problem(message=message, hint=f"delete {found.resolve()}, and download it again"))
        return found

    def _refuse_many(self, address: HubAddress, commit: str) -> None:
        info = self._api().dataset_info(address.repository, revision=commit, timeout=self._timeout())
        count = len(info.siblings or ())
        if count > MAX_LISTED:
            message = f"{address} has {pluralized(count, 'file')}, at most {MAX_LISTED:,} are listed"
            raise DatasetError(Problem(message=message, hint="download the files, and name their path"))

    def _api(self) -> HfApi:
        from huggingface_hub import HfApi

        return HfApi(endpoint=self._endpoint, token=self._token, library_name="fellowship-harness")

    def _timeout(self) -> float:
        return float(_constants().HF_HUB_ETAG_TIMEOUT)

    @contextmanager
    def _reported(self, address: HubAddress, path: str = "") -> Iterator[None]:
        """Raise what the library raises as an error with a suggested fix; the library writes nothing itself."""
        logger = logging.getLogger("huggingface_hub")
        level = logger.level
        logger.setLevel(logging.CRITICAL)
        try:
            yield
        except DatasetError:
            raise
        except Exception as error:  # two HTTP libraries, and the operating system
            self._refuse(error, address, path)
        finally:
            logger.setLevel(level)

    def _refuse(self, error: Exception, address: HubAddress, path: str) -> NoReturn:
        place = f"{path} of {address}" if path else str(address)
        message, hint = _in_words(error, address, place, is_offline=self.is_offline, has_token=bool(self._token))
        raise DatasetError(Problem(message=message, hint=hint)) from None


def _in_words(
    error: Exception, address: HubAddress, place: str, *, is_offline: bool, has_token: bool
) -> tuple[str, str]:
    """What an error of the library means, and a suggested fix."""
    from huggingface_hub import errors

    token = "check that HF_TOKEN may read it" if has_token else "for a private one, set HF_TOKEN"
    missing = (errors.CachedRepoTreeNotFoundError, errors.RevisionResolutionError, errors.LocalEntryNotFoundError)
    if is_offline and isinstance(error, (*missing, errors.OfflineModeIsEnabled)):
        return f"there is no local copy of {place}", "run it once without --offline and HF_HUB_OFFLINE"
    if isinstance(error, errors.GatedRepoError):
        hint = "accept the conditions on its page, and set HF_TOKEN" if not has_token else token
        return f"access to {address.repository} is restricted", hint
    if isinstance(error, errors.RevisionNotFoundError):
        return (
            f"{address.repository} has no revision {quoted(address.revision or 'main')}",
            "check its branches and tags",
        )
    if isinstance(error, errors.RepositoryNotFoundError):
        return f"there is no dataset {address.repository}", f"check the name; {token}"
    if isinstance(error, errors.EntryNotFoundError) and not isinstance(error, errors.LocalEntryNotFoundError):
        return f"there is no file {place}", ""
    if isinstance(error, errors.HfHubHTTPError):
        status = getattr(error.response, "status_code", 0)
        hint = token if status in (401, 403) else "try again later"
        return f"the Hub answers {status} for {place}", hint
    cause = error.__cause__ if isinstance(error, errors.LocalEntryNotFoundError) and error.__cause__ else error
    if isinstance(cause, errors.HfHubHTTPError):
        return _in_words(cause, address, place, is_offline=is_offline, has_token=has_token)
    if isinstance(cause, OSError) and cause.errno:
        return f"{place} cannot be stored: {(cause.strerror or '').lower()}", ""
    hint = "try again; a commit as revision needs no request once it is downloaded"
    return f"{place} cannot be downloaded ({type(cause).__name__})", hint


def _is_whole(file: Path) -> bool:
    """Whether a downloaded file has the digest that the Hub states, where the cache keeps it under its digest."""
    stated = file.resolve().name
    if len(stated) == 64:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest() == stated
    if len(stated) == 40:
        digest = hashlib.sha1(b"blob %d\0" % file.stat().st_size, usedforsecurity=False)  # git's
        with file.open("rb") as content:
            while block := content.read(_BLOCK):
                digest.update(block)
        return digest.hexdigest() == stated
    return True


def _cache_folder(access: HubAccess) -> str:
    """Where the library keeps what it downloads."""
    if chosen := access.variable("HF_HUB_CACHE") or access.variable("HUGGINGFACE_HUB_CACHE"):
        return str(Path(os.path.expandvars(chosen)).expanduser())
    if home := access.variable("HF_HOME"):
        return str(Path(os.path.expandvars(home)).expanduser() / "hub")
    if caches := access.variable("XDG_CACHE_HOME"):
        return str(Path(caches) / "huggingface" / "hub")
    return str(Path.home() / ".cache" / "huggingface" / "hub")


def _constants() -> Any:
    """The settings of the library, imported without its telemetry, which makes a request of its own.

    Raises:
        DatasetError: where it is not installed.
    """
    before = os.environ.get(_TELEMETRY)
    os.environ.setdefault(_TELEMETRY, "1")  # read when the library is imported for the first time
    try:
        from huggingface_hub import constants
    except ImportError:
        raise DatasetError(Problem(message="reading from the Hub needs huggingface_hub", hint=INSTALL)) from None
    finally:
        if before is None:
            del os.environ[_TELEMETRY]
    return constants


def _silent() -> Any:
    from tqdm import tqdm

    class Silent(tqdm):  # type: ignore[misc]
        """A progress bar that shows nothing."""

        def __init__(self, *args: Any, **settings: Any) -> None:
            settings.pop("name", None)
            super().__init__(*args, **(settings | {"disable": True}))

    return Silent
