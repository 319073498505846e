"""Modules, plug-ins and settings in the current folder do not take the place of installed ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.__main__ import without_current_folder

OURS = (
    *("click", "diskcache", "jinja2", "json", "jsonschema", "numpy", "openai", "orjson", "polars", "rich", "yaml"),
    *("csv", "dataclasses", "difflib", "pathlib", "random", "shlex", "tempfile", "textwrap", "typing"),
    *("sitecustomize", "usercustomize", "conftest", "setup", "mine"),
)
"""Modules that the package or its dependencies import, and those that Python or other tools look for."""
OF_PYTHON = ("harness", "importlib", "contextlib", "warnings", "collections", "functools", "re", "runpy", "os")
"""Modules that `python -m` imports from the current folder before any line of this package runs."""

ENTRY_POINTS = "".join(f"[harness.{kind}]\nevil = mine\n" for kind in ("metrics", "modes", "providers"))


def hostile_folder(folder: Path, modules: tuple[str, ...]) -> None:
    """Fill a folder with modules that leave a mark, a distribution with plug-ins, and settings."""
    for name in modules:
        (folder / f"{name}.py").write_text(f"open('executed-{name}', 'w').close()\n")
    info = folder / "evil-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: evil\nVersion: 1\n")
    (info / "entry_points.txt").write_text(ENTRY_POINTS)
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "evil"\n[project.entry-points."harness.metrics"]\nx = "mine"\n'
    )
    (folder / ".env").write_text("HARNESS_DEBUG=1\nOPENAI_API_KEY=sk-evil\n")
    (folder / "mine.pth").write_text("import mine\n")


COMMAND = Path(sys.executable).with_name("harness.exe" if sys.platform == "win32" else "harness")


@pytest.mark.parametrize(
    ("command", "modules"),
    [
        pytest.param([str(COMMAND)], OURS + OF_PYTHON, id="harness"),
        pytest.param([sys.executable, "-P", "-m", "harness"], OURS + OF_PYTHON, id="python -P -m harness"),
        pytest.param([sys.executable, "-m", "harness"], OURS, id="python -m harness"),
    ],
)
def test_nothing_of_the_current_folder_is_run(tmp_path: Path, command: list[str], modules: tuple[str, ...]) -> None:
    if not Path(command[0]).exists():
        pytest.skip("the command `harness` is not installed beside this Python")
    hostile_folder(tmp_path, modules)
    variables = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [*command, "list", "metrics"], cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    assert "kappa" in done.stdout
    assert "evil" not in done.stdout + done.stderr
    assert sorted(tmp_path.glob("executed-*")) == []


def test_the_folder_of_the_package_stays_on_the_path(tmp_path: Path) -> None:
    here = str(tmp_path)
    assert without_current_folder([here, "/lib"], here, "/elsewhere") == ["/lib"]
    assert without_current_folder(["", "/lib"], here, "/elsewhere") == ["/lib"]
    assert without_current_folder([here, "/lib"], here, here) == [here, "/lib"]
    assert without_current_folder(["/bin", "/lib"], here, "/elsewhere") == ["/bin", "/lib"]
    assert without_current_folder([], here, "/elsewhere") == []
