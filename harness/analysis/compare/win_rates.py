"""Generation runs in the form in which runs are compared: systems as cells, and win rates as the metrics.

The items of a dataset are the prompts that a set of systems answered, with one opponent; the outcome of a system is
`a` where it won, `tie`, or `b` where it lost. Every prompt counts as labelled `a`, so that a win rate is computed from
the same tables as a metric of an evaluation, and two systems are compared prompt by prompt.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harness.hashing import digest_of
from harness.records.judgments import VERDICTS
from harness.records.label_set import VERDICT_LABELS, LabelSet
from harness.runner.run_folder import MANIFEST, PROMPTS, read_frame, read_json
from harness.runner.run_reader import Judged, JudgedDataset
from harness.scoring.metric import Metric, find_metric
from harness.statistics import win_rate
from harness.statistics.agreement import Array
from harness.statistics.win_rate import TIES, Ties

PREFIX = "win-rate"
UNKNOWN_TO_KEYS = ("price", "limits", "api_key_env")
"""Settings of a model that change none of its replies."""


@dataclass(frozen=True, slots=True)
class WinRateMetric:
    """A win rate as a `harness.scoring.metric.Metric`; all items are in the first row of a table.

    Attributes:
        ties: what a tie counts as.
    """

    ties: Ties
    SUMMARY: str = "share of the comparisons that a system wins"
    RANGE: tuple[float, float] = (0.0, 1.0)
    UNDEFINED: str = "no comparison was decided"

    def count(self, tables: ArrayLike) -> Array:
        """The number of prompts that the rate rests on."""
        return win_rate.rests_on(np.asarray(tables)[..., 0, :], self.ties)

    def value(self, tables: ArrayLike) -> Array:
        """The rate, NaN where no comparison was decided."""
        return win_rate.win_rate(np.asarray(tables)[..., 0, :], self.ties)

    def influence(self, tables: ArrayLike) -> Array:
        """The influence of a prompt of each outcome on the rate."""
        counts = np.asarray(tables, dtype=float)
        found = np.zeros_like(counts)
        found[..., 0, :] = np.nan_to_num(win_rate.influence(counts[..., 0, :], self.ties))
        return found


def metric_of(name: str, labels: NDArray[np.int8], label_set: LabelSet = VERDICT_LABELS) -> Metric:
    """The metric of an evaluation, or a win rate, such as `win-rate-half`, of a generation.

    Args:
        name: of the metric.
        labels: the reference labels, as `find_metric` takes them.
        label_set: the labels that items can have.

    Raises:
        KeyError: where there is neither.
    """
    found = {f"{PREFIX}-{ties}": ties for ties in TIES}
    metric: Any = WinRateMetric(found[name]) if name in found else find_metric(name, labels, label_set)
    return metric  # type: ignore[no-any-return] # a frozen dataclass has read-only attributes, a module plain ones


def with_systems(run: Judged) -> Judged:
    """A generation run with its systems in place of its matches; the primary metric counts ties as its spec says.

    Args:
        run: as `read_judged` reads it: one dataset for each match.

    Raises:
        RunFolderError: where the folder lacks its prompts.
    """
    manifest = read_json(run.folder, MANIFEST)
    systems = {one["id"]: one for one in manifest["systems"]}
    prompts = read_frame(run.folder, PROMPTS)
    contents = dict(zip(zip(prompts["prompts"], prompts["item"], strict=True), prompts["prompt"], strict=True))
    matches = {match["name"]: match for match in manifest["matches"]}
    boards: dict[tuple[str, str], list[tuple[dict[str, Any], JudgedDataset]]] = {}
    for data in run.datasets:
        match = matches[data.name]
        for system, opponent in ((match["first"], match["second"]), (match["second"], match["first"])):
            prompt_set, _, name = opponent.partition("/")
            if name in run.spec["compare"]["opponents"]:
                seen = _seen_by(data, is_first=system == match["first"])
                boards.setdefault((prompt_set, opponent), []).append((systems[system], seen))
    datasets = []
    for (prompt_set, opponent), entries in boards.items():
        met = _meaning(systems[opponent], run.spec)
        first = entries[0][1]
        said = [digest_of([contents[prompt_set, item], met])[:16] for item in first.ids()]
        datasets.append(_joined(f"{prompt_set} against {opponent.partition('/')[2]}", said, entries, run.spec))
    ties = run.spec["score"]["ties"]
    names = [f"{PREFIX}-{ties}", *(f"{PREFIX}-{other}" for other in TIES if other != ties)]
    return replace(run, score=replace(run.score, metrics=tuple(names)), datasets=tuple(datasets))


def _seen_by(data: JudgedDataset, *, is_first: bool) -> JudgedDataset:
    """A match with its outcomes as those of one of the two systems."""
    if is_first:
        return data
    turned = np.where(data.outcomes < len(VERDICTS), len(VERDICTS) - 1 - data.outcomes, data.outcomes)
    return replace(data, outcomes=turned.astype(np.int8))


def _joined(
    name: str, contents: list[str], entries: list[tuple[dict[str, Any], JudgedDataset]], spec: Mapping[str, Any]
) -> JudgedDataset:
    """All systems that met one opponent on the same prompts, as one dataset."""
    import polars as pl

    parts = [data for _, data in entries]
    frame = parts[0].frame.with_columns(pl.Series("content", contents), pl.lit(VERDICTS[0]).alias("reference"))
    meanings = [{**meaning, **_meaning(system, spec)} for system, data in entries for meaning in data.meanings]
    return replace(
        parts[0],
        name=name,
        digest=digest_of(contents),
        annotators=(),
        frame=frame,
        cells=tuple(cell for data in parts for cell in data.cells),
        outcomes=np.concatenate([data.outcomes for data in parts], axis=1),
        meanings=tuple(meanings),
        votes=tuple(votes for data in parts for votes in data.votes),
        usage=tuple(usage for data in parts for usage in data.usage),
    )


def _meaning(system: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, str]:
    """Digests of the components of a system; what its models are called in the spec is in none of them."""
    models = {
        name: {key: value for key, value in entry.items() if key not in UNKNOWN_TO_KEYS}
        for name, entry in spec["models"].items()
    }
    loop: Any = None
    if system["reviewers"]:
        reviews = {key: text for key, text in spec["reviews"][spec["loop"]["review"]].items() if key != "summary"}
        stop = {key: value for key, value in spec["loop"].items() if key != "review"}
        loop = [system["rounds"], stop, reviews, spec["selection"]]
    return {
        "generator": digest_of(models[system["generator"]])[:16],
        "reviewers": digest_of([models[name] for name in system["reviewers"]])[:16],
        "loop": digest_of(loop)[:16],
    }
