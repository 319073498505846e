"""Read a run back from its folder as columns, for `compare`, `audit` and `correct`.

Reading makes no model calls and needs no texts: the folder holds the labels of every item and the judgments of every
cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from harness.errors import RunFolderError
from harness.records.datasets import LENGTHS, OPINION, SLICE, SLICES, SOFT_LABEL
from harness.records.experiment import Cell, ScoreSpec
from harness.records.judgments import Usage
from harness.records.label_set import VERDICT_LABELS, LabelSet, label_set_from
from harness.runner.ranking_columns import ranking_votes_in, rankings_in, rows_of
from harness.runner.run_check import RETRY
from harness.runner.run_folder import FORMAT, ITEMS, JUDGMENTS, LEADERBOARD, MANIFEST, SPEC, read_frame, read_json

if TYPE_CHECKING:
    import polars as pl

Codes: TypeAlias = NDArray[np.int8]

KINDS = ("evaluation", "generation")
"""The kinds of experiment whose runs can be read back."""
UNKNOWN_USAGE = Usage(cost_usd=None)
"""Of the cells of a generation, whose leaderboard reports the usage of loops alone."""


@dataclass(frozen=True, slots=True, eq=False)
class JudgedDataset:
    """One dataset of a run and the judgments of its cells. A `harness.records.datasets.LabelledItems`.

    Attributes:
        name: the name that the spec gives it.
        digest: digest of the data and of the settings that read them.
        annotators: names of the annotators.
        clustered: whether two items share a cluster.
        frame: one row for each item, with the columns of `harness.runner.tables.ITEM_COLUMNS`.
        cells: the cells that judged it, in canonical order.
        outcomes: items × cells, codes of the label set.
        meanings: of each cell, the digests of its components (`harness.spec.cell_identity`).
        votes: of each cell, items × votes as `Outcome.votes` has them; None where a judgment is one verdict, or where
            they were not asked for.
        usage: calls, tokens and cost of each cell's judgments.
        probed: items × votes of each cell that was asked for a probe, by its id.
        label_set: the labels that items can have.
        rankings: of each cell, the text of the ranking of each item, None for a failure; empty where judgments are no
            rankings.
        ranking_votes: of each cell, of each item the text of the ranking in each order and repeat, None for a failure;
            None for a cell whose items have one ranking each; empty where there are none or they were not asked for.
    """

    name: str
    digest: str
    annotators: tuple[str, ...]
    clustered: bool
    frame: pl.DataFrame
    cells: tuple[Cell, ...]
    outcomes: Codes
    meanings: tuple[Mapping[str, str], ...]
    votes: tuple[Codes | None, ...]
    usage: tuple[Usage, ...]
    probed: Mapping[str, Codes] = field(default_factory=dict)
    label_set: LabelSet = VERDICT_LABELS
    rankings: tuple[Sequence[str | None], ...] = ()
    ranking_votes: tuple[Sequence[Sequence[str | None]] | None, ...] = ()

    def __len__(self) -> int:
        return len(self.frame)

    def ids(self) -> Sequence[str]:
        """The ids of all items, in order."""
        ids: list[str] = self.frame["item"].to_list()
        return ids

    def reference_codes(self) -> Codes:
        """The reference label of each item as a position in the label set, −1 without one; 0 for a number."""
        if self.label_set.is_number:
            return np.where(self.frame["reference"].is_null().to_numpy(), -1, 0).astype(np.int8)
        return _codes(self.frame["reference"], self.label_set.outcome_codes)

    def annotator_codes(self) -> Codes:
        """Every annotator's label, items × annotators: position in the label set, −1 where there is none."""
        import polars as pl

        if self.label_set.is_number:
            return np.where(np.isnan(self.numbers()), -1, 0).astype(np.int8)
        every = [self.frame["labels"].list.get(at, null_on_oob=True) for at in range(len(self.annotators))]
        codes = _codes(pl.concat(every), self.label_set.outcome_codes) if every else np.empty(0, np.int8)
        return codes.reshape(len(every), len(self)).T.copy()

    def numbers(self) -> NDArray[np.float64]:
        """Every annotator's label where labels are numbers, items × annotators, NaN where there is none."""
        import polars as pl

        numbers = np.full((len(self), len(self.annotators)), np.nan)
        for at in range(len(self.annotators)):
            numbers[:, at] = self.frame["labels"].list.get(at, null_on_oob=True).cast(pl.Float64).to_numpy()
        return numbers

    def soft_labels(self) -> NDArray[np.float64] | None:
        """For each item the share that prefers a, half of the ties included, NaN without a label.

        None where the labels are verdicts and no shares.
        """
        if SOFT_LABEL not in self.frame.columns or self.frame[SOFT_LABEL].null_count() == len(self):
            return None
        return self.frame[SOFT_LABEL].to_numpy().astype(np.float64)

    def opinions(self) -> list[list[float] | None]:
        """How people rank the responses of each item: a score for each, higher is better; None where they do not."""
        known: list[list[float] | None] = (
            self.frame[OPINION].to_list() if OPINION in self.frame.columns else [None] * len(self)
        )
        return known

    def response_counts(self) -> list[int]:
        """How many responses each item has, where they are ranked."""
        return [len(lengths) for lengths in self.frame[LENGTHS]]

    def cluster_codes(self) -> NDArray[np.int64]:
        """The position of the first item of each item's cluster."""
        import polars as pl

        found = self.frame.select("cluster").with_row_index("at").select(pl.col("at").first().over("cluster"))
        return found.to_series().to_numpy().astype(np.int64)

    @property
    def contents(self) -> list[str]:
        """A digest of each item's prompt and responses."""
        return self.frame["content"].to_list()

    @property
    def categories(self) -> list[str | None]:
        """The category of each item."""
        return self.frame["category"].to_list()

    def slice_columns(self) -> dict[str, list[str | None]]:
        """The columns that results can be shown by, each with the value of every item; those without any are left out.

        These are the category, the writers of the responses, and the columns that `score: {by}` kept.
        """
        names = {name: name for name in SLICES} | {
            name.removeprefix(SLICE): name for name in self.frame.columns if name.startswith(SLICE)
        }
        return {
            name: self.frame[column].to_list()
            for name, column in names.items()
            if self.frame[column].null_count() < len(self)
        }

    @property
    def models_a(self) -> list[str | None]:
        """The model that wrote response a of each item."""
        return self.frame["model_a"].to_list()

    @property
    def models_b(self) -> list[str | None]:
        """The model that wrote response b of each item."""
        return self.frame["model_b"].to_list()

    def part(self, rows: NDArray[np.bool_] | NDArray[np.intp], columns: Sequence[int]) -> JudgedDataset:
        """Some of the items, judged by some of the cells."""
        import polars as pl

        at = np.flatnonzero(rows) if rows.dtype == bool else rows
        return replace(
            self,
            frame=self.frame[pl.Series(at)],
            cells=tuple(self.cells[k] for k in columns),
            outcomes=self.outcomes[at][:, list(columns)],
            meanings=tuple(self.meanings[k] for k in columns),
            votes=tuple(None if (cast := self.votes[k]) is None else cast[at] for k in columns),
            usage=tuple(self.usage[k] for k in columns),
            probed={name: cast[at] for name, cast in self.probed.items()},
            rankings=tuple(rows_of(self.rankings[k], at) for k in columns) if self.rankings else (),
            ranking_votes=tuple(each and rows_of(each, at) for each in (self.ranking_votes[k] for k in columns))
            if self.ranking_votes
            else (),
        )

    def lengths(self) -> NDArray[np.int64]:
        """Characters of both responses, items × 2."""
        return self.frame.select("length_a", "length_b").to_numpy().astype(np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A run, read back.

    Attributes:
        folder: where it is.
        id: the run id.
        spec_name: name of its spec.
        spec: the resolved spec, every default written out.
        seed: of the spec.
        score: how its judgments became scores.
        datasets: those that its cells judged, in the order of the spec.
        kind: of the experiment.
    """

    folder: Path
    id: str
    spec_name: str
    spec: Mapping[str, Any]
    seed: int
    score: ScoreSpec
    datasets: tuple[JudgedDataset, ...]
    kind: str = "evaluation"

    @property
    def label_set(self) -> LabelSet:
        """The labels that judgments can have."""
        return self.datasets[0].label_set if self.datasets else VERDICT_LABELS


def read_judged(folder: Path, *, votes: bool = False, kinds: Sequence[str] = ("evaluation",)) -> Judged:
    """Read a run back.

    Args:
        folder: of the run.
        votes: whether to read the single verdicts of cells that ask several times as well.
        kinds: the kinds of experiment that the caller supports. The datasets of a generation are its matches.

    Raises:
        RunFolderError: where the folder is damaged, was written before runs kept their items, or holds another kind.
    """
    manifest = read_json(folder, MANIFEST)
    if (version := manifest.get("format")) != FORMAT:
        if isinstance(version, int) and version > FORMAT:
            message = f"{folder} has format {version}, and this version of the harness reads up to {FORMAT}"
            raise RunFolderError(message, hint="upgrade with `pip install --upgrade fellowship-harness`")
        raise RunFolderError(f"{folder} was written by another version of the harness, without its items", hint=RETRY)
    kind = manifest.get("kind", "evaluation")
    if kind not in kinds:
        hint = "`harness leaderboard` shows its win rates, and `harness export` takes its preference data"
        raise RunFolderError(f"{folder} holds a generation, and this is for evaluations", hint=hint)
    spec, board = read_json(folder, SPEC), read_json(folder, LEADERBOARD)
    cells = [_cell(entry) for entry in manifest["cells"]]
    usage = {row["cell"]: _usage(row) for row in board["rows"]} if kind == "evaluation" else {}
    items = read_frame(folder, ITEMS)
    labels = label_set_from(manifest.get("labels"))
    columns, probed = _columns(folder, cells, manifest, labels, votes=votes and not labels.is_ranking)
    rankings = rankings_in(folder, cells, manifest) if labels.is_ranking else []
    ranked = ranking_votes_in(folder, cells, manifest) if labels.is_ranking and votes else []
    datasets = []
    for name, entry in manifest["datasets"].items():
        here = [k for k, cell in enumerate(cells) if cell.dataset == name]
        datasets.append(
            JudgedDataset(
                name,
                entry["digest"],
                tuple(entry["annotators"]),
                entry["clustered"],
                items.filter(items["dataset"] == name),
                tuple(cells[k] for k in here),
                np.column_stack([columns[k][0] for k in here]),
                tuple(manifest["cells"][k]["meaning"] for k in here),
                tuple(columns[k][1] for k in here),
                tuple(usage.get(cells[k].id, UNKNOWN_USAGE) for k in here),
                {one: found for one, (dataset, found) in probed.items() if dataset == name},
                labels,
                tuple(rankings[k] for k in here) if rankings else (),
                tuple(ranked[k] for k in here) if ranked else (),
            )
        )
    ended = {"level": manifest["stop"]["level"]} if "stop" in manifest else {}  # of the look at which it ended
    scoring = _score_spec(spec["score"] | ended, ("win-rate",) if kind == "generation" else None)
    return Judged(folder, manifest["run"], manifest["spec"], spec, spec["seed"], scoring, tuple(datasets), kind)


def _score_spec(score: Mapping[str, Any], metrics: tuple[str, ...] | None) -> ScoreSpec:
    """How judgments became scores; a generation has no choice of metrics."""
    known = {field.name for field in fields(ScoreSpec)}
    kept = {name: value for name, value in score.items() if name in known}
    lists = {name: tuple(kept.get(name, ())) for name in ("probes", "by")}
    return ScoreSpec(**{**kept, "metrics": metrics or tuple(kept["metrics"]), **lists})


def _columns(
    folder: Path, cells: Sequence[Cell], manifest: Mapping[str, Any], labels: LabelSet, *, votes: bool
) -> tuple[list[tuple[Codes, Codes | None]], dict[str, tuple[str, Codes]]]:
    """The outcomes of each cell and its votes, and the dataset and the votes of each cell that was asked for a probe.

    Votes are read if they are requested and there are any.
    """
    import polars as pl

    known = labels.outcome_codes
    frame = read_frame(folder, JUDGMENTS, ["cell", "verdict", "failure", *(["votes"] if votes else [])])
    if labels.is_ranking:
        frame = frame.with_columns(verdict=pl.when(pl.col("verdict").is_not_null()).then(pl.lit(labels.names[0])))
    of_probes = {entry["id"]: entry["dataset"] for entry in manifest.get("probes", ())}
    probed: dict[str, tuple[str, Codes]] = {}
    if of_probes:
        is_probe = frame["cell"].is_in(list(of_probes))
        for (name,), part in frame.filter(is_probe).group_by("cell", maintain_order=True) if votes else ():
            outcomes = _codes(part.select(pl.coalesce("verdict", "failure")).to_series(), known)
            if (cast := _votes(part["votes"], outcomes, known)) is not None:
                probed[str(name)] = (of_probes[str(name)], cast)
        frame = frame.filter(~is_probe)
    runs = frame["cell"].rle().struct.unnest()
    sizes = [manifest["datasets"][cell.dataset]["items"] for cell in cells]
    if runs["value"].to_list() != [cell.id for cell in cells] or runs["len"].to_list() != sizes:
        raise RunFolderError(f"{folder / JUDGMENTS} does not hold the judgments listed in {MANIFEST}", hint=RETRY)
    outcomes = _codes(frame.select(pl.coalesce("verdict", "failure")).to_series(), known)
    found: list[tuple[Codes, Codes | None]] = []
    start = 0
    for size in sizes:
        here = outcomes[start : start + size]
        found.append((here, _votes(frame["votes"].slice(start, size), here, known) if votes else None))
        start += size
    return found, probed


def _votes(lists: pl.Series, outcomes: Codes, known: Mapping[str, int]) -> Codes | None:
    """The votes of each judgment, items × votes; a judgment without votes has its outcome in place of each."""
    counts = lists.list.len().to_numpy()
    if not (width := int(counts.max(initial=0))):
        return None
    votes = np.repeat(outcomes[:, None], width, axis=1)
    cast = lists.filter(lists.list.len() > 0)
    votes[counts > 0] = _codes(cast.explode(), known).reshape(len(cast), -1)
    return votes


def _codes(words: pl.Series, codes: Mapping[str, int]) -> Codes:
    import polars as pl

    found: Codes = words.replace_strict(codes, default=-1, return_dtype=pl.Int8).to_numpy().astype(np.int8)
    return found


def _cell(entry: Mapping[str, Any]) -> Cell:
    values = {field.name: entry[field.name] for field in fields(Cell)}
    return Cell(**{**values, "models": tuple(values["models"])})


def _usage(row: Mapping[str, Any]) -> Usage:
    tokens = row["tokens"]
    escalated = tuple(one["items"] for one in row.get("escalated", ()))
    return Usage(tokens["prompt"], tokens["completion"], row["calls"], row["cost_usd"], row["abstained"], escalated)
