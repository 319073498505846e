"""What every kind of experiment can do, and which module does it for each kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from harness.data.hub.client import HubAccess
from harness.records.datasets import Dataset
from harness.records.experiment import Spec
from harness.runner.needs import Estimate
from harness.runner.plan import Planned
from harness.runner.run import RunOf, RunResult
from harness.runner.run_folder import RunWriter
from harness.runner.session import ConversationPlan, Replies

if TYPE_CHECKING:
    from harness.analysis.power.figures import Power, PowerQuestion
    from harness.cache.cache import Cache
    from harness.leaderboard.tables import BoardTables
    from harness.runner.explain import Explanation

P = TypeVar("P", bound=Planned)

KINDS: Mapping[str, str] = {
    "evaluation": "harness.api.evaluation",
    "generation": "harness.generation.experiment",
}
"""The module of each kind, which implements `Experiment`."""


class Experiment(Protocol[P]):
    """A kind of experiment."""

    def plan(self, spec: Spec, access: HubAccess | None = None) -> P:
        """Read the data that a spec uses and compile its strategies.

        Args:
            spec: the experiment.
            access: how the Hub may be used, where data are there.

        Raises:
            HarnessError: with the problems of all data at once.
        """
        ...

    def spec_digest(self, spec: Spec) -> str:
        """Digest of everything in a spec that determines results, as the manifest of a run has it."""
        ...

    def inputs(self, plan: P) -> Mapping[str, Dataset]:
        """The data of a plan by their names in the spec, as the manifest of a run lists them."""
        ...

    def estimate(
        self,
        plan: P,
        replies: Replies,
        environment: Mapping[str, str] | None = None,
        *,
        whole: bool = False,
        reached: Callable[[int], None] = lambda _: None,
    ) -> Estimate:
        """The calls that the cache lacks, their tokens and their cost. Makes no call.

        Args:
            plan: the plan.
            replies: the cache.
            environment: the environment variables, in which tiktoken looks for its folder; None to count bytes.
            whole: whether every judgment of a large plan is counted, and not a part that stands for the rest.
            reached: receives the number of conversations that have been counted.
        """
        ...

    def run(self, plan: P, writer: RunWriter, run_of: RunOf) -> RunResult:
        """Run all conversations, score them, and write every deterministic file of the run folder.

        Args:
            plan: the plan.
            writer: of the run folder.
            run_of: makes the run of a set of conversations over the cache.
        """
        ...

    def keys(self, plan: P, cache: Cache) -> list[str]:
        """The cache keys of all calls in canonical order, each once.

        Raises:
            MissingRepliesError: where the cache lacks some of their replies.
        """
        ...

    def known_keys(self, plan: P, cache: Cache) -> Iterator[str]:
        """The cache keys of the calls of a plan, as far as the replies in the cache determine them.

        Raises:
            MissingRepliesError: where later calls depend on replies that the cache lacks.
        """
        ...

    def agendas(self, plan: P, cache: Cache) -> Iterator[ConversationPlan[Any]]:
        """The conversations of a run, in the parts that follow one another.

        The next part may be taken only where the cache holds every reply of the one before.

        Args:
            plan: the plan.
            cache: the replies.
        """
        ...

    def explain(self, plan: P, name: str | None, item: str | None, cache: Cache) -> Explanation:
        """The matrix of the spec, or one conversation as far as the cache carries it.

        Args:
            plan: the plan.
            name: id of a cell or a system, or a unique part of one; None for the matrix.
            item: id of the item; None for the first one.
            cache: the replies.

        Raises:
            InputError: where there is no such cell or item.
        """
        ...

    def power(self, plan: P, results: Path, question: PowerQuestion) -> Power | None:
        """How small a difference the planned run can detect; None where power analysis does not cover the kind.

        Args:
            plan: the plan.
            results: folder of all results, for the pilot.
            question: the question.
        """
        ...

    def board_tables(self, board: Mapping[str, Any]) -> BoardTables:
        """A leaderboard as JSON, ready to be rendered in any leaderboard format."""
        ...


def experiment_of(kind: str) -> Experiment[Any]:
    """The implementation of a kind of experiment."""
    return cast("Experiment[Any]", import_module(KINDS[kind]))


def make_plan(spec: Spec, *, offline: bool = False, environment: Mapping[str, str] | None = None) -> Planned:
    """Read the data that a spec uses and compile its strategies.

    Args:
        spec: the experiment.
        offline: read the local copies of datasets on the Hub; nothing is looked up or downloaded.
        environment: where HF_TOKEN and HF_ENDPOINT are found; the environment variables of the process where it is
            None.

    Raises:
        HarnessError: with the problems of all data at once.
    """
    plan: Planned = experiment_of(spec.kind).plan(spec, HubAccess(offline, environment))
    return plan


def board_tables(board: Mapping[str, Any]) -> BoardTables:
    """A leaderboard of any kind, ready to be rendered in any leaderboard format."""
    return experiment_of(board.get("kind", "evaluation")).board_tables(board)


if TYPE_CHECKING:
    from harness.api import evaluation as _evaluation
    from harness.generation import experiment as _generation
    from harness.generation.plan import LoopPlan
    from harness.runner.plan import Plan

    _EVALUATION: Experiment[Plan] = _evaluation
    _GENERATION: Experiment[LoopPlan] = _generation
