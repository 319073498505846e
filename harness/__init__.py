"""A declarative benchmark harness for language models that judge and language models that review.

The pipeline:

    spec.yaml ──spec──▶ Spec ──plan──▶ Plan ──run──▶ Judgments ──score──▶ Scores ──rank──▶ Leaderboard
     (YAML + schemas/)     (cells in a        │ ▲                (intervals)       │
                            stable order)     ▼ │                                  └──results──▶ run folder
                                         cache ◀─▶ providers                         ──reports──▶ text

From Python, typed and for notebooks:

    import harness

    spec = harness.load_spec("specs/quickstart.yaml")
    run = harness.run_spec(spec)
    run.leaderboard_frame()     # a polars DataFrame, one row for each cell, best first
    run.scores_frame()          # one row for each cell and figure
    run.judgments_frame()       # one row for each cell and item
    harness.audit(run).frame()  # as `harness audit`; so are compare, correct, power and others
"""

# Nothing is imported here that `python -m harness` could find in the current folder, which Python puts first.
from harness._version import __version__ as __version__

TYPE_CHECKING = False  # as type checkers know it, without an import
if TYPE_CHECKING:
    from typing import Any

    from harness.api import Document as Document
    from harness.api import FinishedRun as FinishedRun
    from harness.api import GateRules as GateRules
    from harness.api import Reply as Reply
    from harness.api import audit as audit
    from harness.api import calibrate as calibrate
    from harness.api import compare as compare
    from harness.api import correct as correct
    from harness.api import export as export
    from harness.api import label_export as label_export
    from harness.api import label_next as label_next
    from harness.api import label_status as label_status
    from harness.api import load_spec as load_spec
    from harness.api import make_plan as make_plan
    from harness.api import open_run as open_run
    from harness.api import power as power
    from harness.api import run_spec as run_spec
    from harness.api import run_spec_async as run_spec_async
    from harness.api import threshold as threshold
    from harness.api import write_report as write_report
    from harness.errors import BudgetReachedError as BudgetReachedError
    from harness.errors import CacheError as CacheError
    from harness.errors import DatasetError as DatasetError
    from harness.errors import HarnessError as HarnessError
    from harness.errors import InputError as InputError
    from harness.errors import MissingRepliesError as MissingRepliesError
    from harness.errors import RunFolderError as RunFolderError
    from harness.errors import SpecError as SpecError
    from harness.errors import StorageError as StorageError

_PUBLIC = (
    "Document",
    "FinishedRun",
    "GateRules",
    "Reply",
    "audit",
    "calibrate",
    "compare",
    "correct",
    "export",
    "label_export",
    "label_next",
    "label_status",
    "load_spec",
    "make_plan",
    "open_run",
    "power",
    "run_spec",
    "run_spec_async",
    "threshold",
    "write_report",
)
_ERRORS = (
    "BudgetReachedError",
    "CacheError",
    "DatasetError",
    "HarnessError",
    "InputError",
    "MissingRepliesError",
    "RunFolderError",
    "SpecError",
    "StorageError",
)


def __getattr__(name: str) -> "Any":
    """The public functions, imported when they are first used so that `import harness` costs nothing."""
    if name in _PUBLIC:
        from harness import api

        return getattr(api, name)
    if name in _ERRORS:
        from harness import errors

        return getattr(errors, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC, *_ERRORS])
