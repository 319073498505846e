"""A matrix against every fault of an endpoint alone, and against all together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.providers.simulation.dataset import make_pairs
from harness.providers.simulation.faults import FAULTS
from reliability.served import served
from support.run_contents import run_contents

SPEC = """\
schema: 1
name: faults
datasets: {{letters: {{path: letters.jsonl}}}}
models:
  small:
    provider: openai
    model: "simulated?skill=0.6"
    base_url: "{url}"
    identity: served
    limits: {{concurrency: 24, attempts: {attempts}, timeout_s: {timeout_s}}}
  other:
    provider: openai
    model: "simulated?skill=0.8"
    base_url: "{url}"
    identity: served
    limits: {{concurrency: 24, attempts: {attempts}, timeout_s: {timeout_s}}}
matrix:
  dataset: [letters]
  strategy: [direct, independent-10]
  evaluator: [{{judge: [small, other]}}]
score: {{resamples: 200}}
"""
ITEMS = 8
CALLS = 2 * ITEMS * 3
"""One under `direct` and two under `independent-10`, for each of two judges."""


def ran(folder: Path, url: str, attempts: int = 4, timeout_s: float = 30) -> dict[str, bytes]:
    """The deterministic files of a run."""
    folder.mkdir()
    (folder / "letters.jsonl").write_text("".join(json.dumps(row) + "\n" for row in make_pairs(3, ITEMS)))
    (folder / "spec.yaml").write_text(SPEC.format(url=url, attempts=attempts, timeout_s=timeout_s))
    places = ["--cache", str(folder / "cache"), "--results", str(folder / "results")]
    shown = CliRunner().invoke(main, ["run", str(folder / "spec.yaml"), *places])
    assert shown.exit_code == 0, shown.output
    (run,) = (folder / "results" / "faults").iterdir()
    return run_contents(run)


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    """What a run gives that meets no fault."""
    with served() as server:
        files = ran(tmp_path_factory.mktemp("quiet") / "run", server.url)
        assert set(server.asked.values()) == {1}
        assert len(server.asked) == CALLS
    return files


QUICK = ("429", "500", "cut")
PATIENCE_S = {"hang": 3.0, "drip": 3.0}
"""Only these have to be waited for; what is merely slow on a busy machine must not look like them."""


@pytest.mark.parametrize(
    "kind",
    [pytest.param(kind, marks=() if kind in QUICK else pytest.mark.slow) for kind in sorted(set(FAULTS) - {"usage"})],
)
def test_a_fault_that_heals_changes_no_byte_and_nothing_is_paid_twice(tmp_path, quiet, kind):
    with served(faults={kind: 0.1 if kind == "huge" else 0.3}) as server:
        assert ran(tmp_path / "run", server.url, timeout_s=PATIENCE_S.get(kind, 30)) == quiet
        assert server.hits[kind] > 3
        assert server.asked.total() == CALLS + server.hits[kind], "no call but those that the fault hid"
        assert max(server.asked.values()) == 2


@pytest.mark.slow
def test_all_faults_together_change_no_byte(tmp_path, quiet):
    rates = dict.fromkeys(sorted(set(FAULTS) - {"usage", "hang", "drip"}), 0.08)
    with served(faults=rates, heals_after=2) as server:
        assert ran(tmp_path / "run", server.url, attempts=6) == quiet
        assert len(server.hits) > 5
        assert server.asked.total() == CALLS + server.hits.total()
        assert max(server.asked.values()) == 3


def test_a_wrong_usage_changes_no_verdict_and_counts_as_none(tmp_path, quiet):
    with served(faults={"usage": 0.5}) as server:
        files = ran(tmp_path / "run", server.url)
        assert server.asked.total() == CALLS
    boards = [json.loads(one["leaderboard.json"])["rows"] for one in (files, quiet)]
    for told, known in zip(*boards, strict=True):
        assert (told["table"], told["failures"]) == (known["table"], known["failures"])
        assert 0 <= told["tokens"]["completion"] < known["tokens"]["completion"]


@pytest.mark.parametrize("kind", ["500", "cut", "null", "429"])
def test_a_fault_that_stays_is_a_failure_after_as_many_attempts_as_allowed(tmp_path, kind):
    with served(faults={kind: 0.4}, heals_after=99) as server:
        files = ran(tmp_path / "run", server.url, attempts=2)
        assert max(server.asked.values()) == 2
        hit = sum(count == 2 for count in server.asked.values())
    rows = json.loads(files["leaderboard.json"])["rows"]
    lost = sum(row["failures"]["unavailable"] for row in rows)
    assert 0 < lost <= hit
    assert sum(sum(row["failures"].values()) for row in rows) == lost, "and of no other kind"
