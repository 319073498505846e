"""What `harness run --retry` can ask for again. The help of the command needs nothing else of the runner."""

from __future__ import annotations

from harness.records.judgments import FAILURES

EVERY = "failed"
DAMAGED = "damaged"
RETRIES = (EVERY, *FAILURES, DAMAGED)
"""Values of `--retry`: all failures, those of a kind, or stored replies that were changed and cannot be used."""
