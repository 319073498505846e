"""The list of runs: what each compared, and which cell is the best."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.errors import RunFolderError
from harness.leaderboard.numbers import with_interval
from harness.runner.run_folder import LEADERBOARD, MANIFEST, read_json
from harness.viewer.addresses import COMPARE, run_address
from harness.viewer.pages import RunRow, RunsPage
from harness.viewer.roots import RunKey


def runs_page(folders: Mapping[RunKey, Path]) -> RunsPage:
    """The list of some runs; one that cannot be read is named with the reason."""
    rows, damaged = [], []
    for key, folder in folders.items():
        try:
            rows.append(_row(key, read_json(folder, MANIFEST), read_json(folder, LEADERBOARD)))
        except RunFolderError as error:
            damaged.append(str(error.problems[0]))
        except (AttributeError, LookupError, TypeError, ValueError):
            damaged.append(f"{folder} is damaged or of another version")
    return RunsPage(rows, damaged, COMPARE)


def _row(key: RunKey, manifest: Mapping[str, Any], board: Mapping[str, Any]) -> RunRow:
    kind = str(manifest.get("kind", "evaluation"))
    best, value = _best(board) if kind == "evaluation" else ("", "")
    return RunRow(
        key.text,
        run_address(key),
        str(manifest["spec"]),
        str(manifest["run"]),
        kind,
        len(manifest["cells"]),
        int(manifest["judgments"]),
        best,
        value,
    )


def _best(board: Mapping[str, Any]) -> tuple[str, str]:
    """The first cell of an evaluation, and its figure of the metric that ranks it."""
    if not board["rows"]:
        return "", ""
    row = board["rows"][0]
    figure = row["metrics"][board["metric"]]
    if figure["value"] is None:
        return str(row["cell"]), ""
    return str(row["cell"]), f"{board['metric']} {with_interval(figure['value'], figure['low'], figure['high'])}"
