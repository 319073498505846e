"""Whole runs of the shipped quick start, compared as bytes."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import polars as pl
import pytest

import harness
from harness.api import FinishedRun, spec_keys
from harness.cache.cache import Cache
from harness.errors import MissingRepliesError, ScoringError, SpecError
from harness.runner.progress import RunStats
from harness.runner.run_check import CHECKSUMS
from harness.runner.run_folder import DETERMINISTIC, ENVIRONMENT
from support.paths import ROOT

SPECS = ROOT / "specs"
SHIPPED = ROOT / "results"


def content(run: FinishedRun) -> dict[str, bytes]:
    return {name: (run.folder / name).read_bytes() for name in DETERMINISTIC}


def spec_in(folder: Path, **knobs: object) -> Path:
    """The quick start with its data, every model given some more knobs."""
    folder.mkdir(exist_ok=True)
    (folder / "data").mkdir()
    (folder / "data/quickstart.jsonl").write_bytes((SPECS / "data/quickstart.jsonl").read_bytes())
    more = "".join(f", {name}: {value}" for name, value in knobs.items())
    text = (SPECS / "quickstart.yaml").read_text()
    changed = text.replace("{provider: simulated", "{provider: simulated" + more)
    assert changed != text or not knobs
    (folder / "quickstart.yaml").write_text(changed)
    return folder / "quickstart.yaml"


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[FinishedRun, Path]:
    """A run of the quick start as it is shipped, and its cache."""
    folder = tmp_path_factory.mktemp("reference")
    spec = harness.load_spec(SPECS / "quickstart.yaml")
    return harness.run_spec(spec, cache=folder / "cache", results=folder / "results"), folder / "cache"


class Stops(RunStats):
    """Interrupts the run after so many calls, as Ctrl-C does."""

    left = 200

    def called(self, call: object, reply: object) -> None:
        super().called(call, reply)  # type: ignore[arg-type]
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt


@pytest.mark.parametrize("concurrency", [1, 64])
def test_same_bytes_at_any_concurrency_with_shuffled_latency_and_an_interruption(
    reference: tuple[FinishedRun, Path], tmp_path: Path, concurrency: int
) -> None:
    latency = 1 if concurrency == 1 else 30
    spec = harness.load_spec(spec_in(tmp_path / "specs", latency_ms=latency, failure_rate=0.02))
    places = {"cache": tmp_path / "cache", "results": tmp_path / "results", "concurrency": concurrency}
    stops = Stops(spec.models)
    with pytest.raises(KeyboardInterrupt):
        harness.run_spec(spec, watch=stops, **places)
    assert not (tmp_path / "results").exists()
    watch = RunStats(spec.models)
    run = harness.run_spec(spec, watch=watch, **places)
    expected, _ = reference
    assert watch.calls + stops.calls <= expected.environment["calls_made"]
    assert run.id == expected.id
    changed = content(run)
    shipped = content(expected)
    for name in ("spec.json", CHECKSUMS):  # the resolved spec tells the latency
        del changed[name], shipped[name]
    assert changed == shipped


def test_second_run_makes_no_call_and_is_the_same_run(reference: tuple[FinishedRun, Path], tmp_path: Path) -> None:
    expected, cache = reference
    run = harness.run_spec(harness.load_spec(SPECS / "quickstart.yaml"), cache=cache, results=tmp_path, offline=True)
    assert (run.id, content(run)) == (expected.id, content(expected))
    assert run.environment["calls_made"] == 0
    assert run.environment["calls_from_cache"] == expected.environment["calls_made"]


def test_frames_are_what_the_files_say(reference: tuple[FinishedRun, Path]) -> None:
    run, _ = reference
    judgments, scores, board = run.judgments_frame(), run.scores_frame(), run.leaderboard_frame()
    assert judgments.height == run.manifest["judgments"] == 1440
    assert judgments["cell"].unique(maintain_order=True).to_list() == [cell["id"] for cell in run.manifest["cells"]]
    kappa = scores.filter(pl.col("metric") == "kappa").select("cell", "value").rows_by_key("cell", unique=True)
    for row in run.leaderboard["rows"]:
        assert kappa[row["cell"]][0] == row["metrics"]["kappa"]["value"]
    assert board.height == 12


def test_other_machine_replays_a_bundle_to_the_same_bytes(reference: tuple[FinishedRun, Path], tmp_path: Path) -> None:
    from harness.cache.bundle import export_bundle, import_bundle

    expected, cache = reference
    spec = spec_in(tmp_path / "elsewhere")
    with Cache(cache) as full:
        export_bundle(full, spec_keys(SPECS / "quickstart.yaml", full), tmp_path / "quickstart.bundle")
    with Cache(tmp_path / "other-cache") as empty:
        import_bundle(tmp_path / "quickstart.bundle", empty)
    run = harness.run_spec(
        harness.load_spec(spec), cache=tmp_path / "other-cache", results=tmp_path / "other-results", offline=True
    )
    assert content(run) == content(expected)


def test_offline_run_without_replies_says_what_is_missing_and_writes_nothing(tmp_path: Path) -> None:
    spec = harness.load_spec(SPECS / "quickstart.yaml")
    with pytest.raises(MissingRepliesError, match="at least 1800 replies for 1440 judgments"):
        harness.run_spec(spec, cache=tmp_path / "cache", results=tmp_path / "results", offline=True)
    assert list(tmp_path.iterdir()) == [], "nothing empty is left behind"


def test_missing_replies_are_reported_with_the_place_of_the_cache_and_of_one_beside_the_spec(
    reference: tuple[FinishedRun, Path], tmp_path: Path
) -> None:
    spec = spec_in(tmp_path / "specs")
    with pytest.raises(MissingRepliesError, match=r"the cache is .*/no, which does not exist; import a bundle"):
        harness.run_spec(harness.load_spec(spec), cache=tmp_path / "no", results=tmp_path / "results", offline=True)
    (tmp_path / "plain").mkdir()
    Cache(tmp_path / "specs/.harness-cache").make_ready()
    beside = r"the cache is .*/plain, which is no cache; .*/specs/\.harness-cache stands beside the spec: add `--cache"
    with pytest.raises(MissingRepliesError, match=beside):
        harness.run_spec(harness.load_spec(spec), cache=tmp_path / "plain", results=tmp_path / "results", offline=True)
    assert (tmp_path / "plain").is_dir(), "the folder was there before"


def test_missing_key_is_told_when_the_model_is_first_needed(tmp_path: Path) -> None:
    spec = spec_in(tmp_path / "specs")
    text = spec.read_text().replace("novice: {provider: simulated", "novice: {provider: openai, model: gpt} #")
    spec.write_text(text)
    told: list[object] = []
    with pytest.raises(SpecError, match="OPENAI_API_KEY is not set"):
        harness.run_spec(
            harness.load_spec(spec),
            cache=tmp_path / "cache",
            results=tmp_path / "results",
            environment={},
            before_asking=told.append,
        )
    assert len(told) == 1  # what it would cost was said before
    assert not (tmp_path / "results").exists(), "nothing empty is left behind"


def test_what_was_there_before_a_failed_run_stays(tmp_path: Path) -> None:
    (tmp_path / "results/quickstart").mkdir(parents=True)
    with pytest.raises(MissingRepliesError, match="the cache lacks at least"):
        harness.run_spec(
            harness.load_spec(SPECS / "quickstart.yaml"),
            cache=tmp_path / "cache",
            results=tmp_path / "results",
            offline=True,
        )
    assert (tmp_path / "results/quickstart").is_dir()


def test_notebook_with_a_running_loop_can_run_a_spec(reference: tuple[FinishedRun, Path], tmp_path: Path) -> None:
    expected, cache = reference

    async def cell() -> FinishedRun:
        return harness.run_spec(harness.load_spec(SPECS / "quickstart.yaml"), cache=cache, results=tmp_path)

    assert asyncio.run(cell()).id == expected.id


def test_what_is_not_deterministic_is_in_one_file(reference: tuple[FinishedRun, Path]) -> None:
    run, _ = reference
    assert {file.name for file in run.folder.iterdir()} == {*DETERMINISTIC, ENVIRONMENT}
    text = b"".join(content(run).values())
    for incidental in (run.environment["platform"], run.environment["started"][:10], str(run.folder.parent)):
        assert incidental.encode() not in text
    assert json.loads((run.folder / "spec.json").read_bytes())["name"] == "quickstart"
    assert run.spec["seed"] == 7


def test_package_offers_the_pipeline_and_nothing_it_has_not() -> None:
    assert "run_spec" in dir(harness)
    assert harness.FinishedRun is FinishedRun
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = harness.nothing


def test_failed_scoring_keeps_the_judgments_and_says_how_to_score_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = harness.load_spec(spec_in(tmp_path / "world"))
    places = {"cache": tmp_path / "cache", "results": tmp_path / "results"}
    with monkeypatch.context() as patched:
        patched.setattr("harness.api.evaluation.make_leaderboard", lambda *_: {}["flip-rate"])
        with pytest.raises(
            ScoringError, match="scoring failed: KeyError: 'flip-rate'; the judgments are in "
        ) as raised:
            harness.run_spec(spec, **places)
    (kept,) = (tmp_path / "results" / "quickstart").iterdir()
    assert f"harness run {spec.shown_path} --offline" in str(raised.value)
    assert {"judgments.parquet", "items.parquet", "spec.json"} <= {path.name for path in kept.iterdir()}
    run = harness.run_spec(spec, **places, offline=True)
    assert kept.name == f"{run.id}.unscored"
    assert [folder.name for folder in run.folder.parent.iterdir()] == [run.id]


def test_caches_are_read_together(reference: tuple[FinishedRun, Path], tmp_path: Path) -> None:
    run, cache = reference
    spec = harness.load_spec(SPECS / "quickstart.yaml")
    again = harness.run_spec(spec, cache=[tmp_path / "new", cache], results=tmp_path / "results", offline=True)
    assert content(again) == content(run)
    assert not (tmp_path / "new").exists()
