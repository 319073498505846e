"""The report of runs as one HTML file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.api.document import Document, Table
from harness.api.finished_run import AnyRun, folder_of
from harness.cache.joined import CacheFolders, cache_folders
from harness.errors import InputError
from harness.runner.corruption import diagnose_corruption

if TYPE_CHECKING:
    from harness.report.items.texts import Texts

MOST_ITEMS = 20
"""Items of a run that a report shows by default."""
MARK = b'<meta name="generator" content="fellowship-harness '
"""What a report has near its beginning."""


def write_report(
    *runs: AnyRun,
    out: str | Path = "report.html",
    vs: str | None = None,
    items: int = MOST_ITEMS,
    force: bool = False,
    results: str | Path = "results",
    cache: CacheFolders = ".harness-cache",
    data: Iterable[str | Path] = (),
    allow_paths: Iterable[str | Path] = (),
) -> Document:
    """Write the report of some runs as one HTML file, as `harness report` does.

    Args:
        *runs: finished runs, run folders, or specs by file or name, which stand for their newest run.
        out: the file. An earlier report is replaced.
        vs: the baseline of the differences: id of a cell; None for the best cell.
        items: how many of the most telling items of each run are shown.
        force: overwrite a file that is not a report.
        results: folder of all results.
        cache: folder of the response cache, where the replies are, or of several.
        data: folders that the paths in the specs of the runs are relative to, before the current folder and `specs`.
        allow_paths: as `load_spec` takes them, for specs that are given by file.

    Returns:
        The document that `harness schema report` describes. `frame()` has one row for each run.

    Raises:
        InputError: where a run cannot be read, the packages for charts are not installed, or the file is another's.
    """
    if not runs:
        raise InputError("at least one run is needed", hint="harness.write_report(run)")
    allowed = tuple(map(Path, allow_paths))
    own = [Path(run).parent for run in runs if isinstance(run, str | Path) and Path(run).is_file()]
    asked = ReportRequest(vs, items, texts_of([*own, *map(Path, data)], cache, allowed))
    written = report_written([folder_of(run, results, allowed) for run in runs], Path(out), asked, force=force)
    return Document("report", written, _run_table)


class ReportRequest(NamedTuple):
    """What a report shows.

    Attributes:
        vs: baseline of the differences, None for the best cell.
        items: how many of the most telling items of each run are shown.
        texts: where the data and the replies are.
    """

    vs: str | None
    items: int
    texts: Texts


def texts_of(folders: Iterable[Path], cache: CacheFolders, allow_paths: tuple[Path, ...]) -> Texts:
    """Where data and replies may be: in some folders, in the current one and in specs/."""
    from harness.report.items.texts import Texts

    found = dict.fromkeys(path.resolve() for path in (*folders, Path(), Path("specs")))
    first, *others = cache_folders(cache)
    return Texts(tuple(found), first, allow_paths, tuple(others))


def report_in_folder(folder: Path, spec: Path, cache: CacheFolders, allow_paths: tuple[Path, ...]) -> dict[str, Any]:
    """Write the report of a run into its folder.

    Args:
        folder: of the run.
        spec: its spec file, whose folder leads to the data.
        cache: folder of the response cache, or of several.
        allow_paths: folders that the paths of the spec may lead into.
    """
    asked = ReportRequest(None, MOST_ITEMS, texts_of([spec.parent], cache, allow_paths))
    return report_written([folder], folder / "report.html", asked, force=True)


def report_written(folders: Sequence[Path], out: Path, asked: ReportRequest, *, force: bool = False) -> dict[str, Any]:
    """Write the report of some runs; what was written, as `schemas/output/report.schema.json` describes it.

    Args:
        folders: of the runs.
        out: the file.
        asked: what it shows.
        force: overwrite a file that is not a report.
    """
    from harness.atomic import replacing
    from harness.report.document import ReportOptions, report_of
    from harness.report.run_source import RunSource

    if not force and out.exists() and MARK not in _beginning(out):
        raise InputError(f"{out} exists and is not a report", hint="choose another FILE, or add --force")
    sources = [RunSource(folder) for folder in folders]
    with diagnose_corruption(folders[0]):
        made = report_of(sources, ReportOptions(*asked))
    content = made.html.encode()
    with replacing(out) as file:
        file.write(content)
    return {
        "file": str(out),
        "bytes": len(content),
        "runs": [{"run": source.id, "spec": source.name, "folder": str(source.folder)} for source in sources],
        "sections": list(made.sections),
        "items": made.items,
        "left_out": made.left_out,
    }


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(4096)


def _run_table(found: Mapping[str, Any]) -> Table:
    return ("run", "spec", "folder"), [(run["run"], run["spec"], run["folder"]) for run in found["runs"]]
