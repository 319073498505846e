"""Specs that use the winner of another: `strategy: [{winner_of: prompting-strategies, by: kappa}]`.

    links ─▶ the other specs, loaded ─▶ the winner (from `choose`) ─▶ plain names in place of the links

Links are resolved before the matrix is expanded. Without `choose`, every strategy or evaluator that may win replaces
the link, so that the rest of the spec can be checked before there is a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from harness.errors import HarnessError, Problem, SpecError
from harness.hashing import canonical_json
from harness.records.calls import Model
from harness.records.document import Document
from harness.records.experiment import Cell, Choice, Spec, Strategy
from harness.records.figures import RankSet
from harness.spec.chaining_axis import Place, is_link, with_winners
from harness.spec.checks import CheckedDocument
from harness.spec.paths import Folders, file_fault
from harness.spec.strategies import strategy_identity
from harness.spec.yaml import read_yaml
from harness.text import listed, quoted, suggestion

Axis: TypeAlias = Literal["strategy", "evaluator"]
Choose: TypeAlias = "Callable[[Spec, Axis, str, str], tuple[Choice, Cell]]"
"""Finds the winner of a spec on an axis, by a metric, on a dataset. Raises HarnessError if there is none."""

AXES: tuple[Axis, ...] = ("strategy", "evaluator")
ENDINGS = (".yaml", ".yml")
LONGEST = 32
"""The longest chain of links."""


class Link(NamedTuple):
    """A `winner_of` in a matrix, and its place."""

    axis: Axis
    place: Place
    wanted: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Chain:
    """The specs that are being loaded, each because the one before links to it.

    Attributes:
        load: loads a spec, given its path, how messages call it, and the chain that it hangs on.
        choose: who won; None to look no winner up.
        trail: path and shown path of the specs that are being loaded, the first one first.
        loaded: what was loaded, so that a spec to which several link is loaded once.
    """

    load: Callable[[Path, str, Chain], Spec]
    choose: Choose | None = None
    trail: tuple[tuple[Path, str], ...] = ()
    loaded: dict[Path, Spec] = field(default_factory=dict)

    def spec_at(self, path: Path, shown: str) -> Spec:
        """The spec in a file."""
        if path not in self.loaded:
            self.loaded[path] = self.load(path, shown, self)
        return self.loaded[path]

    def with_link(self, path: Path, shown: str) -> Chain:
        """The chain with one more spec that is being loaded."""
        return replace(self, trail=(*self.trail, (path.resolve(), shown)))


class Resolved(NamedTuple):
    """A resolved link.

    Attributes:
        link: the link.
        spec: the spec that it names.
        cells: the cell that won, or all that may win if no `choose` was given.
        possible: all that may win and that this spec could take over.
        choice: how it won, None if no `choose` was given.
    """

    link: Link
    spec: Spec
    cells: list[Cell]
    possible: list[Cell]
    choice: Choice | None


class Taken(NamedTuple):
    """A document whose links are replaced.

    Attributes:
        document: with plain names and evaluators on the axes, each known to stand where its link stood.
        possible: the same with all that may win in place of what did; what a spec says of those is not wrong.
        strategies: those of the spec, and those that came along.
        winners: what the links came to.
        problems: everything that is wrong with the links.
    """

    document: Document
    possible: Document
    strategies: dict[str, Strategy]
    winners: list[Resolved]
    problems: list[Problem]


def take(checked: CheckedDocument, folders: Folders, own: Mapping[str, Strategy], chain: Chain) -> Taken:
    """Replace every link of a spec by the winner.

    Args:
        checked: the spec, its axes being lists.
        folders: where its paths may lead.
        own: the strategies of the spec, by name.
        chain: the specs that are being loaded, this one included.
    """
    winners: list[Resolved] = []
    problems: list[Problem] = []
    known = dict(own)
    for link in _links(checked):
        try:
            winner = _winner(checked, link, folders, known, chain)
        except SpecError as error:
            problems += error.problems
            continue
        winners.append(winner)
        if link.axis == "strategy":
            known = {**known, **_along(winner), **known}
    document = possible = checked.document
    for axis in AXES:
        if here := [winner for winner in winners if winner.link.axis == axis]:
            models = checked.names("models")
            document = with_winners(document, axis, {one.link.place: one.cells for one in here}, models)
            possible = with_winners(possible, axis, {one.link.place: one.possible for one in here}, models)
    return Taken(document, possible, known, winners, problems)


def model_differences(
    document: Document, winners: Iterable[Resolved], models: Mapping[str, Model]
) -> Iterator[Problem]:
    """Models of winning evaluators that are defined differently in this spec."""
    for link, spec, cells, _, choice in winners:
        if link.axis == "strategy" or choice is None:
            continue
        for name in dict.fromkeys(name for cell in cells for name in cell.models):
            here, there = models[name], spec.models[name]
            for what in ("id", "params", "key_parts", "show_reasoning"):
                mine, theirs = getattr(here, what), getattr(there, what)
                if mine != theirs:
                    message = (
                        f"the winner of {quoted(spec.name)} is {quoted(choice.taken)}, whose model {quoted(name)} is "
                        f"another here: its {quoted(what)} is {_shown(mine)}, there {_shown(theirs)}"
                    )
                    hint = f"copy the entry {quoted(name)} of `models` from {spec.shown_path}"
                    yield document.problem(link.place, message, hint=hint)


def choices_in(winners: Iterable[Resolved]) -> list[Choice]:
    """All choices, each once and after those it depends on."""
    found: list[Choice] = []
    for _, spec, _, _, choice in winners:
        if choice is not None:
            found += [one for one in spec.choices if (one.axis, one.taken) == (choice.axis, choice.taken)]
            found.append(choice)
    return [choice for index, choice in enumerate(found) if choice not in found[:index]]


# --- choices in a resolved spec----------------------------------------------------------------------------


def choice_json(choice: Choice) -> dict[str, Any]:
    """A choice as a resolved spec and a manifest write it."""
    rank = None if choice.rank is None else choice.rank._asdict()
    return {**asdict(choice), "rank": rank}


def choice_from(value: Mapping[str, Any]) -> Choice:
    """The choice that a resolved spec writes."""
    rank = value["rank"]
    return Choice(**{**value, "rank": None if rank is None else RankSet(**rank)})


# --- one link ----------------------------------------------------------------------------------------------


def _links(checked: CheckedDocument) -> Iterator[Link]:
    """Every `winner_of` on the axes that the schema accepts."""
    for axis in AXES:
        for index, entry in enumerate(checked.part("matrix", axis) or ()):
            if is_link(entry):
                yield Link(axis, ("matrix", axis, index), entry)


def _winner(
    checked: CheckedDocument, link: Link, folders: Folders, own: Mapping[str, Strategy], chain: Chain
) -> Resolved:
    """Resolve a link. Raises SpecError with its problems."""
    document = checked.document
    spec = _other(document, link, folders, chain)
    metric, dataset = _metric(document, link, spec), _dataset(document, link, spec)
    every = [cell for cell in spec.cells if cell.dataset == dataset]
    possible = [cell for cell in every if _fault(checked, link.axis, spec, cell, own) is None]
    if chain.choose is None:
        if not possible:
            raise SpecError(_refused(checked, link, spec, every[0], own, "what may win in"))
        return Resolved(link, spec, possible, possible, None)
    try:
        choice, cell = chain.choose(spec, link.axis, metric, dataset)
    except HarnessError as error:
        raise SpecError(_at(document, link, one) for one in error.problems) from None
    if cell not in possible:
        raise SpecError(_refused(checked, link, spec, cell, own, "the winner of"))
    return Resolved(link, spec, [cell], possible, choice)


def _refused(
    checked: CheckedDocument, link: Link, spec: Spec, cell: Cell, own: Mapping[str, Strategy], subject: str
) -> Problem:
    """Why the strategy or evaluator of a cell cannot be used here."""
    message, hint = _fault(checked, link.axis, spec, cell, own) or ("", "")
    return checked.document.problem(link.place, f"{subject} {quoted(spec.name)} {message}", hint=hint)


def _at(document: Document, link: Link, problem: Problem) -> Problem:
    """A problem of a run, at the place of the link."""
    where = f"{problem.file}: " if problem.file else ""
    return document.problem(link.place, where + problem.message, hint=problem.hint)


def _other(document: Document, link: Link, folders: Folders, chain: Chain) -> Spec:
    """The spec that a link names."""
    name: str = link.wanted["winner_of"]
    place = (*link.place, "winner_of")
    is_path = "/" in name or name.endswith(ENDINGS)
    file = name if is_path else name + ENDINGS[0]
    if fault := file_fault(file, folders):
        hint = fault[1] if is_path or fault[1].startswith("did") else "a spec that is elsewhere is named by its path"
        raise SpecError(document.problem(place, fault[0], hint=hint))
    path, shown = folders.own / file, str(Path(document.file).parent / file)
    trail = [known for known, _ in chain.trail]
    if path.resolve() in trail:
        names = [each for _, each in chain.trail[trail.index(path.resolve()) :]]
        message = f"this chain refers to itself: {' → '.join([*names, names[0]])}"
        raise SpecError(document.problem(place, message, hint="name a spec that does not depend on this one"))
    if len(trail) >= LONGEST:
        raise SpecError(document.problem(place, f"this chain is longer than {LONGEST} specs"))
    if _is_generation(path, shown):
        message = f"{quoted(name)} is a generation: its winner is a system, not a strategy or an evaluator"
        raise SpecError(document.problem(place, message, hint="name the spec of an evaluation"))
    try:
        spec = chain.spec_at(path, shown)
    except SpecError as error:
        broken = document.problem(place, f"the spec {quoted(name)} is invalid", hint="fix it first")
        raise SpecError([broken, *error.problems]) from None
    if not is_path and spec.name != name:
        message = f"the spec in {quoted(file)} is called {quoted(spec.name)}"
        raise SpecError(document.problem(place, message, hint=f"write {quoted(file)} if that file is meant"))
    return spec


def _is_generation(path: Path, shown: str) -> bool:
    try:
        value = read_yaml(path, shown).value
    except SpecError:
        return False  # loading it reports what is wrong
    return isinstance(value, Mapping) and value.get("kind") == "generation"


def _metric(document: Document, link: Link, spec: Spec) -> str:
    metric: str = link.wanted.get("by", spec.score.metrics[0])
    if metric not in spec.score.metrics:
        message = f"the spec {quoted(spec.name)} has no metric {quoted(metric)}"
        raise SpecError(document.problem((*link.place, "by"), message, hint=suggestion(metric, spec.score.metrics)))
    return metric


def _dataset(document: Document, link: Link, spec: Spec) -> str:
    known = list(dict.fromkeys(cell.dataset for cell in spec.cells))
    dataset: str | None = link.wanted.get("dataset")
    if dataset is None and len(known) > 1:
        message = f"the spec {quoted(spec.name)} has {len(known)} datasets, and each may have another winner"
        raise SpecError(document.problem(link.place, message, hint=f"write `dataset:` with one of {listed(known)}"))
    if dataset is not None and dataset not in known:
        message = f"the spec {quoted(spec.name)} has no dataset {quoted(dataset)}"
        raise SpecError(document.problem((*link.place, "dataset"), message, hint=suggestion(dataset, known)))
    return dataset or known[0]


def _fault(
    checked: CheckedDocument, axis: Axis, spec: Spec, cell: Cell, own: Mapping[str, Strategy]
) -> tuple[str, str] | None:
    """Message and hint if the strategy or evaluator of a cell cannot be used here; None if it can."""
    if axis == "strategy":
        mine = own.get(cell.strategy)
        if mine is None or strategy_identity(mine) == strategy_identity(spec.strategies[cell.strategy]):
            return None
        return (
            f"is the strategy {quoted(cell.strategy)}, but this spec has another one of that name",
            "give yours another name",
        )
    missing = [name for name in cell.models if name not in checked.names("models")]
    if not missing:
        return None
    hint = f"copy its entry from {spec.shown_path}"
    return f"is {quoted(cell.evaluator)}, but this spec has no model {quoted(missing[0])}", hint


def _along(winner: Resolved) -> dict[str, Strategy]:
    """The strategies of a winner, each with its source for messages."""
    spec = winner.spec
    strategies = {cell.strategy: spec.strategies[cell.strategy] for cell in winner.cells}
    return {
        name: one if one.source == "built-in" else replace(one, source=f"{spec.shown_path}: {one.source}")
        for name, one in strategies.items()
    }


def _shown(value: Any) -> str:
    return quoted(value if isinstance(value, str) else canonical_json(value).decode())
