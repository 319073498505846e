"""What a help text imports: heavy packages would make it slow."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("numpy", "polars", "scipy", "sklearn", "openai", "aiohttp", "httpx2", "jsonschema", "yaml", "jinja2", "rich")


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["run", "--help"]], ids=" ".join)
def test_a_help_text_imports_no_heavy_package(words: list[str]) -> None:
    program = (
        "import sys; from harness.cli import main; main(sys.argv[1:], prog_name='harness', standalone_mode=False); "
        f"sys.exit(', '.join(sorted({set(HEAVY)} & set(sys.modules))) or None)"
    )
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, timeout=100)
    assert "harness" in done.stdout
    assert (done.returncode, done.stderr) == (0, ""), "imported at the top of a module; import it where it is used"
