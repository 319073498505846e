"""Audit the evaluators of a run for bias, consistency, failures and ties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from harness import registry
from harness.cli import _completion
from harness.cli._audit_summary import summary_lines
from harness.cli._options import allow_path_option, json_option, results_option
from harness.cli._output import print_json
from harness.cli._terminal import print_text
from harness.leaderboard.numbers import with_interval
from harness.text import pluralized


@click.command(
    epilog="""\b
Examples:
  harness audit my-judges                               all cells of its newest run
  harness audit my-judges --cell direct/judge:gpt-4o    one cell
  harness audit my-judges --wide                        every probe of every cell
  harness audit results/my-judges/3f2a9c41 --json > audit.json

Makes no model calls. `harness list probes` lists the probes; `score: {probes: [length, family]}` in a spec adds their
figures to the scores of a run. `harness schema audit` describes the JSON."""
)
@click.argument("run", metavar="RUN", shell_complete=_completion.runs)
@click.option(
    "--cell", metavar="CELL", shell_complete=_completion.cells, help="Audit only this cell, with every probe."
)
@click.option("--wide", is_flag=True, help="Show the sentence of every probe for every cell.")
@results_option
@json_option
@allow_path_option
def audit(run: str, cell: str | None, wide: bool, results: Path, as_json: bool, allow_paths: tuple[Path, ...]) -> None:
    """Print what the probes find in the cells of RUN: a run folder, or a spec (file or name), its newest run."""
    from harness.analysis.audit.cards import audit as run_probes
    from harness.analysis.audit.document import audit_json
    from harness.cli._found_run import found_run
    from harness.runner.run_reader import KINDS, read_judged

    judged = read_judged(found_run(run, results, allow_paths), votes=True, kinds=KINDS)
    found = audit_json(judged, run_probes(judged, cell=cell))
    if as_json:
        print_json(found)
        return
    for line in audit_lines(found, wide=wide or cell is not None):
        print_text(line)


def audit_lines(found: Mapping[str, Any], *, wide: bool = False) -> Iterator[str]:
    """The audit as text, line by line.

    Args:
        found: as `schemas/output/audit.schema.json` describes it.
        wide: whether to show every sentence, in place of what was found and what was not.
    """
    for part in found["datasets"]:
        if not wide:
            yield from summary_lines(part)
            continue
        for card in part["cells"]:
            yield card["cell"]
            yield from (f"  {name}: {result['sentence']}" for name, result in card["probes"].items())
            yield ""
        among = ", ".join(f"{name} {_value(figure)}" for name, figure in part["among"].items())
        for title, figures in (
            ("ties by scale", part["ties_by_scale"]),
            ("failures by model", part["failures_by_model"]),
        ):
            if figures:
                yield f"{title}: " + ", ".join(f"{name} {_value(figure)}" for name, figure in figures.items())
        agreement = f"; agreement among the cells: {among}" if among else ""
        yield f"{part['dataset']}, {pluralized(part['items'], 'item')}{agreement}"
    left_out = [name for name in registry.names("probes") if not any(name in probes for probes in _probes(found))]
    if left_out:
        yield f"left out, about other kinds of responses or labels: {', '.join(left_out)}"
    level = f"{100 * found['level']:.4g} %"
    yield f"[low, high]: {level} intervals, not corrected for the number of cells and probes"
    more = "" if wide else "; --wide: every probe of every cell"
    yield f"run {found['run']} of {found['spec']}{more}"


def _probes(found: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The probes of each cell."""
    return (card["probes"] for part in found["datasets"] for card in part["cells"])


def _value(figure: Mapping[str, Any]) -> str:
    if figure["value"] is None:
        return f"unknown ({figure['reason']})"
    return f"{with_interval(figure['value'], figure['low'], figure['high'])} (n = {figure['n']})"
