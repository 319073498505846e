"""The order of the rows of a dataset changes no figure that a command prints, not even by rounding."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from harness.cli import main

N = 60
VERDICTS = ("a", "tie", "b")
WORDS = {"a": "A", "tie": "Tie", "b": "B"}
SPEC = """\
schema: 1
name: {name}
seed: 4
datasets:
  pairs: {{path: {name}.jsonl{columns}}}
models:
  one: {{provider: recorded, path: replies.jsonl, model: one}}
  two: {{provider: recorded, path: replies.jsonl, model: two}}
  three: {{provider: recorded, path: replies.jsonl, model: three}}
matrix:
  dataset: [pairs]
  strategy: [direct]
  evaluator: [{{judge: [one, two, three]}}]
  order: [given, both]
score: {{metrics: [kappa, accuracy, ac1], resamples: 400, margin: 0.1, by: [topic]}}
"""


def world(seed):
    """Rows of a dataset with clusters, writers and slices, and the recorded replies about them."""
    rng = np.random.default_rng(seed)
    labels = rng.choice(3, N, p=[0.45, 0.15, 0.4])
    rows = [
        {
            "id": f"n{k}", "prompt": f"Question {k // 2}.", "response_a": "x" * int(rng.integers(1, 90)),
            "response_b": "y" * int(rng.integers(1, 90)), "label": VERDICTS[labels[k]], "topic": f"t{k % 2}",
            "cluster": f"c{k // 2}", "model_a": f"m{k % 3}", "model_b": f"m{(k + 1) % 3}",
        }
        for k in range(N)
    ]  # fmt: skip
    replies = []
    for judge, skill in (("one", 0.8), ("two", 0.6), ("three", 0.4)):
        for step in ("judge", "swapped/judge"):
            said = np.where(rng.random(N) < skill, labels, rng.integers(0, 3, N))
            said = 2 - said if step != "judge" else said
            replies += [
                {"dataset": "pairs", "item": f"n{k}", "strategy": "direct", "step": step, "model": judge,
                 "text": f"Verdict: {WORDS[VERDICTS[said[k]]]}"}
                for k in range(N)
            ]  # fmt: skip
    return rows, replies


def lines(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def ran(*arguments):
    done = CliRunner().invoke(main, list(arguments))
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def without(value, names):
    """A JSON value without what names the run and its files."""
    if isinstance(value, dict):
        return {key: without(inner, names) for key, inner in value.items() if key not in names}
    return [without(one, names) for one in value] if isinstance(value, list) else value


def figures(name, *, order=None, clustered=True):
    """What the commands print about a run of the world, its rows in another order."""
    columns = ", columns: {cluster: cluster}" if clustered else ""
    rows, replies = world(5)
    chosen = range(N) if order is None else order
    Path(f"{name}.jsonl").write_text(lines(rows[k] for k in chosen), "utf-8")
    Path("replies.jsonl").write_text(lines(replies), "utf-8")
    Path(f"{name}.yaml").write_text(SPEC.format(name=name, columns=columns), "utf-8")
    assert CliRunner().invoke(main, ["run", f"{name}.yaml"]).exit_code == 0
    return {
        "leaderboard": ran("leaderboard", name, "--format", "json"),
        "slices": ran("leaderboard", name, "--by", "topic", "--format", "json"),
        "audit": ran("audit", name, "--json"),
        "calibrate": ran("calibrate", name, "--json"),
        "power": ran("power", name, "--json"),
    }


@pytest.mark.slow
@pytest.mark.parametrize("clustered", [False, True])
def test_the_order_of_the_rows_changes_no_figure_at_all(tmp_path, monkeypatch, clustered):
    monkeypatch.chdir(tmp_path)
    straight = figures("straight", clustered=clustered)
    mixed = figures("mixed", order=np.random.default_rng(2).permutation(N), clustered=clustered)
    names = {"run", "spec", "run_id", "digest", "file", "path"}
    for command, found in straight.items():
        one, other = (without(value, names) for value in (found, mixed[command]))
        text = json.dumps(other).replace("mixed", "straight")
        assert json.loads(text) == one, command
