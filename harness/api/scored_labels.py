"""`calibrate` and `threshold` as functions: probabilities and scores of finished runs against labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from harness.api.document import Document
from harness.api.document_tables import calibration_table, threshold_table
from harness.api.finished_run import AnyRun, folder_of
from harness.api.label_source import source_of
from harness.errors import InputError
from harness.runner.run_reader import read_judged
from harness.text import listed, quoted, suggestion

if TYPE_CHECKING:
    from harness.analysis.threshold.choose import Aim
    from harness.records.label_set import LabelSet
    from harness.report.pages.curves import CurvePage

FOLDS = (2, 50)
"""The fewest and the most parts of a cross-fit."""


def calibrate(
    run: AnyRun,
    labels: Any = None,
    *,
    cell: str | None = None,
    write: str | Path | None = None,
    method: Literal["isotonic", "sigmoid"] = "isotonic",
    out: str | Path | None = None,
    force: bool = False,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    values: Mapping[str, str] | None = None,
    skip_unknown: bool = False,
    results: str | Path = "results",
    allow_paths: Iterable[str | Path] = (),
) -> Document:
    """Compare the probabilities that the evaluators of a run give with labels, as `harness calibrate` does.

    Args:
        run: a finished run, a run folder, or a spec by file or name, which stands for its newest run.
        labels: as `correct` takes them; the labels of the dataset where it is None.
        cell: id of the only cell; None for all.
        write: file to write the fitted calibrations to, for `score: {calibration}` of a spec; None for none.
        method: of these calibrations.
        out: file to write the reliability to, `.html` or `.svg`; None for none.
        force: overwrite the file of `out`.
        columns: names of the columns of a file of labels, as `correct` takes them.
        values: what the words of a file of labels mean.
        skip_unknown: whether to ignore rows whose id is not in the run.
        results: folder of all results.
        allow_paths: as `load_spec` takes them, for a spec that is given by file.

    Returns:
        The document that `harness schema calibrate` describes. `frame()` has one row for each cell.

    Raises:
        InputError: where the run or the labels cannot be read, or a file cannot be written.
    """
    from harness.analysis.calibrate.applied_file import calibration_file, write_calibration
    from harness.analysis.calibrate.calibrate import calibrate as calibrated
    from harness.analysis.calibrate.document import calibration_json

    source = source_of(labels, columns, values, skip_unknown=skip_unknown)
    if method not in ("isotonic", "sigmoid"):
        raise InputError(f"there is no method {quoted(method)}", hint="use `isotonic` or `sigmoid`")
    _check_out(out, force=force)
    judged = read_judged(folder_of(run, results, tuple(map(Path, allow_paths))), votes=True)
    fitted = calibrated(judged, source, cell=cell)
    if write is not None:
        write_calibration(calibration_file(judged, fitted, method), Path(write))
    found = calibration_json(judged, fitted)
    if out is not None:
        from harness.report.pages.curves import calibration_page

        _write_out(calibration_page(found), Path(out), found)
    return Document("calibrate", found, calibration_table)


def threshold(
    run: AnyRun,
    labels: Any = None,
    *,
    aim: str | None = None,
    recall: Mapping[str, float] | None = None,
    cell: str | None = None,
    folds: int = 5,
    out: str | Path | None = None,
    force: bool = False,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    values: Mapping[str, str] | None = None,
    skip_unknown: bool = False,
    results: str | Path = "results",
    allow_paths: Iterable[str | Path] = (),
) -> Document:
    """Choose the score from which a response passes, and measure it on held-out items, as `harness threshold` does.

    Args:
        run: a finished run, a run folder, or a spec by file or name, which stands for its newest run.
        labels: as `correct` takes them; the labels of the dataset where it is None.
        aim: metric of labels to maximize; `balanced-accuracy` where both it and `recall` are None.
        recall: one label with the recall to keep, such as `{"pass": 0.95}`; that of the other label is maximized.
        cell: id of the only cell; None for all.
        folds: parts of the cross-fit, 2 to 50.
        out: file to write the ROC curves to, `.html` or `.svg`; None for none.
        force: overwrite the file of `out`.
        columns: names of the columns of a file of labels, as `correct` takes them.
        values: what the words of a file of labels mean.
        skip_unknown: whether to ignore rows whose id is not in the run.
        results: folder of all results.
        allow_paths: as `load_spec` takes them, for a spec that is given by file.

    Returns:
        The document that `harness schema threshold` describes. `frame()` has one row for each cell.

    Raises:
        InputError: where an argument is out of range, the run or the labels cannot be read, or the labels are not two.
    """
    from harness.analysis.threshold.document import threshold_json
    from harness.analysis.threshold.threshold import check_labels, thresholds

    source = source_of(labels, columns, values, skip_unknown=skip_unknown)
    if not FOLDS[0] <= folds <= FOLDS[1]:
        raise InputError(f"folds must be {FOLDS[0]} to {FOLDS[1]}, not {folds}")
    _check_out(out, force=force)
    judged = read_judged(folder_of(run, results, tuple(map(Path, allow_paths))), votes=True)
    check_labels(judged)
    wanted = _aim(aim, recall, judged.label_set)
    found = threshold_json(judged, wanted, folds, thresholds(judged, wanted, source, cell=cell, folds=folds))
    if out is not None:
        from harness.report.pages.curves import threshold_page

        _write_out(threshold_page(found), Path(out), found)
    return Document("threshold", found, threshold_table)


def _aim(aim: str | None, recall: Mapping[str, float] | None, labels: LabelSet) -> Aim:
    """What a threshold is chosen for."""
    from harness.analysis.threshold.choose import Aim
    from harness.records.metric_names import fits, names_of

    if recall is None:
        metric = aim or "balanced-accuracy"
        if not fits(metric, labels):
            raise InputError(
                f"aim: there is no metric {quoted(metric)} of these labels", hint=suggestion(metric, names_of(labels))
            )
        return Aim(metric)
    if aim is not None or len(recall) != 1:
        raise InputError("give `aim`, or `recall` of one label", hint='such as recall={"pass": 0.95}')
    ((label, least),) = recall.items()
    if label not in labels.names:
        raise InputError(f"recall: {quoted(str(label))} is no label of this run", hint=f"it has {listed(labels.names)}")
    if not 0 < least <= 1:
        raise InputError(f"recall: {least!r} is no share from 0 to 1")
    other = next(name for name in labels.names if name != label)
    return Aim(f"recall-{other}", label, float(least))


def _check_out(out: str | Path | None, *, force: bool) -> None:
    if out is not None:
        from harness.report.curve_file import check_curve_file

        check_curve_file(Path(out), force=force)


def _write_out(page: CurvePage, out: Path, found: Mapping[str, Any]) -> None:
    from harness.report.curve_file import write_curves

    write_curves(page, out, f"{page.title} of {found['spec']}", f"run {found['run']}")
