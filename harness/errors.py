"""Everything that can go wrong, as a tree.

* HarnessError            anything this package raises on purpose; the command line prints it without a traceback
  * InputError            what the user gave is wrong: exit code 2
    * SpecError           a spec or a strategy file does not say what it must
    * DatasetError        rows of a dataset are missing, malformed or contradictory
    * BundleError         a bundle is damaged or its entries are not what they claim to be
    * RunFolderError      a run folder is missing, incomplete or not a run folder
    * ImportSourceError   a published study's files are missing or not in their own layout
  * CacheError            the cache cannot be read or written, or holds what it must not hold: exit code 2
  * MissingRepliesError   an offline run needs replies that the cache does not hold: exit code 1
  * NothingLeftError      no row is left of an export after its gates: exit code 1
  * BudgetReachedError    the next call could cost more than is left; the run can be gone on with: exit code 1
  * ProviderError         a call failed; carries whether asking again may help
    * ModelStopped        a model cannot be used at all (wrong key, unknown model): its cells end early
  * StorageError          a result could not be written (full disk, read-only folder): exit code 2

Each error carries `problems`: every finding at once, each with its place and a way to mend it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding: where, what, and how to mend it.

    Attributes:
        file: path as the user gave it, or "" where no file is at fault.
        line: 1-based line, 0 where unknown.
        column: 1-based column, 0 where unknown.
        path: place inside the document, such as `matrix.strategy[1]`, or "".
        message: what is wrong, without a full stop at its end.
        hint: how to mend it, or "".
    """

    file: str = ""
    line: int = 0
    column: int = 0
    path: str = ""
    message: str = ""
    hint: str = ""

    def __str__(self) -> str:
        place = ":".join([self.file, *(str(n) for n in (self.line, self.column) if n)]) if self.file else ""
        text = ": ".join(part for part in (place, self.path, self.message) if part)
        return f"{text}; {self.hint}" if self.hint else text


class HarnessError(Exception):
    """Anything this package raises on purpose."""

    exit_code = 2

    def __init__(self, problems: str | Problem | Iterable[Problem], *, hint: str = "") -> None:
        if isinstance(problems, str):
            problems = [Problem(message=problems, hint=hint)]
        elif isinstance(problems, Problem):
            problems = [problems]
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class InputError(HarnessError):
    """What the user gave is wrong."""


class SpecError(InputError):
    """A spec or a strategy file does not say what it must."""


class DatasetError(InputError):
    """Rows of a dataset are missing, malformed or contradictory."""


class BundleError(InputError):
    """A bundle is damaged or its entries are not what they claim to be."""


class RunFolderError(InputError):
    """A run folder is missing, incomplete or not a run folder."""


class ImportSourceError(InputError):
    """A published study's files are missing or not in their own layout."""


class CacheError(HarnessError):
    """The cache cannot be read or written, or holds what it must not hold."""


class MissingRepliesError(HarnessError):
    """An offline run needs replies that the cache does not hold."""

    exit_code = 1


class NothingLeftError(HarnessError):
    """No row is left of an export; says what each gate took away."""

    exit_code = 1


class BudgetReachedError(HarnessError):
    """The next call could cost more than is left: the run ends, and can be gone on with."""

    exit_code = 1


class ProviderError(HarnessError):
    """A call failed after all that could be done for it.

    Attributes:
        kind: a short stable word for logs, such as `timeout`, `rate-limit`, `server`, `bad-reply`.
        status: the HTTP status, or 0 where there was none.
    """

    exit_code = 1

    def __init__(self, message: str, *, kind: str, status: int = 0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.kind = kind
        self.status = status


class ModelStopped(ProviderError):  # noqa: N818 - a state of a model, not a mistake of the program
    """A model cannot be used at all (wrong key, unknown model): its cells end early."""


class StorageError(HarnessError):
    """A result could not be written (full disk, read-only folder)."""


def parquet_faults() -> tuple[type[BaseException], ...]:
    """What polars raises for a Parquet file that is damaged: it panics over some, and a panic is no Exception."""
    from polars.exceptions import PanicException, PolarsError

    return PolarsError, PanicException
