"""The names of metrics and probes for a label set: of a metric of one label `METRIC-LABEL`, such as `recall-pass`."""

from __future__ import annotations

from harness import registry
from harness.records.label_set import LabelKind, LabelSet


def split_name(name: str, label_set: LabelSet) -> tuple[str, str]:
    """The name of a metric of one label and the label; another name as it is, and ""."""
    if not label_set.is_number and name not in registry.names("metrics"):
        for plain in registry.names("label_metrics"):
            label = name.removeprefix(f"{plain}-")
            if label != name and label in label_set.names:
                return plain, label
    return name, ""


def fits(name: str, label_set: LabelSet) -> bool:
    """Whether there is a metric of that name for a label set. Only for single responses, the metric is imported."""
    if label_set.is_ranking:
        return name in registry.names("ranking_metrics")
    plain, label = split_name(name, label_set)
    return bool(label) or (plain in registry.names("metrics") and not needs_of(plain, label_set))


def needs_of(name: str, label_set: LabelSet) -> str:
    """Why a known metric is not for a label set, in words; "" where it is, or where there is none of that name."""
    if label_set.is_ranking:
        others = ("metrics", "soft_metrics", "label_metrics")
        return "is not of rankings" if any(name in registry.names(kind) for kind in others) else ""
    if name in registry.names("ranking_metrics"):
        return "is of rankings of several responses"
    if label_set.is_number and name in (*registry.names("metrics"), *registry.names("label_metrics")):
        return "is of labels that are classes, and labels are numbers here"
    if name in registry.names("label_metrics"):
        return f"is of one label: write {' or '.join(f'`{name}-{one}`' for one in label_set.names[:3])}"
    if label_set.is_pair or name not in registry.names("metrics"):
        return ""  # the verdicts on pairs are labels that have an order
    needs = getattr(registry.find("metrics", name), "LABELS", "any")
    if needs == "pair":
        return "is of verdicts on pairs"
    return "needs labels that have an order" if needs == "ordered" and not label_set.is_ordered else ""


def soft_needs_of(name: str, label_set: LabelSet) -> str:
    """Why a metric of soft verdicts is not for a label set, in words; "" where it is."""
    kinds: tuple[LabelKind, ...] = getattr(registry.find("soft_metrics", name), "LABELS", ("pair",))
    if label_set.kinds & set(kinds):
        return ""
    return f"is of {' or '.join(_KINDS[kind] for kind in kinds)}"


def probe_needs_of(name: str, label_set: LabelSet) -> str:
    """Why a probe is not for a label set, in words; "" where it is."""
    if label_set.is_ranking:
        is_fit = getattr(registry.find("probes", name), "RANKINGS", False)
        return "" if is_fit else "is about pairs of responses or labels of single ones"
    kind = "all" if label_set.is_pair else getattr(registry.find("probes", name), "LABELS", "pair")
    if kind not in ("any", "all"):
        return "is about pairs of responses"
    if label_set.is_number and kind != "all":
        return "is about labels that are classes, and labels are numbers here"
    return ""


_KINDS: dict[LabelKind, str] = {
    "pair": "soft verdicts on pairs",
    "two": "two labels, such as pass and fail",
    "number": "labels that are numbers",
}


def names_of(label_set: LabelSet) -> list[str]:
    """The names of all metrics for a label set, sorted, those of soft verdicts and those of one label last."""
    if label_set.is_ranking:
        return list(registry.names("ranking_metrics"))
    labels = () if label_set.is_number else label_set.names
    of_labels = [f"{name}-{label}" for name in registry.names("label_metrics") for label in labels]
    soft = [name for name in registry.names("soft_metrics") if not soft_needs_of(name, label_set)]
    return [*(name for name in registry.names("metrics") if fits(name, label_set)), *soft, *of_labels]
