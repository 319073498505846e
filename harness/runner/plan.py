"""Spec → Plan: the cells over their data, and the conversations of each.

A plan is pure: it reads no cache and makes no model calls. Items and conversations are made chunk by chunk, so a
million item-cells take no memory in advance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from harness.data.dataset import read_dataset
from harness.data.hub.client import HubAccess
from harness.data.hub.local_copy import fetched
from harness.errors import DatasetError, HarnessError, Problem, SpecError
from harness.evaluators.cell import asks
from harness.evaluators.conversation import Conversation
from harness.evaluators.mode import averages_scores, members_of
from harness.evaluators.probing import ProbeCell, probe_cells, wording_problem
from harness.hashing import digest_of
from harness.prompting.references import reference_problem
from harness.prompting.strategy import Questions, compile_strategy
from harness.providers.provider import find_provider
from harness.records.calls import Model
from harness.records.datasets import Dataset, DatasetSpec, Item
from harness.records.experiment import CELLS_SHOWN, Cell, Spec
from harness.records.judgments import Outcome
from harness.runner.chunk import Chunk
from harness.runner.hub_pins import with_commits
from harness.runner.recipe import Recipe
from harness.runner.slices import slice_problems
from harness.spec.digest import spec_digest
from harness.text import html_table, pluralized, quoted

CHUNK = 512
"""Conversations that are looked up together; large enough to spread the cost of a query, small in memory."""


class Planned(Protocol):
    """A plan of any kind of experiment."""

    @property
    def spec(self) -> Spec:
        """The experiment."""
        ...

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells that judge, in canonical order."""
        ...

    @property
    def size(self) -> int:
        """The number of judgments."""
        ...

    @property
    def items_by_place(self) -> Mapping[str, int]:
        """Items by the id of a cell or a system, in canonical order."""
        ...

    @property
    def summary(self) -> str:
        """Its size in one line."""
        ...

    @property
    def data_notes(self) -> list[str]:
        """Remarks on how the data were read, for the reader of the results."""
        ...

    @property
    def digest(self) -> str:
        """Digest of the spec and the data: the input of the run, independent of the replies."""
        ...

    def with_models(self, models: Mapping[str, Model]) -> Planned:
        """The same plan with other settings of its models."""
        ...


def with_concurrency(plan: Planned, concurrency: int) -> Planned:
    """The plan with so many calls in flight at once for each model; it has the same digest."""
    models = plan.spec.models.items()
    return plan.with_models(
        {name: replace(model, limits=replace(model.limits, concurrency=concurrency)) for name, model in models}
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run will judge, in canonical order: cell by cell, and within a cell item by item.

    Attributes:
        spec: the experiment.
        datasets: those that the cells use, read and checked.
        questions: the compiled strategies, by name.
        first_draw: the number of the first draw; another number than 0 asks the same again.
    """

    spec: Spec
    datasets: Mapping[str, Dataset]
    questions: Mapping[str, Questions] = field(repr=False)
    first_draw: int = field(default=0, kw_only=True)
    _maker: list[Recipe] = field(default_factory=list, init=False, repr=False, compare=False)
    """What makes the conversations, once it is needed: it remembers prompts."""

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.summary}>"

    def _repr_html_(self) -> str:
        """The items of each place, as a notebook shows a plan."""
        places = [*self.items_by_place.items()]
        return html_table(("cell or system", "items"), places, self.summary, most=CELLS_SHOWN)

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The matrix, in canonical order, then the cells that are asked for probes alone."""
        return (*self.spec.cells, *self.probe_cells)

    @property
    def probe_cells(self) -> tuple[ProbeCell, ...]:
        """The cells that are asked for the interventional probes of the spec."""
        return probe_cells(self.spec.cells, self.spec.score.probes)

    @property
    def items_by_place(self) -> Mapping[str, int]:
        """How many items every cell is about, by its id."""
        return {cell.id: len(self.datasets[cell.dataset]) for cell in self.cells}

    @property
    def summary(self) -> str:
        """Its size in one line."""
        probing = sum(len(self.datasets[cell.dataset]) for cell in self.probe_cells)
        more = f", {probing:,} of them for probes" if probing else ""
        cells, judgments = pluralized(len(self.spec.cells), "cell"), pluralized(self.size, "judgment")
        most = "" if self.spec.stopping is None else "at most "
        return f"{self.spec.name}: {cells}, {most}{judgments}{more}"

    @property
    def size(self) -> int:
        """How many judgments the run will hold."""
        return sum(len(self.datasets[cell.dataset]) for cell in self.cells)

    @property
    def conversation_count(self) -> int:
        """How many of the judgments come from conversations; the others are counted from those."""
        return sum(len(self.datasets[cell.dataset]) for cell in self.cells if asks(cell))

    @property
    def digest(self) -> str:
        """Digest of the spec and the data: the input of the run, independent of the replies."""
        data = {name: dataset.digest for name, dataset in self.datasets.items()}
        return digest_of({"spec": spec_digest(self.spec), "datasets": data})

    def with_models(self, models: Mapping[str, Model]) -> Plan:
        """The same plan with other settings of its models."""
        return replace(self, spec=replace(self.spec, models=models))

    def chunks(self) -> Iterator[Chunk]:
        """All chunks of the cells that ask, in canonical order."""
        number = 0
        for column, cell in enumerate(self.cells):
            length = len(self.datasets[cell.dataset]) if asks(cell) else 0
            for start in range(0, length, CHUNK):
                yield Chunk(number, column, cell, start, min(start + CHUNK, length))
                number += 1

    @property
    def data_notes(self) -> list[str]:
        """Remarks on how the data were read, for the reader of the results."""
        return [f"{name}: {note}" for name, dataset in self.datasets.items() for note in dataset.notes]

    def conversations(self, chunk: Chunk) -> Iterator[tuple[Item, Conversation[Outcome]]]:
        """The items of a chunk, each with a fresh conversation about it."""
        return self.maker().conversations(chunk, self.material(chunk))

    def maker(self) -> Recipe:
        """What makes the conversations of the plan."""
        if not self._maker:
            sent = Counter((cell.dataset, cell.strategy) for cell in self.spec.cells if asks(cell))
            shared = frozenset(one for one, cells in sent.items() if cells > 1)
            spec = self.spec
            self._maker.append(Recipe(spec.models, spec.strategies, shared, self.first_draw, dict(self.questions)))
        return self._maker[0]

    def material(self, chunk: Chunk) -> Iterator[Item]:
        """The items of a chunk."""
        return self.datasets[chunk.cell.dataset].items(chunk.start, chunk.stop)


def make_plan(spec: Spec, access: HubAccess | None = None) -> Plan:
    """Read the data that the cells use and compile the strategies.

    Args:
        spec: the experiment.
        access: how the Hub may be used, where data are there.

    Raises:
        SpecError: where a cell averages scores that its members do not give on one scale, or a strategy needs
            reference answers that its data do not have.
        DatasetError: with the problems of all datasets at once.
    """
    if faults := [*_score_faults(spec), *_reward_faults(spec)]:
        raise SpecError(faults)
    if spec.undecided:
        message = f"the winners of {', '.join(spec.undecided)} have not been looked up"
        raise SpecError(Problem(spec.shown_path, message=message, hint="load the spec with `harness.load_spec`"))
    problems: list[Problem] = []
    datasets: dict[str, Dataset] = {}
    sources: dict[str, DatasetSpec] = {}
    for name in dict.fromkeys(cell.dataset for cell in spec.cells):
        try:
            sources[name] = fetched(spec.datasets[name], access)
            datasets[name] = read_dataset(sources[name], seed=spec.seed)
        except HarnessError as error:
            problems.extend(error.problems)
    spec = with_commits(spec, "datasets", sources)
    problems += recording_problems(spec, datasets)
    problems += [] if problems else slice_problems(spec, datasets)
    if problems:
        raise DatasetError(problems)
    asked = dict.fromkeys((cell.strategy, cell.dataset) for cell in spec.cells)
    found = [reference_problem(spec.strategies[one], datasets[data], file=spec.shown_path) for one, data in asked]
    probed = dict.fromkeys((cell.probe, cell.strategy) for cell in probe_cells(spec.cells, spec.score.probes))
    found += [wording_problem(probe, spec.strategies[one], file=spec.shown_path) for probe, one in probed]
    if missing := [problem for problem in found if problem]:
        raise SpecError(missing)
    used = dict.fromkeys(cell.strategy for cell in spec.cells)
    questions = {name: compile_strategy(spec.strategies[name]) for name in used}
    return Plan(spec, datasets, questions)


def recording_problems(spec: Spec, datasets: Mapping[str, Dataset]) -> list[Problem]:
    """What keeps the recordings that the cells use from being read, and rankings in them of another length."""
    problems: list[Problem] = []
    counts: dict[str, dict[str, int]] = {}
    if spec.label_set.is_ranking and any(spec.models[name].is_of_rankings for name in spec.models_used):
        counts = {name: {item.id: len(item.responses) for item in one.items()} for name, one in datasets.items()}
    for name in spec.models_used:
        provider = find_provider(spec.models[name].provider)
        if hasattr(provider, "data_problems"):
            more = {"counts": counts} if counts and spec.models[name].is_of_rankings else {}
            problems += provider.data_problems(spec.models[name], **more)
    return list(dict.fromkeys(problems))


OWN_REWARD = "write a strategy with `answer: {kind: reward, thresholds: {fail: null, pass: 0}}`"


def _reward_faults(spec: Spec) -> list[Problem]:
    """Models that return numbers with strategies that ask for text, and the reverse."""
    problems = []
    for name, strategy in dict.fromkeys((name, cell.strategy) for cell in spec.cells for name in cell.models):
        answers = getattr(find_provider(spec.models[name].provider), "ANSWERS", None)
        is_reward = spec.strategies[strategy].answer["kind"] == "reward"
        if answers == ("text" if is_reward else "numbers"):
            gives = "numbers for responses" if answers == "numbers" else "text"
            wants = "a reward model" if is_reward else "a model that reads its prompt"
            message = f"the strategy {quoted(strategy)} is for {wants}, and {quoted(name)} gives {gives}"
            takes = OWN_REWARD if spec.label_set.is_single else "take the strategy `reward`"
            hint = "take `provider: score` or a recording" if is_reward else takes
            problems.append(Problem(spec.shown_path, path="matrix.strategy", message=message, hint=hint))
    return problems


def _score_faults(spec: Spec) -> list[Problem]:
    """Cells that average scores although some member gives none, or gives them on another scale."""
    problems = []
    for cell in spec.cells:
        if not averages_scores(cell):
            continue
        names = [member.strategy for member in members_of(cell)]
        scales = [spec.strategies[name].answer.get("scale") for name in names]
        for name, scale in zip(names, scales, strict=True):
            if scale is None or scale != scales[0]:
                message = f"{cell.id} averages scores, and {name} gives " + ("none" if scale is None else "others")
                hint = "exclude that cell, or let it vote by majority"
                problems.append(Problem(spec.shown_path, path="matrix.evaluator", message=message, hint=hint))
                break
    return problems
