"""How much of a run failed, and what a limit to it does."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.leaderboard.failure_rate import failure_rate
from harness.providers.simulation.dataset import make_pairs


def row(cell, items, mode="judge", **failures):
    kinds = dict.fromkeys(("unparsed", "refused", "truncated", "unavailable"), 0) | failures
    return {"cell": cell, "mode": mode, "items": items, "failures": kinds}


def test_failures_are_counted_over_conversations_worst_first():
    rows = [
        row("x", 100, unparsed=2),
        row("y", 50, unparsed=1, refused=4),
        row("z", 50),
        row("j", 50, "jury", refused=9),
    ]
    found = failure_rate({"rows": rows})
    assert (found.failed, found.judged, found.share) == (7, 200, 0.035)
    assert list(found.kinds.items()) == [("refused", 4), ("unparsed", 3)]
    assert list(found.cells) == ["y", "x"]
    assert found.message(0.01) == (
        "7 of 200 judgments failed (3.5 %), above the limit of 1 % (--fail-on-failures): 4 refused, 3 unparsed; "
        "by cell: y 10 %, x 2 %"
    )


def test_many_cells_are_named_in_part_and_nothing_judged_is_nothing_failed():
    assert "and 3 more" in failure_rate({"rows": [row(f"c{k}", 10, refused=1) for k in range(8)]}).message(0)
    assert failure_rate({"rows": []}).share == 0


SPEC = """\
schema: 1
name: failing
datasets: {pairs: {path: pairs.jsonl}}
models: {m: {provider: simulated, refusal_rate: 0.3}}
matrix: {dataset: [pairs], strategy: [direct], evaluator: [{judge: [m]}]}
score: {resamples: 200}
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("pairs.jsonl").write_text("".join(json.dumps(pair) + "\n" for pair in make_pairs(3, 40)))
    Path("spec.yaml").write_text(SPEC)


@pytest.mark.parametrize(("rate", "code"), [("0.05", 1), ("0", 1), ("0.9", 0), ("1", 0), (None, 0)])
def test_a_limit_decides_the_exit_code_and_nothing_else(here, rate, code):
    options = ["--fail-on-failures", rate] if rate else []
    done = CliRunner().invoke(main, ["run", "spec.yaml", *options])
    assert done.exit_code == code, done.output
    assert "judge:m" in done.stdout
    assert ("above the limit of" in done.stderr) == (code == 1)
    assert len(list(Path("results/failing").iterdir())) == 1


@pytest.mark.parametrize("rate", ["-0.1", "1.5", "nan", "few"])
def test_a_rate_that_is_none_is_refused_before_anything_runs(here, rate):
    done = CliRunner().invoke(main, ["run", "spec.yaml", "--fail-on-failures", rate])
    assert done.exit_code == 2
    assert not Path("results").exists()
