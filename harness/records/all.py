"""All nouns, frozen, in the order in which the pipeline meets them. Read this first.

    Spec ─▶ Plan (Cells over Datasets) ─▶ Calls ⇄ Replies ─▶ Judgments ─▶ Scores ─▶ Leaderboard

Nothing here does I/O, and nothing here imports a heavy package.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol, TypedDict

Verdict = Literal["a", "tie", "b"]
FailureKind = Literal["unparsed", "refused", "truncated", "unavailable"]
Finish = Literal["stop", "length", "refusal", "unavailable"]
Order = Literal["given", "swapped", "both"]
Collapse = Literal["majority", "mean-score"]

VERDICTS: tuple[Verdict, ...] = ("a", "tie", "b")
"""The verdict classes in their order; the position is the code used in every array."""
FAILURES: tuple[FailureKind, ...] = ("unparsed", "refused", "truncated", "unavailable")
"""Why there is no verdict; failure k has the code `len(VERDICTS) + k` in every array."""
OUTCOMES: tuple[str, ...] = (*VERDICTS, *FAILURES)
"""Verdicts and failures together; the position is the code (int8) of a judgment."""


class Message(TypedDict):
    """One turn of a chat, as the chat completions protocol writes it."""

    role: str
    content: str


# --- what is asked about -------------------------------------------------------------------------------


class Item(NamedTuple):
    """One record of a dataset: a prompt with two responses, and what people said of them.

    Attributes:
        id: unique in its dataset.
        prompt: the chat so far; a prompt given as text is one user message.
        response_a: the first response.
        response_b: the second response.
        labels: one verdict for each annotator of the dataset, None where that annotator gave none.
        cluster: items that share it are not independent.
        category: a free word for grouping, or None.
        model_a: who wrote response a, or None.
        model_b: who wrote response b, or None.
        reference: a reference answer, or None.
    """

    id: str
    prompt: tuple[Message, ...]
    response_a: str
    response_b: str
    labels: tuple[Verdict | None, ...] = ()
    cluster: str = ""
    category: str | None = None
    model_a: str | None = None
    model_b: str | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Subset:
    """Which rows of a dataset an experiment uses: `where` first, then `sample`, then `limit`.

    Attributes:
        where: column (of the canonical names) to the values that are kept.
        sample: how many rows to draw without replacement, keeping their order; None for all.
        limit: how many rows to keep from the front; None for all.
        seed: of the draw; None means the seed of the spec.
    """

    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sample: int | None = None
    limit: int | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class DatasetSpec:
    """Where a dataset is and how to read it; the data themselves come with the plan.

    Attributes:
        name: the name that the spec gives it.
        path: absolute path of the file.
        shown_path: how messages call the file: from where the spec is called so.
        format: a file name in `harness/datasets/`.
        columns: canonical column name to the name (or, for `labels`, the names) in the file.
        label_values: the file's word for a label to the verdict it means; empty for `a`, `tie`, `b` themselves.
        subset: which rows to use.
    """

    name: str
    path: Path
    shown_path: str
    format: str
    columns: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    label_values: Mapping[str, Verdict] = field(default_factory=dict)
    subset: Subset = field(default_factory=Subset)


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
    def clustered(self) -> bool:
        """Whether two items share a cluster."""
        ...

    def __len__(self) -> int: ...

    def ids(self) -> Sequence[str]:
        """The ids of all items, in order."""
        ...

    def reference_codes(self) -> Any:
        """numpy int8 array, one for each item: index into VERDICTS of the reference verdict, −1 where none.

        With several annotators it is the majority; a split without one is `tie`.
        """
        ...

    def annotator_codes(self) -> Any:
        """numpy int8 array (items × annotators): index into VERDICTS, −1 where that annotator gave none."""
        ...

    def cluster_codes(self) -> Any:
        """numpy int64 array, one for each item: items with the same number share a cluster."""
        ...


class Dataset(LabelledItems, Protocol):
    """A dataset that has been read and checked. Rows are in file order, after the subset."""

    digest: str
    """SHA-256 of the file's content and of what the spec says about reading it (columns, labels, subset)."""

    def items(self, start: int = 0, stop: int | None = None) -> Iterator[Item]:
        """Items of the rows `start` to `stop`, made as they are asked for."""
        ...

    def facts(self) -> Any:
        """polars frame, one row for each item: what a run keeps of it, as `harness.tables` lists it."""
        ...


# --- who is asked, and how -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Price:
    """USD for a million tokens."""

    input: float
    output: float


@dataclass(frozen=True, slots=True)
class Limits:
    """What a model's endpoint allows.

    Attributes:
        concurrency: calls under way at once.
        rpm: requests a minute, None for no limit.
        tpm: tokens a minute, prompt and reply together, None for no limit.
        timeout_s: seconds until one attempt is given up.
        attempts: how often a call is tried in all.
    """

    concurrency: int = 16
    rpm: int | None = None
    tpm: int | None = None
    timeout_s: float = 120.0
    attempts: int = 6


@dataclass(frozen=True, slots=True)
class Model:
    """One model of a spec.

    Attributes:
        name: the name that the spec gives it.
        provider: a file name in `harness/providers/`.
        id: what the cache key calls it; everything about the model that can change a reply is in it or in params.
        params: parameters of the call as the chat completions protocol names them.
        base_url: endpoint, None for the provider's own.
        api_key_env: name of the environment variable that holds the key, None for no key.
        price: None where the spec gives none.
        limits: what the endpoint allows.
        settings: what only this provider understands, e.g. the knobs of a simulated model.
    """

    name: str
    provider: str
    id: str
    params: Mapping[str, Any] = field(default_factory=dict)
    base_url: str | None = None
    api_key_env: str | None = None
    price: Price | None = None
    limits: Limits = field(default_factory=Limits)
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_simulated(self) -> bool:
        """Whether this is the simulated world and no language model, also where it is served on a port."""
        return self.provider == "simulated" or self.id.partition("?")[0] == "simulated"

    @property
    def is_free(self) -> bool:
        """Whether no call to it can cost anything: its replies come from this machine."""
        return self.provider in ("simulated", "recorded")


@dataclass(frozen=True, slots=True)
class Strategy:
    """How a model is asked for a verdict: templates and an answer rule, as a strategy file writes them.

    Attributes:
        name: the name that the spec gives it.
        summary: one line for lists.
        ask: `pair` shows both responses in one call, `each` shows every response alone in a call of its own.
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
    ask: Literal["pair", "each"]
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


# --- the experiment ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Cell:
    """One point of the matrix.

    Attributes:
        dataset: name of a dataset of the spec.
        strategy: name of a strategy of the spec.
        mode: a file name in `harness/modes/`.
        models: names of models of the spec, in the mode's order.
        order: in which order the evaluator sees the responses; `both` asks twice and collapses.
        repeats: how often it is asked, each time with a draw of its own.
        collapse: how repeated answers become one.
        settings: what only this mode understands, every default written out.
        variant: what tells cells of one mode and the same models apart, such as `(rounds=3)`; made by the mode.
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
        if self.order != "given":
            parts.append(self.order)
        if self.repeats > 1:
            parts.append(f"x{self.repeats}" if self.collapse == "majority" else f"x{self.repeats}-{self.collapse}")
        return "/".join(parts)


@dataclass(frozen=True, slots=True)
class ScoreSpec:
    """How judgments become scores.

    Attributes:
        metrics: file names in `harness/metrics/`; the first one ranks the leaderboard.
        interval: `bootstrap` (smoothed multinomial), `percentile`, `bca` or `analytic`.
        resamples: bootstrap draws.
        level: confidence level of intervals and of rank sets.
        margin: two cells whose difference is sure to be smaller are equivalent; None where nobody says so.
        holdout: share of the units (items, or clusters of them) on which the figure of the best is measured after it
            was chosen on the others; None to hold nothing out.
        probes: file names in `harness/probes/`, whose figures stand beside the scores.
    """

    metrics: tuple[str, ...] = ("kappa", "accuracy")
    interval: str = "bootstrap"
    resamples: int = 10_000
    level: float = 0.95
    margin: float | None = None
    holdout: float | None = None
    probes: tuple[str, ...] = ()


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
        undecided: names of the specs whose winners were not looked up; the cells are then all that may come of them.
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

    @property
    def models_used(self) -> tuple[str, ...]:
        """Names of the models that are asked, each once."""
        return tuple(dict.fromkeys(name for cell in self.cells for name in cell.models))


# --- asking ---------------------------------------------------------------------------------------------


class Call(NamedTuple):
    """One chat completion request. Its digest, `harness.digest.call_key`, is the cache key.

    Attributes:
        model: the model asked.
        messages: the whole conversation that is sent.
        draw: number of the draw: repeated answers to the same question are different calls.
        step: where in its conversation it stands, such as `verdict` or `score-a.again`; not part of the key.
        locator: what a recorded model needs to find its reply; empty, and not part of the key, for others.
        params: parameters of this call beside those of the model, such as `response_format`; None for none.
    """

    model: Model
    messages: Sequence[Message]
    draw: int = 0
    step: str = ""
    locator: str = ""
    params: Mapping[str, Any] | None = None


class Reply(NamedTuple):
    """What came back.

    Attributes:
        text: the reply's text, "" where there is none.
        finish: why it ended; `unavailable` marks the absence of a reply and is never stored.
        prompt_tokens: as the endpoint reports them, 0 where it reports none.
        completion_tokens: as the endpoint reports them, 0 where it reports none.
        served_model: the model name that the endpoint reports, "" where it reports none.
    """

    text: str
    finish: Finish = "stop"
    prompt_tokens: int = 0
    completion_tokens: int = 0
    served_model: str = ""


UNAVAILABLE = Reply(text="", finish="unavailable")
"""Stands for a reply that could not be had."""


class Outcome(NamedTuple):
    """How a conversation about one item ended: a verdict or a failure, never both.

    Attributes:
        verdict: None where there is a failure.
        failure: None where there is a verdict.
        score_a: the score of response a, None where the strategy gives none or it could not be read.
        score_b: the score of response b, likewise.
        votes: the verdicts and failures that were collapsed into this one, in the order in which they were asked for:
            all repeats in the order given, then all in the swapped order (named as in the order given), or the
            rounds of a debate; empty where there was only one.
        abstained: how many of those who could have had a say failed and were left out: members of a jury, personas
            of a debate, repeats.
    """

    verdict: Verdict | None
    failure: FailureKind | None = None
    score_a: float | None = None
    score_b: float | None = None
    votes: tuple[str, ...] = ()
    abstained: int = 0

    @property
    def name(self) -> str:
        """The verdict or the failure: one of OUTCOMES."""
        found = self.verdict or self.failure
        assert found, "an outcome is a verdict or a failure"
        return found


class Judgment(NamedTuple):
    """One cell's answer on one item: a row of `judgments.parquet`.

    Attributes:
        item: id of the item.
        outcome: the verdict or the failure, and the scores.
        keys: the cache keys of its calls, in the order in which they were made.
        prompt_tokens: sum over its calls.
        completion_tokens: sum over its calls.
    """

    item: str
    outcome: Outcome
    keys: tuple[str, ...]
    prompt_tokens: int
    completion_tokens: int


class Usage(NamedTuple):
    """What some judgments took, and how much was lost on the way to them.

    Attributes:
        prompt_tokens: over all calls.
        completion_tokens: over all calls.
        calls: whose replies the judgments rest on; one that several judgments share counts for each.
        cost_usd: by the prices in the spec, None where a model has none.
        abstained: how many of those who could have had a say in a judgment failed and were left out, over all of them.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    calls: int = 0
    cost_usd: float | None = 0.0
    abstained: int = 0

    def plus(self, other: Usage) -> Usage:
        """Both together."""
        cost = None if self.cost_usd is None or other.cost_usd is None else self.cost_usd + other.cost_usd
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.calls + other.calls,
            cost,
            self.abstained + other.abstained,
        )


# --- scoring --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with all that is needed to believe it.

    Attributes:
        value: the estimate, None where it is undefined.
        low: lower end of the interval, None where there is none.
        high: upper end of the interval, None where there is none.
        reason: why the value or its interval is None, "" where both are there.
        n: how many items (not resampling units) it rests on.
        method: how the interval was made, `none` where there is none.
        resamples: bootstrap draws, 0 for methods without.
        level: confidence level of the interval.
        seed: the derived seed of the interval's generator in hexadecimal, "" for methods without.
        unit: what was resampled, `item` or `cluster`.
        units: how many such units there are.
        undefined_share: share of the resamples in which the metric was undefined.
        design_effect: the clustered variance over that of independent items, None where items are independent.
        systems: how many cells were scored on the same dataset.
        flags: short stable words: `degenerate` (standard error 0), `few-clusters`, `undefined-resamples`.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str = ""
    n: int = 0
    method: str = "none"
    resamples: int = 0
    level: float = 0.95
    seed: str = ""
    unit: Literal["item", "cluster"] = "item"
    units: int = 0
    undefined_share: float = 0.0
    design_effect: float | None = None
    systems: int = 1
    flags: tuple[str, ...] = ()


class RankSet(NamedTuple):
    """The ranks that cannot be excluded for a cell among the cells of its dataset, 1 is best."""

    best: int
    worst: int


@dataclass(frozen=True, slots=True)
class CellScore:
    """What one cell's judgments amount to.

    Attributes:
        cell: the cell.
        n: items that have a reference label; every figure rests on these or says otherwise.
        items: items judged, with and without a label.
        table: counts, 3 rows (reference in VERDICTS) × 7 columns (judgment in OUTCOMES).
        outcomes: counts over all items judged, one for each of OUTCOMES.
        figures: by metric name; also the companions `NAME.complete-case`, `NAME.failures-wrong`,
            `NAME.failures-right` (bounds), without interval, and those of a cell that asks several times, which
            `harness.consistency` lists.
        usage: what the judgments took; those of a jury took what its members' took.
    """

    cell: Cell
    n: int
    items: int
    table: tuple[tuple[int, ...], ...]
    outcomes: tuple[int, ...]
    figures: Mapping[str, Figure]
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Difference:
    """One cell's figure less that of another, both on the same items.

    Attributes:
        to: id of the other cell.
        value: the difference, None where one of the two cannot be compared.
        low: lower end of its interval, which holds together with those of all other pairs of the dataset; None where
            the items show no variation to measure it by.
        high: upper end of it, None likewise.
        p_value: adjusted for all pairs of the dataset, None likewise.
        method: how it was adjusted, `max-t` or `holm`; `none` where there is no value.
        detectable: the difference that a run like this one finds in four of five cases, None likewise.
        is_distinguishable: whether the two differ significantly.
        is_equivalent: whether the interval lies within the margin of the spec; None where it declares none.
        exact_p: of a metric that has one, the p-value of its exact test of these two alone (accuracy: McNemar's);
            None for others and where items are not independent.
        reason: why the value or its interval is None, "" where both are there.
    """

    to: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    method: str = "none"
    detectable: float | None = None
    is_distinguishable: bool = False
    is_equivalent: bool | None = None
    exact_p: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a leaderboard: a score and where it stands, by metric.

    Attributes:
        score: of the cell.
        ranks: that cannot be excluded for it; None where it could not be compared.
        differences: to the best cell of its dataset; None for that cell itself.
        is_simulated: whether a simulated model took part.
    """

    score: CellScore
    ranks: Mapping[str, RankSet | None]
    differences: Mapping[str, Difference | None] = field(default_factory=dict)
    is_simulated: bool = False


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The best of some cells, chosen on a part of the items and measured on the rest.

    Attributes:
        cell: id of the cell that was best on the part it was chosen on, None where none had a value there.
        chosen_on: items of that part.
        chosen_value: its figure there, which is too high on average where several were tried.
        figure: its figure on the items held out, which the choice did not see.
        seed: of the split in hexadecimal.
    """

    cell: str | None
    chosen_on: int
    chosen_value: float | None
    figure: Figure
    seed: str


@dataclass(frozen=True, slots=True)
class Winner:
    """The best of the cells of a dataset, and what choosing it does to its figure.

    Attributes:
        dataset: its name.
        cell: id of the best cell, None where no cell has a value.
        metric: what it is best by.
        tried: how many cells the spec tries on this dataset.
        value: its figure, which is too high on average where several were tried.
        corrected: its figure less what the choice adds to it, None where that is not known.
        low: lower end of the corrected interval, None where there is none.
        high: upper end of the corrected interval, None where there is none.
        method: how the correction was made, `none` where there is none.
        resamples: in how many of them the choice was made again.
        level: confidence level of the interval.
        seed: of the draws in hexadecimal, "" where there are none.
        reason: why there is no correction or no interval, "" where both are there.
        held_out: the same choice made on a part of the items and measured on the rest, None where the spec asks for
            none.
    """

    dataset: str
    cell: str | None
    metric: str
    tried: int
    value: float | None = None
    corrected: float | None = None
    low: float | None = None
    high: float | None = None
    method: str = "none"
    resamples: int = 0
    level: float = 0.95
    seed: str = ""
    reason: str = ""
    held_out: HeldOut | None = None


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """Cells ranked on a metric, the datasets one after the other.

    Attributes:
        spec: name of the spec.
        metric: the metric that orders the rows and to which `rank` refers unless another is asked for.
        score: how judgments became scores.
        seed: of the spec.
        rows: best first within each dataset.
        notes: sentences that must stand under every rendering (few items, simulated models, failures, …).
        winners: the best cell of each dataset, with its figure corrected for the choice.
    """

    spec: str
    metric: str
    score: ScoreSpec
    seed: int
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    winners: tuple[Winner, ...] = ()
