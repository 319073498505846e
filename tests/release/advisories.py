"""Known vulnerabilities of the oldest and the newest dependencies, by pip-audit. What could not be checked fails."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def compiled(root: Path, resolution: str, file: Path) -> Path:
    """Write the versions of all dependencies, extras included; `resolution` is one that uv knows."""
    command = ["uv", "pip", "compile", "--quiet", "--all-extras", "--no-header", "--no-annotate"]
    constraints = ["--constraint", str(root / "tests/lowest.txt")] if resolution != "highest" else []
    command += ["--python-version", "3.11", "--resolution", resolution, *constraints]
    subprocess.run([*command, "--output-file", str(file), str(root / "pyproject.toml")], check=True)
    return file


def audited(file: Path) -> tuple[dict[str, Any] | None, str]:
    """What pip-audit found for a file of pinned versions, and what it said on stderr; None where it could not run."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(file), "--disable-pip", "--no-deps"]
    done = subprocess.run([*command, "--format", "json", "--progress-spinner", "off"], capture_output=True, text=True)
    try:
        found = json.loads(done.stdout)
    except ValueError:
        return None, done.stderr
    return (found if isinstance(found, dict) else None), done.stderr


def problems(name: str, found: dict[str, Any] | None, said: str, expected: int) -> Iterator[str]:
    """Why a set of dependencies does not pass.

    Args:
        name: of the set.
        found: the JSON of pip-audit, None where there is none.
        said: its stderr.
        expected: how many packages were to be checked.
    """
    if found is None:
        last = (said.strip().splitlines() or ["no message"])[-1]
        yield f"{name}: could not be checked: {last[:300]}"
        return
    packages = found.get("dependencies", [])
    # Without its database, pip-audit lists every package as skipped and still succeeds.
    skipped = [one["name"] for one in packages if "vulns" not in one]
    checked = len(packages) - len(skipped)
    if skipped or checked < expected:
        missing = f", {', '.join(skipped[:3])} and others among them" if skipped else ""
        yield f"{name}: {expected - checked} of {expected} packages could not be checked{missing}"
    for one in packages:
        for vulnerability in one.get("vulns", []):
            fixed = ", ".join(vulnerability.get("fix_versions", [])) or "no version"
            yield f"{name}: {one['name']} {one['version']} has {vulnerability['id']}, fixed in {fixed}"


def pinned(file: Path) -> int:
    """How many packages a file of pinned versions names."""
    return sum("==" in line for line in file.read_text(encoding="utf-8").splitlines())
