"""`harness label` as functions: draw items to label, show how far the labels reach, and export them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness.api.document import Document, Table
from harness.api.finished_run import AnyRun, FinishedRun, folder_of
from harness.api.labelling import (
    ANNOTATOR,
    DrawnRound,
    DrawRequest,
    collected_labels,
    draw_round,
    export_labels,
    label_folder,
)
from harness.errors import InputError
from harness.hashing import rounded
from harness.runner.run_reader import Judged, read_judged

if TYPE_CHECKING:
    from harness.analysis.label.draw import Draw

FIGURE = ("value", "low", "high")


def label_next(
    run: AnyRun,
    n: int = 50,
    *,
    stratify: bool = False,
    unit: Literal["item", "cluster"] = "item",
    dataset: str | None = None,
    annotators: Sequence[str] = (ANNOTATOR,),
    again: int | None = None,
    format: Literal["csv", "jsonl"] = "csv",  # noqa: A002 - as the option
    seed: int | None = None,
    folder: str | Path = "labels",
    data: Iterable[str | Path] = (),
    results: str | Path = "results",
    allow_paths: Iterable[str | Path] = (),
) -> Document:
    """Draw items of a run to label and write the files to fill in, as `harness label next` does.

    Args:
        run: a finished run, a run folder, or a spec by file or name, which stands for its newest run.
        n: items of the round, or clusters.
        stratify: draw more where the cells disagree; uniformly where it is False.
        unit: draw single items, or whole clusters.
        dataset: of the run; None for its only one.
        annotators: who labels; each gets a file.
        again: number of a round that is drawn already, to write files of it for further annotators.
        format: of the files.
        seed: of the first round; None for that of the spec.
        folder: of label files; those of a run are in `folder/SPEC/RUN`.
        data: folders that the paths in the spec of the run are relative to.
        results: folder of all results.
        allow_paths: as `load_spec` takes them, for a spec that is given by file.

    Returns:
        The document of a round that `harness schema label` describes. `frame()` has one row for each file.

    Raises:
        InputError: where the request cannot be met, the texts are not found, or a file exists.
    """
    if n < 1:
        raise InputError(f"n must be at least 1, not {n}")
    if unit not in ("item", "cluster"):
        raise InputError(f"there is no unit {unit!r}", hint="use `item` or `cluster`")
    if again is not None and (stratify or seed is not None):
        raise InputError("`again` writes a round that is drawn already: leave out `stratify` and `seed`")
    allowed = tuple(map(Path, allow_paths))
    judged = read_judged(folder_of(run, results, allowed))
    place, kind = label_folder(judged, Path(folder)), "disagreement" if stratify else "uniform"
    asked = DrawRequest(place, n, kind, dataset, tuple(annotators), format, again, seed, unit == "cluster")  # type: ignore[arg-type]  # one of both
    from harness.report.items.texts import Texts

    own = [Path(str(run)).parent] if not isinstance(run, FinishedRun) and Path(str(run)).is_file() else []
    folders = dict.fromkeys(path.resolve() for path in (*own, *map(Path, data), Path(), Path("specs")))
    return Document("label", next_json(draw_round(judged, asked, Texts(tuple(folders), None, allowed))), _file_table)


def label_status(
    run: AnyRun,
    *files: str | Path,
    width: float | None = None,
    folder: str | Path = "labels",
    results: str | Path = "results",
    allow_paths: Iterable[str | Path] = (),
) -> Document:
    """Show what is drawn and labelled of a run, and how many labels are still needed, as `harness label status` does.

    Args:
        run: a finished run, a run folder, or a spec by file or name, which stands for its newest run.
        *files: the files to read; none for all of the run in `folder`.
        width: wanted, of an interval from end to end; a tenth of the scale where it is None.
        folder: of label files.
        results: folder of all results.
        allow_paths: as `load_spec` takes them, for a spec that is given by file.

    Returns:
        The document of a status that `harness schema label` describes. `frame()` has one row for each cell.

    Raises:
        InputError: where nothing was drawn, the width is out of range, or files have errors; all at once.
    """
    from harness.analysis.label.status import checked_width, status, status_json

    judged, paths = _judged(run, results, allow_paths), tuple(map(Path, files))
    wanted = checked_width(judged, width)
    found = status(judged, collected_labels(judged, Path(folder), paths), wanted)
    return Document("label", status_json(judged, found, wanted), _status_table)


def label_export(
    run: AnyRun,
    out: str | Path,
    *files: str | Path,
    force: bool = False,
    folder: str | Path = "labels",
    results: str | Path = "results",
    allow_paths: Iterable[str | Path] = (),
) -> Document:
    """Write the labels of a run as one file with a row for each label, as `harness label export` does.

    Args:
        run: a finished run, a run folder, or a spec by file or name, which stands for its newest run.
        out: CSV file to write.
        *files: the files to read; none for all of the run in `folder`.
        force: overwrite an existing file.
        folder: of label files.
        results: folder of all results.
        allow_paths: as `load_spec` takes them, for a spec that is given by file.

    Returns:
        The document of an export that `harness schema label` describes. `frame()` has one row for the file.

    Raises:
        InputError: where nothing was drawn, files have errors, or the file exists.
    """
    judged = _judged(run, results, allow_paths)
    found = collected_labels(judged, Path(folder), tuple(map(Path, files)))
    rows = export_labels(judged, found, Path(out), force=force)
    return Document("label", export_json(judged, Path(out), rows), _export_table)


def next_json(drawn: DrawnRound) -> dict[str, Any]:
    """A round as `schemas/output/label.schema.json` describes it."""
    draw, items = drawn.draw, drawn.draw.drawn[drawn.number - 1]
    found: dict[str, Any] = rounded(
        {
            "run": draw.run,
            "dataset": draw.dataset,
            "draw": draw.id,
            "seed": draw.seed,
            "round": drawn.number,
            "kind": draw.rounds[drawn.number - 1].kind,
            "items": len(draw.items),
            "drawn": len(items),
            "left": draw.left,
            "unit": draw.unit,
            "cluster_cost": draw.cluster_cost(),
            "strata": strata_rows(draw),
            "variance_cost": draw.cost(),
            "record": str(drawn.record),
            "files": [{"annotator": name, "file": str(path)} for name, path in drawn.files.items()],
        }
    )
    return found


def strata_rows(draw: Draw) -> list[dict[str, Any]]:
    """Items and drawn items of each stratum; none without strata."""
    import numpy as np

    if draw.strata is None:
        return []
    at = [one.at for items in draw.drawn for one in items]
    sizes, shares = draw.strata.sizes, draw.strata.shares
    drawn = np.bincount(draw.strata.of_items[at], minlength=len(sizes))
    return [
        {"stratum": k + 1, "items": int(sizes[k]), "drawn": int(drawn[k]), "disagreement": float(shares[k])}
        for k in range(len(sizes))
    ]


def export_json(judged: Judged, out: Path, labels: int) -> dict[str, Any]:
    """An export as `schemas/output/label.schema.json` describes it."""
    return {"run": judged.id, "spec": judged.spec_name, "file": str(out), "labels": labels}


def _judged(run: AnyRun, results: str | Path, allow_paths: Iterable[str | Path]) -> Judged:
    return read_judged(folder_of(run, results, tuple(map(Path, allow_paths))))


def _file_table(found: Mapping[str, Any]) -> Table:
    """One row for each file to fill in."""
    rows = [(found["dataset"], found["round"], one["annotator"], one["file"], found["drawn"]) for one in found["files"]]
    return ("dataset", "round", "annotator", "file", "items"), rows


def _status_table(found: Mapping[str, Any]) -> Table:
    """One row for each cell, before them one for the labels alone: its figure, and how many labels it still needs."""
    rows = [
        (
            *(part["dataset"], cell["cell"], part["labelled"]),
            *(cell["corrected"][end] for end in FIGURE),
            *(cell["width"], cell["uniform"]["labels"], (cell["stratified"] or {}).get("labels")),
        )
        for part in found["datasets"]
        for cell in part["cells"]
    ]
    return ("dataset", "cell", "labelled", *FIGURE, "width", "more_uniform", "more_stratified"), rows


def _export_table(found: Mapping[str, Any]) -> Table:
    return ("file", "labels"), [(found["file"], found["labels"])]
