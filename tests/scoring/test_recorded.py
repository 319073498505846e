"""Everything that scoring says of small datasets of each kind, compared with what it said before.

Each field of each figure is compared: names, reasons, levels, counts and values exactly, ends of intervals and other
results of random draws within `DRAWN`. Other tests hold the values to other programs; this one notices what changes
beside them. `HARNESS_RECORD=1 python -m pytest tests/scoring/test_recorded.py` writes the file anew: look at its diff.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.records.experiment import Cell, ScoreSpec
from harness.records.judgments import Usage
from harness.records.label_set import RANKED, VERDICT_LABELS, LabelSet, number_set
from harness.runner.ranked import ranked_columns
from harness.scoring.score import DatasetScores, score_dataset
from harness.scoring.slices import SliceColumn, slice_dataset
from harness.scoring.soft_metric import find_soft_metric, split_metrics
from harness.scoring.soft_scores import SoftData, verdict_score, with_soft
from harness.scoring.soft_slices import with_soft_slices
from support.labelled import Labelled, judge, labels

RECORD = Path(__file__).with_name("recorded.json")
DRAWN = 0.04
"""Results of draws may differ by so much: those of another generator, or of more draws, are as good."""
EXACT = ("value", "n", "failed", "items", "units", "level", "design_effect", "systems", "tied", "mean")
LEFT_OUT = ("resamples", "seed", "method", "usage")
N = 60
PAIRS = ScoreSpec(metrics=("kappa", "accuracy", "kappa-linear", "kappa-ab", "ac1"), resamples=300)
GRADES = LabelSet(("1", "2", "3", "4"), is_ordered=True, values=(1.0, 2.0, 3.0, 4.0))
PASS = LabelSet(("fail", "pass"), positive="pass")
TOPICS = ["law"] * 25 + ["math"] * 25 + [None] * 10


def world(label_set: LabelSet, metrics: tuple[str, ...], *, clusters: Any = None, seed: int = 0) -> DatasetScores:
    """Two judges, of which one fails at times, and one that is asked in both orders, three times each."""
    count = len(label_set.names)
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, count, N).astype(np.int8)
    votes = np.column_stack([np.where(rng.random(N) < 0.7, codes, rng.integers(0, count + 1, N)) for _ in range(6)])
    wrong = rng.integers(0, count + 2, N)
    right, poor = np.where(rng.random(N) < 0.8, codes, wrong % count), np.where(rng.random(N) < 0.5, codes, wrong)
    outcomes = np.column_stack([right, poor, votes[:, 0]]).astype(np.int8)
    cells = [Cell("d", "s", "judge", (name,)) for name in "ab"]
    is_pair = label_set.is_pair
    cells.append(Cell("d", "s", "judge", ("c",), order="both" if is_pair else "given", repeats=3 if is_pair else 6))
    data = Labelled(codes, clusters, name="d", label_set=label_set)
    usage = [Usage(100, 10, 5, 0.25), Usage(), Usage(1, 2, 3, None)]
    score = replace(PAIRS, metrics=metrics)
    return score_dataset(cells, data, outcomes, score, 7, usage, [None, None, votes.astype(np.int8)])


def soft_world(
    metrics: tuple[str, ...], label_set: LabelSet = VERDICT_LABELS, *, clusters: Any = None
) -> tuple[DatasetScores, SoftData]:
    """Two judges that give probabilities or numbers, of which one fails at times."""
    rng = np.random.default_rng(5)
    truth = rng.random(N)
    y = np.round(truth * 4) / 4
    values = [np.clip(truth + 0.2 * rng.normal(size=N), 0.02, 0.98), np.clip(rng.random(N), 0.02, 0.98)]
    values[1][::9] = np.nan
    codes = np.where(y > 0.5, 0, np.where(y < 0.5, 2, 1))
    if label_set.is_number:
        y, values, codes = 1 + 4 * y, [1 + 4 * each for each in values], np.zeros(N)
    data = SoftData(values, y, clusters, rng.normal(5, 50, N), label_set=label_set)
    outcomes = np.column_stack([np.where(np.isnan(each), len(label_set.names), codes) for each in values])
    dataset = Labelled(codes.astype(np.int8), clusters, name="d", label_set=label_set)
    cells = [Cell("d", "s", "judge", (name,)) for name in "ab"]
    score = ScoreSpec(metrics=metrics, resamples=300)
    used = verdict_score(score, label_set)
    bare = score_dataset(cells, dataset, outcomes.astype(np.int8), used, 7, [Usage()] * 2, [None, None])
    return with_soft(bare, data, score, 7), data


def ranked_world() -> DatasetScores:
    """Two judges that rank three responses, of which one fails at times, and items that people do not order."""
    rng = np.random.default_rng(9)
    opinions = [list(map(float, rng.permutation(3))) for _ in range(N)]
    opinions[::10] = [None if at % 2 else [1.0, 1.0, 1.0] for at in range(6)]
    rankings = [[">".join(map(str, rng.permutation(3) + 1)) for _ in range(N)] for _ in range(2)]
    rankings[0] = [each if rng.random() < 0.4 or one is None else ">".join(str(k + 1) for k in np.argsort(one)[::-1])
                   for each, one in zip(rankings[0], opinions, strict=True)]  # fmt: skip
    rankings[1][::7] = [None] * len(rankings[1][::7])
    codes = np.array([[1 if one is None else 0 for one in each] for each in rankings], np.int8).T
    data = ranked_columns(rankings, opinions, [3] * N, None)
    score = ScoreSpec(metrics=("top-1", "kendall-tau", "ndcg", "mrr"), resamples=300)
    known = np.array([-1 if one is None else 0 for one in opinions], np.int8)
    cells = [Cell("d", "s", "judge", (name,)) for name in "ab"]
    bare = score_dataset(cells, Labelled(known, name="d", label_set=RANKED), codes, score, 7, [Usage()] * 2, [])
    return with_soft(bare, data, score, 7)


def sliced_world(metrics: tuple[str, ...]) -> Any:
    """The figures of two judges by topic."""
    codes, score = labels(N), replace(PAIRS, metrics=metrics)
    outcomes = np.column_stack([judge(codes, 0.8, 1), judge(codes, 0.4, 2, failing=0.1)])
    cells = [Cell("d", "s", "judge", (name,)) for name in "ab"]
    found = slice_dataset(cells, Labelled(codes, name="d"), outcomes, SliceColumn("topic", TOPICS), score, 7)
    if not split_metrics(metrics)[1]:
        return found
    return with_soft_slices(found, soft_world(("brier",))[1], TOPICS, score, 7)


NUMBERS = ("pearson", "spearman", "kendall", "icc", "icc-consistency", "mae", "rmse", "bias")
SOFT = ("brier", "auc", "log-loss", "ece", "soft-win-rate", "length-controlled-win-rate")
CLUSTERS = np.arange(N) // 4
WORLDS = {
    "pairs": lambda: world(LabelSet(("a", "b", "tie"), is_ordered=True, split="tie", is_pair=True), PAIRS.metrics),
    "pairs in clusters": lambda: world(
        LabelSet(("a", "b", "tie"), is_ordered=True, split="tie", is_pair=True),
        ("kappa", "accuracy"),
        clusters=CLUSTERS,
    ),
    "grades": lambda: world(GRADES, ("kappa-quadratic", "alpha-ordinal", "accuracy"), seed=1),
    "pass or fail": lambda: world(PASS, ("kappa", "recall-pass", "precision-fail", "f1-pass", "balanced-accuracy")),
    "probabilities": lambda: soft_world(SOFT)[0],
    "probabilities in clusters": lambda: soft_world(("brier", "auc"), clusters=CLUSTERS)[0],
    "numbers": lambda: soft_world(NUMBERS, number_set(1, 5))[0],
    "numbers in clusters": lambda: soft_world(("pearson", "mae", "bias"), number_set(1, 5), clusters=CLUSTERS)[0],
    "rankings": ranked_world,
    "slices": lambda: sliced_world(("kappa", "accuracy")),
    "slices of probabilities": lambda: sliced_world(("accuracy", "brier", "auc")),
}


def plain(value: Any) -> Any:
    """A record as JSON: comparisons as their ranks and their differences."""
    if hasattr(value, "rank_sets"):
        pairs = list(combinations(range(len(value.cells)), 2)) if hasattr(value, "cells") else [(0, 1)]
        held = {} if value.reason else {f"{x},{y}": plain(value.held_against(x, y)) for x, y in pairs}
        return {"reason": value.reason, "ranks": plain(value.rank_sets()), "held": held}
    if hasattr(value, "_asdict"):
        value = value._asdict()
    elif is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items() if key not in LEFT_OUT}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return None if np.isnan(value) else float(f"{value:.10g}")
    return value


def differences(found: Any, kept: Any, path: str = "") -> Iterator[str]:
    """What differs between two records, by its place."""
    if isinstance(kept, dict) and isinstance(found, dict):
        for key in kept.keys() | found.keys():
            if (key in kept) != (key in found):
                yield f"{path}/{key} is {'new' if key in found else 'missing'}"
            else:
                yield from differences(found[key], kept[key], f"{path}/{key}")
    elif isinstance(kept, list) and isinstance(found, list) and len(kept) == len(found):
        for at, (one, other) in enumerate(zip(found, kept, strict=True)):
            yield from differences(one, other, f"{path}/{at}")
    elif isinstance(kept, float) and isinstance(found, int | float):
        exact = path.rpartition("/")[2] in EXACT
        if found != pytest.approx(kept, rel=1e-6, abs=1e-9 if exact else DRAWN * max(1.0, abs(kept))):
            yield f"{path}: {found}, was {kept}"
    elif type(found) is not type(kept) or found != kept:
        yield f"{path}: {found!r}, was {kept!r}"


@pytest.mark.parametrize("name", WORLDS)
def test_every_figure_is_what_it_was(name: str) -> None:
    found = json.loads(json.dumps(plain(WORLDS[name]())))
    kept = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    if os.environ.get("HARNESS_RECORD"):
        kept[name] = found
        RECORD.write_text(json.dumps(kept, sort_keys=True, separators=(",", ":")).replace('{"', '{\n"') + "\n", "utf-8")
    assert not (wrong := sorted(differences(found, kept[name]))), "\n".join(wrong)


def test_every_metric_is_in_a_record() -> None:
    kept = RECORD.read_text(encoding="utf-8")
    for name in (*PAIRS.metrics, *NUMBERS, *SOFT, "top-1", "kendall-tau", "ndcg", "mrr"):
        assert f'"{name}"' in kept
    assert all(find_soft_metric(name) for name in (*NUMBERS, *SOFT))
