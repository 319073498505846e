"""An audit as `schemas/output/audit.schema.json` describes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, cast

from harness.analysis.audit.cards import AuditedDataset
from harness.hashing import rounded
from harness.records.figures import Figure
from harness.runner.run_reader import Judged


def audit_json(run: Judged, found: Sequence[AuditedDataset]) -> dict[str, Any]:
    """The results as JSON, floats rounded to 12 significant digits."""
    document = {
        "run": run.id,
        "spec": run.spec_name,
        "level": run.score.level,
        "datasets": [
            {
                "dataset": part.dataset,
                "items": part.items,
                "among": {name: _figure_json(figure) for name, figure in part.among.items()},
                "ties_by_scale": {name: _figure_json(figure) for name, figure in part.ties.items()},
                "failures_by_model": {name: _figure_json(figure) for name, figure in part.failures.items()},
                "cells": [
                    {
                        "cell": card.cell.id,
                        "probes": {
                            name: {
                                "figures": {key: _figure_json(figure) for key, figure in result.figures.items()},
                                "sentence": result.sentence,
                                "finding": result.finding.to_json(),
                            }
                            for name, result in card.results.items()
                        },
                    }
                    for card in part.cards
                ],
            }
            for part in found
        ],
    }
    return cast(dict[str, Any], rounded(document))


def _figure_json(figure: Figure) -> dict[str, Any]:
    return {**asdict(figure), "reason": figure.reason or None, "seed": figure.seed or None, "flags": list(figure.flags)}
