"""Write the missing calls as batch files, read their results, and manage batch jobs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.cli import _completion
from harness.cli._batch_jobs import cancel, forget, status
from harness.cli._options import allow_path_option, cache_option, json_option, results_option
from harness.cli._output import print_json
from harness.cli._working import working
from harness.text import pluralized, printable

if TYPE_CHECKING:
    from harness.api import Planned
    from harness.api.batch import Read, Written

HAS_PROBLEMS = 1
OPENAI_LINES = 50_000
"""As `harness.providers.batch_lines.OPENAI_LINES`, which is not imported before it is needed."""
SHOWN = 10
"""Lines that cannot be used and are printed; --json prints more."""


@click.group(
    epilog="""\b
Examples:
  harness batch write my-judges.yaml --out batch/wave-1
  vllm run-batch -i batch/wave-1/judge-001.jsonl -o batch/wave-1.out.jsonl --model MODEL
  harness batch read my-judges.yaml batch/wave-1.out.jsonl
  harness batch status my-judges.yaml

`harness run SPEC --batch` makes the calls through the Batch APIs of providers instead.
`harness schema batch` describes the JSON."""
)
def batch() -> None:
    """Write the missing calls as batch files, read their results, and manage batch jobs."""


for command in (status, cancel, forget):
    batch.add_command(command)


@batch.command(
    epilog="""\b
Examples:
  harness batch write my-judges.yaml --out batch/wave-1
  harness batch write my-judges.yaml --out batch/wave-2 --lines 5000

A wave holds the calls that can be made now; calls that depend on their replies (follow-up questions, turns of a
debate, steps of a loop) are in later waves. A line is an OpenAI batch request; its custom id is the cache key. Each
model has files of its own. The files hold no keys."""
)
@click.argument("spec", type=click.Path(path_type=Path), shell_complete=_completion.specs)
@click.option(
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of the files; new or empty.",
)
@click.option(
    "--lines",
    type=click.IntRange(1, OPENAI_LINES),
    default=OPENAI_LINES,
    show_default=True,
    metavar="N",
    help="Most lines of a file.",
)
@click.option(
    "--no-response-format",
    is_flag=True,
    help="Leave out `response_format`, for an engine that does not know it.",
)
@cache_option
@results_option
@allow_path_option
@json_option
def write(
    spec: Path,
    out: Path,
    lines: int,
    no_response_format: bool,
    cache: Path,
    results: Path,
    allow_paths: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Write the calls of SPEC that can be made now and that the cache lacks, as OpenAI batch files."""
    from harness.api.batch import write_batch

    plan = _planned(spec, results, allow_paths)
    with working("writing batch files"):
        written = write_batch(plan, out, cache=cache, lines=lines, response_format=not no_response_format)
    if as_json:
        print_json(_written_json(plan, written))
        return
    for file in written.files:
        calls = pluralized(file.lines, "call")
        _print(f"{file.path}: {calls} to {file.model}, {file.size / 1e6:,.1f} MB")
    for note in written.notes:
        _print(f"note: {note}", err=True)
    if not written.files:
        _print(f"nothing is left to ask; next: harness run {spec}")
        return
    total = f"{pluralized(written.lines, 'call')} in {pluralized(len(written.files), 'file')}"
    _print(f"{total}; next: run them, then `harness batch read {spec} RESULTS...`", err=True)


@batch.command(
    epilog="""\b
Examples:
  harness batch read my-judges.yaml batch/wave-1.out.jsonl
  harness batch read my-judges.yaml output.jsonl errors.jsonl --json

Lines may be in any order and in any number of files. A line that is damaged is reported, and the others are read. A
call whose result is an error, or is missing, is part of the next wave. A reply that the cache holds is not replaced.
Exit code 1 if a line cannot be used or answers no call of SPEC."""
)
@click.argument("spec", type=click.Path(path_type=Path), shell_complete=_completion.specs)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@cache_option
@results_option
@allow_path_option
@json_option
@click.pass_context
def read(
    ctx: click.Context,
    spec: Path,
    files: tuple[Path, ...],
    cache: Path,
    results: Path,
    allow_paths: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Store the results in each FILE as replies of SPEC, and count the calls of the next wave."""
    from harness.api.batch import read_batch

    plan = _planned(spec, results, allow_paths)
    with working("reading results"):
        found = read_batch(plan, files, cache=cache)
    if as_json:
        print_json(_read_json(plan, found))
    else:
        _print_read(spec, found)
    if found.bad or found.foreign:
        ctx.exit(HAS_PROBLEMS)


def _planned(spec: Path, results: Path, allow_paths: tuple[Path, ...]) -> Planned:
    from harness.api import load_spec, make_plan

    with working("reading the data"):
        return make_plan(load_spec(spec, results=results, allow_paths=allow_paths))


def _print_read(spec: Path, found: Read) -> None:
    parts = [f"{pluralized(found.stored, 'reply', 'replies')} stored"]
    parts += [f"{found.held:,} already in the cache"] if found.held else []
    parts += [f"{found.repeated:,} repeated"] if found.repeated else []
    parts += [f"{found.failed.kinds.total():,} failed"] if found.failed.kinds else []
    parts += [f"{found.foreign:,} of no call of the spec"] if found.foreign else []
    parts += [f"{found.bad:,} that cannot be used"] if found.bad else []
    _print(f"{pluralized(found.lines, 'line')}: {', '.join(parts)}")
    for kind, count in found.failed.kinds.most_common():
        message, place = found.failed.first[kind]
        _print(f"  {count:,} failed ({kind}): {message} (first at {place})")
    if "format" in found.failed.kinds:
        _print("  `harness batch write --no-response-format` leaves out what the endpoint does not know")
    for problem in found.problems[:SHOWN]:
        _print(f"{problem}", err=True)
    if found.bad > SHOWN:
        _print(f"and {found.bad - SHOWN:,} more lines; --json lists them", err=True)
    if not found.next:
        _print(f"nothing is left to ask; next: harness run {spec} --offline")
        return
    models = ", ".join(f"{name} {count:,}" for name, count in found.next.items())
    calls = pluralized(sum(found.next.values()), "call")
    _print(f"the next wave has {calls} ({models}); next: harness batch write {spec} --out DIR")


def _written_json(plan: Planned, written: Written) -> dict[str, Any]:
    files = [{"file": str(f.path), "model": f.model, "calls": f.lines, "bytes": f.size} for f in written.files]
    return {"spec": plan.spec.name, "calls": written.lines, "files": files, "notes": written.notes}


def _read_json(plan: Planned, found: Read) -> dict[str, Any]:
    failed = [
        {"kind": kind, "calls": count, "message": found.failed.first[kind][0], "first": found.failed.first[kind][1]}
        for kind, count in found.failed.kinds.most_common()
    ]
    problems = [{"file": one.file, "line": one.line, "message": one.message} for one in found.problems]
    return {
        "spec": plan.spec.name,
        "lines": found.lines,
        "stored": found.stored,
        "held": found.held,
        "repeated": found.repeated,
        "foreign": found.foreign,
        "unusable": found.bad,
        "problems": problems,
        "failed": failed,
        "next": {"calls": sum(found.next.values()), "models": found.next},
    }


def _print(text: str, *, err: bool = False) -> None:
    click.echo(printable(text), err=err)
