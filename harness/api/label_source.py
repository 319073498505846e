"""Labels as a program gives them: a file, a folder of drawn labels, a frame or a list of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import InputError, Problem
from harness.text import quoted, suggestion

if TYPE_CHECKING:
    from harness.analysis.correct.given_labels import LabelSource


def source_of(
    labels: Any,
    columns: Mapping[str, str | Sequence[str]] | None,
    values: Mapping[str, str] | None,
    *,
    skip_unknown: bool,
) -> LabelSource | None:
    """Where labels are and how to read them; None for those of the run.

    Args:
        labels: a file, a folder, a frame or a list of rows; None for those of the run.
        columns: names of the columns of that file.
        values: what the words of that file mean.
        skip_unknown: whether to ignore rows whose id is not in the run.

    Raises:
        InputError: where the arguments do not fit together, with all problems at once.
    """
    from harness.analysis.correct.given_labels import LabelSource
    from harness.analysis.correct.label_file import COLUMNS
    from harness.api.in_memory import rows_of

    problems = [
        Problem(message=f"columns: there is no {quoted(str(name))}", hint=suggestion(str(name), COLUMNS))
        for name in columns or {}
        if name not in COLUMNS
    ]
    if labels is None and (columns or values or skip_unknown):
        problems.append(Problem(message="`columns`, `values` and `skip_unknown` describe a file of `labels`"))
    if problems:
        raise InputError(problems)
    named = {column: name if isinstance(name, str) else tuple(name) for column, name in (columns or {}).items()}
    words: Any = dict(values or {})
    if isinstance(labels, str | Path):
        return LabelSource(Path(labels), named, words, skip_unknown)
    if labels is not None:
        return LabelSource(Path("frame:labels"), named, words, skip_unknown, rows_of(labels, "labels"))
    return None
