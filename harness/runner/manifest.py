"""What determines the results of a run, as digests: the parts of `manifest.json` that all experiments share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from harness._version import __version__
from harness.cache.key import KEY_VERSION
from harness.evaluators.probing import ProbeCell
from harness.records.datasets import Dataset
from harness.records.experiment import Spec
from harness.runner.run_folder import FORMAT
from harness.spec.cell_identity import meaning_of


def manifest_head(spec: Spec, run_id: str, spec_digest: str) -> dict[str, Any]:
    """The run, its spec and the versions of harness and formats."""
    return {
        "format": FORMAT,
        "run": run_id,
        "spec": spec.name,
        "kind": spec.kind,
        "harness": __version__,
        "key_version": KEY_VERSION,
        "spec_digest": spec_digest,
    }


def datasets_json(datasets: Mapping[str, Dataset]) -> dict[str, Any]:
    """The datasets that cells judged, by name."""
    return {
        name: {
            "items": len(dataset),
            "digest": dataset.digest,
            "annotators": list(dataset.annotators),
            "clustered": dataset.clustered,
            **({"notes": list(dataset.notes)} if dataset.notes else {}),
        }
        for name, dataset in datasets.items()
    }


def probes_json(cells: Sequence[ProbeCell]) -> dict[str, Any]:
    """The cells that were asked for probes, as `probes`; nothing where there are none."""
    return (
        {"probes": [{"id": cell.id, "dataset": cell.dataset, "probe": cell.probe} for cell in cells]} if cells else {}
    )


def cells_json(spec: Spec) -> list[dict[str, Any]]:
    """The cells in canonical order, each with the digests of what it means."""
    return [{"id": cell.id, **asdict(cell), "meaning": meaning_of(cell, spec)} for cell in spec.cells]
