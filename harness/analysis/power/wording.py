"""Sentences about statistical power."""

from __future__ import annotations

PILOT = (
    "standard errors are those of the pilot's own pairs of cells, median [least, greatest]; other cells or other items "
    "may differ by more or less"
)


SIMULATED_PILOT = (
    "no run to learn from: independent simulated judges of one skill stand in for the cells, on pairs with the "
    "dataset's shares of labels; this tells the order of magnitude, and a small run would tell more"
)


def in_pilot(reason: str) -> str:
    """Why a pilot run says nothing."""
    return f"the pilot says nothing: {reason}"


def older_pilot(run: str) -> str:
    """Whose run the pilot is."""
    return f"run {run} is one of an earlier state of the spec or of what it takes over"


def unread_pilot(reason: str) -> str:
    """Why there is a run and it is not used."""
    return f"the newest run cannot serve as a pilot: {reason}"


def other_cells_in_pilot(dataset: str, run: str, had: int, planned: int) -> str:
    """What is different from the pilot."""
    return f"{dataset}: run {run} has {had} cells, {planned} are planned; pairs like those of the run are assumed"


def units_in_power(dataset: str, n: int, clusters: int) -> str:
    """How many clusters are planned."""
    return f"{dataset}: {n} items in {clusters} clusters, which are the units; more items are more clusters"


def can_detect(dataset: str, metric: str, *, cells: int, n: int, one: float, every: float, is_simulated: bool) -> str:
    """The smallest differences that a run is likely to find.

    Args:
        dataset: its name.
        metric: its name.
        cells: how many are compared with each other.
        n: labelled items.
        one: detectable difference of one pair that was fixed before.
        every: detectable difference where all pairs are compared.
        is_simulated: whether the simulated world was the pilot.
    """
    source = "by simulated judges" if is_simulated else "by the newest run"
    pairs = f", or {every:.2f} or more among all {cells * (cells - 1) // 2} pairs" if cells > 2 else ""
    return (
        f"{dataset}: can detect a difference in {metric} of about {one:.2f} or more between two cells{pairs} "
        f"(n = {n}, power 0.8, {source})"
    )


def cannot_detect(dataset: str, metric: str, reason: str) -> str:
    """Why nothing is known of what a run can find."""
    return f"{dataset}: no difference in {metric} can be promised to be found: {reason}"
