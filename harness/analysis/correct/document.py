"""A run beside human labels, as `schemas/output/correct.schema.json` describes it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

from harness.analysis.correct.correct import CellCorrection, Correction, DatasetCorrection
from harness.analysis.correct.mean_results import MeanCorrection, MeanEstimate
from harness.analysis.correct.rogan_gladen import RoganGladenRate
from harness.analysis.correct.systems import SystemDifference, SystemRate
from harness.analysis.correct.weighting import DesignFacts
from harness.hashing import rounded
from harness.records.figures import RankSet
from harness.scoring.figure_json import figure_json
from harness.scoring.win_rates import Rate
from harness.statistics.win_rate import Ties

OUTCOMES = ("won", "tied", "lost", "failed")


def correction_json(found: Correction) -> dict[str, Any]:
    """The whole of it, floats rounded to 12 significant digits."""
    document = {
        "run": found.run,
        "spec": found.spec,
        "labels": found.labels,
        "method": {"resamples": found.score.resamples, "level": found.score.level, "seed": found.seed},
        "datasets": [_dataset(each) for each in found.datasets],
        **({"means": [_means(each) for each in found.means]} if found.means else {}),
        "notes": list(found.notes),
    }
    return cast(dict[str, Any], rounded(document))


def _dataset(found: DatasetCorrection) -> dict[str, Any]:
    pairing = found.pairing
    every, labelled = found.clusters or (None, None)
    return {
        "dataset": found.name,
        "items": found.items,
        "labelled": found.labelled,
        "annotators": list(found.annotators),
        "clusters": None if every is None else {"all": every, "labelled": labelled},
        "win_rate_of": {
            "of": pairing.of,
            "over": pairing.over,
            "is_named": pairing.is_named,
            "items": found.items if pairing.rows is None else len(pairing.rows),
        },
        "human": {
            "counts": _counts(found.human_counts),
            "rates": {ties: figure_json(figure) for ties, figure in found.human.items()},
            "p_value": figure_json(found.human_sign),
        },
        "cells": [_cell(each) for each in found.cells],
        "soft": _soft(found),
        "strengths": [
            {"system": each.system, "by": each.by, "standing": each.standing, "strength": figure_json(each.figure)}
            for each in found.strengths
        ],
        **({"systems": [_system(each) for each in found.systems]} if found.systems else {}),
        **({"differences": [_difference(each) for each in found.differences]} if found.differences else {}),
        **({"rogan_gladen": [_rogan_gladen(each) for each in found.rogan_gladen]} if found.rogan_gladen else {}),
        **({} if found.design is None else {"design": _design(found.design)}),
        "notes": list(found.notes),
    }


def _means(found: MeanCorrection) -> dict[str, Any]:
    return {
        "dataset": found.name,
        "items": found.items,
        "labelled": found.labelled,
        "annotators": list(found.annotators),
        "cells": [
            {
                "cell": each.cell,
                "mean": _mean(each.mean),
                "agreement": {name: figure_json(figure) for name, figure in each.agreement.items()},
                "systems": [{"system": name, "mean": _mean(one)} for name, one in each.systems.items()],
                "differences": [_difference(one) for one in each.differences],
            }
            for each in found.cells
        ],
        "notes": list(found.notes),
    }


def _mean(found: MeanEstimate) -> dict[str, Any]:
    return {
        "items": found.items,
        "labelled": found.labelled,
        "human": figure_json(found.human),
        "judge": figure_json(found.judge),
        "corrected": figure_json(found.corrected),
        "power": found.power,
        "gain": found.gain,
    }


def _design(found: DesignFacts) -> dict[str, Any]:
    return {
        "probabilities": {"lowest": found.lowest, "highest": found.highest},
        "strata": found.strata,
        "effective_labels": found.effective,
        "variance_cost": found.cost,
    }


def _system(found: SystemRate) -> dict[str, Any]:
    return {
        "system": found.system,
        "cell": found.cell,
        "items": found.items,
        "labelled": found.labelled,
        "human": figure_json(found.human),
        "judge": figure_json(found.rate.judge),
        "corrected": figure_json(found.rate.corrected),
        "gain": found.rate.gain,
    }


def _difference(found: SystemDifference) -> dict[str, Any]:
    return {
        "first": found.first,
        "second": found.second,
        "cell": found.cell,
        "difference": figure_json(found.figure),
        "distinguishable": found.is_distinguishable,
    }


def _rogan_gladen(found: RoganGladenRate) -> dict[str, Any]:
    of = found.found
    return {
        "cell": found.cell,
        "system": found.system,
        "judge": _number(of.rate),
        "sensitivity": _number(of.sensitivity),
        "specificity": _number(of.specificity),
        "labelled": {"with_label": of.with_label, "without_label": of.without_label},
        "estimate": _number(of.value),
        "figure": figure_json(found.figure),
        "corrected": figure_json(found.corrected),
    }


def _number(value: float) -> float | None:
    """A number as JSON has it."""
    return None if math.isnan(value) else value


def _soft(found: DatasetCorrection) -> dict[str, Any] | None:
    if found.soft is None:
        return None
    return {
        "human": figure_json(found.soft.human),
        "cells": [
            {
                "cell": name,
                "judge": figure_json(rate.judge),
                "standard_error": rate.error,
                "corrected": figure_json(rate.corrected),
                "gain": rate.gain,
            }
            for name, rate in found.soft.cells.items()
        ],
    }


def _cell(found: CellCorrection) -> dict[str, Any]:
    return {
        "cell": found.score.cell.id,
        "counts": _counts(found.counts),
        "rates": _rates(found.rates),
        "p_value": figure_json(found.sign),
        "agreement": {
            name: {"figure": figure_json(found.score.figures[name]), "rank": _rank(ranks)}
            for name, ranks in found.ranks.items()
        },
        "table": [list(counts) for counts in found.score.table],
    }


def _rates(rates: Mapping[Ties, Rate]) -> dict[str, Any]:
    return {
        ties: {
            "judge": figure_json(rate.judge),
            "bounds": {"all_lost": rate.all_lost, "all_won": rate.all_won},
            "corrected": figure_json(rate.corrected),
            "power": rate.power,
            "gain": rate.gain,
        }
        for ties, rate in rates.items()
    }


def _counts(counts: tuple[int, ...]) -> dict[str, int]:
    return dict(zip(OUTCOMES, counts, strict=False))  # the labels know no failure


def _rank(ranks: RankSet | None) -> dict[str, int] | None:
    return None if ranks is None else {"best": ranks.best, "worst": ranks.worst}
