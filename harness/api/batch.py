"""The waves of a spec as batch files, and the results of such files back into the cache."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.api.experiment import experiment_of, make_plan
from harness.cache.cache import Cache
from harness.errors import InputError, Problem
from harness.providers.batch_lines import OPENAI_LINES
from harness.records.calls import Model
from harness.records.experiment import Spec
from harness.runner.batches.provider_check import check_providers
from harness.runner.batches.readback import FailedLines, Readback, known_secrets
from harness.runner.batches.request_files import RequestFile, RequestFiles, check_folder
from harness.runner.batches.result_files import ResultFiles
from harness.runner.batches.waves import DirectCalls, Wave
from harness.runner.connect import connector
from harness.runner.plan import Planned
from harness.runner.progress import RunStats
from harness.runner.session import ConversationPlan, UnavailableReplies
from harness.text import pluralized, printable

MAX_PROBLEMS = 20
"""Lines without a result that are named, where a file has no other."""


@dataclass(frozen=True, slots=True)
class Written:
    """A wave as batch files.

    Attributes:
        files: the files; none where nothing is missing.
        notes: remarks on what the files do not hold.
    """

    files: list[RequestFile]
    notes: list[str]

    @property
    def lines(self) -> int:
        """The number of calls."""
        return sum(file.lines for file in self.files)


@dataclass
class Read:
    """The results that were read.

    Attributes:
        lines: lines with anything in them.
        stored: replies stored.
        held: results whose reply the cache held already.
        repeated: lines with a key that an earlier line has.
        foreign: results that belong to no call that the spec can make now.
        bad: lines that cannot be used.
        problems: the first of these, with their places.
        failed: results without a reply.
        next: number of calls of the next wave, by model; empty where nothing is left.
    """

    lines: int
    stored: int
    held: int
    repeated: int
    foreign: int
    bad: int
    problems: list[Problem]
    failed: FailedLines
    next: dict[str, int] = field(default_factory=dict)


def write_batch(
    spec: Spec | Planned,
    out: str | Path,
    *,
    cache: str | Path = ".harness-cache",
    lines: int = OPENAI_LINES,
    response_format: bool = True,
    environment: Mapping[str, str] | None = None,
) -> Written:
    """Write the calls that can be made now, and whose replies the cache lacks, as OpenAI batch files.

    Models whose replies come from this machine are called at once. No other call is made.

    Args:
        spec: the experiment, or its plan.
        out: the folder of the files, which must not exist or be empty.
        cache: folder of the cache.
        lines: the most lines of a file.
        response_format: whether lines ask for the `response_format` of calls.
        environment: the environment variables of models that are called at once; those of the process where it is
            None.

    Raises:
        SpecError: where a batch file cannot hold the calls of a model.
        InputError: where the folder holds anything.
    """
    plan = make_plan(spec) if isinstance(spec, Spec) else spec
    check_models(plan)
    check_folder(Path(out))
    with Cache(Path(cache)) as store:
        waves = _Waves(plan, store, os.environ if environment is None else environment)
        with RequestFiles(Path(out), lines, asks_format=response_format) as files:
            for agenda in waves.agendas():
                for calls in waves.wave(agenda).calls():
                    for one in calls:
                        files.add(one)
                waves.raise_if_failed()
                if files.has_lines:
                    break
    return Written(files.written, notes_on_files(plan) if files.written else [])


def read_batch(
    spec: Spec | Planned,
    files: Sequence[str | Path],
    *,
    cache: str | Path = ".harness-cache",
    environment: Mapping[str, str] | None = None,
) -> Read:
    """Store the results of batch files as replies, and count the calls of the next wave.

    Args:
        spec: the experiment, or its plan.
        files: the files with results.
        cache: folder of the cache.
        environment: the environment variables, in which keys are found that no stored reply may hold.

    Raises:
        InputError: where no line answers a call of the spec.
    """
    plan = make_plan(spec) if isinstance(spec, Spec) else spec
    check_models(plan)
    variables = os.environ if environment is None else environment
    with ResultFiles(map(Path, files)) as results, Cache(Path(cache)) as store:
        waves = _Waves(plan, store, variables)
        taken = Readback(results, store, known_secrets(plan.spec.models.values(), variables))
        left = Counter[str]()
        for agenda in waves.agendas():
            for calls in waves.wave(agenda).calls():
                taken.take(calls)
            for calls in waves.wave(agenda).calls():
                left.update(one.call.model.name for one in calls)
            waves.raise_if_failed()
            if left:
                break
        held, foreign = taken.others()
        if not taken.used and not held:
            raise _of_another_spec(plan, results)
    return Read(
        results.lines,
        taken.stored,
        len(held),
        results.repeated,
        len(foreign),
        results.bad,
        results.problems,
        taken.failed,
        dict(left),
    )


def check_models(plan: Planned) -> None:
    """Refuse a spec with models whose calls a batch file cannot hold.

    Raises:
        SpecError: with all such models.
    """
    check_providers(
        plan,
        lambda provider: getattr(provider, "TAKES_BATCH_FILES", False),
        "takes no batch files of chat completions",
        "`harness run` calls it directly; a spec without it can be written as batch files",
    )


def notes_on_files(plan: Planned) -> list[str]:
    """Settings of models that a batch file does not hold."""
    notes = []
    for name in plan.spec.models_used:
        model = plan.spec.models[name]
        if model.is_free:
            continue
        if left := _settings_left_out(model):
            notes.append(f"{name}: the files do not hold its {' and '.join(left)}; whatever runs them has to send that")
        if model.settings.get("stream"):
            notes.append(f"{name}: the files ask for whole replies, not for streamed ones")
    return notes


def _settings_left_out(model: Model) -> list[str]:
    _, _, query = (model.base_url or "").partition("?")
    left = [f"`{key}`" for key in ("headers", "query") if model.settings.get(key)]
    return left + (["query in `base_url`"] if query else [])


def _of_another_spec(plan: Planned, results: ResultFiles) -> InputError:
    if results.lines == 0:
        return InputError([Problem(str(path), message="holds no results") for path in results.paths])
    if results.bad == results.lines:
        shown = results.problems[:MAX_PROBLEMS]
        rest = results.bad - len(shown)
        more = [Problem(message=f"{pluralized(rest, 'other line')} cannot be used")] if rest > 0 else []
        return InputError([*shown, *more])
    name = printable(plan.spec.name)
    lines = pluralized(results.lines, "line")
    return InputError(
        f"none of the {lines} answers a call of {name} that its cache lacks",
        hint="name the spec, the data and the cache that the batch files were written with",
    )


@dataclass
class _Waves:
    """The waves of a plan; calls to models of this machine are made at once."""

    plan: Planned
    store: Cache
    environment: Mapping[str, str] = field(repr=False)
    unavailable: UnavailableReplies = field(default_factory=UnavailableReplies)

    def agendas(self) -> Any:
        """As `Experiment.agendas`."""
        return experiment_of(self.plan.spec.kind).agendas(self.plan, self.store)

    def wave(self, agenda: ConversationPlan[Any]) -> Wave:
        """The calls of an agenda that can be made now."""
        stats = RunStats(self.plan.spec.models)
        connect = connector(self.plan.spec, self.environment, None, stats)
        direct = DirectCalls(agenda.spec, self.store, connect, stats, self.unavailable)
        return Wave(agenda, self.store, self.unavailable, direct)

    def raise_if_failed(self) -> None:
        """Raise InputError where a model of this machine did not reply, since later waves depend on it."""
        failed = len(self.unavailable.keys)
        reasons = list(dict.fromkeys(self.unavailable.models.values()))
        if failed or reasons:
            more = f": {reasons[0]}" if reasons else ""
            raise InputError(
                f"{pluralized(failed, 'call')} to models of this machine failed{more}",
                hint="`harness run` shows why; the replies that were stored are kept",
            )
