"""Run the checks of a release: `python -m release FOLDER` in `tests`, which writes the archives and the SBOM to FOLDER.

Exit code 1 where a check failed or could not run.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from release.advisories import audited, compiled, pinned, problems
from release.contents import source_problems, wheel_problems

ROOT = Path(__file__).parents[2]
SETS = {"lowest": "lowest-direct", "newest": "highest"}


def archive_problems(folder: Path) -> list[str]:
    """Build the source archive and the wheel from it, and check both."""
    subprocess.run([sys.executable, "-m", "build", "--installer", "uv", "--outdir", str(folder), str(ROOT)], check=True)
    (wheel,), (source,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    found = wheel_problems(wheel, ROOT / "harness") + source_problems(source)
    for command in (["twine", "check", "--strict", wheel, source], ["check_wheel_contents", wheel]):
        done = subprocess.run([sys.executable, "-m", *map(str, command)], capture_output=True, text=True)
        print(f"{command[0]}: {done.stdout.strip() or done.stderr.strip()}")
        if done.returncode:
            found.append(f"{command[0]} failed")
    return found


def dependency_problems(folder: Path) -> list[str]:
    """Check the oldest and the newest dependencies, and write a bill of materials of the newest."""
    found = []
    for name, resolution in SETS.items():
        file = compiled(ROOT, resolution, folder / f"{name}.txt")
        count = pinned(file)
        missing = list(problems(name, *audited(file), expected=count))
        print(f"{name}: {count} packages, {len(missing)} problems")
        found += missing
    bill = folder / "sbom.cdx.json"
    command = ["cyclonedx_py", "requirements", "--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible"]
    subprocess.run([sys.executable, "-m", *command, "-o", str(bill), str(folder / "newest.txt")], check=True)
    print(f"bill of materials: {bill}")
    return found


def main(folder: Path) -> int:
    """Run all checks and print what is wrong."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in [*folder.glob("*.whl"), *folder.glob("*.tar.gz")]:
        old.unlink()
    found = archive_problems(folder) + dependency_problems(folder)
    for problem in found:
        print(f"error: {problem}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
