"""The verbs of `harness batch` about jobs at providers."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli import _completion
from harness.cli._options import allow_path_option, cache_option, json_option, results_option
from harness.cli._output import print_json
from harness.cli._working import working
from harness.text import aligned, printable


@click.command(
    epilog="""\b
Examples:
  harness batch status my-judges.yaml
  harness batch status my-judges.yaml --json

Jobs are listed until `harness run SPEC --batch` has stored their results."""
)
@click.argument("spec", type=click.Path(path_type=Path), shell_complete=_completion.specs)
@cache_option
@results_option
@allow_path_option
@json_option
def status(spec: Path, cache: Path, results: Path, allow_paths: tuple[Path, ...], as_json: bool) -> None:
    """Show the batch jobs of SPEC that have not been collected, and how far they are."""
    from harness.api import load_spec, make_plan
    from harness.api.batch_jobs import batch_status

    with working("asking the providers"):
        found = batch_status(make_plan(load_spec(spec, results=results, allow_paths=allow_paths)), cache=cache)
    if as_json:
        fields = [(one.job, one) for one in found]
        jobs = [
            {
                "job": job.name,
                "spec": job.spec,
                "model": job.model,
                "wave": job.wave,
                "calls": job.lines,
                "state": one.state,
                "finished": one.finished,
                "reason": one.reason,
            }
            for job, one in fields
        ]
        print_json({"jobs": jobs})
        return
    if not found:
        click.echo("no batch jobs")
        return
    rows: list[tuple[str, ...]] = [("job", "model", "wave", "calls", "finished", "state")]
    for one in found:
        state = f"{one.state}: {one.reason}" if one.reason else one.state
        numbers = (f"{one.job.wave}", f"{one.job.lines:,}", f"{one.finished:,}")
        rows.append((printable(one.job.name), printable(one.job.model), *numbers, printable(state)))
    click.echo(aligned(rows))


@click.command(
    epilog="""\b
Examples:
  harness batch cancel my-judges.yaml                all of its jobs
  harness batch cancel my-judges.yaml batch_abc123   one of them

What a job has finished is paid for; `harness run SPEC --batch` collects it, and makes the other calls again."""
)
@click.argument("spec", type=click.Path(path_type=Path), shell_complete=_completion.specs)
@click.argument("jobs", nargs=-1, metavar="[JOB...]")
@cache_option
@results_option
@allow_path_option
def cancel(spec: Path, jobs: tuple[str, ...], cache: Path, results: Path, allow_paths: tuple[Path, ...]) -> None:
    """Cancel batch jobs of SPEC at their provider."""
    from harness.api import load_spec, make_plan
    from harness.api.batch_jobs import cancel_batches

    plan = make_plan(load_spec(spec, results=results, allow_paths=allow_paths))
    for job in cancel_batches(plan, jobs, cache=cache):
        click.echo(printable(f"{job.name}: cancelled; `harness run {spec} --batch` collects what it has finished"))


@click.command(
    epilog="""\b
Examples:
  harness batch forget batch_abc123

For a job that its provider does not know any more. Its calls are made, and paid for, again."""
)
@click.argument("job")
@cache_option
@click.option("--yes", is_flag=True, help="Skip the confirmation prompt.")
def forget(job: str, cache: Path, yes: bool) -> None:
    """Give up JOB without its results; its calls are made again."""
    from harness.api.batch_jobs import find_job, forget_job
    from harness.runner.batches.journal import open_jobs

    found = find_job(open_jobs(cache), job)
    if not yes:
        what = f"Give up {found.name}? Its {found.lines:,} calls will be made, and paid for, again"
        click.confirm(printable(what), abort=True, err=True)
    forget_job(job, cache=cache)
    click.echo(printable(f"{found.name}: forgotten"))
