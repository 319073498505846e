"""The public functions, and where the parts of an experiment are put together.

>>> from harness import load_spec, make_plan, run_spec          # doctest: +SKIP
>>> spec = load_spec("specs/quickstart.yaml")                   # doctest: +SKIP
>>> run = run_spec(spec, cache=".harness-cache", results="results")  # doctest: +SKIP
>>> run.leaderboard_frame()                                     # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.analysis.compare.gate import GateRules as GateRules
    from harness.api.analyses import audit as audit
    from harness.api.analyses import compare as compare
    from harness.api.analyses import correct as correct
    from harness.api.analyses import power as power
    from harness.api.document import Document as Document
    from harness.api.experiment import Experiment as Experiment
    from harness.api.experiment import board_tables as board_tables
    from harness.api.experiment import experiment_of as experiment_of
    from harness.api.experiment import make_plan as make_plan
    from harness.api.exporting import export as export
    from harness.api.finished_run import FinishedRun as FinishedRun
    from harness.api.finished_run import open_run as open_run
    from harness.api.label_verbs import label_export as label_export
    from harness.api.label_verbs import label_next as label_next
    from harness.api.label_verbs import label_status as label_status
    from harness.api.load import load_spec as load_spec
    from harness.api.reporting import write_report as write_report
    from harness.api.run import run_spec as run_spec
    from harness.api.run import run_spec_async as run_spec_async
    from harness.api.run import spec_keys as spec_keys
    from harness.api.scored_labels import calibrate as calibrate
    from harness.api.scored_labels import threshold as threshold
    from harness.records.calls import Reply as Reply
    from harness.runner.plan import Planned as Planned

_MODULES = {
    **dict.fromkeys(("audit", "compare", "correct", "power"), "api.analyses"),
    "Document": "api.document",
    "GateRules": "analysis.compare.gate",
    "export": "api.exporting",
    **dict.fromkeys(("Experiment", "Planned", "board_tables", "experiment_of", "make_plan"), "api.experiment"),
    **dict.fromkeys(("FinishedRun", "open_run"), "api.finished_run"),
    **dict.fromkeys(("run_spec", "run_spec_async", "spec_keys"), "api.run"),
    **dict.fromkeys(("label_export", "label_next", "label_status"), "api.label_verbs"),
    "load_spec": "api.load",
    **dict.fromkeys(("calibrate", "threshold"), "api.scored_labels"),
    "write_report": "api.reporting",
    "Reply": "records.calls",
}


def __getattr__(name: str) -> Any:
    """The public names, imported when they are first used: `harness validate` loads specs and nothing else."""
    if name in _MODULES:
        return getattr(import_module(f"harness.{_MODULES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODULES])
