"""Audit the judges of a run: position, length, family, steadiness, failures, ties."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from harness.cli import _completion
from harness.cli._options import allow_path_option, json_option, results_option
from harness.text import printable


@click.command(
    epilog="""\b
Examples:
  harness audit my-judges                               the cards of all cells of its newest run
  harness audit my-judges --cell direct/judge:gpt-4o    one of them
  harness audit results/my-judges/3f2a9c41 --json > audit.json

Nothing is asked. `harness list probes` says what is looked at; `score: {probes: [length, family]}` in a spec puts the
figures of some of them beside its scores. With --json one object is printed, as `harness schema audit` describes it."""
)
@click.argument("run", metavar="RUN", shell_complete=_completion.runs)
@click.option("--cell", metavar="CELL", shell_complete=_completion.cells, help="Look at this cell alone.")
@results_option
@json_option
@allow_path_option
def audit(run: str, cell: str | None, results: Path, as_json: bool, allow_paths: tuple[Path, ...]) -> None:
    """Print the card of every judge of RUN: a run folder, or a spec (a file or its name) for its newest run."""
    from harness.analysis.audit.cards import audit as look_at
    from harness.analysis.audit.document import audit_json
    from harness.runner.find_run import find_run
    from harness.runner.run_reader import read_judged

    judged = read_judged(find_run(run, results, allow_paths=allow_paths), votes=True)
    found = audit_json(judged, look_at(judged, cell=cell))
    if as_json:
        click.echo(json.dumps(found, indent=2, ensure_ascii=False))
        return
    for line in told(found):
        click.echo(printable(line))


def told(found: Mapping[str, Any]) -> Iterator[str]:
    """An audit for people, line by line."""
    for part in found["datasets"]:
        for card in part["cells"]:
            yield card["cell"]
            yield from (f"  {name}: {look['sentence']}" for name, look in card["probes"].items())
            yield ""
        among = ", ".join(f"{name} {_value(figure)}" for name, figure in part["among"].items())
        for title, figures in (
            ("ties by scale", part["ties_by_scale"]),
            ("failures by model", part["failures_by_model"]),
        ):
            yield f"{title}: " + ", ".join(f"{name} {_value(figure)}" for name, figure in figures.items())
        yield f"{part['dataset']}, {part['items']} items; agreement among the cells: {among}"
    yield (
        f"[low, high]: {100 * found['level']:.4g} % intervals, each for itself: of many cells and probes some will "
        "seem to show something by luck"
    )
    yield f"run {found['run']} of {found['spec']}"


def _value(figure: Mapping[str, Any]) -> str:
    if figure["value"] is None:
        return f"unknown ({figure['reason']})"
    interval = "" if figure["low"] is None else f" [{figure['low']:.3f}, {figure['high']:.3f}]"
    return f"{figure['value']:.3f}{interval} (n = {figure['n']})".replace("-", "−")
