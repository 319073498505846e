"""Several processes on one cache, with one spec and with several that share calls."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from harness.cache.cache import Cache
from harness.providers.simulation.dataset import make_pairs
from harness.providers.simulation.world import Service
from reliability.served import served
from support.run_contents import run_contents

SPEC = """\
schema: 1
name: {name}
datasets: {{letters: {{path: letters.jsonl}}}}
models:
  small: {{provider: openai, model: "simulated?skill=0.6", base_url: "{url}",
    limits: {{concurrency: 8}}, identity: served}}
matrix:
  dataset: [letters]
  strategy: [{strategies}]
  evaluator: [{{judge: [small]}}]
score: {{resamples: 200}}
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    "specs",
    [
        {"one": "direct, combined-10", "two": "combined-10, direct"},
        {"one": "direct, cot", "two": "direct, combined-5"},
        {"one": "direct", "two": "direct", "three": "direct", "four": "direct"},
    ],
    ids=["the same calls", "some calls shared", "four at once"],
)
def test_shared_calls_are_made_once_and_results_are_right(tmp_path, specs):
    (tmp_path / "letters.jsonl").write_text("".join(json.dumps(row) + "\n" for row in make_pairs(3, 40)))

    def command(name, url, *words, cache="cache", results="results"):
        (tmp_path / f"{name}.yaml").write_text(SPEC.format(name=name, url=url, strategies=specs[name]))
        places = ["--cache", str(tmp_path / cache), "--results", str(tmp_path / results)]
        return [sys.executable, "-m", "harness", "run", str(tmp_path / f"{name}.yaml"), *places, *words]

    with served(Service(latency_ms=20)) as server:
        both = [
            subprocess.Popen(command(name, server.url), stderr=subprocess.PIPE, stdout=subprocess.PIPE)
            for name in specs
        ]
        for process in both:
            _, said = process.communicate(timeout=60)
            assert process.returncode == 0, said.decode()
        assert max(server.asked.values()) <= (1 if sys.platform == "linux" else len(specs))
        needed = len(server.asked)
    with Cache(tmp_path / "cache") as cache:
        assert cache.verify().is_good
        assert cache.stats().entries == needed
    for name in specs:  # alone, on a cache of its own, it gives the same bytes
        with served() as server:
            subprocess.run(
                command(name, server.url, cache=f"alone-{name}", results="alone"), check=True, capture_output=True
            )
        folders = [next((tmp_path / results / name).iterdir()) for results in ("results", "alone")]
        together, alone = map(run_contents, folders)
        assert together == alone
