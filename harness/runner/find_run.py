"""Find the run folder that a user names."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.errors import RunFolderError
from harness.runner.places import results_hint, shown_folder
from harness.runner.run_check import check_run
from harness.runner.run_folder import MANIFEST
from harness.runner.stored_runs import NEWEST, StoredRun, is_selector, selected_run, stored_runs


def find_run(run: str, results: Path, *, allow_paths: Iterable[Path] = ()) -> Path:
    """The run folder for a run folder, a spec file or a spec name; of a spec the newest run is used.

    `SPEC@previous`, `SPEC@2` and `SPEC@RUNID` select another run of the spec.

    Args:
        run: the argument of the user.
        results: folder of all results.
        allow_paths: folders beside its own that the paths of a spec file may lead into.

    Raises:
        RunFolderError: if there is none; the message lists what was searched and how to make a run. Or if one of its
            files is not as the run wrote it.
    """
    found = _found_run(run, results, allow_paths)
    check_run(found)
    return found


def _found_run(run: str, results: Path, allow_paths: Iterable[Path]) -> Path:
    folder = Path(run)
    if (folder / MANIFEST).is_file():
        return folder
    spec, selector = spec_and_selector(run)
    named = Path(spec)
    name = spec_name_in(named, allow_paths) if named.is_file() else spec
    if runs := stored_runs(name, results):
        return selected_run(runs, selector or NEWEST, spec).folder
    if folder.is_dir():
        raise RunFolderError(f"{run} is a folder but not a run folder: it has no {MANIFEST}")
    if named.is_file():
        hint = results_hint(name, results, named) or f"make one with `harness run {spec}`"
        raise RunFolderError(f"there is no run of {name} in {shown_folder(results)}", hint=hint)
    raise RunFolderError(
        f"there is no run folder, spec file or spec with runs called {spec} in {shown_folder(results)}",
        hint=f"name a folder such as {results}/SPEC/RUN, or a spec file",
    )


def spec_and_selector(run: str) -> tuple[str, str]:
    """The two sides of `SPEC@SELECTOR`; the selector is "" where there is none, or where a file has that name."""
    spec, at, selector = run.rpartition("@")
    if not (at and spec and selector) or Path(run).exists():
        return run, ""
    if is_selector(selector) or not ("/" in selector or "\\" in selector):
        return spec, selector
    return run, ""


def spec_name_in(file: Path, allow_paths: Iterable[Path]) -> str:
    """The name of the spec in a file, which is checked as far as results depend on it."""
    from harness.spec.evaluation import is_generation, load_spec
    from harness.spec.yaml import read_yaml

    document = read_yaml(file.absolute(), str(file))
    if is_generation(document) and isinstance(document.value.get("name"), str):
        return str(document.value["name"])
    return load_spec(file, allow_paths=allow_paths, document=document).name


def newest_run(spec_name: str, results: Path) -> Path | None:
    """The folder of the run of a spec that was finished last, None where there is none."""
    runs: list[StoredRun] = stored_runs(spec_name, results)
    return runs[-1].folder if runs else None
