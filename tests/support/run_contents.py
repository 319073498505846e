"""The bytes of a run folder that must not depend on when, how fast and where a run was made."""

from __future__ import annotations

from pathlib import Path

from harness.runner.run_check import CHECKSUMS
from harness.runner.run_folder import ENVIRONMENT, SPEC

OF_THE_ENDPOINT = (SPEC, CHECKSUMS)
"""The spec holds the address of a test's server, which differs from run to run; the checksums cover the spec."""


def run_contents(folder: Path) -> dict[str, bytes]:
    """The results of a run whose endpoint has another address each time, by file name."""
    left_out = (ENVIRONMENT, *OF_THE_ENDPOINT)
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir()) if file.name not in left_out}
