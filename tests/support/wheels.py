"""A wheel, written file by file as the specification of the format asks, with neither a build backend nor a network."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from pathlib import Path

WHEEL = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


def write_wheel(installed: Path, folder: Path) -> Path:
    """The wheel of the one distribution that is installed in a folder.

    Args:
        installed: the folder with the package and its `NAME-VERSION.dist-info`.
        folder: where the wheel is written.
    """
    (info,) = installed.glob("*.dist-info")
    files = {path.relative_to(installed).as_posix(): path.read_bytes() for path in source_files(installed)}
    files[f"{info.name}/WHEEL"] = WHEEL.encode()
    record = "".join(f"{name},sha256={_digest(content)},{len(content)}\n" for name, content in files.items())
    record_name = f"{info.name}/RECORD"
    files[record_name] = f"{record}{record_name},,\n".encode()
    wheel = folder / f"{info.name.removesuffix('.dist-info')}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return wheel


def source_files(folder: Path) -> list[Path]:
    """The files below a folder without what Python has compiled."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
