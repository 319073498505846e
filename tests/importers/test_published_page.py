"""The page about the published study says what its replies give."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.paths import ROOT

DOCS = ROOT / "docs"
PUBLISHED = Path(os.environ.get("HARNESS_PUBLISHED_DATA", DOCS.parent / ".." / "shared" / "data"))


@pytest.mark.skipif(
    not (PUBLISHED / "MA-PO").is_dir(), reason=f"the published data are not at {PUBLISHED} (HARNESS_PUBLISHED_DATA)"
)
@pytest.mark.slow
def test_the_page_is_what_the_study_gives():
    script = [sys.executable, str(DOCS / "_generate" / "published_study.py"), str(PUBLISHED), "--check"]
    assert subprocess.run(script, check=False).returncode == 0, "write it anew with docs/_generate/published_study.py"


def test_the_page_has_the_published_win_rates_with_intervals_and_every_convention_of_ties():
    text = (DOCS / "validation" / "published-study.md").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| Llama-3.1-8B, gemma-2-9b |")]
    assert len(rows) == 3
    assert "| 71.8 % [" in rows[2]
    assert "| 73.8 % [" in rows[0]
    assert all(line.count(" % [") == 3 for line in rows)
