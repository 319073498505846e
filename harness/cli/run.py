"""Run a spec, score it and print the leaderboard."""

from __future__ import annotations

import gc
import math
import shlex
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from harness.api import FinishedRun, Planned, run_spec
from harness.cli import _completion
from harness.cli._options import allow_path_option, cache_option, report_option, results_option
from harness.cli._several import planned
from harness.cli.leaderboard import rendered
from harness.cli.plan import dollars, ends
from harness.leaderboard.failure_rate import failure_rate
from harness.leaderboard.format import find_leaderboard_format
from harness.runner.call_log import CallLog, entry_of, told
from harness.runner.estimate import Estimate
from harness.runner.progress import Display, RunStats
from harness.runner.retry_failed import RETRIES
from harness.text import printable

FAILED = 1
SMALLEST_USD = 1e-9
"""What is left of a limit that is used up: replays still run, and a call that costs anything does not."""


@click.command(
    epilog="""\b
Examples:
  harness run specs/quickstart.yaml                     needs no key and no network
  harness run my-judges.yaml --concurrency 64
  harness run my-judges.yaml --max-cost 5               end before it could cost more than 5 dollars
  harness run my-judges.yaml --fail-on-failures 0.05    exit code 1 where more than 5 % of the judgments failed
  harness run my-judges.yaml --retry unparsed           ask again where no answer could be read
  harness run my-judges.yaml --log-file calls.jsonl     a line for each call
  harness run my-judges.yaml --offline                  replay: make no call, fail where a reply is missing
  harness run my-judges.yaml --format json > board.json
  harness run specs/*.yaml                              one after another; every spec is checked before the first call

A reply is stored before it is used, so a run that was stopped goes on where it was, and a second run makes no call.
The leaderboard goes to stdout, all else to stderr. Exit code 1 where a model could not be used at all."""
)
@click.argument(
    "specs",
    metavar="SPEC...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
    shell_complete=_completion.specs,
)
@results_option
@cache_option
@allow_path_option
@click.option("--offline", is_flag=True, help="Make no call; a reply that the cache lacks is an error.")
@click.option(
    "--concurrency",
    type=click.IntRange(1, 1024),
    metavar="N",
    help="Calls under way at once for each model, in place of what the spec says.",
)
@click.option(
    "--max-cost",
    "max_cost_usd",
    type=click.FloatRange(0, min_open=True),
    metavar="USD",
    help="Stop before the calls of this run could cost more dollars than this.",
)
@click.option(
    "--fail-on-failures",
    "most_failures",
    type=click.FloatRange(0, 1),
    metavar="RATE",
    help="Exit 1 where more than this share of the judgments failed, such as 0.05; all is written all the same.",
)
@click.option(
    "--retry",
    "retry",
    type=click.Choice(RETRIES),
    multiple=True,
    help="Ask again for judgments that failed so; the replies that are replaced are kept. May be repeated.",
)
@click.option("-v", "--verbose", is_flag=True, help="Say each call that is made, on stderr.")
@click.option(
    "--log-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Add a JSON line for each call that is made to FILE, as `harness schema call-log` describes it.",
)
@report_option
@click.pass_context
def run(
    ctx: click.Context,
    specs: tuple[Path, ...],
    results: Path,
    cache: Path,
    allow_paths: tuple[Path, ...],
    offline: bool,
    concurrency: int | None,
    max_cost_usd: float | None,
    most_failures: float | None,
    retry: tuple[str, ...],
    verbose: bool,
    log_file: Path | None,
    report: str,
) -> None:
    """Make the calls of each SPEC that the cache lacks, score them, write the run folder and print the leaderboard."""
    if most_failures is not None and math.isnan(most_failures):
        raise click.BadParameter("not a number", ctx, param_hint="--fail-on-failures")
    if len(specs) > 1 and report not in ("table", "markdown"):
        raise click.UsageError(f"--format {report} writes one document, so it takes one SPEC", ctx)
    find_leaderboard_format(report)  # one that cannot be loaded is an error before any call is paid for
    left_usd, has_failed = max_cost_usd, False
    for number, plan_of in enumerate(planned(specs, results, allow_paths)):
        plan = plan_of()
        if number:
            click.echo()
            say("")
        if number and left_usd is not None:
            say(f"{plan.spec.name}: ${left_usd:.4f} of --max-cost are left")
        say(plan.summary)
        gc.freeze()  # what is loaded by now stays; looking through it again and again costs a fifth of a replay
        watch = watching(plan, verbose=verbose)
        with watch if isinstance(watch, Display) else nullcontext(), logging(watch, log_file):
            try:
                finished = run_spec(
                    plan,
                    cache=cache,
                    results=results,
                    offline=offline,
                    concurrency=concurrency,
                    max_cost_usd=left_usd,
                    retry=retry,
                    watch=watch,
                    before_asking=partial(print_cost, plan),
                )
            except BaseException:
                print_stop(ctx, watch)
                raise
        click.echo(rendered(finished.leaderboard, report), nl=False)
        print_location(finished, specs[number], watch)
        left_usd = None if left_usd is None else max(left_usd - spent_usd(watch), SMALLEST_USD)
        failed = failure_rate(finished.leaderboard)
        is_too_much = most_failures is not None and not failed.share <= most_failures
        if is_too_much:
            say(f"error: {failed.message(most_failures or 0.0)}")
        has_failed |= bool(watch.stopped_models) or is_too_much
    if has_failed:
        ctx.exit(FAILED)


def watching(plan: Planned, *, verbose: bool) -> RunStats:
    """What follows a run: with a progress line on a terminal, with a line for each call where that is asked for."""
    models = plan.spec.models
    watch = Display(models, sys.stderr, say=say) if sys.stderr.isatty() else RunStats(models, say=say)
    if verbose:
        watch.logs.append(lambda note: say(told(entry_of(note, datetime.now(UTC)))))
    return watch


def spent_usd(watch: RunStats) -> float:
    """What a run has cost, attempts of unknown cost at the most that they may cost."""
    spent = watch.spend_json().values()
    return sum((each["cost_usd"] or 0.0) + (each["unknown_cost_usd"] or 0.0) for each in spent)


def print_stop(ctx: click.Context, watch: RunStats) -> None:
    """What a run that did not end by itself has done and spent, and the command that resumes it."""
    print_spend(watch)
    if watch.calls:
        left = f"at most {watch.conversations - watch.done:,} are left"
        say(f"{watch.done:,} of {watch.conversations:,} conversations are done, {left}")
        say(f"to go on: {print_command_line(ctx)}")


def logging(watch: RunStats, file: Path | None) -> AbstractContextManager[object]:
    """Keep a log of calls in a file while the context lasts, if there is to be one."""
    if file is None:
        return nullcontext()
    log = CallLog(file)
    watch.logs.append(log.write)
    return log


def say(text: str) -> None:
    """A line for people, on stderr."""
    click.echo(printable(text), err=True)


def print_cost(plan: Planned, found: Estimate) -> None:
    """What the calls that are about to be made will cost."""
    say(f"asking: {ends(found.calls)} calls, cost {dollars(found.cost_usd(plan.spec.models))}")


def print_spend(watch: RunStats) -> None:
    """What was asked and spent, by model."""
    for name, spent in watch.spend_json().items():
        price = "cost unknown (no price in the spec)" if spent["cost_usd"] is None else f"${spent['cost_usd']:.4f}"
        cost = "free" if watch.models[name].is_free else price
        failed = f", {spent['failed']:,} given up" if spent["failed"] else ""
        tokens = f"{spent['prompt_tokens']:,} + {spent['completion_tokens']:,} tokens"
        say(f"{name}: {spent['calls']:,} calls made{failed}, {tokens}, {cost}{unknown_cost(spent)}")


def unknown_cost(spent: Mapping[str, Any]) -> str:
    """What attempts may cost of which no usage came back, "" where there were none."""
    attempts, usd = spent["attempts_of_unknown_cost"], spent["unknown_cost_usd"]
    if not attempts:
        return ""
    most = "an unknown amount" if usd is None else f"up to ${usd:.4f}"
    return f", and {most} for {attempts:,} {'attempt' if attempts == 1 else 'attempts'} whose bill is not known"


def print_command_line(ctx: click.Context) -> str:
    """The command as it was given, to be given again."""
    words = ["harness", ctx.info_name or "run"]
    for parameter in ctx.command.params:
        name = parameter.name or ""
        if ctx.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value = ctx.params[name]
        if isinstance(parameter, click.Argument):
            words += map(str, value) if parameter.nargs == -1 else [str(value)]
        elif isinstance(parameter, click.Option) and parameter.is_flag:
            words.append(parameter.opts[0])
        else:
            values = value if parameter.multiple else [value]
            words += [word for one in values for word in (parameter.opts[0], str(one))]
    return shlex.join(words)


def print_location(finished: FinishedRun, spec: Path, watch: RunStats) -> None:
    """Where the run is, what it took, and what to try next."""
    made = finished.environment
    say("")
    say(f"{made['calls_made']:,} calls made, {made['calls_from_cache']:,} from the cache, {made['seconds']:.1f} s")
    print_spend(watch)
    for name, reason in watch.stopped_models.items():
        say(f"error: {name} was given up: {reason}")
    say(f"written to {finished.folder}")
    if finished.manifest["kind"] == "generation":
        more = f"`harness export {spec} --format dpo --out {finished.folder.parent.name}.jsonl` takes preference data"
    else:
        more = f"`harness leaderboard {spec} --sort METRIC` orders it anew"
    say(f"next: `harness run {spec} --offline` replays it, {more}")
