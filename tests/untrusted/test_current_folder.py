"""Modules in the current folder do not take the place of installed ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from harness.__main__ import without_current_folder

HOSTILE = ("click", "json", "orjson", "rich", "yaml", "polars", "difflib")


def test_python_m_harness_runs_nothing_of_the_current_folder(tmp_path: Path) -> None:
    for name in HOSTILE:
        (tmp_path / f"{name}.py").write_text(f"open('executed-{name}', 'w').close()\n")
    variables = {name: text for name, text in os.environ.items() if name not in ("PYTHONSAFEPATH", "PYTHONPATH")}
    done = subprocess.run(
        [sys.executable, "-m", "harness", "list", "metrics"],
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert "kappa" in done.stdout
    assert sorted(tmp_path.glob("executed-*")) == []


def test_the_folder_of_the_package_stays_on_the_path(tmp_path: Path) -> None:
    here = str(tmp_path)
    assert without_current_folder([here, "/lib"], here, "/elsewhere") == ["/lib"]
    assert without_current_folder(["", "/lib"], here, "/elsewhere") == ["/lib"]
    assert without_current_folder([here, "/lib"], here, here) == [here, "/lib"]
    assert without_current_folder(["/bin", "/lib"], here, "/elsewhere") == ["/bin", "/lib"]
    assert without_current_folder([], here, "/elsewhere") == []
