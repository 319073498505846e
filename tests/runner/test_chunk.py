"""What a worker of a replay needs, it imports quickly."""

from __future__ import annotations

import subprocess
import sys

from harness.runner.chunk import Chunk


def test_a_worker_starts_without_what_reads_data() -> None:
    code = (
        "import sys; import harness.runner.workers.chunks, harness.runner.recipe; import " + Chunk.__module__ + "; "
        "sys.exit(any(name in sys.modules for name in ('polars', 'numpy', 'aiohttp', 'openai')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
