"""Power analysis: the smallest detectable difference, or the items needed to detect a difference."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness import registry
from harness.cli import _completion
from harness.cli._options import allow_path_option, json_option, results_option
from harness.cli._output import print_json
from harness.cli._terminal import print_text
from harness.errors import InputError
from harness.text import aligned, pluralized, quoted, suggestion

if TYPE_CHECKING:
    from harness.analysis.power.figures import DatasetPower, Detectable, MetricPower, Power, PowerQuestion

EVALUATIONS_ONLY = (
    "power analysis supports evaluation specs only: it needs human labels, and the prompts of a generation have none"
)
EVALUATIONS_ONLY_HINT = "the leaderboard of a generation shows detectable differences"
MAX_ITEMS = 1_000_000_000


@click.command(
    epilog="""\b
Examples:
  harness power my-judges.yaml                  smallest detectable difference
  harness power my-judges.yaml --n 500          with 500 labelled items
  harness power my-judges.yaml --effect 0.05    items needed to detect a difference of 0.05
  harness power results/my-judges/3f2a9c41 --metric accuracy --json

Power is 0.8. `one pair` is for two cells chosen before the run, `all pairs` for any two cells of the leaderboard,
adjusted for multiple comparisons. `harness schema power` describes the JSON."""
)
@click.argument("target", metavar="SPEC|RUN", shell_complete=_completion.specs_and_runs)
@click.option("--n", "n", type=int, metavar="N", help="Labelled items of each dataset; default: those of the dataset.")
@click.option("--effect", type=float, metavar="D", help="True difference; shows the items needed to detect it.")
@click.option("--metric", "metrics", multiple=True, metavar="METRIC", help="Default: those of the spec. Repeatable.")
@results_option
@allow_path_option
@json_option
def power(
    target: str,
    n: int | None,
    effect: float | None,
    metrics: tuple[str, ...],
    results: Path,
    allow_paths: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Show the smallest difference between two cells that a run of SPEC, or one like RUN, detects.

    RUN is a run folder or the name of a spec, its newest run. SPEC is a file: its cells and data are used as they are
    now, with its newest run as the pilot; without a run, judges are simulated.
    """
    from harness.analysis.power.detect import power_of_run
    from harness.analysis.power.document import power_json
    from harness.api import experiment_of, load_spec, make_plan
    from harness.cli._found_run import found_run
    from harness.runner.run_reader import KINDS, read_judged

    ask = power_question(n, effect, metrics)
    if Path(target).is_file():
        plan = make_plan(load_spec(target, results=results, allow_paths=allow_paths))
        detectable = experiment_of(plan.spec.kind).power(plan, results, ask)
        if detectable is None:
            raise InputError(EVALUATIONS_ONLY, hint=EVALUATIONS_ONLY_HINT)
        found = detectable
    else:
        judged = read_judged(found_run(target, results, allow_paths), votes=True, kinds=KINDS)
        if judged.kind == "generation":
            raise InputError(EVALUATIONS_ONLY, hint=EVALUATIONS_ONLY_HINT)
        found = power_of_run(judged, ask)
    if as_json:
        print_json(power_json(found))
    else:
        for line in _lines(found):
            print_text(line)


def power_question(n: int | None, effect: float | None, metrics: tuple[str, ...]) -> PowerQuestion:
    """The options as a question; all errors in them are one usage error."""
    from harness.analysis.power.figures import PowerQuestion, effect_fault
    from harness.scoring.estimates import MIN_ITEMS

    faults = []
    if n is not None and not MIN_ITEMS <= n <= MAX_ITEMS:
        faults.append(f"--n must be {MIN_ITEMS} to {MAX_ITEMS:,}: fewer items have counts only, no tests")
    if effect is not None and (fault := effect_fault(effect, metrics)):
        faults.append(f"--{fault}")
    known = [*registry.names("metrics"), *registry.names("soft_metrics"), *registry.names("ranking_metrics")]
    for name in metrics:
        if name not in known:
            hint = suggestion(name, known)
            faults.append(f"--metric: there is no metric {quoted(name)}{f'; {hint}' if hint else ''}")
    if faults:
        raise click.UsageError("\n".join(faults))
    return PowerQuestion(n, effect, tuple(dict.fromkeys(metrics)))


# --- for people -------------------------------------------------------------------------------------------


def _lines(found: Power) -> Iterator[str]:
    by = "simulated judges" if found.run is None else f"run {found.run}"
    yield f"{found.spec}: detectable differences with power 0.8 at level {found.score.level:g}, by {by}"
    for each in found.datasets:
        yield ""
        yield from _dataset_lines(each, found.ask.effect, mixed=found.run is not None)
    yield ""
    yield from (f"- {note}" for note in found.notes)


def _dataset_lines(found: DatasetPower, effect: float | None, *, mixed: bool) -> Iterator[str]:
    units = f" in {found.units:,} clusters" if found.clustered else ""
    source = ", simulated judges" if mixed and found.source == "simulated" else ""
    pairs = found.cells * (found.cells - 1) // 2
    size = f"{pluralized(found.cells, 'cell')}, {pluralized(pairs, 'pair')}"
    yield f"{found.dataset}: n = {found.n:,}{units}, {size}{source}"
    rows = [row for one in found.metrics for row in _rows(one, effect, found)]
    if rows:
        head = ["metric", "compared", "standard error", "direction", "can detect"]
        head += [f"n for {effect:g}", f"chance at n = {found.n:,}"] if effect is not None else []
        yield ""
        yield from aligned([(*head, *(["design effect"] if found.clustered else [])), *rows]).splitlines()
    yield from (f"{one.metric}: {one.reason}" for one in found.metrics if one.reason)


def _rows(one: MetricPower, effect: float | None, found: DatasetPower) -> Iterator[tuple[str, ...]]:
    """What can be found on a metric: in one pair, and in all of them where there are more; losses and gains."""
    ways = [("one pair", one.one_pair)]
    ways += [(f"all {found.cells * (found.cells - 1) // 2:,}", one.all_pairs)] if found.cells > 2 else []
    for way, reach in ways:
        if one.error is None or reach is None:
            continue
        for direction, part in (("loss", reach.loss), ("gain", reach.gain)):
            row = [one.metric, way, _spread(*one.error, digits=3), direction, _range(part)]
            if effect is not None:
                row += ["–" if part.n_needed is None else f"{part.n_needed:,}", _chance(part)]
            if found.clustered:
                row.append("–" if one.design_effect is None else f"{one.design_effect:.2f}")
            yield tuple(row)


def _range(found: Detectable) -> str:
    """What can be detected, with what other pilots would say."""
    if found.value is None:
        return "none"
    if found.low is None:
        return f"{found.value:.2f}"
    return f"{found.value:.2f} [{found.low:.2f}, {'none' if found.high is None else format(found.high, '.2f')}]"


def _chance(found: Detectable) -> str:
    if found.chance is None:
        return "–"
    return "< 0.01" if found.chance < 0.01 else "> 0.99" if found.chance > 0.99 else f"{found.chance:.2f}"


def _spread(typical: float, low: float, high: float, digits: int = 2) -> str:
    """A typical value, and the range over the pairs where there is one."""
    text, ends = f"{typical:.{digits}f}", (f"{low:.{digits}f}", f"{high:.{digits}f}")
    return text if ends == (text, text) else f"{text} [{ends[0]}, {ends[1]}]"
