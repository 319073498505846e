"""The record of a draw: a file beside the label files, from which the draw is made again and the files are checked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from harness.analysis.label.draw import Draw, Ints, Round, Strata
from harness.atomic import replacing
from harness.errors import DatasetError, Problem
from harness.hashing import digest_of

FORMAT = 1
ENDING = ".draw.json"
CLUSTER = "cluster"
KINDS = ("uniform", "disagreement")
RESTORE = "restore it from a copy, or draw anew into another folder with `--dir`"


def record_path(folder: Path, dataset: str) -> Path:
    """Where the record of a dataset is.

    Args:
        folder: of the label files.
        dataset: its name.
    """
    return folder / f"{safe(dataset)}{ENDING}"


def safe(name: str) -> str:
    """A name as part of a file name."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name).lstrip(".") or "_"


def write_record(folder: Path, draw: Draw) -> Path:
    """Write the record of a draw atomically; returns its path."""
    path = record_path(folder, draw.dataset)
    values: dict[str, Any] = {
        "format": FORMAT,
        "draw": draw.id,
        "run": draw.run,
        "dataset": draw.dataset,
        "items": len(draw.items),
        "seed": draw.seed,
        "rounds": [{"kind": one.kind, "n": one.n} for one in draw.rounds],
        "strata": None,
    }
    if draw.clusters is not None:
        values["unit"] = CLUSTER
    if draw.strata is not None:
        values["strata"] = {
            "of_items": "".join(map(str, draw.strata.of_items.tolist())),
            "shares": draw.strata.shares.tolist(),
        }
    values["digest"] = digest_of(values)
    with replacing(path) as file:
        file.write(orjson.dumps(values, option=orjson.OPT_INDENT_2) + b"\n")
    return path


def read_record(path: Path, run: str, dataset: str, items: Sequence[str], clusters: Ints | None = None) -> Draw:
    """The draw of a record.

    Args:
        path: of the record.
        run: id of the run.
        dataset: its name.
        items: ids of its items, in order.
        clusters: of its items, for a record of whole clusters.

    Raises:
        DatasetError: where the record is damaged, was edited, or is of another run.
    """
    try:
        values = orjson.loads(path.read_bytes())
        held = values.pop("digest")
        if values["format"] != FORMAT:
            raise _problem(path, f"has format {values['format']}, and this version of the harness reads {FORMAT}")
        if held != digest_of(values):
            raise _problem(path, "was edited: its digest does not match its content")
        draw = _draw(values, items, clusters)
    except OSError as error:
        raise _problem(path, f"cannot be read: {(error.strerror or str(error)).lower()}") from None
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError, AttributeError):
        raise _problem(path, "is no record of a draw, or is damaged") from None
    if (draw.run, draw.dataset) != (run, dataset) or draw.id != values["draw"]:
        message = f"is of run {draw.run}, dataset {draw.dataset}, not of run {run}, dataset {dataset}"
        if (draw.run, draw.dataset) == (run, dataset):
            message = "is of other items than the run has"
        raise _problem(path, message, "name the run whose items were drawn")
    return draw


def _draw(values: dict[str, Any], items: Sequence[str], clusters: Ints | None) -> Draw:
    if (unit := values.get("unit")) not in (None, CLUSTER) or (unit and clusters is None):
        raise ValueError
    rounds = tuple(Round(one["kind"], int(one["n"])) for one in values["rounds"])
    if any(one.kind not in KINDS or one.n < 1 for one in rounds):
        raise ValueError
    strata = None
    if (held := values["strata"]) is not None:
        of_items = np.array([int(digit) for digit in held["of_items"]], dtype=np.int64)
        shares = np.array(held["shares"], dtype=float)
        if (
            len(of_items) != len(items)
            or of_items.max(initial=-1) != len(shares) - 1
            or not ((shares >= 0) & (shares <= 1)).all()
        ):
            raise ValueError
        strata = Strata(of_items, shares)
    return Draw(
        str(values["run"]),
        str(values["dataset"]),
        int(values["seed"]),
        items,
        rounds,
        strata,
        clusters if unit else None,
    )


def _problem(path: Path, message: str, hint: str = RESTORE) -> DatasetError:
    return DatasetError(Problem(file=str(path), message=message, hint=hint))
