"""What a run can find, as `schemas/output/power.schema.json` describes it, and in short for `harness plan`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, cast

from harness.analysis.power import wording as power_wording
from harness.analysis.power.figures import POWER, DatasetPower, MetricPower, Power, Reach
from harness.hashing import rounded


def power_json(found: Power) -> dict[str, Any]:
    """The answer as JSON, floats rounded to 12 significant digits."""
    document = {
        "spec": found.spec,
        "run": found.run,
        "level": found.score.level,
        "power": POWER,
        "resamples": found.score.resamples,
        "seed": found.seed,
        "asked": {"n": found.ask.n, "effect": found.ask.effect},
        "datasets": [dataset_json(one) for one in found.datasets],
        "notes": list(found.notes),
    }
    return cast(dict[str, Any], rounded(document))


def dataset_json(found: DatasetPower) -> dict[str, Any]:
    """What can be found on one dataset."""
    return {
        "dataset": found.dataset,
        "source": found.source,
        "cells": found.cells,
        "pairs": found.cells * (found.cells - 1) // 2,
        "n": found.n,
        "unit": "cluster" if found.clustered else "item",
        "units": found.units,
        "metrics": [_metric_json(one) for one in found.metrics],
    }


def _metric_json(found: MetricPower) -> dict[str, Any]:
    spread = None if found.error is None else dict(zip(("median", "low", "high"), found.error, strict=True))
    return {
        "metric": found.metric,
        "reason": found.reason or None,
        "error": spread,
        "measured": found.measured,
        "design_effect": found.design_effect,
        "one_pair": None if found.one_pair is None else asdict(found.one_pair),
        "all_pairs": None if found.all_pairs is None else asdict(found.all_pairs),
    }


def detects(found: Power) -> Iterator[str]:
    """A sentence for each dataset: what can be found on the first metric asked for."""
    for each in found.datasets:
        one = each.metrics[0]
        if one.one_pair is None or one.all_pairs is None:
            yield power_wording.cannot_detect(each.dataset, one.metric, one.reason)
            continue
        yield power_wording.can_detect(each, one.metric, one.one_pair, one.all_pairs)


def detects_json(found: Power) -> list[dict[str, Any]]:
    """The same for programs, as `schemas/output/plan.schema.json` describes it."""
    short = [
        {
            "dataset": each.dataset,
            "metric": each.metrics[0].metric,
            "source": each.source,
            "n": each.n,
            "one_pair": _directions(each.metrics[0].one_pair),
            "all_pairs": _directions(each.metrics[0].all_pairs),
            "reason": each.metrics[0].reason or None,
        }
        for each in found.datasets
    ]
    return cast(list[dict[str, Any]], rounded(short))


def _directions(reach: Reach | None) -> dict[str, float | None] | None:
    return None if reach is None else {"loss": reach.loss.value, "gain": reach.gain.value}
