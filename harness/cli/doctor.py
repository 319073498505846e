"""Run preflight checks: Python, packages, cache, API keys, endpoints, clock."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli import _completion
from harness.cli._options import allow_path_option, cache_option, json_option, results_option
from harness.cli._output import print_json
from harness.cli._terminal import print_text

if TYPE_CHECKING:
    from harness.providers.health import Finding, State

WOULD_FAIL = 1
MARKS: dict[State, str] = {"ok": "ok     ", "warning": "warning", "failure": "FAILURE", "unknown": "unknown"}


@click.command(
    epilog="""\b
Examples:
  harness doctor                            Python, the cache and the results folder
  harness doctor my-judges.yaml             also the data, API keys and endpoints of the spec
  harness doctor my-judges.yaml --offline   no network requests

Costs nothing: endpoints are only asked for their list of models. The values of API keys are never shown. Exit code 1
if a run would fail. `harness schema doctor` describes the JSON."""
)
@click.argument("spec", required=False, type=click.Path(path_type=Path), shell_complete=_completion.specs)
@cache_option
@results_option
@allow_path_option
@click.option("--offline", is_flag=True, help="Make no network requests.")
@json_option
@click.pass_context
def doctor(
    ctx: click.Context,
    spec: Path | None,
    cache: Path,
    results: Path,
    allow_paths: tuple[Path, ...],
    offline: bool,
    as_json: bool,
) -> None:
    """Check the installation, the folders and, with SPEC, everything its run needs; suggest fixes."""
    from harness.api import load_spec, make_plan
    from harness.doctor.preflight import Surroundings, run_preflight

    load = None if spec is None else lambda: load_spec(spec, results=results, allow_paths=allow_paths)
    findings = []
    around = Surroundings(cache, results, os.environ, time.time())
    for finding in run_preflight(load, partial(make_plan, offline=offline), around, offline=offline):
        findings.append(finding)
        if not as_json:
            print_text(finding_line(finding))
    is_ready = all(finding.state != "failure" for finding in findings)
    if as_json:
        print_json({"ready": is_ready, "findings": [finding._asdict() for finding in findings]})
    if not is_ready:
        ctx.exit(WOULD_FAIL)


def finding_line(finding: Finding) -> str:
    """A finding as a line of text."""
    hint = f"; {finding.hint}" if finding.hint else ""
    return f"{MARKS[finding.state]}  {finding.what}: {finding.message}{hint}"
