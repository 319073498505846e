"""What `harness validate` finds in the data of a spec."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import HarnessError, Problem

if TYPE_CHECKING:
    from harness.records.datasets import DatasetSpec
    from harness.records.document import Document
    from harness.records.experiment import Spec


def problems_of_data(spec: Spec, say: Callable[[str], None]) -> list[Problem]:
    """Everything that a plan of a valid spec would find; in large files only in their beginnings.

    Args:
        spec: the spec.
        say: is given a sentence for each file of which only the beginning was read, and for each dataset on the Hub.
    """
    from harness.api import make_plan
    from harness.runner.hub_pins import with_commits

    sources, problems, sentences = _copied(_datasets_of(spec), say)
    if problems:
        return [*problems, *read_problems(sources, spec.seed, is_prompts=spec.kind == "generation")]
    parts = []
    with ExitStack() as stack:
        for dataset in sources:
            part, sentence = stack.enter_context(_beginning(dataset))
            parts.append(part)
            sentences += [sentence] if sentence else []
        if not sentences and not spec.undecided:
            try:
                section = "prompts" if spec.kind == "generation" else "datasets"
                make_plan(with_commits(spec, section, {one.name: one for one in sources}))
            except HarnessError as error:
                return list(error.problems)
            return []
        for sentence in sentences:
            say(sentence)
        return read_problems(parts, spec.seed, is_prompts=spec.kind == "generation")


def problems_beside(path: Path, document: Document, allowed: Iterable[Path]) -> list[Problem]:
    """Problems in the data of an invalid spec, as far as its dataset entries are valid."""
    from harness.spec.evaluation import is_generation, sound_datasets
    from harness.spec.paths import Folders

    if not isinstance(document.value, dict):
        return []
    is_prompts = is_generation(document)
    section = "prompts" if is_prompts else "datasets"
    specs = sound_datasets(document, Folders(path.absolute().parent, tuple(allowed)), section=section)
    seed = document.value.get("seed")
    specs, problems, _ = _copied(specs, lambda _: None)
    with ExitStack() as stack:
        parts = [stack.enter_context(_beginning(one))[0] for one in specs]
        return problems + read_problems(parts, seed if isinstance(seed, int) else 0, is_prompts=is_prompts)


def read_problems(specs: Iterable[DatasetSpec], seed: int, *, is_prompts: bool) -> list[Problem]:
    """What keeps datasets from being read."""
    from harness.data.dataset import PROMPT_SET, read_dataset

    problems: list[Problem] = []
    for one in specs:
        try:
            read_dataset(one, seed=seed, required=PROMPT_SET if is_prompts else None)
        except HarnessError as error:
            problems += error.problems
    return problems


def digests_of_data(spec: Spec) -> list[dict[str, Any]]:
    """The name, the number of items and their digest for each dataset of a valid spec, as `subset.digest` takes it.

    Raises:
        HarnessError: if a dataset cannot be read.
    """
    from harness.data.column_names import REQUIRED
    from harness.data.dataset import PROMPT_SET, read_dataset
    from harness.data.frozen import items_digest

    required = PROMPT_SET if spec.kind == "generation" else REQUIRED
    read = (read_dataset(one, seed=spec.seed, required=required) for one in _datasets_of(spec))
    return [{"name": data.name, "items": len(data), "digest": items_digest(data.items())} for data in read]


def _datasets_of(spec: Spec) -> list[DatasetSpec]:
    if spec.kind == "generation":
        from harness.generation.records import GenerationSpec

        assert isinstance(spec, GenerationSpec)
        return [spec.prompts[name] for name in dict.fromkeys(system.prompts for system in spec.systems)]
    return [spec.datasets[name] for name in dict.fromkeys(cell.dataset for cell in spec.cells)]


def _copied(
    specs: Iterable[DatasetSpec], say: Callable[[str], None]
) -> tuple[list[DatasetSpec], list[Problem], list[str]]:
    """The datasets that are here or are quickly downloaded; problems of others; and what is not checked."""
    from harness.data.first_look import MAX_BYTES
    from harness.data.hub.local_copy import TooLargeToCheckError, fetched

    found, problems, sentences = [], list[Problem](), list[str]()
    for one in specs:
        try:
            source = fetched(one, most=MAX_BYTES)
        except TooLargeToCheckError as error:
            sentences += [f"{one.name}: {each.message}; `harness plan` downloads it" for each in error.problems]
        except HarnessError as error:
            problems += error.problems
        else:
            found.append(source)
            if source.source_note:
                say(f"{one.name}: {source.source_note}")
    return found, problems, sentences


def _beginning(spec: DatasetSpec) -> AbstractContextManager[tuple[DatasetSpec, str]]:
    from harness.data.first_look import beginning_of

    return beginning_of(spec)
