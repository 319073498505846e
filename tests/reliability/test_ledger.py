"""Several processes share one limit through a ledger, and some of them are killed."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from harness.providers.ledger import Ledger
from harness.providers.simulation.dataset import make_pairs
from harness.providers.simulation.world import Service
from reliability.served import served

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX"),
]

SPEC = """\
schema: 1
name: {name}
datasets: {{letters: {{path: letters.jsonl}}}}
models:
  small: {{provider: openai, model: "simulated?skill={skill}", base_url: "{url}", price: {{input: 10, output: 20}},
    params: {{max_tokens: 200}}, limits: {{concurrency: 8}}, identity: served}}
matrix: {{dataset: [letters], strategy: [direct, combined-10], evaluator: [{{judge: [small]}}]}}
score: {{resamples: 100}}
"""
LIMIT_USD = 0.6
"""Three runs need about twice as much."""


def test_runs_side_by_side_and_a_killed_one_stay_within_one_limit(tmp_path):
    (tmp_path / "letters.jsonl").write_text("".join(json.dumps(row) + "\n" for row in make_pairs(3, 60)))
    with served(Service(latency_ms=100)) as server:
        running = []
        for number, skill in enumerate((0.5, 0.6, 0.7)):
            spec = tmp_path / f"s{number}.yaml"
            spec.write_text(SPEC.format(name=f"s{number}", skill=skill, url=server.url))
            words = ["--cache", f"cache{number}", "--max-cost", str(LIMIT_USD), "--ledger", "all.jsonl"]
            command = [sys.executable, "-m", "harness", "run", str(spec), *words]
            running.append(subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL))
        while not (tmp_path / "all.jsonl").exists() or (tmp_path / "all.jsonl").read_bytes().count(b"spent") < 30:
            time.sleep(0.01)
        running[0].kill()
        said = [process.communicate(timeout=240)[1].decode() for process in running]
        prompt, completion = server.billed_tokens
    assert running[0].returncode == -9
    assert all(process.returncode in (0, 1) for process in running[1:]), said
    assert (prompt * 10 + completion * 20) / 1e6 <= LIMIT_USD
    totals = Ledger(tmp_path / "all.jsonl").totals()
    assert totals.spent_usd + totals.unknown_usd <= LIMIT_USD
    assert totals.in_flight_usd == 0
    assert totals.killed_usd == totals.unknown_usd
    assert "of the ledger all.jsonl" in said[1]
    assert any("stopped before --max-cost 0.6 could be passed" in each for each in said[1:])
