"""The whole flow, for the command line and for notebooks.

>>> from harness import load_spec, make_plan, run_spec          # doctest: +SKIP
>>> spec = load_spec("specs/quickstart.yaml")                   # doctest: +SKIP
>>> run = run_spec(spec, cache=".harness-cache", results="results")  # doctest: +SKIP
>>> run.leaderboard_frame()                                     # doctest: +SKIP
"""

from __future__ import annotations

import math
import os
import platform
import socket
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from harness import loading
from harness._version import __version__
from harness.cache.cache import Cache
from harness.cache.key import KEY_VERSION
from harness.errors import BudgetReachedError, InputError, Problem, SpecError
from harness.leaderboard.build import leaderboard_json, make_leaderboard
from harness.leaderboard.chosen_upstream import choices_json, notes_on_choices
from harness.providers.tokens import most_reply_tokens
from harness.records.experiment import Spec
from harness.runner.connect import _connector
from harness.runner.estimate import Estimate, estimate
from harness.runner.find_run import find_run
from harness.runner.judgment_columns import Ledger
from harness.runner.plan import Plan
from harness.runner.plan import make_plan as evaluation_plan
from harness.runner.progress import RunStats
from harness.runner.retry_failed import kinds_of, rerun_failed
from harness.runner.run import Run, RunOf
from harness.runner.run_folder import (
    ENVIRONMENT,
    FORMAT,
    ITEMS,
    JUDGMENTS,
    LEADERBOARD,
    MANIFEST,
    SCORES,
    SPEC,
    RunWriter,
    read_frame,
    read_json,
    run_id_of,
)
from harness.runner.session import Agenda, Connect, Replies, UnavailableReplies
from harness.runner.tables import items_frame, scores_frame
from harness.spec.cell_identity import meaning_of
from harness.spec.digest import spec_digest

if TYPE_CHECKING:
    import polars as pl

    from harness.generation.plan import LoopPlan
    from harness.leaderboard.tables import BoardTables
    from harness.scoring.score import DatasetScores

T = TypeVar("T")

AnyPlan: TypeAlias = "Plan | LoopPlan"
"""Of an evaluation, or of a generation."""

VERSIONS_OF = ("polars", "numpy", "openai", "diskcache", "jinja2", "orjson")
"""Packages whose versions are noted with a run; the first two can change the bytes of its files."""


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run folder, opened.

    Attributes:
        folder: where it is.
    """

    folder: Path

    @property
    def id(self) -> str:
        """The run id, which is the folder's name."""
        return self.folder.name

    @property
    def spec(self) -> dict[str, Any]:
        """The resolved spec, every default written out."""
        return read_json(self.folder, SPEC)

    @property
    def manifest(self) -> dict[str, Any]:
        """Digests and versions."""
        return read_json(self.folder, MANIFEST)

    @property
    def leaderboard(self) -> dict[str, Any]:
        """The leaderboard as `schemas/output/leaderboard.schema.json` describes it."""
        return read_json(self.folder, LEADERBOARD)

    @property
    def environment(self) -> dict[str, Any]:
        """What is not deterministic: times, host, versions, calls made, spend."""
        return read_json(self.folder, ENVIRONMENT)

    def judgments_frame(self) -> pl.DataFrame:
        """One row for each judgment: cell, item, verdict or failure, scores, cache keys, tokens."""
        return read_frame(self.folder, JUDGMENTS)

    def items_frame(self) -> pl.DataFrame:
        """One row for each item: digest of its content, labels, cluster, who wrote the responses, their lengths."""
        return read_frame(self.folder, ITEMS)

    def scores_frame(self) -> pl.DataFrame:
        """One row for each cell and figure, with interval, n, method and seed."""
        return read_frame(self.folder, SCORES)

    def leaderboard_frame(self) -> pl.DataFrame:
        """One row for each cell, best first: the columns of the leaderboard's CSV."""
        import io

        import polars as pl

        from harness.leaderboard.formats import csv

        return pl.read_csv(io.StringIO(csv.render(tables_of(self.leaderboard))))


def tables_of(board: Mapping[str, Any]) -> BoardTables:
    """A leaderboard of either kind, ready to be rendered."""
    if board.get("kind") == "generation":
        from harness.generation.board_tables import board_tables

        return board_tables(board)
    from harness.leaderboard import board_tables as evaluation

    return evaluation.board_tables(board)


def load_spec(path: str | Path, *, results: str | Path = "results", allow_paths: Iterable[str | Path] = ()) -> Spec:
    """Load and check a spec.

    Args:
        path: the file.
        results: folder of all results, where the winners are looked up that the spec takes over from others.
        allow_paths: folders beside its own that its paths may lead into.

    Raises:
        SpecError: with every problem at once.
    """

    def choose(*wanted: Any) -> Any:
        from harness.leaderboard.winner_of import winner_in

        return winner_in(Path(results), *wanted)

    return loading.load_spec(Path(path), str(path), choose=choose, allow_paths=tuple(map(Path, allow_paths)))


def open_run(
    run: str | Path, results: str | Path = "results", *, allow_paths: Iterable[str | Path] = ()
) -> FinishedRun:
    """Open a run folder, or the newest run of a spec given by its file or name.

    Args:
        run: a run folder, or a spec's file or name.
        results: folder of all results.
        allow_paths: as `load_spec` takes them, for a spec that is given by its file.

    Raises:
        RunFolderError: where there is none.
    """
    return FinishedRun(find_run(str(run), Path(results), allow_paths=map(Path, allow_paths)))


def run_spec(
    spec: Spec | AnyPlan,
    *,
    cache: str | Path = ".harness-cache",
    results: str | Path = "results",
    offline: bool = False,
    concurrency: int | None = None,
    max_cost_usd: float | None = None,
    retry: Iterable[str] = (),
    watch: RunStats | None = None,
    before_asking: Callable[[Estimate], None] = lambda _: None,
    environment: Mapping[str, str] = os.environ,
) -> FinishedRun:
    """Run a spec, score it and write its folder. Asks only for what the cache does not hold.

    Args:
        spec: the experiment, or its plan.
        cache: folder of the cache.
        results: folder of all results.
        offline: make no call; a reply that is missing is an error.
        concurrency: calls under way at once for each model, in place of what the spec says.
        max_cost_usd: what the calls of this run may cost at most; it ends before it could cost more.
        retry: failures to ask again for, `failed` for all of them; the replies that are replaced stay in the history.
        watch: told how it goes on.
        before_asking: told what the calls will cost, before the first one that can cost anything is made.
        environment: where API keys are found.

    Raises:
        HarnessError: what went wrong, with a way to mend it; replies that were made are in the cache.
    """
    plan = make_plan(spec) if isinstance(spec, Spec) else spec
    watch = watch or RunStats(plan.spec.models)
    kinds = kinds_of(retry)
    if kinds and offline:
        raise InputError("a run that may make no call cannot ask again", hint="leave out --offline or --retry")
    if max_cost_usd is not None:
        _check_budget(plan, max_cost_usd)

    if concurrency is not None:
        plan = _with_concurrency(plan, concurrency)

    def whole() -> FinishedRun:
        connect = None if offline else _connector(plan.spec, environment, max_cost_usd, watch)
        return _run(plan, Path(cache), Path(results), connect, watch, before_asking, environment, kinds)

    if not _is_in_a_loop():
        return whole()
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=1) as thread:  # a notebook's own loop is running in this thread
        return thread.submit(whole).result()


def _run(
    plan: AnyPlan,
    cache_folder: Path,
    results: Path,
    connect: Connect | None,
    watch: RunStats,
    before_asking: Callable[[Estimate], None],
    environment: Mapping[str, str],
    kinds: frozenset[str],
) -> FinishedRun:
    started, clock = datetime.now(UTC), time.monotonic()
    with Cache(cache_folder) as cache, RunWriter(results, plan.spec.name) as writer:
        told: list[bool] = []

        def tell_cost(replies: Replies) -> None:
            cache.make_ready()
            if told:
                return
            told.append(True)
            if not all(plan.spec.models[name].is_free for name in plan.spec.models_used):
                before_asking(estimate_of(plan, replies, environment))

        lost = UnavailableReplies()

        def run_of(agenda: Agenda[T]) -> Run[T]:
            if kinds and connect is not None:
                rerun_failed(agenda, cache, connect, watch, kinds, tell_cost, lost)
            return Run(agenda, cache, connect, watch, lambda: tell_cost(cache), lost)

        try:
            run_id, calls = _results(plan, writer, run_of)
        except BudgetReachedError as error:
            raise BudgetReachedError(str(error), hint=_what_is_left(plan, cache, watch, environment)) from None
        seconds = time.monotonic() - clock
        made = _environment(started, seconds, watch, calls)
        writer.write_json(ENVIRONMENT, {"number": writer.next_number(), **made})
        return FinishedRun(writer.publish(run_id))


def _results(plan: AnyPlan, writer: RunWriter, run_of: RunOf) -> tuple[str, int]:
    """Write all that is deterministic; the run id, and the calls whose replies it rests on."""
    if not isinstance(plan, Plan):
        from harness.generation.run import run_generation

        return run_generation(plan, writer, run_of, version=__version__)
    ledger = Ledger(plan)
    for part in run_of(plan).parts():
        writer.add(part.chunk.cell, part.judgments)
        ledger.add(part)
    for cell, judgments in ledger.counted():
        writer.add(cell, judgments)
    writer.write_judgments()
    run_id = run_id_of(plan.digest, writer.judgments_digest)
    scores = _with_probes(plan, ledger)
    writer.write_frame(SCORES, scores_frame(score for group in scores for score in group.scores))
    writer.write_frame(ITEMS, items_frame(plan.datasets))
    writer.write_json(SPEC, plan.spec.resolved)
    board = make_leaderboard(plan.spec, scores)
    board = replace(board, notes=(*board.notes, *notes_on_choices(plan)))
    writer.write_json(LEADERBOARD, leaderboard_json(board, run_id))
    writer.write_json(MANIFEST, _manifest(plan, run_id, writer.judgments_digest))
    return run_id, ledger.calls


def make_plan(spec: Spec) -> AnyPlan:
    """Read the data that a spec uses and compile its strategies.

    Raises:
        HarnessError: with the problems of all data at once.
    """
    if spec.kind == "evaluation":
        return evaluation_plan(spec)
    from harness.generation.plan import make_loop_plan
    from harness.generation.records import GenerationSpec

    assert isinstance(spec, GenerationSpec)
    return make_loop_plan(spec)


def estimate_of(plan: AnyPlan, replies: Replies, environment: Mapping[str, str] | None = None) -> Estimate:
    """What a plan would cost; as `harness.runner.estimate.estimate`."""
    if isinstance(plan, Plan):
        return estimate(plan, replies, environment)
    from harness.generation.estimate import estimate_generation

    return estimate_generation(plan, replies, environment)


def _with_probes(plan: Plan, ledger: Ledger) -> list[DatasetScores]:
    """The scores of all cells, with the figures of the probes that the spec asks for."""
    spec, scores = plan.spec, ledger.scores()
    if not spec.score.probes:
        return scores
    from harness.analysis.audit.cards import with_probes

    models = spec.resolved["models"]
    return [with_probes(group, ledger.judged(group.dataset), spec.score, spec.seed, models) for group in scores]


def _is_in_a_loop() -> bool:
    """Whether an event loop is running in this thread; without asyncio, which is slow to import, none is."""
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None


def _with_concurrency(plan: AnyPlan, concurrency: int) -> AnyPlan:
    """The plan with so many calls at once for each model. No digest tells the difference."""
    limited = {
        name: replace(model, limits=replace(model.limits, concurrency=concurrency))
        for name, model in plan.spec.models.items()
    }
    if isinstance(plan, Plan):
        return replace(plan, spec=replace(plan.spec, models=limited))
    return replace(plan, spec=replace(plan.spec, models=limited), room=replace(plan.room, models=limited))


def _what_is_left(plan: AnyPlan, cache: Cache, watch: RunStats, environment: Mapping[str, str]) -> str:
    """How a run that ended for its budget can be gone on with, and what that would cost."""
    left = estimate_of(plan, cache, environment)
    cost = left.cost_usd(plan.spec.models)
    known = "" if cost is None else f", for ${cost.low:.4f} to ${cost.high:.4f}"
    judgments = f"{watch.conversations - watch.done:,} of {watch.conversations:,} conversations"
    calls = f"{left.calls.low:,.0f} to {left.calls.high:,.0f} calls are left{known}"
    return f"{judgments}, and {calls}; the same command goes on from there, with as much again or with a larger limit"


def _check_budget(plan: AnyPlan, max_cost_usd: float) -> None:
    """Refuse a limit that is none, and one on models of which nobody knows what they cost."""
    if not 0 < max_cost_usd < math.inf:
        raise InputError(f"a limit on the cost is more than 0 dollars, not {max_cost_usd}")
    spec = plan.spec
    problems = []
    for name in spec.models_used:
        if spec.models[name].is_free:
            continue
        line, column = spec.model_places.get(name, (0, 0))
        if spec.models[name].price is None:
            message = "has no price, so no limit on the cost can be kept"
            hint = "write `price: {input: …, output: …}`, in dollars for a million tokens"
            problems.append(Problem(spec.shown_path, line, column, f"models.{name}", message, hint))
        if not most_reply_tokens(spec.models[name]):
            message, hint = "has no bound on its replies, so no limit on the cost can be kept", "give it `max_tokens`"
            problems.append(Problem(spec.shown_path, line, column, f"models.{name}.params", message, hint))
    if problems:
        raise SpecError(problems)


def _manifest(plan: Plan, run_id: str, judgments_digest: str) -> dict[str, Any]:
    """What determines the results, as digests."""
    return {
        "format": FORMAT,
        "run": run_id,
        "spec": plan.spec.name,
        "kind": plan.spec.kind,
        "harness": __version__,
        "key_version": KEY_VERSION,
        "spec_digest": spec_digest(plan.spec),
        "datasets": {
            name: {
                "items": len(dataset),
                "digest": dataset.digest,
                "annotators": list(dataset.annotators),
                "clustered": dataset.clustered,
            }
            for name, dataset in plan.datasets.items()
        },
        "judgments": plan.size,
        "judgments_digest": judgments_digest,
        "cells": [{"id": cell.id, **asdict(cell), "meaning": meaning_of(cell, plan.spec)} for cell in plan.cells],
        "choices": choices_json(plan),
    }


def _environment(started: datetime, seconds: float, watch: RunStats, calls: int) -> dict[str, Any]:
    """What differs between two runs with the same results."""
    from importlib.metadata import version

    return {
        "started": started.isoformat(timespec="milliseconds"),
        "finished": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "seconds": seconds,
        "host": socket.gethostname(),
        "platform": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in VERSIONS_OF},
        "calls_made": watch.calls,
        "calls_from_cache": calls - watch.calls,
        "spend": watch.spend_json(),
        "stopped_models": watch.stopped_models,
    }


def spec_keys(
    path: Path, cache: Cache, *, results: Path = Path("results"), allow_paths: Iterable[Path] = ()
) -> list[str]:
    """The cache keys of all calls of a spec, in canonical order, each once.

    Args:
        path: the spec.
        cache: where its replies are.
        results: folder of all results, for a spec that takes over the winner of another.
        allow_paths: as `load_spec` takes them.

    Raises:
        MissingRepliesError: where the cache lacks some of their replies.
    """
    plan = make_plan(load_spec(path, results=results, allow_paths=allow_paths))
    if not isinstance(plan, Plan):
        from harness.generation.run import generation_keys

        return generation_keys(plan, cache)
    parts = Run(plan, cache, None, RunStats(plan.spec.models)).parts()
    return list(dict.fromkeys(key for part in parts for judgment in part.judgments for key in judgment.keys))
