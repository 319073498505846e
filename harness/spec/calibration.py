"""`score: {calibration}`: a file that `harness calibrate --write` made."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.errors import Problem, SpecError
from harness.records.calibration import Calibration, CalibrationMap
from harness.records.document import Document
from harness.spec.checks import CheckedDocument
from harness.spec.paths import Folders, file_fault
from harness.spec.schema import check

PLACE = ("score", "calibration")
MOST_BYTES = 200_000_000


def with_calibration(checked: CheckedDocument, folders: Folders) -> tuple[Document, list[Problem]]:
    """The document with the digest of its calibration, and the problems of the file.

    Args:
        checked: the spec.
        folders: where its paths may lead.
    """
    document = checked.document
    entry = checked.part(*PLACE)
    if entry is None:
        return document, []
    path = entry["path"]
    if fault := file_fault(path, folders):
        return document, [document.problem((*PLACE, "path"), fault[0], hint=fault[1])]
    try:
        found = read_calibration(folders.own / path, str(Path(document.file).parent / path))
    except SpecError as error:
        return document, list(error.problems)
    if entry.get("digest") not in (None, found.digest):
        message = "the calibration has changed: its digest is another one"
        hint = f"write `digest: {found.digest}`, or none, if the new file is meant"
        return document, [document.problem((*PLACE, "digest"), message, hint=hint)]
    score = {**document.value["score"], "calibration": {"path": path, "digest": found.digest}}
    return replace(document, value={**document.value, "score": score}), []


def read_calibration(path: Path, shown: str) -> Calibration:
    """A calibration file, checked.

    Args:
        path: the file.
        shown: its name in messages.

    Raises:
        SpecError: with all problems.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise SpecError(Problem(shown, message=f"is larger than {MOST_BYTES:,} bytes", hint=MADE))
        content = path.read_bytes()
        value: Any = json.loads(content)
    except OSError as error:
        raise SpecError(Problem(shown, message=f"cannot be read: {error.strerror or error}")) from error
    except (ValueError, RecursionError) as error:
        raise SpecError(Problem(shown, message="is not JSON", hint=MADE)) from error
    if problems := check(Document(shown, value), "calibration"):
        raise SpecError(problems)
    cells = {
        name: CalibrationMap(one["method"], tuple(map(tuple, one["points"])), one["tie_margin"], one["n"])
        for name, one in value["cells"].items()
    }
    for name, one in cells.items():
        if any(low[0] >= high[0] for low, high in zip(one.points, one.points[1:], strict=False)):
            message = "the points do not rise"
            raise SpecError(Problem(shown, message=message, hint=MADE, path=f"cells[{json.dumps(name)}].points"))
    return Calibration(cells, frozenset(value["items"]), hashlib.sha256(content).hexdigest())


MADE = "`harness calibrate RUN --write FILE` makes one"
