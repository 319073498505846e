"""Sentences about statistical power."""

from __future__ import annotations

from harness.analysis.power.figures import DatasetPower, Reach

AT_THE_LAST_LOOK = (
    "`stop`: at the level of the last look, at all items; a difference that is found earlier ends the run earlier"
)
PILOT = (
    "losses and gains start from the pilot's own pairs of cells: a loss is answers by chance, then wrong ones; "
    "[low, high] is what 5 % and 95 % of pilots like this one would say; other cells or items may differ"
)


SIMULATED_PILOT = (
    "no pilot run: independent simulated judges of one skill replace the cells, on pairs with the "
    "dataset's shares of labels; this is an order of magnitude, and a small pilot run is more precise"
)


SIMULATED_RANKINGS = (
    "no pilot run: independent simulated judges of one skill replace the cells, on the dataset's rankings by people; "
    "this is an order of magnitude, and a small pilot run is more precise"
)
UNRANKED = "people rank no responses of the dataset; rankings without ties are assumed"
SOFT = "power on soft verdicts and numbers is planned from a run: there is none of these cells"
SOFT_PILOT = (
    "soft verdicts, numbers and rankings: the error of a difference is taken to be that of the pilot, "
    "whatever the difference is"
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


def can_detect(found: DatasetPower, metric: str, one: Reach, every: Reach) -> str:
    """The smallest differences that a run is likely to find.

    Args:
        found: the dataset.
        metric: its name.
        one: for one pair that was fixed before.
        every: where all pairs are compared.
    """
    source = "by simulated judges" if found.source == "simulated" else "by the newest run"
    pairs = (
        f"; among all {found.cells * (found.cells - 1) // 2} pairs {_lost_or_gained(every)}" if found.cells > 2 else ""
    )
    return (
        f"{found.dataset}: between two cells, can detect {_lost_or_gained(one)} in {metric}{pairs} "
        f"(n = {found.n}, power 0.8, {source})"
    )


def _lost_or_gained(reach: Reach) -> str:
    loss, gain = reach.loss.value, reach.gain.value
    if loss is None and gain is None:
        return "no loss and no gain"
    lost = "no loss" if loss is None else f"a loss of {loss:.2f}"
    return f"{lost} and no gain" if gain is None else f"{lost} or a gain of {gain:.2f}"


def cannot_detect(dataset: str, metric: str, reason: str) -> str:
    """Why nothing is known of what a run can find."""
    return f"{dataset}: no difference in {metric} can be promised to be found: {reason}"
