"""The names of metrics for a label set: of a metric of one label `METRIC-LABEL`, such as `recall-pass`."""

from __future__ import annotations

from harness import registry
from harness.records.label_set import LabelSet


def split_name(name: str, label_set: LabelSet) -> tuple[str, str]:
    """The name of a metric apart from the label that it is of, "" for none."""
    known = registry.names("metrics")
    plain, _, label = name.partition("-")
    is_of_label = name not in known and plain in known and label in label_set.names
    return (plain, label) if is_of_label else (name, "")


def fits(name: str, label_set: LabelSet) -> bool:
    """Whether there is a metric of that name for a label set."""
    plain, label = split_name(name, label_set)
    if plain not in registry.names("metrics"):
        return False
    found = registry.find("metrics", plain)
    if bool(label) != hasattr(found, "for_label"):
        return False
    needs = getattr(found, "LABELS", "any")
    return {"pair": label_set.is_pair, "ordered": label_set.is_ordered}.get(needs, True)


def needs_of(name: str, label_set: LabelSet) -> str:
    """Why a known metric is not for a label set, in words; "" where it is, or where there is none of that name."""
    plain, label = split_name(name, label_set)
    if plain not in registry.names("metrics"):
        return ""
    found = registry.find("metrics", plain)
    if hasattr(found, "for_label") and not label:
        return f"is of one label: write {' or '.join(f'`{name}-{one}`' for one in label_set.names)}"
    needs = getattr(found, "LABELS", "any")
    if needs == "pair" and not label_set.is_pair:
        return "is of verdicts on pairs"
    return "needs labels that have an order" if needs == "ordered" and not label_set.is_ordered else ""


def names_of(label_set: LabelSet) -> list[str]:
    """The names of all metrics for a label set, sorted."""
    of_labels = [
        f"{name}-{label}"
        for name in registry.names("metrics")
        for label in label_set.names
        if fits(f"{name}-{label}", label_set)
    ]
    return sorted([*(name for name in registry.names("metrics") if fits(name, label_set)), *of_labels])
