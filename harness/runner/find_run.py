"""Find the run folder that a user names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import RunFolderError
from harness.runner.run_folder import MANIFEST, _finished, _runs

if TYPE_CHECKING:
    pass


def find_run(run: str, results: Path, *, allow_paths: Iterable[Path] = ()) -> Path:
    """The run folder for a run folder, a spec file or a spec name; of a spec the newest run is used.

    Args:
        run: the argument of the user.
        results: folder of all results.
        allow_paths: folders beside its own that the paths of a spec file may lead into.

    Raises:
        RunFolderError: if there is none; the message lists what was searched and how to make a run.
    """
    folder = Path(run)
    if (folder / MANIFEST).is_file():
        return folder
    name = _name_in(folder, allow_paths) if folder.is_file() else run
    if newest := newest_run(name, results):
        return newest
    if folder.is_dir():
        raise RunFolderError(f"{run} is a folder but not a run folder: it has no {MANIFEST}")
    if folder.is_file():
        raise RunFolderError(f"there is no run of {name} in {results}", hint=f"make one with `harness run {run}`")
    raise RunFolderError(
        f"there is no run folder, spec file or spec with runs called {run}",
        hint=f"name a folder such as {results}/SPEC/RUN, or a spec file",
    )


def _name_in(file: Path, allow_paths: Iterable[Path]) -> str:
    """The name of the spec in a file, which is checked as far as results depend on it."""
    from harness.spec.evaluation import is_generation, load_spec
    from harness.spec.yaml import read_yaml

    document = read_yaml(file.absolute(), str(file))
    if is_generation(document) and isinstance(document.value.get("name"), str):
        return str(document.value["name"])
    return load_spec(file, allow_paths=allow_paths, document=document).name


def newest_run(spec_name: str, results: Path) -> Path | None:
    """The folder of the run of a spec that was finished last, None where there is none."""
    runs = sorted(_runs(results / spec_name), key=_finished) if _is_plain(spec_name) else []
    return runs[-1] if runs else None


def _is_plain(name: str) -> bool:
    return name not in ("", ".", "..") and Path(name).name == name
