"""Items and datasets: what is judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, TypedDict

from harness.records.label_set import VERDICT_LABELS, LabelSet

SLICES = ("category", "model_a", "model_b")
"""Columns that every run keeps and that its results can be shown by."""
SOFT_LABEL = "soft_label"
"""The column of soft labels, where a dataset has any: the share that prefers response a, half of the ties included."""
OPINION = "opinion"
"""The column of rankings by people, where items have several responses: a score for each response, higher is better."""
LENGTHS = "lengths"
"""The column of the lengths of several responses, in characters."""
SLICE = "slice."
"""Begins the names of the other columns that a run keeps for that."""


class Message(TypedDict):
    """One turn of a chat, as the chat completions protocol writes it."""

    role: str
    content: str


class Item(NamedTuple):
    """One record of a dataset: a prompt with two responses, with one, or with several, and what people said of them.

    Attributes:
        id: unique in its dataset.
        prompt: the chat so far; a prompt given as text is one user message.
        response_a: the first response; the only one of an item with a single response; "" where there are several.
        response_b: the second response, "" where there is one alone or where there are several.
        labels: one label for each annotator of the dataset, None where that annotator gave none.
        cluster: items that share it are not independent.
        category: a free word for grouping, or None.
        model_a: who wrote response a, or the single response, or None.
        model_b: who wrote response b, or None.
        reference: a reference answer, or None.
        responses: the responses of an item with several, empty for others.
        places: of each of these its place in the file, from 0, since some are shown in an order that is drawn.
    """

    id: str
    prompt: tuple[Message, ...]
    response_a: str
    response_b: str
    labels: tuple[str | None, ...] = ()
    cluster: str = ""
    category: str | None = None
    model_a: str | None = None
    model_b: str | None = None
    reference: str | None = None
    responses: tuple[str, ...] = ()
    places: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Subset:
    """Which rows of a dataset an experiment uses: `where` first, then `sample`, then `limit`.

    Attributes:
        where: column (of the canonical names) to the values that are kept.
        sample: how many rows to draw without replacement, keeping their order; None for all.
        limit: how many rows to keep from the front; None for all.
        seed: of the draw; None means the seed of the spec.
        digest: of the items that are left (`harness.data.frozen.items_digest`); other items are refused. None: any.
    """

    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sample: int | None = None
    limit: int | None = None
    seed: int | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class DatasetSpec:
    """Where a dataset is and how to read it; the data themselves come with the plan.

    Attributes:
        name: the name that the spec gives it.
        path: absolute path of the file.
        shown_path: how messages call the file: from where the spec is called so.
        format: a file name in `harness/datasets/`.
        columns: canonical column name to the name (or, for `labels`, the names) in the file, a path into a column, or
            `{value: X}` and `{from: row}` for what the file does not have; for `label` also the columns of the shares
            of verdicts, `{a: X, b: Y, tie: Z}`.
        label_values: the file's word for a label to the verdict it means; empty for `a`, `tie`, `b` themselves.
        subset: which rows to use.
        on_problem: what becomes of a row that cannot be used: `error`, or `skip`, which leaves it out and counts it.
        empty_response: what becomes of a row with an empty response: `judge`, `skip` or `error`.
        options: of the format, such as `delimiter`, and `encoding`; without those that the spec leaves out.
        votes: a file of labels in long form, one row for each item and annotator.
        content: the rows as JSON Lines, where a program gives them in place of a file; None for a file.
        slices: columns that are kept so that results can be shown by them, where the file has them.
        hub: the address of a dataset on the Hub, in place of the path; "" for none.
        files: the local copy of what the address names; empty before it has been looked up.
        source_note: what a reader of the results should know of where the rows come from.
        label_set: the labels that its items can have.
    """

    name: str
    path: Path
    shown_path: str
    format: str
    columns: Mapping[str, str | tuple[str, ...] | Mapping[str, Any]] = field(default_factory=dict)
    label_values: Mapping[str, str] = field(default_factory=dict)
    subset: Subset = field(default_factory=Subset)
    on_problem: Literal["error", "skip"] = "error"
    empty_response: Literal["judge", "skip", "error"] = "judge"
    options: Mapping[str, str] = field(default_factory=dict)
    votes: VotesSpec | None = None
    content: bytes | None = field(default=None, repr=False)
    slices: tuple[str, ...] = ()
    hub: str = ""
    files: tuple[Path, ...] = ()
    source_note: str = ""
    label_set: LabelSet = VERDICT_LABELS

    @property
    def is_single(self) -> bool:
        """Whether an item has one response."""
        return self.label_set.is_single

    @property
    def is_many(self) -> bool:
        """Whether an item has several responses, which are ranked."""
        return self.label_set.is_ranking


@dataclass(frozen=True, slots=True)
class VotesSpec:
    """A file of labels in long form: one row for each label that an annotator gave.

    Attributes:
        path: absolute path of the file.
        shown_path: how messages call it.
        format: a name of a dataset format.
        item: its column with the id of the item.
        annotator: its column with the name of the annotator, None where it has none.
        label: its column with the label.
        options: of the format.
        hub: the address of the file on the Hub, in place of the path; "" for none.
        files: the local copy of what the address names.
        content: the rows as JSON Lines, where a program gives them in place of a file; None for a file.
    """

    path: Path
    shown_path: str
    format: str
    item: str = "item"
    annotator: str | None = "annotator"
    label: str = "label"
    options: Mapping[str, str] = field(default_factory=dict)
    hub: str = ""
    files: tuple[Path, ...] = ()
    content: bytes | None = field(default=None, repr=False)


class LabelledItems(Protocol):
    """Items and what people said of them, without their texts: what scoring needs of a dataset."""

    @property
    def name(self) -> str:
        """The name that the spec gives them."""
        ...

    @property
    def annotators(self) -> tuple[str, ...]:
        """Names of those who labelled."""
        ...

    @property
    def label_set(self) -> LabelSet:
        """The labels that items can have."""
        ...

    @property
    def clustered(self) -> bool:
        """Whether two items share a cluster."""
        ...

    def __len__(self) -> int: ...

    def ids(self) -> Sequence[str]:
        """The ids of all items, in order."""
        ...

    def reference_codes(self) -> Any:
        """numpy int8 array, one for each item: position in the label set of the reference label, −1 where none.

        With several annotators it is the majority; a split without one is what the label set says.
        """
        ...

    def annotator_codes(self) -> Any:
        """numpy int8 array (items × annotators): position in the label set, −1 where that annotator gave none."""
        ...

    def cluster_codes(self) -> Any:
        """numpy int64 array, one for each item: items with the same number share a cluster."""
        ...


class Dataset(LabelledItems, Protocol):
    """A dataset that has been read and checked. Rows are in file order, after the subset."""

    digest: str
    """SHA-256 of the file's content and of what the spec says about reading it (columns, labels, subset)."""
    notes: tuple[str, ...]
    """What a reader of the results should know of how the file was read, such as rows left out."""

    def items(self, start: int = 0, stop: int | None = None) -> Iterator[Item]:
        """Items of the rows `start` to `stop`, made as they are asked for."""
        ...

    def numbers(self) -> Any:
        """numpy float array (items × annotators): the labels where they are numbers, NaN where there is none."""
        ...

    def part(self, rows: Any) -> Dataset:
        """Some rows (a sequence of positions), in the order given, with the digest of the whole."""
        ...

    def facts(self) -> Any:
        """polars frame, one row for each item: what a run keeps of it, as `harness.tables` lists it."""
        ...
