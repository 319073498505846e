"""A checked experiment: strategies, cells, scoring and the spec that holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from harness.records.calls import Model
from harness.records.datasets import DatasetSpec
from harness.records.figures import RankSet
from harness.records.label_set import VERDICT_LABELS, LabelSet
from harness.records.stopping import StopSpec
from harness.text import html_table

CELLS_SHOWN = 50
"""Cells of a spec that a notebook shows."""

Order = Literal["given", "swapped", "both"]


Collapse = Literal["majority", "mean-score", "all-votes"]


@dataclass(frozen=True, slots=True)
class Strategy:
    """How a model is asked for a verdict: templates and an answer rule, as a strategy file writes them.

    Attributes:
        name: the name that the spec gives it.
        summary: one line for lists.
        ask: `pair` shows both responses in one call, `each` shows every response alone in a call of its own, `single`
            shows the only response of an item, and `rank` and `best` show several responses in one call, for a ranking
            or for the best of them.
        system: template of the system message, or None.
        user: template of the user message.
        follow_up: template of what is asked once if a reply holds no answer, or None to ask nothing.
        answer: the answer rule, as `schemas/strategy.schema.json` defines it, every default written out.
        tie_margin: scores that differ by no more than this are a tie.
        reference: `required` where an item without a reference answer cannot be asked about.
        criteria: what is weighed, each with `name`, `text` and `weight`.
        steps: questions asked before the one for the verdict, each with `id`, `user` and perhaps `system`; their
            replies are variables of what is asked later.
        examples: earlier turns, each with `assistant` and either `user` or the material that its question shows.
        second_look: what is asked once more where both orders disagree, as `when` and `user`; None to ask in one order.
        source: where it comes from, for messages: `built-in` or a path.
    """

    name: str
    summary: str
    ask: Literal["pair", "each", "single", "rank", "best"]
    user: str
    answer: Mapping[str, Any]
    system: str | None = None
    follow_up: str | None = None
    tie_margin: float = 0.0
    reference: Literal["optional", "required"] = "optional"
    criteria: tuple[Mapping[str, Any], ...] = ()
    steps: tuple[Mapping[str, str], ...] = ()
    examples: tuple[Mapping[str, str], ...] = ()
    second_look: Mapping[str, str] | None = None
    source: str = "built-in"


@dataclass(frozen=True, slots=True)
class Cell:
    """One point of the matrix.

    Attributes:
        dataset: name of a dataset of the spec.
        strategy: name of a strategy of the spec.
        mode: a file name in `harness/evaluators/modes/`.
        models: names of models of the spec, in the mode's order.
        order: in which order the evaluator sees the responses; `both` asks twice and collapses.
        repeats: how often it is asked, each time with a draw of its own.
        collapse: how repeated answers become one; `all-votes` counts those of both orders together.
        settings: what only this mode understands, every default written out.
        variant: distinguishes cells of one mode and the same models, such as `(rounds=3)`; made by the mode.
    """

    dataset: str
    strategy: str
    mode: str
    models: tuple[str, ...]
    order: Order = "given"
    repeats: int = 1
    collapse: Collapse = "majority"
    settings: Mapping[str, Any] = field(default_factory=dict, hash=False)
    variant: str = ""

    @property
    def evaluator(self) -> str:
        """Who judges, such as `judge:gpt-4o` or `jury:gpt-4o+small`."""
        return f"{self.mode}:{'+'.join(self.models)}{self.variant}"

    @property
    def id(self) -> str:
        """Stable and readable, such as `fair-eval/combined-10/judge:gpt-4o`; what is not usual is added at its end."""
        parts = [self.dataset, self.strategy, self.evaluator]
        pools = self.order == "both" and self.collapse == "all-votes"
        if self.order != "given":
            parts.append(f"{self.order}-all-votes" if pools else self.order)
        if self.repeats > 1:
            parts.append(
                f"x{self.repeats}" if pools or self.collapse == "majority" else f"x{self.repeats}-{self.collapse}"
            )
        return "/".join(parts)


@dataclass(frozen=True, slots=True)
class ScoreSpec:
    """How judgments become scores.

    Attributes:
        metrics: file names in `harness/metrics/`; the first one ranks the leaderboard.
        interval: `bootstrap` (smoothed multinomial), `percentile`, `bca` or `analytic`.
        resamples: bootstrap draws.
        level: confidence level of intervals and of rank sets.
        margin: two cells whose difference is sure to be smaller are equivalent; None without a margin.
        holdout: share of the units (items, or clusters of them) on which the figure of the best is measured after it
            was chosen on the others; None to hold nothing out.
        probes: file names in `harness/analysis/audit/probes/`, whose figures are shown beside the scores.
        by: columns of the data; the figures of each slice, the items with the same value, are shown as well.
        calibration: path and digest of a calibration file, whose figures are shown as well; None for none.
    """

    metrics: tuple[str, ...] = ("kappa", "accuracy")
    interval: str = "bootstrap"
    resamples: int = 10_000
    level: float = 0.95
    margin: float | None = None
    holdout: float | None = None
    probes: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    calibration: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """What a spec took over from the newest run of another spec: the winner on one axis of the matrix.

    Attributes:
        axis: `strategy` or `evaluator`.
        taken: name of the strategy, or who judges, such as `judge:gpt-4o`.
        spec: name of the other spec.
        run: id of that run.
        dataset: name of the dataset on which it won, in the other spec.
        dataset_digest: that dataset's digest.
        metric: what it won by.
        value: its figure, which is too high on average where it is the best of several.
        corrected: its figure less what the choice adds to it, None where that is not known.
        low: lower end of the figure's interval, None where there is none.
        high: upper end of the figure's interval, None where there is none.
        rank: the ranks that could not be excluded for it, None where cells could not be compared.
        cell: id of the cell that won.
        candidates: how many cells it was the best of.
        runner_up: id of the best cell that has another strategy or evaluator, None where there was none.
        is_distinguishable: whether a cell that has what was taken is significantly better than the runner-up; None
            where nothing could be compared.
    """

    axis: Literal["strategy", "evaluator"]
    taken: str
    spec: str
    run: str
    dataset: str
    dataset_digest: str
    metric: str
    value: float
    corrected: float | None
    low: float | None
    high: float | None
    rank: RankSet | None
    cell: str
    candidates: int
    runner_up: str | None
    is_distinguishable: bool | None


@dataclass(frozen=True, slots=True)
class Spec:
    """One experiment, loaded and checked. Nothing changes it afterwards.

    Attributes:
        path: absolute path of the file it came from.
        name: names the folder of its runs.
        kind: what kind of experiment it is.
        seed: every random number of the run derives from it.
        datasets: by name, in the order of the file.
        models: by name, in the order of the file.
        strategies: by name; those that the matrix uses.
        cells: the matrix, expanded, in canonical order.
        score: how judgments become scores.
        resolved: the whole spec as plain JSON values with every default written out, paths as the user wrote them.
        shown_path: how messages call the file.
        model_places: line and column of where every model says its `api_key_env`, for messages.
        choices: what was taken over from other specs.
        stopping: when judging ends before all items are judged; None to judge all.
        undecided: names of the specs whose winners were not resolved; the cells are then all that are possible.
        label_set: the labels that items and judgments can have.
    """

    path: Path
    name: str
    kind: Literal["evaluation", "generation"]
    seed: int
    datasets: Mapping[str, DatasetSpec]
    models: Mapping[str, Model]
    strategies: Mapping[str, Strategy]
    cells: tuple[Cell, ...]
    score: ScoreSpec
    resolved: Mapping[str, Any]
    shown_path: str = ""
    model_places: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    undecided: tuple[str, ...] = ()
    stopping: StopSpec | None = None
    label_set: LabelSet = VERDICT_LABELS

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}: {len(self.cells)} cells, {len(self.models)} models>"

    def _repr_html_(self) -> str:
        """The cells, as a notebook shows a spec."""
        cells = [(cell.dataset, cell.strategy, cell.evaluator, cell.order, cell.repeats) for cell in self.cells]
        names = ("dataset", "strategy", "evaluator", "order", "repeats")
        return html_table(names, cells, repr(self)[1:-1], most=CELLS_SHOWN)

    @property
    def models_used(self) -> tuple[str, ...]:
        """Names of the models that are asked, each once."""
        return tuple(dict.fromkeys(name for cell in self.cells for name in cell.models))
