"""The main tables of the documents of analyses, for frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.api.document import Table

FIGURE = ("value", "low", "high", "n", "reason")


def comparison_table(found: Mapping[str, Any]) -> Table:
    """One row for each pair of cells and metric: both values, and their difference."""
    columns = ("run", "to", "dataset", "cell", "other_cell", "metric", "one", "other", "difference", "low", "high")
    rows = [
        (
            *(each["run"], each["to"], part["dataset"], pair["cell"], pair["other_cell"], metric),
            *(figure["one"], figure["other"]),
            *(figure["difference"][name] for name in ("value", "low", "high", "p_value", "is_distinguishable")),
            *(figure["n"], figure["difference"].get("reason")),
        )
        for each in found["comparisons"]
        for part in each["datasets"]
        for pair in part["pairs"]
        for metric, figure in pair["metrics"].items()
    ]
    return (*columns, "p_value", "is_distinguishable", "n", "reason"), rows


def audit_table(found: Mapping[str, Any]) -> Table:
    """One row for each cell and figure of a probe; the figures of a whole dataset have no cell."""
    rows: list[tuple[Any, ...]] = []
    for part in found["datasets"]:
        for card in part["cells"]:
            for probe, result in card["probes"].items():
                rows += [(part["dataset"], card["cell"], probe, *row) for row in _figures(result["figures"])]
        for group in ("among", "ties_by_scale", "failures_by_model"):
            rows += [(part["dataset"], None, group, *row) for row in _figures(part[group])]
    return ("dataset", "cell", "probe", "figure", *FIGURE), rows


def _figures(figures: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    for name, figure in figures.items():
        yield (name, *(figure[key] for key in FIGURE))


def power_table(found: Mapping[str, Any]) -> Table:
    """One row for each dataset, metric, kind of comparison and direction."""
    ends = ("value", "low", "high", "n_needed", "chance")
    rows = [
        (part["dataset"], one["metric"], way.replace("_", " "), direction, part["n"], *(reach[end] for end in ends))
        for part in found["datasets"]
        for one in part["metrics"]
        for way in ("one_pair", "all_pairs")
        if one[way] is not None
        for direction in ("loss", "gain")
        for reach in [one[way][direction]]
    ]
    names = ("dataset", "metric", "compared", "direction", "n", "detectable", "low", "high", "n_needed", "chance")
    return names, rows


def correction_table(found: Mapping[str, Any]) -> Table:
    """One row for each cell: its win rate with ties as half a win, corrected, and its agreement with the labels."""
    ends = ("value", "low", "high")
    if "means" in found:
        return _mean_table(found["means"])
    metrics = list(
        dict.fromkeys(name for part in found["datasets"] for cell in part["cells"] for name in cell["agreement"])
    )
    rows = []
    for part in found["datasets"]:
        for cell in part["cells"]:
            rate = cell["rates"]["half"]
            agreement = (cell["agreement"].get(name) for name in metrics)
            rows.append(
                (
                    *(part["dataset"], cell["cell"], part["labelled"], part["items"]),
                    *(rate["judge"][end] for end in ends),
                    *(rate["corrected"][end] for end in ends),
                    *(one and one["figure"]["value"] for one in agreement),
                )
            )
    rates = [f"{name}{end}" for name in ("judge", "corrected") for end in ("", "_low", "_high")]
    return ("dataset", "cell", "labelled", "items", *rates, *metrics), rows


def _mean_table(means: Sequence[Mapping[str, Any]]) -> Table:
    """One row for each cell: its mean number, corrected, and its agreement with the labels."""
    ends, cells = ("value", "low", "high"), [(part, cell) for part in means for cell in part["cells"]]
    metrics = list(dict.fromkeys(name for _, cell in cells for name in cell["agreement"]))
    rows = [
        (
            *(part["dataset"], cell["cell"], part["labelled"], part["items"]),
            *(cell["mean"]["judge"][end] for end in ends),
            *(cell["mean"]["corrected"][end] for end in ends),
            *(cell["agreement"][name]["value"] for name in metrics),
        )
        for part, cell in cells
    ]
    names = [f"{name}{end}" for name in ("judge", "corrected") for end in ("", "_low", "_high")]
    return ("dataset", "cell", "labelled", "items", *names, *metrics), rows


def calibration_table(found: Mapping[str, Any]) -> Table:
    """One row for each cell: the figures of its probabilities, as given and after calibration on other items."""
    metrics = ("brier", "log-loss", "ece", "auc")
    rows = []
    for part in found["datasets"]:
        for cell in part["cells"]:
            methods = [cell["metrics"], *(cell["calibrated"].get(name, {}).get("metrics", {}) for name in METHODS)]
            values = [one.get(name, {}).get("value") for one in methods for name in metrics]
            rows.append((part["dataset"], cell["cell"], cell["source"], cell["n"], *values, cell["reason"]))
    names = [f"{name}{ending}" for ending in ("", *(f"_{method}" for method in METHODS)) for name in metrics]
    return ("dataset", "cell", "source", "n", *names, "reason"), rows


METHODS = ("isotonic", "sigmoid")
"""Ways to calibrate probabilities."""


def threshold_table(found: Mapping[str, Any]) -> Table:
    """One row for each cell: its threshold, and the metric that it is chosen for on held-out items."""
    rows = []
    for part in found["datasets"]:
        for cell in part["cells"]:
            chosen = cell["chosen"] or {}
            held_out = chosen.get("held_out", {}).get(found["aim"]["metric"], {})
            rows.append(
                (
                    *(part["dataset"], cell["cell"], cell["source"], cell["positive"], cell["negative"]),
                    *(cell["auc"][end] for end in ("value", "low", "high")),
                    *(chosen.get("threshold"), *(held_out.get(end) for end in ("value", "low", "high"))),
                    *(chosen.get("optimism"), cell["reason"]),
                )
            )
    names = ("dataset", "cell", "source", "positive", "negative", "auc", "auc_low", "auc_high", "threshold")
    return (*names, "held_out", "held_out_low", "held_out_high", "optimism", "reason"), rows
