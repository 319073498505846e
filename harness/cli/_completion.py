"""Shell completion of the names that users type: specs, runs, cells, kinds of plug-in and schemas.

A function here is called by the shell on a press of Tab, so it prints nothing, makes no model calls, and offers nothing
where a file cannot be read. Names with characters that a shell gives a meaning are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

DEEPEST = 3
"""Levels of folders that are searched for specs."""
MOST = 200
"""Names that are offered."""
_PLAIN = re.compile(r"[\w.:/+@=-]+")


def specs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Spec files below the current folder, or below the folder that `incomplete` names."""
    return _fitting((str(path) for path in _yaml_files(Path(incomplete.rpartition("/")[0]))), incomplete)


def runs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of specs with runs, their run folders, and spec files."""
    results: Path = ctx.params.get("results") or Path("results")
    folders = [folder.parent for folder in sorted(results.glob("*/*/manifest.json"))]
    names = dict.fromkeys(folder.parent.name for folder in folders)
    return _fitting(names, incomplete) + _fitting(map(str, folders), incomplete) + specs(ctx, param, incomplete)


def specs_and_runs(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """What `runs` offers, spec files first."""
    return list(dict.fromkeys([*specs(ctx, param, incomplete), *runs(ctx, param, incomplete)]))


def cells(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Cells of the spec or the run on the command line; without the dataset where there is only one."""
    from harness.errors import HarnessError

    # an option that lacks its value leaves the arguments before it unparsed
    named = ctx.params.get("spec") or ctx.params.get("run") or next(iter(ctx.args), None)
    try:
        ids = _cell_ids(Path(str(named)), ctx.params.get("results") or Path("results")) if named else []
    except (HarnessError, OSError):
        return []
    if len({each.partition("/")[0] for each in ids}) == 1:
        ids = [each.partition("/")[2] for each in ids]
    return _fitting(ids, incomplete)


def metrics(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Metrics of verdicts and labels."""
    from harness import registry

    return _fitting(registry.names("metrics"), incomplete)


def kinds(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Kinds of plug-in."""
    from harness.cli._listing import KINDS

    return _fitting(KINDS, incomplete)


def schemas(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of schemas."""
    from harness.spec.schema import schema_names

    return _fitting(schema_names(), incomplete)


def _cell_ids(named: Path, results: Path) -> list[str]:
    if named.is_file():
        from harness.api import load_spec

        return [cell.id for cell in load_spec(named, results=results).cells]
    from harness.runner.find_run import find_run
    from harness.runner.run_folder import read_leaderboard

    return [str(row["cell"]) for row in read_leaderboard(find_run(str(named), results)).get("rows", [])]


def _yaml_files(folder: Path, depth: int = 1) -> Iterator[Path]:
    """YAML files in a folder and the folders below it, hidden ones left out."""
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.suffix in (".yaml", ".yml"):
            yield entry
        elif depth < DEEPEST and entry.is_dir() and not entry.is_symlink():
            yield from _yaml_files(entry, depth + 1)


def _fitting(names: Iterable[str], incomplete: str) -> list[str]:
    """The names that begin with what was typed."""
    return [name for name in names if name.startswith(incomplete) and _PLAIN.fullmatch(name)][:MOST]
