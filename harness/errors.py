"""The exceptions of this package.

* HarnessError            base class; the command line prints it without a traceback
  * InputError            invalid input: exit code 2
    * SpecError           a spec or a strategy file is invalid
    * DatasetError        rows of a dataset are missing, malformed or contradictory
    * BundleError         a bundle is corrupt, or its entries do not match their keys
    * RunFolderError      a run folder is missing, incomplete or not a run folder
    * ImportSourceError   files of a published study are missing or have another layout
  * CacheError            the cache cannot be read or written, or is corrupt: exit code 2
  * MissingRepliesError   an offline run needs replies that the cache lacks: exit code 1
  * NothingLeftError      the filters of an export drop every pair: exit code 1
  * BudgetReachedError    the next call could exceed the cost limit; the run can be resumed: exit code 1
  * ProviderError         a call failed
    * ModelStopped        a model cannot be used at all (wrong key, unknown model): its cells end early
  * ScoringError          scoring failed; the judgments are kept in a folder: exit code 70
  * StorageError          a result could not be written (full disk, read-only folder): exit code 2

Each error carries `problems`: all findings at once, each with its place and a suggested fix.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MOST_CHARACTERS = 1_500
"""Of one part of a message: a library may quote the whole value that it could not read."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One finding: its place, a message and a suggested fix.

    Attributes:
        file: path as the user gave it, or "" without a file.
        line: 1-based line, 0 where unknown.
        column: 1-based column, 0 where unknown.
        path: place inside the document, such as `matrix.strategy[1]`, or "".
        message: what is wrong, without a full stop at its end.
        hint: a suggested fix, or "".
    """

    file: str = ""
    line: int = 0
    column: int = 0
    path: str = ""
    message: str = ""
    hint: str = ""

    def __str__(self) -> str:
        place = ":".join([self.file, *(str(n) for n in (self.line, self.column) if n)]) if self.file else ""
        text = ": ".join(clipped(part) for part in (place, self.path, self.message) if part)
        return f"{text}; {self.hint}" if self.hint else text


def clipped(text: str) -> str:
    """A text without its middle where it is longer than a message can be."""
    if len(text) <= MOST_CHARACTERS:
        return text
    half = MOST_CHARACTERS // 2
    return f"{text[:half]} … ({len(text) - 2 * half:,} characters left out) … {text[-half:]}"


class HarnessError(Exception):
    """Base class of the exceptions of this package."""

    exit_code = 2

    def __init__(self, problems: str | Problem | Iterable[Problem], *, hint: str = "") -> None:
        if isinstance(problems, str):
            problems = [Problem(message=problems, hint=hint)]
        elif isinstance(problems, Problem):
            problems = [problems]
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))

    def add(self, problem: Problem) -> None:
        """Add a finding to an error that was raised already."""
        self.problems = (*self.problems, problem)
        self.args = ("\n".join(str(each) for each in self.problems),)


class InputError(HarnessError):
    """Invalid input."""


class SpecError(InputError):
    """A spec or a strategy file is invalid."""


class DatasetError(InputError):
    """Rows of a dataset are missing, malformed or contradictory."""


class BundleError(InputError):
    """A bundle is corrupt, or its entries do not match their keys."""


class RunFolderError(InputError):
    """A run folder is missing, incomplete or not a run folder."""


class ImportSourceError(InputError):
    """Files of a published study are missing or have another layout."""


class CacheError(HarnessError):
    """The cache cannot be read or written, or is corrupt."""


class MissingRepliesError(HarnessError):
    """An offline run needs replies that the cache lacks."""

    exit_code = 1


class NothingLeftError(HarnessError):
    """The filters of an export drop every pair."""

    exit_code = 1


class BudgetReachedError(HarnessError):
    """The next call could exceed the cost limit: the run stops and can be resumed."""

    exit_code = 1


class ProviderError(HarnessError):
    """A call failed after all attempts.

    Attributes:
        kind: a short stable word for logs, such as `timeout`, `rate-limit`, `server`, `bad-reply`.
        status: the HTTP status, or 0 where there was none.
    """

    exit_code = 1

    def __init__(self, message: str, *, kind: str, status: int = 0, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.kind = kind
        self.status = status


class ModelStopped(ProviderError):  # noqa: N818 - a state of a model, not an error of the program
    """A model cannot be used at all (wrong key, unknown model): its cells end early."""


class ScoringError(HarnessError):
    """Scoring failed after the judgments were made; the judgments are kept in a folder."""

    exit_code = 70


class StorageError(HarnessError):
    """A result could not be written (full disk, read-only folder)."""


def parquet_faults() -> tuple[type[BaseException], ...]:
    """The exceptions of polars for a corrupt Parquet file; a panic is not an Exception."""
    from polars.exceptions import PanicException, PolarsError

    return PolarsError, PanicException
