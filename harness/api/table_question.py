"""What a user says about tables of verdicts or labels: which columns mean what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

METRICS = ("kappa", "accuracy")
NUMBER = "number"
"""In place of labels: they are numbers."""
TEXTS_OF_PAIRS = ("prompt", "response_a", "response_b", "model_a", "model_b")
TEXTS_OF_SINGLE = ("prompt", "response", "model")
ROWS = "row"
"""In place of a column of repeats: number the rows of an item."""


@dataclass(frozen=True, slots=True)
class TableQuestion:
    """What to make of tables of verdicts on pairs, or of labels of single responses.

    Attributes:
        judges: one for each judge: a column of verdicts, the name that its columns begin with, or `NAME=FIELDS` such as
            `gpt4=score_a:left,score_b:right`. In long form, the names of the judges to take; none for all.
        people: one for each annotator, a column of labels; or the shares of annotators, `a:COLUMN,b:COLUMN`.
        item: the column with the ids of items; None to find it.
        cluster: a column whose values rows share that are not independent, or None.
        by: a column of categories, or None.
        values: spellings of verdicts and labels to `a`, `b`, `tie` or a failure, in all columns or, with
            `COLUMN:VALUE`, in one; others have a meaning if their spelling can mean one thing only.
        name: names the run; the name of the first file by default.
        metrics: which metrics to use; the first one ranks. None for those of the labels.
        seed: of intervals.
        judge_column: in long form, the column with the name of the judge of a row.
        fields: in long form, the columns of a judgment.
        annotator: for labels in long form, the column with the annotator of a row.
        order: the column with the order in which the responses were shown.
        order_values: spellings of orders to `given` and `swapped`.
        repeat: the column with the number of a repeat, or `row` to number the rows of an item.
        is_mapped_back: whether swapped verdicts name the responses by their order in the table.
        tie_margin: scores that differ by no more are a tie, and so are probabilities of both responses.
        collapse: how orders and repeats become one verdict, as in a spec; None for its default.
        scale: the least and the greatest score, or None.
        texts: the columns of `prompt`, `response_a`, `response_b`, `model_a` and `model_b` (of single responses
            `prompt`, `response` and `model`) where they have other names.
        labels: of single responses, from the worst to the best, or `number` alone; none for verdicts on pairs.
        is_ordered: whether the order of three labels or more means something.
        thresholds: where judges give scores, the score from which each label but the lowest begins.
    """

    judges: tuple[str, ...]
    people: tuple[str, ...]
    item: str | None = None
    cluster: str | None = None
    by: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    name: str | None = None
    metrics: tuple[str, ...] = METRICS
    seed: int = 0
    judge_column: str | None = None
    fields: str | None = None
    annotator: str | None = None
    order: str | None = None
    order_values: Mapping[str, str] = field(default_factory=dict)
    repeat: str | None = None
    is_mapped_back: bool = False
    tie_margin: float = 0.0
    collapse: str | None = None
    scale: tuple[float, float] | None = None
    texts: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] = ()
    is_ordered: bool = False
    thresholds: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_single(self) -> bool:
        """Whether the tables hold labels of single responses."""
        return bool(self.labels)

    @property
    def is_number(self) -> bool:
        """Whether the labels are numbers."""
        return self.labels == (NUMBER,)

    @property
    def gives_scores(self) -> bool:
        """Whether the judges of single responses give scores and no labels."""
        return self.is_number or bool(self.thresholds)

    @property
    def result(self) -> str:
        """What the column of a judge holds where nothing else is said."""
        return ("score" if self.gives_scores else "label") if self.is_single else "verdict"

    @property
    def text_names(self) -> tuple[str, ...]:
        """The columns that say what was judged and who wrote it."""
        return TEXTS_OF_SINGLE if self.is_single else TEXTS_OF_PAIRS

    @property
    def has_several_rows(self) -> bool:
        """Whether an item may have several rows of judgments."""
        return any((self.judge_column, self.order, self.repeat))
