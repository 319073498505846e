"""Run a spec, score it and print the leaderboard."""

from __future__ import annotations

import gc
import sys
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from harness.cli import _completion
from harness.cli._checks import Check, junit_file
from harness.cli._command_line import command_line
from harness.cli._options import (
    FiniteRange,
    allow_path_option,
    batch_option,
    caches_option,
    color_option,
    junit_option,
    notes_option,
    report_option,
    results_option,
    scheduler_option,
    wide_option,
    workers_option,
)
from harness.cli._repeat import check_repeat, draw_option, repeat_of_option, repeated
from harness.cli._run_failures import print_failed_calls, print_unanswered, print_unparsed
from harness.cli._run_gate import fail_above_option, fail_below_by_option, fail_below_option, gate_checks, run_rules
from harness.cli._run_spend import print_ledger, print_spend, spent_usd
from harness.cli._signals import end_in_order
from harness.cli._terminal import print_message
from harness.leaderboard.format import can_follow_another, find_leaderboard_format
from harness.runner.retries import RETRIES
from harness.text import pluralized, printable

if TYPE_CHECKING:
    from harness.api import FinishedRun, Planned
    from harness.leaderboard.run_gate import RunRules
    from harness.records.experiment import Spec
    from harness.runner.progress import Display, RunStats

# What reads specs and makes runs is imported where it is used: `harness run --help` needs none of it.

FAILED = 1
SMALLEST_USD = 1e-9
"""The rest of a limit that is used up: replays still run, a call with a cost does not."""


@click.command(
    epilog="""\b
Examples:
  harness run specs/quickstart.yaml                     simulated judges: no API key, no network
  harness run my-judges.yaml --concurrency 64
  harness run my-judges.yaml --workers 4                use four processes of this machine
  harness run my-judges.yaml --scheduler tcp://10.0.0.5:8786     use the workers of a dask cluster
  harness run my-judges.yaml --max-cost 5               stop before the cost could exceed 5 dollars
  harness run my-judges.yaml --max-cost 5 --ledger week.jsonl    all runs that name this file share the 5 dollars
  harness run my-judges.yaml --fail-on-failures 0.05    exit code 1 if more than 5 % of the judgments failed
  harness run my-judges.yaml --fail-below kappa=0.6     exit code 1 if a cell may have a kappa below 0.6
  harness run my-judges.yaml --fail-below best:kappa=0.6 --junit gate.xml
  harness run my-judges.yaml --retry unparsed           repeat judgments without a readable answer
  harness run --repeat-of my-judges --draw new          ask the same again, to see whether a judge changed
  harness run my-judges.yaml --log-file calls.jsonl     log each call
  harness run my-judges.yaml --offline                  replay from the cache, without model calls
  harness run my-judges.yaml --format json > board.json
  harness run my-judges.yaml --report                   also write report.html into the run folder
  harness run specs/*.yaml                              several specs, all checked before the first call

Every reply is cached before it is used: an interrupted run resumes, and a second run makes no calls. The leaderboard
goes to stdout, everything else to stderr. On a terminal, a run that is expected to cost more than 5 dollars, or
HARNESS_CONFIRM_ABOVE, asks first; --yes or --max-cost answers. Exit code 1 if a model could not be used at all."""
)
@click.argument(
    "specs",
    metavar="SPEC...",
    nargs=-1,
    required=False,
    type=click.Path(path_type=Path),
    shell_complete=_completion.specs,
)
@results_option
@caches_option
@allow_path_option
@click.option("--offline", is_flag=True, help="Make no model calls; a missing reply is an error.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 1024),
    metavar="N",
    help="Calls in flight per model; default: the limits of the spec.",
)
@click.option(
    "--max-cost",
    "max_cost_usd",
    type=FiniteRange(0, min_open=True),
    metavar="USD",
    help="Stop before the cost of this run could exceed USD dollars.",
)
@click.option(
    "--ledger",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Share --max-cost with all runs that name FILE, also at the same time.",
)
@click.option(
    "--fail-on-failures",
    "most_failures",
    type=FiniteRange(0, 1),
    metavar="RATE",
    help="Exit with code 1 if the failure rate is above RATE, such as 0.05, or a cell has no verdict at all; results "
    "are still written.",
)
@repeat_of_option
@draw_option
@fail_below_option
@fail_above_option
@fail_below_by_option
@junit_option
@click.option(
    "--retry",
    "retry",
    type=click.Choice(RETRIES),
    multiple=True,
    help="Repeat judgments with this failure; replaced replies stay in the cache. Repeatable.",
)
@batch_option
@workers_option
@scheduler_option
@click.option("-y", "--yes", is_flag=True, help="Spend without asking, whatever HARNESS_CONFIRM_ABOVE is.")
@click.option("-v", "--verbose", is_flag=True, help="Print each call on stderr.")
@click.option(
    "--log-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Append a JSON line per call to FILE; `harness schema call-log` describes it.",
)
@click.option("--report", "with_report", is_flag=True, help="Write report.html into the run folder (extra `report`).")
@report_option
@wide_option
@notes_option
@color_option
@click.pass_context
def run(ctx: click.Context, /, specs: tuple[Path, ...], max_cost_usd: float | None, **options: Any) -> None:
    """Run each SPEC: make the calls that the cache lacks, score, write the run folder and print the leaderboard."""
    from harness.cli.leaderboard import check_layout

    end_in_order(ctx)
    rules = run_rules(ctx, options)
    junit: Path | None = options.pop("junit")
    chosen = RunOptions(rules=rules, **options)
    check_repeat(ctx, specs, chosen.repeat_of, chosen.draw)
    if len(specs) > 1 and not can_follow_another(find_leaderboard_format(chosen.report)):
        raise click.UsageError(f"--format {chosen.report} writes one document, so it takes one SPEC", ctx)
    check_layout(chosen.report, wide=chosen.wide, notes=chosen.notes)
    if chosen.with_report:
        from harness.report.charts.svg import check_installed

        check_installed()
    find_leaderboard_format(chosen.report)  # a format that cannot be loaded is an error before any call is paid for
    checks: list[Check] = []
    with junit_file(junit, checks, "harness run"):
        has_failed = run_all(ctx, specs, max_cost_usd, chosen, checks)
    if has_failed:
        ctx.exit(FAILED)


def run_all(
    ctx: click.Context, specs: tuple[Path, ...], left_usd: float | None, options: RunOptions, checks: list[Check]
) -> bool:
    """Plan all specs and then run each, adding the checks of its gate; whether any of them fails the command."""
    from harness.leaderboard.run_gate import check_thresholds

    has_failed = False

    def check(spec: Spec) -> None:
        check_thresholds(spec, options.rules.thresholds)

    if options.repeat_of is None:
        from harness.cli._several import planned

        plans = planned(specs, options.results, options.allow_paths, check, offline=options.offline)
    else:
        specs, plans = repeated(specs, options.repeat_of, options.draw, options.results, options.allow_paths)
    for number, plan_of in enumerate(plans):
        plan = plan_of()
        check(plan.spec)
        if number:
            click.echo()
            print_line("")
        if number and left_usd is not None and options.ledger is None:
            print_line(f"{plan.spec.name}: ${left_usd:.4f} of --max-cost left")
        completed = run_one(ctx, plan, specs[number], left_usd, options)
        has_failed |= completed.has_failed
        checks += completed.checks
        if left_usd is not None and options.ledger is None:
            left_usd = max(left_usd - completed.spent_usd, SMALLEST_USD)
    return has_failed


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of `harness run`, the same for every spec."""

    results: Path
    caches: tuple[Path, ...]
    allow_paths: tuple[Path, ...]
    offline: bool
    concurrency: int | None
    rules: RunRules
    repeat_of: str | None
    draw: int | None
    retry: tuple[str, ...]
    ledger: Path | None
    batch: bool
    workers: int
    scheduler: str | None
    yes: bool
    verbose: bool
    log_file: Path | None
    with_report: bool
    report: str
    wide: bool
    notes: bool


class Completed(NamedTuple):
    """The result of one spec: its cost in USD, whether it fails the command, and the checks of its gate."""

    spent_usd: float
    has_failed: bool
    checks: tuple[Check, ...] = ()


def run_one(
    ctx: click.Context, plan: Planned, spec: Path, max_cost_usd: float | None, options: RunOptions
) -> Completed:
    """Run one planned spec and print its leaderboard."""
    from harness.api import run_spec
    from harness.cli._consent import confirm_cost
    from harness.cli.leaderboard import print_rendered, rendered

    if not sys.stderr.isatty():
        print_line(plan.summary)
    gc.freeze()  # objects loaded so far stay; scanning them in every collection costs a fifth of a replay
    watch = listener_for(plan, verbose=options.verbose)
    try:
        with watch, call_log(watch, options.log_file):
            finished = run_spec(
                plan,
                cache=options.caches,
                results=options.results,
                offline=options.offline,
                concurrency=options.concurrency,
                max_cost_usd=max_cost_usd,
                ledger=options.ledger,
                retry=options.retry,
                batch=options.batch,
                workers=options.workers,
                scheduler=options.scheduler,
                watch=watch,
                before_asking=partial(
                    confirm_cost,
                    watch,
                    is_agreed=options.yes or max_cost_usd is not None,
                    ledger=options.ledger,
                ),
            )
    except BaseException:
        print_stop(ctx, watch)
        print_ledger(options.ledger)
        raise
    print_unparsed(finished, spec)
    text = rendered(finished.leaderboard, options.report, wide=options.wide, notes=options.notes)
    print_rendered(text, options.report)
    print_location(finished, spec, watch)
    print_ledger(options.ledger)
    if options.with_report:
        from harness.api.reporting import report_in_folder
        from harness.cli.report import written_line

        print_line(written_line(report_in_folder(finished.folder, spec, options.caches, options.allow_paths)))
    checks = gate_checks(finished, options.rules)
    checks += [Check(finished.id, name, (reason,)) for name, reason in watch.stopped_models.items()]
    if print_unanswered(plan, finished, watch):
        checks.append(Check(finished.id, "answers", ("no call to one of the models was answered",)))
    return Completed(spent_usd(watch), any(check.problems for check in checks), tuple(checks))


def listener_for(plan: Planned, *, verbose: bool) -> Display:
    """The statistics of a run with its line of progress, and a line per call with --verbose."""
    from harness.runner.call_log import call_line, entry_of
    from harness.runner.progress import Display

    watch = Display(plan.spec.models, sys.stderr, name=plan.spec.name, say=print_line)
    if verbose:
        watch.logs.append(lambda note: watch.say(call_line(entry_of(note, datetime.now(UTC)))))
    return watch


def print_stop(ctx: click.Context, watch: RunStats) -> None:
    """Print the state and cost of an interrupted run, and the command that resumes it."""
    print_spend(watch)
    print_failed_calls(watch)
    if watch.calls:
        left = f"at most {watch.conversations - watch.done:,} left"
        print_line(f"{watch.done:,} of {watch.conversations:,} conversations done, {left}")
        click.echo(printable(f"to resume: {command_line(ctx)}"), err=True)  # to copy, so it is not wrapped


def call_log(watch: RunStats, file: Path | None) -> AbstractContextManager[object]:
    """A context that logs the calls to a file; without a file it does nothing."""
    if file is None:
        return nullcontext()
    from harness.runner.call_log import CallLog

    log = CallLog(file)
    watch.logs.append(log.write)
    return log


def print_line(text: str) -> None:
    """Print a message on stderr; an error is red."""
    print_message(text, style="red" if text.startswith("error:") else "")


def print_location(finished: FinishedRun, spec: Path, watch: RunStats) -> None:
    """Print the folder of the run, its calls and cost, and the next commands."""
    made = finished.environment
    calls = pluralized(made["calls_made"], "call")
    print_line(f"{calls} made, {made['calls_from_cache']:,} from the cache, {made['seconds']:.1f} s")
    if any(not watch.models[name].is_free for name in watch.spend_json()):
        print_spend(watch)
    print_failed_calls(watch)
    for name, reason in watch.stopped_models.items():
        print_line(f"error: model {name} was stopped: {reason}")
    name = finished.folder.parent.name
    is_generation = finished.manifest["kind"] == "generation"
    ranks = bool(finished.manifest.get("labels", {}).get("ranking"))
    more = f"report {spec}" if ranks else f"audit {spec}"
    more = f"export {spec} --format dpo --out {name}.jsonl" if is_generation else more
    print_line(f"written to {finished.folder}; next: harness {more}")
