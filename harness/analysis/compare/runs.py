"""Compare runs: the first one with each of the others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.analysis.compare.changed import changed_judges
from harness.analysis.compare.document import ComparedRuns, comparison_json
from harness.analysis.compare.gate import GateRules, gate_json
from harness.analysis.compare.merging import merge
from harness.analysis.compare.pairs import compare
from harness.analysis.compare.spec_diff import spec_differences
from harness.analysis.compare.stopped import at_one_level
from harness.analysis.compare.win_rates import with_systems
from harness.errors import InputError
from harness.runner.run_reader import KINDS, Judged, read_judged
from harness.scoring.soft_metric import direction_of


def compare_runs(
    folders: Sequence[Path],
    *,
    metric: str | None = None,
    show_items: bool = False,
    gate: GateRules | None = None,
) -> dict[str, Any]:
    """Compare the first run with each of the others, as `schemas/output/compare.schema.json` describes it.

    Args:
        folders: at least two run folders, whose files were checked.
        metric: metric of the ranking and of the gate; default: the primary metric of the first run.
        show_items: whether to list the items whose outcome flipped.
        gate: what is accepted of the differences; None for no check.

    Raises:
        RunFolderError: if a run cannot be read.
        InputError: if a run lacks the metric.
    """
    judged, remarks = at_one_level([_read(folder) for folder in folders])
    kinds = {run.kind: run for run in judged}
    if len(kinds) > 1:
        evaluation, generation = kinds["evaluation"], kinds["generation"]
        raise InputError(
            f"run {evaluation.id} of {evaluation.spec_name} is an evaluation and run {generation.id} of "
            f"{generation.spec_name} a generation; only runs of one kind can be compared"
        )
    first, *others = judged
    metric = metric or first.score.metrics[0]
    for run in judged:
        if metric not in run.score.metrics:
            raise InputError(
                f"run {run.id} of {run.spec_name} has no metric `{metric}`",
                hint=f"it has {', '.join(run.score.metrics)}; choose a metric of all runs with --metric",
            )
    if gate is not None and gate.margin is not None and direction_of(metric) == "none":
        raise InputError(f"--fail-if-worse: no value of {metric} is better: it describes the responses")
    is_evaluation = first.kind == "evaluation"
    if gate is not None and gate.if_changed and not is_evaluation:
        raise InputError("--fail-if-changed needs evaluations; these runs are generations")
    comparisons = [compare(first, other) for other in others]
    found = ComparedRuns(
        judged,
        comparisons,
        spec_differences([run.spec for run in judged]),
        merge(judged) if is_evaluation else (),
        [changed_judges(each, first.score.level) for each in comparisons] if is_evaluation else (),
    )
    margin = None if gate is None else gate.margin
    document = comparison_json(found, metric=metric, show_items=show_items, margin=margin)
    document["notes"] += remarks
    document["gate"] = None if gate is None else gate_json(comparisons, found.judges, metric, gate)
    return document


def _read(folder: Path) -> Judged:
    run = read_judged(folder, votes=True, kinds=KINDS)
    return with_systems(run) if run.kind == "generation" else run
