"""A fitted calibration as a file that a spec can apply (`schemas/input/calibration.schema.json`)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from harness.analysis.calibrate.calibrate import DatasetCalibration
from harness.analysis.calibrate.fit import Method
from harness.atomic import replacing
from harness.errors import InputError
from harness.hashing import rounded
from harness.runner.run_reader import Judged


def calibration_file(run: Judged, found: Sequence[DatasetCalibration], method: Method) -> dict[str, Any]:
    """The calibrations of the cells of one dataset.

    Args:
        run: that they were fitted to.
        found: of its datasets.
        method: of the maps.

    Raises:
        InputError: where there are several datasets, or no cell has a calibration.
    """
    if len(found) > 1:
        names = ", ".join(one.dataset for one in found)
        raise InputError(
            f"a calibration file is of one dataset, and there are {names}", hint="choose a cell with --cell"
        )
    data = found[0]
    cells = {
        cell.soft.cell.id.removeprefix(f"{data.dataset}/"): {
            "method": method,
            "n": cell.n,
            "points": [list(pair) for pair in cell.maps[method]],
            "tie_margin": cell.margins[method],
        }
        for cell in data.cells
        if cell.maps
    }
    if not cells:
        reasons = dict.fromkeys(cell.reason or cell.fit_reason for cell in data.cells)
        raise InputError(f"no cell has a calibration to write: {'; '.join(reasons)}")
    document = {
        "schema": 1,
        "kind": "calibration",
        "run": run.id,
        "spec": run.spec_name,
        "dataset": data.dataset,
        "cells": cells,
        "items": sorted(set(data.contents)),
    }
    return cast(dict[str, Any], rounded(document))


def write_calibration(document: dict[str, Any], path: Path) -> None:
    """Write a calibration file; an older one is replaced.

    Raises:
        StorageError: if it cannot be written.
    """
    with replacing(path) as handle:
        handle.write(json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n")
