"""The report of runs as one HTML file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.api.document import Document, Table
from harness.api.finished_run import AnyRun, folder_of
from harness.errors import InputError
from harness.runner.corruption import diagnose_corruption

MARK = b'<meta name="generator" content="fellowship-harness '
"""What a report has near its beginning."""


def write_report(
    *runs: AnyRun,
    out: str | Path = "report.html",
    vs: str | None = None,
    force: bool = False,
    results: str | Path = "results",
    allow_paths: Iterable[str | Path] = (),
) -> Document:
    """Write the report of some runs as one HTML file, as `harness report` does.

    Args:
        *runs: finished runs, run folders, or specs by file or name, which stand for their newest run.
        out: the file. An earlier report is replaced.
        vs: the baseline of the differences: id of a cell; None for the best cell.
        force: overwrite a file that is not a report.
        results: folder of all results.
        allow_paths: as `load_spec` takes them, for specs that are given by file.

    Returns:
        The document that `harness schema report` describes. `frame()` has one row for each run.

    Raises:
        InputError: where a run cannot be read, the packages for charts are not installed, or the file is another's.
    """
    if not runs:
        raise InputError("at least one run is needed", hint="harness.write_report(run)")
    allowed = tuple(map(Path, allow_paths))
    written = report_written([folder_of(run, results, allowed) for run in runs], Path(out), vs=vs, force=force)
    return Document("report", written, _run_table)


def report_written(folders: Sequence[Path], out: Path, *, vs: str | None = None, force: bool = False) -> dict[str, Any]:
    """Write the report of some runs; what was written, as `schemas/output/report.schema.json` describes it.

    Args:
        folders: of the runs.
        out: the file.
        vs: baseline of the differences, None for the best cell.
        force: overwrite a file that is not a report.
    """
    from harness.atomic import replacing
    from harness.report.document import ReportOptions, report_of
    from harness.report.run_source import RunSource

    if not force and out.exists() and MARK not in _beginning(out):
        raise InputError(f"{out} exists and is not a report", hint="choose another FILE, or add --force")
    sources = [RunSource(folder) for folder in folders]
    with diagnose_corruption(folders[0]):
        made = report_of(sources, ReportOptions(vs))
    content = made.html.encode()
    with replacing(out) as file:
        file.write(content)
    return {
        "file": str(out),
        "bytes": len(content),
        "runs": [{"run": source.id, "spec": source.name, "folder": str(source.folder)} for source in sources],
        "sections": list(made.sections),
    }


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4096)


def _run_table(found: Mapping[str, Any]) -> Table:
    return ("run", "spec", "folder"), [(run["run"], run["spec"], run["folder"]) for run in found["runs"]]
