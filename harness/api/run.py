"""Run a spec: replies from the cache or from providers, judgments, scores, and the run folder."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypedDict, TypeVar, Unpack, cast

from harness.api.experiment import experiment_of, make_plan
from harness.api.finished_run import FinishedRun
from harness.api.load import load_spec
from harness.cache.cache import Cache
from harness.cache.joined import CacheFolders, cache_folders, opened_cache
from harness.cache.sqlite_file import discard_empty
from harness.errors import BudgetReachedError, InputError, MissingRepliesError
from harness.records.experiment import Spec
from harness.runner.batches.journal import calls_in_jobs
from harness.runner.connect import connector
from harness.runner.cost_limit import check_cost_limit, ledger_of, resume_hint
from harness.runner.environment import environment_json, spec_file
from harness.runner.interruption import Interruption
from harness.runner.needs import Estimate
from harness.runner.other_identities import notes_on_identities
from harness.runner.places import with_cache_place
from harness.runner.plan import Planned, with_concurrency
from harness.runner.progress import RunStats
from harness.runner.retries import DAMAGED
from harness.runner.retry_failed import kinds_of, rerun_failed
from harness.runner.run import Run, WaveExecution
from harness.runner.run_folder import ENVIRONMENT, RunWriter
from harness.runner.session import Connect, ConversationPlan, Replies, UnavailableReplies
from harness.runner.sound_calls import write_damaged_calls
from harness.runner.stored_runs import next_number
from harness.runner.workers.lanes import Workers
from harness.runner.workers.replay import Replay
from harness.runner.workers.start import check_workers, started_workers
from harness.text import pluralized

T = TypeVar("T")


class RunOptions(TypedDict, total=False):
    """The keywords of `run_spec`, which describes them."""

    cache: CacheFolders
    results: str | Path
    offline: bool
    concurrency: int | None
    max_cost_usd: float | None
    ledger: str | Path | None
    retry: Iterable[str]
    batch: bool
    workers: int
    scheduler: str | None
    watch: RunStats | None
    before_asking: Callable[[Estimate], None]
    environment: Mapping[str, str] | None


def run_spec(
    spec: Spec | Planned,
    *,
    cache: CacheFolders = ".harness-cache",
    results: str | Path = "results",
    offline: bool = False,
    concurrency: int | None = None,
    max_cost_usd: float | None = None,
    ledger: str | Path | None = None,
    retry: Iterable[str] = (),
    batch: bool = False,
    workers: int = 1,
    scheduler: str | None = None,
    watch: RunStats | None = None,
    before_asking: Callable[[Estimate], None] = lambda _: None,
    environment: Mapping[str, str] | None = None,
) -> FinishedRun:
    """Run a spec, score it and write its folder. Only calls whose replies the cache lacks are made.

    Args:
        spec: the experiment, or its plan.
        cache: folder of the cache, or several folders that are read together; the first one is written.
        results: folder of all results.
        offline: make no call and download no data; recordings are read, and any other reply that is missing is an
            error.
        concurrency: calls in flight at once for each model, in place of what the spec says.
        max_cost_usd: what the calls of this run may cost at most; it ends before it could cost more.
        ledger: file in which runs share `max_cost_usd`, also runs of other processes at the same time.
        retry: failures to ask again for, `failed` for all of them; the replies that are replaced stay in the history.
        batch: make the calls through the Batch APIs of the providers, at the prices of batches.
        workers: processes of this machine that share the work; 1 for this process alone. The results are the same.
        scheduler: address of a dask scheduler, or its scheduler file: its workers share the work (extra `cluster`).
        watch: counts what the run does, and shows it where it is a `Display`.
        before_asking: receives the estimate before the first call that can cost anything is made.
        environment: where API keys are found; the environment variables of the process where it is None.

    Returns:
        The finished run.

    Raises:
        HarnessError: what went wrong, with a suggested fix; replies that were received are in the cache.
    """
    work, interruption = _prepared(
        spec,
        RunOptions(
            cache=cache,
            results=results,
            offline=offline,
            concurrency=concurrency,
            max_cost_usd=max_cost_usd,
            ledger=ledger,
            retry=retry,
            batch=batch,
            workers=workers,
            scheduler=scheduler,
            watch=watch,
            before_asking=before_asking,
            environment=environment,
        ),
    )
    if not _is_in_a_loop():
        return work()
    from harness.runner.threads import in_thread

    return in_thread(work, interruption)  # a notebook's own loop is running in this thread


async def run_spec_async(spec: Spec | Planned, **options: Unpack[RunOptions]) -> FinishedRun:
    """Run a spec as `run_spec` does, without blocking the event loop of the caller.

    The run is made in a thread with an event loop of its own. Cancelling the task stops it in order: calls in flight
    are waited for, and their replies are stored.

    Args:
        spec: the experiment, or its plan.
        **options: the keywords of `run_spec`.

    Returns:
        The finished run.

    Raises:
        HarnessError: as `run_spec`.
    """
    from harness.runner.threads import awaited

    work, interruption = _prepared(spec, options)
    return await awaited(work, interruption)


def _prepared(spec: Spec | Planned, options: RunOptions) -> tuple[Callable[[], FinishedRun], Interruption]:
    """What makes a run, once its options have been checked, and what stops it from another thread."""
    given = options.get("environment")
    variables = os.environ if given is None else given
    asked, offline = frozenset(options.get("retry", ())), options.get("offline", False)
    plan = make_plan(spec, offline=offline, environment=given) if isinstance(spec, Spec) else spec
    stats = options.get("watch") or RunStats(plan.spec.models)
    kinds, replaces_damaged = kinds_of(asked), DAMAGED in asked
    max_cost_usd, concurrency = options.get("max_cost_usd"), options.get("concurrency")
    if asked and offline:
        raise InputError("a run that may make no call cannot ask again", hint="leave out --offline or --retry")
    batch = options.get("batch", False)
    if batch:
        from harness.api.batch_run import at_batch_prices, check_has_batches, check_options

        check_options(offline=offline, is_retry=bool(asked))
        check_has_batches(plan)
        stats.models = at_batch_prices(plan.spec.models)
    if max_cost_usd is not None:
        check_cost_limit(plan.spec, max_cost_usd)
    shared = ledger_of(options.get("ledger"), max_cost_usd)
    if concurrency is not None:
        plan = with_concurrency(plan, concurrency)
    caches, results = cache_folders(options.get("cache", ".harness-cache")), Path(options.get("results", "results"))
    cache = caches[0]
    before = options.get("before_asking", lambda _: None)
    interruption = Interruption()

    count, scheduler = options.get("workers", 1), options.get("scheduler")
    check_workers(count, scheduler)
    if (count > 1 or scheduler is not None) and given is not None and not offline:
        hint = "leave out `environment` or the workers, or set the variables of this process"
        raise InputError("workers find API keys in the environment of their process, not in `environment`", hint=hint)

    def with_workers(workers: Workers | None) -> FinishedRun:
        connect = interruption.reaching(connector(plan.spec, variables, max_cost_usd, stats, shared, workers))
        batches: Callable[[], AbstractContextManager[WaveExecution | None]] = nullcontext
        if batch:
            from harness.api.batch_run import BatchRun

            batches = BatchRun(plan, cache, variables, max_cost_usd, connect, stats, interruption.wait, shared).held
        replies = opened_cache(caches, stats.warned, replaces_damaged=replaces_damaged)
        ending = shared or nullcontext()
        with ending, replies as opened, batches() as waves, RunWriter(results, plan.spec.name) as writer:
            session = _Session(plan, opened, writer, connect, stats, before, variables, kinds, offline, waves)
            session.workers, session.caches, session.replaces_damaged = workers, caches, replaces_damaged
            return session.run()

    def work() -> FinishedRun:
        is_new = not cache.exists()
        try:
            with started_workers(count, scheduler, stats.warned) as workers:
                return with_workers(workers)
        except BaseException:
            if is_new:
                discard_empty(cache)
            raise

    return work, interruption


@dataclass
class _Session:
    """One run of a plan, over an open cache and into an open run folder.

    Attributes:
        plan: what to run.
        cache: the replies.
        writer: of the run folder.
        connect: opens connections to models.
        stats: counts what the run does.
        before_asking: receives the estimate before the first call that can cost anything is made.
        environment: the environment variables.
        kinds: failures to ask again for.
        is_offline: whether only recordings on this machine may be read.
        waves: makes the calls in batches; None where they are made one by one.
        unavailable: calls without a reply, shared by all conversations so that none is made again.
        workers: other processes that share the work; None for none.
        caches: the folders of the caches that are read.
        replaces_damaged: whether damaged entries of the cache are replaced.
    """

    plan: Planned
    cache: Cache
    writer: RunWriter
    connect: Connect
    stats: RunStats
    before_asking: Callable[[Estimate], None]
    environment: Mapping[str, str] = field(repr=False)
    kinds: frozenset[str]
    is_offline: bool = False
    waves: WaveExecution | None = None
    unavailable: UnavailableReplies = field(default_factory=UnavailableReplies)
    workers: Workers | None = None
    caches: tuple[Path, ...] = ()
    replaces_damaged: bool = False
    _is_announced: bool = False
    _repeated: set[str] = field(default_factory=set)

    def run(self) -> FinishedRun:
        """Write the run folder.

        Raises:
            BudgetReachedError: with what is left to do, where the limit on the cost was reached.
        """
        started, clock = datetime.now(UTC), time.monotonic()
        experiment = experiment_of(self.plan.spec.kind)
        try:
            run_id, calls = experiment.run(self.plan, self.writer, self._run_of)
        except MissingRepliesError as error:
            raise with_cache_place(error, self.cache.folder, self.plan.spec.path) from None
        except BudgetReachedError as error:
            left = experiment.estimate(self.plan, self.cache, self.environment)
            raise BudgetReachedError(str(error), hint=resume_hint(left, self.plan.spec, self.stats)) from None
        made = environment_json(started, time.monotonic() - clock, self.stats, calls)
        number = next_number(self.writer.parent.name, self.writer.parent.parent)
        source = spec_file(self.plan.spec.path, self.writer.parent.parent)
        self.writer.write_json(ENVIRONMENT, {"number": number, **source, **made})
        return FinishedRun(self.writer.publish(run_id))

    def _run_of(self, agenda: ConversationPlan[T]) -> Run[T]:
        """The run of some conversations, once those that failed before have been asked again where that is wanted."""
        run = Run(
            agenda,
            self.cache,
            self.connect,
            self.stats,
            self._announce,
            self.unavailable,
            is_offline=self.is_offline,
            waves=self.waves,
            replay=None if self.workers is None else Replay(self.workers, self.cache.values, self.caches),
        )
        if self.replaces_damaged and (written := write_damaged_calls(agenda, self.cache)):
            self.stats.say(f"{pluralized(written, 'entry', 'entries')} of the cache with a damaged call written again")
        if self.kinds:
            rerun_failed(run, self.cache, self.kinds, self._repeated)
        return run

    def _announce(self, replies: Replies) -> None:
        """Get ready for calls, and announce once what they will cost, where they can cost anything."""
        self.cache.make_ready()
        if self._is_announced:
            return
        self._is_announced = True
        spec = self.plan.spec
        if self.waves is None and (held := calls_in_jobs(self.cache.folder)):
            self.stats.say(f"{held}, which this run does not wait for; --batch collects them")
        if not all(spec.models[name].is_free for name in spec.models_used):
            for note in notes_on_identities(cast("ConversationPlan[Any]", self.plan), self.cache):
                self.stats.say(note)
            self.before_asking(experiment_of(spec.kind).estimate(self.plan, replies, self.environment))


def _is_in_a_loop() -> bool:
    """Whether an event loop is running in this thread; without asyncio, which is slow to import, none is."""
    asyncio = sys.modules.get("asyncio")
    return asyncio is not None and asyncio._get_running_loop() is not None


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
    try:
        return experiment_of(plan.spec.kind).keys(plan, cache)
    except MissingRepliesError as error:
        raise with_cache_place(error, cache.folder, path) from None
