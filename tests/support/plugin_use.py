"""What the specs of `support.plugins` show where a plug-in of each kind works, wherever the plug-ins come from."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness import registry
from support.plugins import SAMPLE
from support.wheels import source_files

FILES = {
    "dataset_formats/sample-tsv": 1,
    "export_formats/sample-pairs": 1,
    "label_metrics/sample-misses": 1,
    "leaderboard_formats/sample-lines": 1,
    "metrics/sample-share": 1,
    "modes/sample-ask": 2,  # a module and the schema of its settings
    "modes/sample-first": 1,
    "personas/sample-panel": 1,
    "probes/sample-first": 1,
    "providers/sample-constant": 2,  # a module and the schema of its settings
    "ranking_metrics/sample-last": 1,
    "reviews/sample-review": 1,
    "soft_metrics/sample-distance": 1,
    "strategies/sample-which": 1,
}
"""The number of files that one plug-in takes, by kind and name, beside its line among the entry points."""


def files_of_sample() -> dict[str, list[Path]]:
    """The files of each plug-in of the sample distribution, by kind and name."""
    points = ConfigParser()
    points.read(next(SAMPLE.glob("*.dist-info")) / "entry_points.txt")
    found = {}
    for group in points.sections():
        kind = group.removeprefix("harness.")
        for name, value in points[group].items():
            module = SAMPLE / value.partition(":")[0].replace(".", "/")
            found[f"{kind}/{name}"] = (
                [module / f"{name}.yaml"]
                if kind in registry.TEXTS
                else [module.with_suffix(".py"), *module.parent.glob(f"{name.replace('-', '_')}.schema.json")]
                if kind in ("modes", "providers")
                else [module.with_suffix(".py")]
            )
    return found


def check_files_of_sample() -> None:
    """Each plug-in of the sample takes the files of the table, and the distribution has no other."""
    found = files_of_sample()
    assert {name: len(files) for name, files in sorted(found.items())} == FILES
    others = {path for path in source_files(SAMPLE / "sample_plugins") if path.name != "__init__.py"}
    assert {path for files in found.values() for path in files} == others


@dataclass(frozen=True, slots=True)
class Commands:
    """Runs `harness` in a folder with the plug-ins of another folder on the path."""

    command: Sequence[str | Path]
    folder: Path
    path: Sequence[str | Path]

    def __call__(self, *arguments: str, code: int = 0) -> str:
        """What the command prints; where it is to fail with `code`, what it prints on standard error."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("HARNESS_")}
        done = subprocess.run(
            [*self.command, *arguments],
            cwd=self.folder,
            env={**environment, "PYTHONPATH": os.pathsep.join(map(str, self.path))},
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        assert done.returncode == code, done.stderr
        return done.stdout if code == 0 else done.stderr


def check_evaluation(run: Commands, shown: str) -> None:
    """`shown`, printed by the run of `plugged.yaml`, and its leaderboard come from the plug-ins of each kind."""
    assert shown.count("row of plugged: ") == 5
    board = json.loads(run("leaderboard", "plugged.yaml", "--format", "json"))
    share = {row["cell"]: row["metrics"]["sample-share"]["value"] for row in board["rows"]}
    assert share["pairs/sample-which/judge:first"] == pytest.approx(3 / 6)
    assert share["pairs/sample-which/judge:second"] == pytest.approx(2 / 6)
    assert share["pairs/sample-which/sample-ask:second(hint=x)"] == pytest.approx(2 / 6)
    assert share["pairs/sample-which/sample-first:first+second"] == pytest.approx(3 / 6)
    first = {row["cell"]: row["companions"]["sample-first.share"]["value"] for row in board["rows"]}
    assert first["pairs/sample-which/judge:first"] == 1
    assert first["pairs/sample-which/judge:second"] == 0
    assert any("debate:usual(personas=sample-panel" in cell for cell in share)


def check_later_commands(run: Commands, shown: str) -> None:
    """The finished run of `plugged.yaml` is replayed, audited, exported and explained with the plug-ins."""
    assert run("run", "plugged.yaml", "--offline", "--format", "sample-lines") == shown
    assert "it prefers the first response on 100% of the items" in run("audit", "plugged.yaml")
    run("export", "plugged.yaml", "--format", "sample-pairs", "--out", "pairs.jsonl")
    rows = [json.loads(line) for line in (run.folder / "pairs.jsonl").read_text().splitlines()]
    assert all({row["yes"][:3], row["no"][:3]} == {"Blu", "Red"} for row in rows)
    assert "count" in run("explain", "plugged.yaml", "pairs/sample-which/sample-first:first+second")


def check_generation(run: Commands) -> None:
    """`looped.yaml` runs with the plug-ins, is replayed without a call and exported."""
    shown = run("run", "looped.yaml", "--format", "sample-lines")
    assert "row of looped: " in shown
    assert run("run", "looped.yaml", "--offline", "--format", "sample-lines") == shown
    run("export", "looped.yaml", "--format", "sample-pairs", "--out", "loops.jsonl")
    rows = [json.loads(line) for line in (run.folder / "loops.jsonl").read_text().splitlines()]
    assert all(set(row) >= {"yes", "no"} for row in rows)
