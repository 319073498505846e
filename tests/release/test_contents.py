"""A wheel with what does not belong in it, or without what does, is refused."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from release.contents import source_problems, wheel_problems
from support.paths import ROOT

INFO = "fellowship_harness-1.dist-info"


@pytest.fixture(scope="module")
def whole() -> dict[str, bytes]:
    """The contents of a wheel as it should be."""
    package = {
        f"harness/{path.relative_to(ROOT / 'harness').as_posix()}": path.read_bytes()
        for path in (ROOT / "harness").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    schemas = {f"harness/{path.relative_to(ROOT).as_posix()}": path.read_bytes() for path in _schemas()}
    info = {f"{INFO}/{name}": b"x" for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")}
    return {**package, **schemas, **info}


def _schemas() -> list[Path]:
    return sorted((ROOT / "schemas").rglob("*.json"))


def found_in(tmp_path: Path, contents: dict[str, bytes]) -> list[str]:
    """What is wrong with a wheel of some contents."""
    wheel = tmp_path / "x.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return wheel_problems(wheel, ROOT / "harness")


def test_a_wheel_of_all_files_passes(tmp_path: Path, whole: dict[str, bytes]) -> None:
    assert found_in(tmp_path, whole) == []


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("tests/conftest.py", b"", "no part of the package"),
        ("harness/tests/test_x.py", b"", "no part of the package"),
        ("harness/program.exe", b"", "no part of the package"),
        ("docs/index.md", b"", "no part of the package"),
        ("harness/.env", b"", "private"),
        ("harness/server.key", b"", "private"),
        ("harness/x.txt", b"key: sk-" + b"a1B2" * 10, "reads as a secret"),
        ("harness/y.txt", b"-----BEGIN PRIVATE KEY-----", "reads as a secret"),
    ],
)
def test_what_does_not_belong_in_a_wheel_is_named(
    tmp_path: Path, whole: dict[str, bytes], name: str, content: bytes, reason: str
) -> None:
    found = found_in(tmp_path, {**whole, name: content})
    assert found
    assert any(reason in problem and name in problem for problem in found)


@pytest.mark.parametrize(
    "part",
    [
        "harness/py.typed",
        "harness/schemas/input/",
        "harness/schemas/output/",
        "harness/report/templates/",
        "harness/prompting/strategies/",
        "harness/cli/starters/",
        f"{INFO}/licenses/LICENSE",
        f"{INFO}/entry_points.txt",
        "harness/cli/run.py",
    ],
)
def test_what_is_lacking_in_a_wheel_is_named(tmp_path: Path, whole: dict[str, bytes], part: str) -> None:
    found = found_in(tmp_path, {name: content for name, content in whole.items() if not name.startswith(part)})
    assert found
    assert all("lacks" in problem for problem in found)


def test_a_source_archive_with_a_link_or_without_its_licence_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as archive:
        for name in ("README.md", "CHANGELOG.md", "pyproject.toml", "tests/conftest.py", "docs/index.md"):
            archive.addfile(tarfile.TarInfo(f"x-1/{name}"), io.BytesIO())
        link = tarfile.TarInfo("x-1/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    found = source_problems(tmp_path / "x.tar.gz")
    assert found == [
        "x.tar.gz holds x-1/link, which is a link or a device",
        "x.tar.gz lacks LICENSE",
    ]
