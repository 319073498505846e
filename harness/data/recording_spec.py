"""What a spec says of a file of recorded judgments, and a judgment of such a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

from harness.data.judged import JudgedFields
from harness.data.recorded_rankings import Counts


@dataclass(frozen=True, slots=True)
class RecordingSpec:
    """Where judgments are and how to read them.

    Attributes:
        path: absolute path of the file, a folder or a pattern.
        shown_path: how messages call it.
        format: a name of a dataset format.
        columns: what the file calls things: the names in `PLACES` and those of a judgment, and `given` and `swapped`,
            each with the names of one judgment or a list of them.
        model: only rows of this model are read, where `columns` names a column of models.
        verdict_values: spellings of verdicts, and of failures, to what they mean.
        label_values: spellings of labels of single responses, and of failures, to what they mean.
        order_values: spellings of orders to `given` and `swapped`.
        tie_margin: scores, and probabilities of both responses, that differ by no more are a tie.
        is_mapped_back: whether swapped judgments speak of the responses as the dataset orders them.
        logprob_tokens: the tokens that stand for the response shown first (`a`) and for the other one (`b`), where
            log probabilities give the preference.
        options: of the format.
        content: the rows as JSON Lines, where a program gives them in place of a file; None for a file.
        counts: of each dataset the number of responses of each item, where several are ranked and it is known.
    """

    path: Path
    shown_path: str
    format: str
    columns: Mapping[str, Any]
    model: str = ""
    verdict_values: Mapping[str, str] = field(default_factory=dict)
    label_values: Mapping[str, str] = field(default_factory=dict)
    order_values: Mapping[str, str] = field(default_factory=dict)
    tie_margin: float = 0.0
    is_mapped_back: bool = False
    logprob_tokens: Mapping[str, Sequence[str]] | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    content: bytes | None = field(default=None, repr=False)
    counts: Counts = field(default_factory=dict, repr=False)


Place: TypeAlias = tuple[str, str, int, str, str]
"""Item, order, draw, dataset and strategy of a judgment."""


class RecordedJudgment(NamedTuple):
    """One judgment of a file.

    Attributes:
        item: id of the item.
        order: in which its responses were shown, `given` or `swapped`.
        draw: number of the repeat, from 0.
        dataset: name of the dataset, "" where the file does not say.
        strategy: name of the strategy, "" where the file does not say.
        judged: what it consists of.
    """

    item: str
    order: str
    draw: int
    dataset: str
    strategy: str
    judged: JudgedFields
