"""The sentences of a leaderboard, shared by all formats.

Two cells that are not distinguishable are never called equal: the sentence states the detectable difference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.leaderboard.numbers import MAX_SHOWN, p_text, rank_range, share_count, shortlist, with_interval
from harness.records.experiment import Choice
from harness.records.figures import Figure
from harness.records.judgments import FAILURES
from harness.records.scores import Difference, HeldOut, Winner
from harness.text import pluralized, with_minus_signs


def few_items(dataset: str, n: int, fewest: int) -> str:
    """A dataset too small for intervals and ranks."""
    return f"{dataset}: n = {n} is below {fewest}: counts only, no intervals and no ranks"


def no_labels(dataset: str) -> str:
    """A dataset without labels."""
    return f"{dataset}: no reference labels: no agreement with people and no ranks"


def unlabelled(dataset: str, missing: int, items: int) -> str:
    """Items without a label."""
    return f"{dataset}: {missing} of {items} items have no reference label and are left out"


def clustered(dataset: str, clusters: int, n: int) -> str:
    """Clustered items."""
    return f"{dataset}: intervals are cluster-robust: {n} items in {clusters} clusters count as fewer independent items"


def large_clusters(dataset: str, reason: str) -> str:
    """A few clusters that hold most items."""
    return f"{dataset}: no intervals and no ranks: {reason}"


def few_clusters(dataset: str, clusters: int, fewest: int, few: int) -> str:
    """Too few clusters for reliable intervals."""
    if clusters < fewest:
        return f"{dataset}: {clusters} clusters are fewer than {fewest}: no intervals and no ranks"
    return f"{dataset}: {clusters} clusters are worth fewer than {few} of one size: intervals are less reliable"


def failed(dataset: str, counts: Mapping[str, int], judgments: int) -> str:
    """Failed judgments, and how the figures count them."""
    kinds = ", ".join(f"{counts[kind]} {kind}" for kind in FAILURES if counts[kind])
    return (
        f"{dataset}: {sum(counts.values())} of {judgments} judgments failed ({kinds}); a failure counts as "
        "disagreement; the values without failures and the bounds stand beside every figure"
    )


def failed_soft(dataset: str, metrics: Sequence[str]) -> str:
    """How figures of soft verdicts count failed judgments."""
    return f"{dataset}: {', '.join(metrics)}: failed judgments are left out, and the bounds stand beside the figures"


def failed_numbers(dataset: str, counts: Mapping[str, int], judgments: int) -> str:
    """Failed judgments where labels are numbers, and how the figures count them."""
    kinds = ", ".join(f"{counts[kind]} {kind}" for kind in FAILURES if counts[kind])
    return (
        f"{dataset}: {sum(counts.values())} of {judgments} judgments failed ({kinds}); they are left out, and the "
        "bounds stand beside every figure"
    )


def failed_rankings(dataset: str, counts: Mapping[str, int], judgments: int) -> str:
    """Failed rankings, and how the figures count them."""
    kinds = ", ".join(f"{counts[kind]} {kind}" for kind in FAILURES if counts[kind])
    return (
        f"{dataset}: {sum(counts.values())} of {judgments} rankings failed ({kinds}); a failure counts as 0; the "
        "values without failures and the bounds stand beside every figure"
    )


def chance_of_rankings(dataset: str, values: Mapping[str, float]) -> str:
    """What a ranking in random order would reach."""
    shown = ", ".join(f"{name} {value:.2f}" for name, value in values.items())
    return f"{dataset}: a ranking in random order reaches on average {shown}"


def all_equal(dataset: str, count: int) -> str:
    """Items on which people order nothing."""
    items = "1 item is" if count == 1 else f"{count:,} items are"
    return f"{dataset}: {items} left out of every figure, because people rank all responses equal there"


def undefined_resamples(dataset: str, metric: str, share: float) -> str:
    """A metric that is undefined in some resamples."""
    return (
        f"{dataset}: {metric} is undefined in up to {100 * share:.2g} % of the resamples, which its interval leaves out"
    )


def degenerate(dataset: str, metric: str, cells: Sequence[str]) -> str:
    """Figures without variation."""
    return f"{dataset}: {metric} of {shortlist(cells)} has standard error 0: no variation among the items"


def bonferroni_instead(dataset: str, metric: str) -> str:
    """Which procedure stood in for joint draws."""
    return f"{dataset}: too many pairs for joint draws: comparisons by {metric} use Bonferroni's rule"


def not_compared(dataset: str, metric: str, reason: str) -> str:
    """Why no two cells of a dataset are compared by a metric."""
    return f"{dataset}: not compared by {metric}, no ranks: {reason}"


def the_best(cell: str) -> str:
    """The cell with the highest figure, inside a sentence."""
    return f"the best, {cell},"


def equivalent(dataset: str, metric: str, to: str, others: Sequence[str], *, margin: float, level: float) -> str:
    """Cells equivalent to another within the margin of the spec.

    Args:
        dataset: its name.
        metric: its name.
        to: a baseline, or `the_best`.
        others: the cells.
        margin: the margin.
        level: confidence level.
    """
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


def difference(found: Difference) -> str:
    """A difference that is not significant, with its interval and the detectable differences."""
    if found.low is None or found.high is None:
        value = "" if found.value is None else with_minus_signs(f"difference {found.value:+.2f}, ")
        return f"{value}not compared: {found.reason}"
    return f"difference {_interval(found)}; {could_detect(found)}"


def could_detect(found: Difference) -> str:
    """The true loss and gain that a run like this one finds with power 0.8."""
    loss, gain = found.detectable, found.detectable_gain
    if loss is None and gain is None:
        return "this run could detect no loss and no gain"
    lost = "no loss" if loss is None else f"a loss of {loss:.2f}"
    return f"this run could detect {lost}" + (" and no gain" if gain is None else f" or a gain of {gain:.2f}")


def significant(found: Difference) -> str:
    """A significant difference, with its interval and adjusted p-value."""
    return f"difference {_interval(found)}, adjusted p {p_text(found.p_value or 0.0)}"


def _interval(found: Difference) -> str:
    return with_minus_signs(f"{found.value:+.2f} [{found.low:+.2f}, {found.high:+.2f}]")


def compared_with_baseline(dataset: str, metric: str, how: str, cells: Sequence[str], *, n: int, level: float) -> str:
    """Cells compared with a baseline, each with its difference in words.

    Args:
        dataset: its name.
        metric: its name.
        how: the relation to the baseline, such as `better than judge:small`.
        cells: the cells, each with its difference.
        n: items.
        level: confidence level.
    """
    return (
        f"{dataset}: {how} by {metric} at n = {n} (level {level:g}, intervals simultaneous over all pairs): "
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


def limits_of(cell: str, low: Figure, high: Figure) -> str:
    """The limits of agreement of a cell, each with its interval."""
    ends = (with_interval(one.value or 0.0, one.low, one.high, ".2f") for one in (low, high))
    return f"{cell} {' to '.join(ends)}"


def limits_of_agreement(dataset: str, cells: Sequence[str]) -> str:
    """The limits of agreement of some cells, each in words."""
    what = "limits of agreement (95 % of judge less people, if normal)"
    return f"{dataset}: {what}: {shortlist(cells, '; ', MAX_SHOWN)}"
