"""The sentences of a leaderboard, shared by all formats.

Two cells that are not distinguishable are never called equal: the sentence states the detectable difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.leaderboard.numbers import MAX_SHOWN, p_text, rank_range, share_count, shortlist, with_interval
from harness.records.experiment import Choice
from harness.records.figures import Figure
from harness.records.judgments import FAILURES
from harness.records.scores import HeldOut, Winner
from harness.text import pluralized, with_minus_signs


def few_items(dataset: str, n: int, fewest: int) -> str:
    """A dataset too small for intervals and ranks."""
    return f"{dataset}: n = {n} is below {fewest}: counts only, no intervals and no ranks"


def no_labels(dataset: str) -> str:
    """A dataset without labels."""
    return f"{dataset}: no reference labels: no figures and no ranks"


def unlabelled(dataset: str, missing: int, items: int) -> str:
    """Items without a label."""
    return f"{dataset}: {missing} of {items} items have no reference label and are left out"


def clustered(dataset: str, clusters: int, n: int) -> str:
    """Clustered items."""
    return f"{dataset}: intervals are cluster-robust: {clusters} clusters of {n} items (Wald, Student's t)"


def few_clusters(dataset: str, clusters: int, fewest: int, few: int) -> str:
    """Too few clusters for reliable intervals."""
    if clusters < fewest:
        return f"{dataset}: {clusters} clusters are fewer than {fewest}: no intervals and no ranks"
    return f"{dataset}: {clusters} clusters are fewer than {few}: intervals are unreliable"


def failed(dataset: str, counts: Mapping[str, int], judgments: int) -> str:
    """Failed judgments, and how the figures count them."""
    kinds = ", ".join(f"{counts[kind]} {kind}" for kind in FAILURES if counts[kind])
    return (
        f"{dataset}: {sum(counts.values())} of {judgments} judgments failed ({kinds}); a failure counts as "
        "disagreement; the values without failures and the bounds stand beside every figure"
    )


def undefined_resamples(dataset: str, metric: str, share: float) -> str:
    """A metric that is undefined in some resamples."""
    return (
        f"{dataset}: {metric} is undefined in up to {100 * share:.2g} % of the resamples, which its interval leaves out"
    )


def degenerate(dataset: str, metric: str, cells: Sequence[str]) -> str:
    """Figures without variation."""
    return f"{dataset}: {metric} of {shortlist(cells)} has standard error 0: no variation among the items"


def holm_instead(dataset: str, metric: str) -> str:
    """Ranks without resampling."""
    return f"{dataset}: ranks by {metric} use Holm's method: too many pairs to resample"


def equivalent(
    dataset: str, metric: str, best: str, others: Sequence[str], *, margin: float, level: float, is_best: bool = True
) -> str:
    """Cells equivalent to the best, or to a baseline, within the margin of the spec."""
    to = f"the best, {best}," if is_best else best
    return (
        f"{dataset}: equivalent to {to} by {metric} within the margin of ±{margin:g} (level "
        f"{level:g}, intervals simultaneous over all pairs): {shortlist(others)}"
    )


def compared(other: str, one: str, metric: str, counts: Mapping[str, int]) -> str:
    """The comparison of two runs, by number of pairs."""
    results = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    return f"{other} against {one}, by {metric}, {pluralized(sum(counts.values()), 'pair')} of cells: {results}"


def held_out(winner: Winner, held: HeldOut) -> str:
    """The figure of the best cell on held-out items."""
    if held.cell is None or held.figure.value is None:
        return f"held-out estimate on {winner.dataset}: undefined ({held.figure.reason})"
    figure = held.figure
    measured = with_interval(figure.value or 0.0, figure.low, figure.high, ".2f")
    return (
        f"held-out estimate on {winner.dataset}: {held.cell}, chosen on {held.chosen_on} items, has {winner.metric} "
        f"{measured} on the other {figure.n}"
    )


def difference(value: float, reach: float, detectable: float) -> str:
    """A difference that is not significant, with its interval and the detectable difference."""
    interval = f"[{value - reach:+.2f}, {value + reach:+.2f}]"
    found = f"difference {value:+.2f} {interval}; this run could detect about {detectable:.2f} or more"
    return with_minus_signs(found).replace("inf", "∞")


def significant(value: float, reach: float, p_value: float) -> str:
    """A significant difference, with its interval and adjusted p-value."""
    found = f"difference {value:+.2f} [{value - reach:+.2f}, {value + reach:+.2f}], adjusted p {p_text(p_value)}"
    return with_minus_signs(found)


def compared_with_baseline(
    dataset: str, metric: str, how: str, other: str, cells: Sequence[str], *, n: int, level: float
) -> str:
    """Cells compared with a baseline, each with its difference in words.

    Args:
        dataset: its name.
        metric: its name.
        how: such as `better than`.
        other: the baseline.
        cells: the cells, each with its difference.
        n: items.
        level: confidence level.
    """
    return (
        f"{dataset}: {how} {other} by {metric} at n = {n} (level {level:g}, intervals simultaneous over all pairs): "
        f"{shortlist(cells, '; ')}"
    )


def not_distinguishable(dataset: str, metric: str, best: str, others: Sequence[str], *, n: int, level: float) -> str:
    """Cells that are not distinguishable from the best.

    Args:
        dataset: its name.
        metric: its name.
        best: the cell with the highest figure.
        others: the other cells, each with its `difference` in words.
        n: items.
        level: confidence level.
    """
    return (
        f"{dataset}: not distinguishable from the best, {best}, by {metric} at n = {n} (level {level:g}, "
        f"intervals simultaneous over all pairs): {shortlist(others, '; ')}"
    )


def chosen_upstream(choice: Choice) -> str:
    """The choice of a `winner_of`: its run, figure, rank range and lead."""
    figure = with_interval(choice.value, choice.low, choice.high)
    if choice.corrected is not None:
        figure += f", corrected for the choice {choice.corrected:.3f}"
    if choice.rank is not None:
        figure += f", rank {rank_range(choice.rank._asdict())}"
    return (
        f"the {choice.axis} {choice.taken} is taken over from {choice.spec}, run {choice.run}: {choice.cell} is the "
        f"best of {choice.candidates} by {choice.metric}, {with_minus_signs(figure)}; {_lead(choice)}"
    )


def _lead(choice: Choice) -> str:
    """The lead over the runner-up."""
    if choice.runner_up is None:
        return f"no cell has another {choice.axis}"
    other = f"the best with another {choice.axis}, {choice.runner_up}"
    if choice.is_distinguishable is None:
        return f"not tested against {other}"
    return f"{'' if choice.is_distinguishable else 'not '}distinguishable from {other}"


def chosen_on_the_same_data(dataset: str, choice: Choice) -> str:
    """A choice made on the same data, which makes figures optimistic."""
    return (
        f"{dataset}: the {choice.axis} was chosen as the best of {choice.candidates} on the same data, so "
        "figures of cells that use it are optimistic; confirm on held-out data"
    )


def best_of_many(winner: Winner) -> str:
    """The figure of the best cell, corrected for the choice among several."""
    value = with_minus_signs(f"{winner.value:.3f}")
    found = f"best of K = {winner.tried} on {winner.dataset}: {winner.metric} {value} is optimistic"
    if winner.corrected is None:
        return f"{found}; not corrected ({winner.reason})"
    return f"{found}; corrected for the choice {with_interval(winner.corrected, winner.low, winner.high, '.2f')}"


def flip_rate_of(cell: str, flips: Figure, slot: Figure, p_value: Figure) -> str:
    """The flip rate of a cell, and the position it favours."""
    rate = with_interval(flips.value or 0.0, flips.low, flips.high, ".2f")
    text = f"{cell} {rate} ({share_count(flips)} of {flips.n} items)"
    if slot.value is None or p_value.value is None:
        return text
    return f"{text}, first position favoured on {share_count(slot)} of {slot.n} (p {p_text(p_value.value)})"


def flip_rates(dataset: str, cells: Sequence[str]) -> str:
    """The flip rates of some cells, each in words."""
    return f"{dataset}: flip rate, highest first: {shortlist(cells, '; ', MAX_SHOWN)}"


def self_agreement_of(cell: str, agreement: Figure) -> str:
    """The self-agreement of a cell."""
    return f"{cell} {with_interval(agreement.value or 0.0, agreement.low, agreement.high, '.2f')}"


def self_agreements(dataset: str, cells: Sequence[str]) -> str:
    """The self-agreement of some cells, each in words."""
    return f"{dataset}: self-agreement, lowest first: {shortlist(cells, '; ', MAX_SHOWN)}"
