"""GenerationSpec → the loops to run, and, once their drafts are picked, the judgments of these."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from harness.data.dataset import PROMPT_SET, FrameDataset, read_dataset
from harness.data.hub.client import HubAccess
from harness.data.hub.local_copy import fetched
from harness.errors import DatasetError, HarnessError, Problem
from harness.evaluators.conversation import Conversation
from harness.generation.loop import LoopContext
from harness.generation.recipe import LoopRecipe, MatchedItem, MatchRecipe, loop_context
from harness.generation.records import GenerationSpec, System, Trajectory
from harness.generation.spec import generation_digest
from harness.hashing import digest_of
from harness.prompting.strategy import Questions, compile_strategy
from harness.records.calls import Model
from harness.records.datasets import DatasetSpec, Item
from harness.records.experiment import CELLS_SHOWN, Cell
from harness.records.frozen import FrozenDict
from harness.records.judgments import FailureKind
from harness.runner.chunk import Chunk
from harness.runner.hub_pins import with_commits
from harness.runner.plan import CHUNK, Plan
from harness.text import html_table, pluralized


class LoopChunk(NamedTuple):
    """Some neighbouring prompts of one system; as `harness.runner.plan.Chunk`."""

    number: int
    cell: System
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class LoopPlan:
    """The loops of a run, system by system, and within a system prompt by prompt.

    Attributes:
        spec: the experiment.
        prompts: the prompt sets in use, read and checked.
        questions: the compiled strategies, by name.
        context: the settings that all loops share.
    """

    spec: GenerationSpec
    prompts: Mapping[str, FrameDataset]
    questions: Mapping[str, Questions] = field(repr=False)
    context: LoopContext = field(repr=False)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.summary}>"

    def _repr_html_(self) -> str:
        """The items of each place, as a notebook shows a plan."""
        places = [*self.items_by_place.items()]
        return html_table(("cell or system", "items"), places, self.summary, most=CELLS_SHOWN)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Those that compare, in canonical order."""
        return self.spec.cells

    @property
    def conversation_count(self) -> int:
        """How many loops there are."""
        return sum(len(self.prompts[system.prompts]) for system in self.spec.systems)

    @property
    def items_by_place(self) -> Mapping[str, int]:
        """How many prompts every system and every cell is about, by id."""
        loops = {system.id: len(self.prompts[system.prompts]) for system in self.spec.systems}
        return {**loops, **{cell.id: self.prompts_of(cell) for cell in self.cells}}

    @property
    def summary(self) -> str:
        """Its size in one line."""
        loops = f"{pluralized(len(self.spec.systems), 'system')}, {pluralized(self.conversation_count, 'loop')}"
        judged = f"{pluralized(len(self.cells), 'cell')}, {pluralized(self.size, 'judgment')}"
        return f"{self.spec.name}: {loops}, {judged}"

    @property
    def data_notes(self) -> list[str]:
        """Remarks on how the prompts were read, for the reader of the results."""
        return [f"{name}: {note}" for name, prompts in self.prompts.items() for note in prompts.notes]

    @property
    def size(self) -> int:
        """How many judgments the drafts that are picked will get."""
        return sum(self.prompts_of(cell) for cell in self.cells)

    @property
    def digest(self) -> str:
        """Digest of the spec and the prompts: the input of the run, independent of the replies."""
        data = {name: prompts.digest for name, prompts in self.prompts.items()}
        return digest_of({"spec": generation_digest(self.spec), "prompts": data})

    def with_models(self, models: Mapping[str, Model]) -> LoopPlan:
        """The same plan with other settings of its models."""
        return replace(self, spec=replace(self.spec, models=models), context=replace(self.context, models=models))

    def prompts_of(self, cell: Cell) -> int:
        """How many prompts a cell that compares is about."""
        return len(self.prompts[self.system(self.spec.matches[cell.dataset].first).prompts])

    def system(self, name: str) -> System:
        """A system by its id."""
        return next(system for system in self.spec.systems if system.id == name)

    def chunks(self) -> Iterator[LoopChunk]:
        """All chunks, in canonical order."""
        number = 0
        for system in self.spec.systems:
            length = len(self.prompts[system.prompts])
            for start in range(0, length, CHUNK):
                yield LoopChunk(number, system, start, min(start + CHUNK, length))
                number += 1

    def conversations(self, chunk: LoopChunk) -> Iterator[tuple[Item, Conversation[Trajectory]]]:
        """The prompts of a chunk, each with a fresh loop."""
        return self.maker().conversations(chunk, self.material(chunk))

    def maker(self) -> LoopRecipe:
        """What makes the loops of the plan."""
        return LoopRecipe(self.spec, self.context)

    def material(self, chunk: LoopChunk) -> Iterator[Item]:
        """The prompts of a chunk."""
        return self.prompts[chunk.cell.prompts].items(chunk.start, chunk.stop)


def make_loop_plan(spec: GenerationSpec, access: HubAccess | None = None) -> LoopPlan:
    """Read the prompt sets that the systems use, and compile the strategies and the review.

    Args:
        spec: the experiment.
        access: how the Hub may be used, where prompts are there.

    Raises:
        DatasetError: with the problems of all prompt sets at once.
    """
    problems: list[Problem] = []
    prompts: dict[str, FrameDataset] = {}
    sources: dict[str, DatasetSpec] = {}
    for name in dict.fromkeys(system.prompts for system in spec.systems):
        try:
            sources[name] = fetched(spec.prompts[name], access)
            prompts[name] = read_dataset(sources[name], seed=spec.seed, required=PROMPT_SET)
        except HarnessError as error:
            problems.extend(error.problems)
    spec = with_commits(spec, "prompts", sources)
    if problems:
        raise DatasetError(problems)
    questions = {name: compile_strategy(strategy) for name, strategy in spec.strategies.items()}
    return LoopPlan(spec, prompts, questions, loop_context(spec))


class Picks(NamedTuple):
    """The picks of a system, prompt by prompt.

    Attributes:
        texts: the drafts that were picked, "" where there is none.
        failures: why there is none, None where there is one.
    """

    texts: list[str]
    failures: list[FailureKind | None]


@dataclass(frozen=True, slots=True)
class MatchPlan(Plan):
    """The judgments of the drafts that were picked: a plan like any other, whose datasets are the matches.

    If a system has no draft, the judgment fails as the system did; two drafts with the same text are a tie. Neither
    makes a model call.

    Attributes:
        picks: the picks by system id.
    """

    picks: Mapping[str, Picks] = field(default_factory=dict)

    def maker(self) -> MatchRecipe:
        """What makes the conversations of the plan."""
        return MatchRecipe(self.spec.models, self.spec.strategies, frozenset(), self.first_draw, dict(self.questions))

    def material(self, chunk: Chunk) -> Iterator[MatchedItem]:  # type: ignore[override]  # of its own maker
        """The items of a chunk, each with the failure of a system that has no draft for it."""
        assert isinstance(self.spec, GenerationSpec)
        match = self.spec.matches[chunk.cell.dataset]
        sides = [self.picks[match.first], self.picks[match.second]]
        for at, item in enumerate(self.datasets[chunk.cell.dataset].items(chunk.start, chunk.stop), chunk.start):
            yield MatchedItem(item, next((side.failures[at] for side in sides if side.failures[at]), None))


def make_match_plan(plan: LoopPlan, picks: Mapping[str, Picks]) -> MatchPlan:
    """The plan of all comparisons, once every system has picked its drafts."""
    datasets = {}
    for match in plan.spec.matches.values():
        first, second = plan.system(match.first), plan.system(match.second)
        texts = (picks[match.first].texts, picks[match.second].texts)
        prompts = plan.prompts[first.prompts]
        datasets[match.name] = prompts.with_responses(match.name, texts, (first.name, second.name))
    return MatchPlan(plan.spec, FrozenDict(datasets), plan.questions, picks)
