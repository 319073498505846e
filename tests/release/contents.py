"""What a wheel and a source archive must hold, and what they must not."""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath

NEEDED = (
    "harness/py.typed",
    "harness/cli/starters/*",
    "harness/report/templates/*",
    "harness/prompting/strategies/*.yaml",
    "harness/prompting/personas/*.yaml",
    "harness/generation/reviews/*.yaml",
    "harness/spec/experiment.schema.json",
    "harness/schemas/input/*.schema.json",
    "harness/schemas/output/*.schema.json",
    "*.dist-info/licenses/LICENSE",
    "*.dist-info/entry_points.txt",
    "*.dist-info/METADATA",
)
"""Patterns, each of which a file of the wheel must match."""
TOPS = re.compile(r"harness|fellowship_harness-[^/]+\.dist-info")
ENDINGS = {".py", ".typed", ".yaml", ".json", ".jsonl", ".html", ".css", ".js", ".svg", ".md", ".txt", ".parquet", ""}
_SECRET = re.compile(
    rb"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----|\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}|\bAIza[0-9A-Za-z_-]{35}\b"
    rb"|\bghp_[A-Za-z0-9]{36}\b|\bAKIA[0-9A-Z]{16}\b|\bhf_[A-Za-z]{34}\b"
)
_PRIVATE = re.compile(
    r"(^|/)(\.env|\.netrc|\.pypirc|id_rsa|cache\.db|\.git|\.tox|\.venv|__pycache__)(/|$)|\.(pem|key)$"
)


def wheel_problems(wheel: Path, package: Path) -> list[str]:
    """What is wrong with the contents of a wheel.

    Args:
        wheel: the file.
        package: the folder `harness` of the checkout; every file of it must be in the wheel.
    """
    with zipfile.ZipFile(wheel) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    found = [f"{wheel.name} holds {name}, which is no part of the package" for name in contents if not _belongs(name)]
    found += [f"{wheel.name} lacks {pattern}" for pattern in NEEDED if not _has(contents, pattern)]
    sources = {f"harness/{path.relative_to(package).as_posix()}" for path in package.rglob("*") if path.is_file()}
    lacking = sorted(name for name in sources - set(contents) if "__pycache__" not in name)
    found += [f"{wheel.name} lacks {name}" for name in lacking]
    return found + list(_private(wheel.name, contents))


def source_problems(source: Path) -> list[str]:
    """What is wrong with the contents of a source archive."""
    with tarfile.open(source) as archive:
        members = [member for member in archive.getmembers() if not member.isdir()]
        found = [f"{source.name} holds {one.name}, which is a link or a device" for one in members if not one.isfile()]
        contents = {one.name: _read(archive, one) for one in members if one.isfile()}
    needed = ("LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "tests/conftest.py", "docs/index.md")
    found += [f"{source.name} lacks {name}" for name in needed if not _has(contents, f"*/{name}")]
    return found + list(_private(source.name, contents))


def _read(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = archive.extractfile(member)
    assert file is not None
    return file.read()


def _belongs(name: str) -> bool:
    path = PurePosixPath(name)
    is_test = any(part in ("tests", "test", "conftest.py") or part.startswith("test_") for part in path.parts)
    is_info = path.parts[0].endswith(".dist-info")
    return bool(TOPS.fullmatch(path.parts[0])) and not is_test and (is_info or path.suffix in ENDINGS)


def _has(names: Collection[str], pattern: str) -> bool:
    return any(PurePosixPath(name).match(pattern) for name in names)


def _private(archive: str, contents: dict[str, bytes]) -> Iterator[str]:
    """Files and texts that must not be published. Tests hold keys of their own making, which name themselves so."""
    for name, content in contents.items():
        if _PRIVATE.search(name):
            yield f"{archive} holds {name}, which is private"
        if "/tests/" not in f"/{name}" and _SECRET.search(content):
            yield f"{archive} holds what reads as a secret in {name}"
