"""Analyses of finished runs: `compare`, `audit`, `power` and `correct`, as functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.api.document import Document
from harness.api.document_tables import audit_table, comparison_table, correction_table, power_table
from harness.api.experiment import experiment_of, make_plan
from harness.api.finished_run import AnyRun, folder_of
from harness.api.label_source import source_of
from harness.errors import InputError, Problem
from harness.records.experiment import Spec
from harness.runner.plan import Planned
from harness.runner.run_reader import KINDS, read_judged
from harness.text import quoted, suggestion

if TYPE_CHECKING:
    from harness.analysis.compare.gate import GateRules
    from harness.analysis.correct.correct import Method
    from harness.analysis.power.figures import PowerQuestion

MAX_ITEMS = 1_000_000_000
"""Items of a planned run."""


def compare(
    *runs: AnyRun,
    metric: str | None = None,
    items: bool = False,
    gate: GateRules | None = None,
    results: str | Path = "results",
    allow_paths: Iterable[str | Path] = (),
) -> Document:
    """Compare the first of several runs with each of the others, as `harness compare` does.

    Args:
        *runs: at least two: finished runs, run folders, or specs by file or name, which stand for their newest run.
        metric: metric to rank and test by; the primary metric of the first run where it is None.
        items: whether to list the items whose verdict changed.
        gate: what is accepted of the differences; the document then has `gate`, with `passed`.
        results: folder of all results.
        allow_paths: as `load_spec` takes them, for specs that are given by file.

    Returns:
        The document that `harness schema compare` describes. `frame()` has one row for each pair of cells and metric.

    Raises:
        InputError: where there are fewer than two runs, a run cannot be read, or it lacks the metric.
    """
    from harness.analysis.compare.runs import compare_runs

    if len(runs) < 2:
        raise InputError("at least two runs are needed", hint="harness.compare(first, second)")
    allowed = tuple(map(Path, allow_paths))
    folders = [folder_of(run, results, allowed) for run in runs]
    found = compare_runs(folders, metric=metric, show_items=items, gate=gate)
    return Document("compare", found, comparison_table)


def audit(
    run: AnyRun, *, cell: str | None = None, results: str | Path = "results", allow_paths: Iterable[str | Path] = ()
) -> Document:
    """Audit the evaluators of a run for bias, consistency, failures and ties, as `harness audit` does.

    Args:
        run: a finished run, a run folder, or a spec by file or name, which stands for its newest run.
        cell: id of one cell, or a unique part of one; None for all.
        results: folder of all results.
        allow_paths: as `load_spec` takes them, for a spec that is given by file.

    Returns:
        The document that `harness schema audit` describes. `frame()` has one row for each cell and figure.

    Raises:
        InputError: where the run cannot be read, or has no such cell.
    """
    from harness.analysis.audit.cards import audit as run_probes
    from harness.analysis.audit.document import audit_json

    folder = folder_of(run, results, tuple(map(Path, allow_paths)))
    judged = read_judged(folder, votes=True, kinds=KINDS)
    return Document("audit", audit_json(judged, run_probes(judged, cell=cell)), audit_table)


def power(
    target: AnyRun | Planned,
    *,
    n: int | None = None,
    effect: float | None = None,
    metrics: Sequence[str] = (),
    results: str | Path = "results",
    allow_paths: Iterable[str | Path] = (),
) -> Document:
    """Find the smallest difference that a run detects with power 0.8, as `harness power` does.

    Args:
        target: a spec, its file or its plan, with its newest run as the pilot, or judges that are simulated where
            there is none; or a finished run, a run folder or the name of a spec, for another run like that one.
        n: labelled items of each dataset; those that there are where it is None.
        effect: a true difference; the document then has the items that are needed to detect it.
        metrics: those that differences are of; those of the spec where it is empty.
        results: folder of all results.
        allow_paths: as `load_spec` takes them, for a spec that is given by file.

    Returns:
        The document that `harness schema power` describes. `frame()` has one row for each metric, kind of comparison
        and direction.

    Raises:
        InputError: where an argument is out of range, or the target is not an evaluation.
    """
    from harness.analysis.power.detect import power_of_run
    from harness.analysis.power.document import power_json

    question = _question(n, effect, metrics)
    allowed = tuple(map(Path, allow_paths))
    plan = _planned(target, results, allowed)
    if plan is not None:
        found = experiment_of(plan.spec.kind).power(plan, Path(results), question)
    else:
        judged = read_judged(folder_of(target, results, allowed), votes=True, kinds=KINDS)  # type: ignore[arg-type]
        found = None if judged.kind == "generation" else power_of_run(judged, question)
    if found is None:
        hint = "the leaderboard of a generation shows detectable differences"
        raise InputError("power analysis supports evaluations only, which have human labels", hint=hint)
    return Document("power", power_json(found), power_table)


def correct(
    run: AnyRun,
    labels: Any = None,
    *,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    values: Mapping[str, str] | None = None,
    skip_unknown: bool = False,
    method: Method = "ppi",
    results: str | Path = "results",
    allow_paths: Iterable[str | Path] = (),
) -> Document:
    """Correct the results of a run with human labels (prediction-powered inference), as `harness correct` does.

    Args:
        run: a finished run, a run folder, or a spec by file or name, which stands for its newest run.
        labels: a file of labels in any dataset format, a folder of `harness label next`, a polars or pandas frame, or
            a list of rows; the labels of the dataset where it is None.
        columns: names of the columns of that file, such as `{"id": "question_id", "labels": ["anna", "ben"]}`.
        values: verdicts of the labels of that file, such as `{"1": "a", "2": "b"}`.
        skip_unknown: whether to ignore rows whose id is not in the run.
        method: `rogan-gladen` adds the rates of a label by that estimator, of single responses.
        results: folder of all results.
        allow_paths: as `load_spec` takes them, for a spec that is given by file.

    Returns:
        The document that `harness schema correct` describes. `frame()` has one row for each cell.

    Raises:
        InputError: where the run or the labels cannot be read; all problems at once.
    """
    from harness.analysis.correct.correct import correct as corrected
    from harness.analysis.correct.document import correction_json
    from harness.analysis.label.collect import drawn_labels

    source = source_of(labels, columns, values, skip_unknown=skip_unknown)
    judged = read_judged(folder_of(run, results, tuple(map(Path, allow_paths))))
    drawn = None if source is None else drawn_labels(judged, source)
    return Document("correct", correction_json(corrected(judged, source, drawn, method)), correction_table)


def _planned(target: AnyRun | Planned, results: str | Path, allowed: tuple[Path, ...]) -> Planned | None:
    """The plan of a target that is a spec, its file or a plan; None where it is a run."""
    from harness.api.finished_run import FinishedRun
    from harness.api.load import load_spec

    if isinstance(target, FinishedRun):
        return None
    if isinstance(target, str | Path):
        if not Path(target).is_file():
            return None
        target = load_spec(Path(target), results=results, allow_paths=allowed)
    return make_plan(target) if isinstance(target, Spec) else target


def _question(n: int | None, effect: float | None, metrics: Sequence[str]) -> PowerQuestion:
    from harness import registry
    from harness.analysis.power.figures import PowerQuestion, effect_fault
    from harness.scoring.estimates import MIN_ITEMS

    problems = _unknown(
        "metrics",
        metrics,
        [*registry.names("metrics"), *registry.names("soft_metrics"), *registry.names("ranking_metrics")],
    )
    if n is not None and not MIN_ITEMS <= n <= MAX_ITEMS:
        problems.append(Problem(message=f"n must be {MIN_ITEMS} to {MAX_ITEMS:,}, not {n:,}"))
    if effect is not None and (fault := effect_fault(effect, metrics)):
        problems.append(Problem(message=fault))
    if problems:
        raise InputError(problems)
    return PowerQuestion(n, effect, tuple(dict.fromkeys(metrics)))


def _unknown(argument: str, names: Iterable[str], known: Sequence[str]) -> list[Problem]:
    """The names of an argument that are not known."""
    return [
        Problem(message=f"{argument}: there is no {quoted(str(name))}", hint=suggestion(str(name), known))
        for name in names
        if name not in known
    ]
