"""Specs whose models are simulated ones behind an endpoint, so that their calls go into batches."""

from __future__ import annotations

import json
from pathlib import Path

from harness.providers.simulation.dataset import make_pairs

MODES = """\
schema: 1
name: modes
seed: 7
datasets: {{pairs: {{path: pairs.jsonl}}}}
models:
  novice: {{provider: openai, model: "simulated?skill=0.55", base_url: "{url}", price: {price},
            params: {{max_tokens: 64}}}}
  senior: {{provider: openai, model: "simulated?malformed_rate=0.2", base_url: "{url}", price: {price},
            params: {{max_tokens: 64}}}}
matrix:
  dataset: [pairs]
  strategy: [direct, direct-json]
  evaluator:
    - judge: [novice, senior]
    - jury: {{of: [novice, senior], sizes: [2]}}
    - debate: {{model: [senior], rounds: 1, decide: majority}}
score: {{metrics: [kappa, accuracy], resamples: 200}}
"""
"""Judges, a jury and a debate; one of the models replies without a verdict at times, and is asked again."""

CASCADE = """\
schema: 1
name: cascade
seed: 7
datasets: {{pairs: {{path: pairs.jsonl}}}}
models:
  novice: {{provider: openai, model: "simulated?skill=0.55&position_bias=0.3", base_url: "{url}"}}
  senior: {{provider: openai, model: "simulated?skill=0.9", base_url: "{url}"}}
matrix:
  dataset: [pairs]
  strategy: [direct]
  evaluator: [{{cascade: {{of: [novice, senior], escalate: disagreement}}}}]
  order: [both]
score: {{metrics: [kappa, accuracy], resamples: 200}}
"""
"""A cascade: each of its judges is a wave."""

LOOPS = """\
schema: 1
name: loops
kind: generation
seed: 7
prompts: {{tasks: {{path: tasks.jsonl}}}}
models:
  writer: {{provider: openai, model: "simulated?skill=0.5", base_url: "{url}"}}
  judge: {{provider: openai, model: "simulated?skill=0.95", base_url: "{url}"}}
matrix: {{prompts: [tasks], generator: [writer], reviewer: [none, judge], rounds: 2}}
selection: {{by: last}}
compare: {{opponents: [writer], strategy: [combined-10], evaluator: [{{judge: [judge]}}], order: [both]}}
"""
"""Loops with drafts and reviews, and comparisons of what they wrote."""


def spec_in(folder: Path, url: str, *, text: str = MODES, items: int = 6, price: str = "null") -> Path:
    """Write a spec and its data; return the spec."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in make_pairs(3, items)))
    tasks = [{"id": f"t{at}", "prompt": f"Write a notice {at}. It must mention: tea, bread, rain."} for at in range(3)]
    (folder / "tasks.jsonl").write_text("".join(json.dumps(row) + "\n" for row in tasks))
    path = folder / "spec.yaml"
    path.write_text(text.format(url=url, price=price))
    return path


def result_files(results: Path, name: str) -> dict[str, bytes]:
    """The files of the only run of a spec that are the same for the same replies."""
    (run,) = [path.parent for path in (results / name).glob("*/manifest.json")]
    files = {path.name: path.read_bytes() for path in run.iterdir() if path.is_file()}
    del files["environment.json"]
    return {run.name: b"", **files}
