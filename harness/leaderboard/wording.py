"""Sentences about figures, in one place, so that every rendering says the same.

Two evaluators that no test tells apart are never called equal: what was not found is said together with what this
run could have found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.leaderboard.numbers import MAX_SHOWN, p_text, share_count, shortlist, with_interval
from harness.records.experiment import Choice
from harness.records.figures import Figure
from harness.records.judgments import FAILURES
from harness.records.scores import HeldOut, Winner


def few_items(dataset: str, n: int, fewest: int) -> str:
    """Why a small dataset has neither intervals nor ranks."""
    return f"{dataset}: n = {n} is below {fewest}: counts only, no intervals and no ranks"


def no_labels(dataset: str) -> str:
    """Why a dataset has no figures."""
    return f"{dataset}: no reference labels, so there is nothing to agree with: no figures and no ranks"


def unlabelled(dataset: str, missing: int, items: int) -> str:
    """Which items do not count."""
    return f"{dataset}: {missing} of {items} items have no reference label and are left out of every figure"


def clustered(dataset: str, clusters: int, n: int) -> str:
    """What the unit of an interval is."""
    return (
        f"{dataset}: items of a cluster are not independent: intervals rest on {clusters} clusters, not on {n} items "
        "(Wald, Student's t)"
    )


def few_clusters(dataset: str, clusters: int, fewest: int, few: int) -> str:
    """How far so few clusters can be trusted."""
    if clusters < fewest:
        return f"{dataset}: {clusters} clusters are fewer than {fewest}: no intervals and no ranks"
    return f"{dataset}: {clusters} clusters are fewer than {few}: take the intervals with caution"


def failed(dataset: str, counts: Mapping[str, int], judgments: int) -> str:
    """How many judgments failed and what that did to the figures."""
    kinds = ", ".join(f"{counts[kind]} {kind}" for kind in FAILURES if counts[kind])
    return (
        f"{dataset}: {sum(counts.values())} of {judgments} judgments failed ({kinds}); a failure counts as "
        "disagreement; the values without failures and the bounds stand beside every figure"
    )


def undefined_resamples(dataset: str, metric: str, share: float) -> str:
    """When the resampling itself is shaky."""
    return (
        f"{dataset}: {metric} is undefined in up to {100 * share:.2g} % of the resamples; its interval leaves them out"
    )


def degenerate(dataset: str, metric: str, cells: Sequence[str]) -> str:
    """Which figures have no variation to measure."""
    return f"{dataset}: {metric} of {shortlist(cells)} has standard error 0: the items show no variation to judge it by"


def holm_instead(dataset: str, metric: str) -> str:
    """Which procedure stood in for resampling."""
    return f"{dataset}: too many pairs to resample: ranks by {metric} use Holm's rule"


def equivalent(
    dataset: str, metric: str, best: str, others: Sequence[str], *, margin: float, level: float, is_best: bool = True
) -> str:
    """Which evaluators are surely no further from the best, or another one, than the margin that the spec declares."""
    to = f"the best, {best}," if is_best else best
    return (
        f"{dataset}: equivalent to {to} by {metric} within the declared margin of ±{margin:g} (level "
        f"{level:g}, intervals simultaneous over all pairs): {shortlist(others)}"
    )


def compared(other: str, one: str, metric: str, counts: Mapping[str, int]) -> str:
    """How the cells of one run stand to those of another to which they correspond."""
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    return f"{other} against {one}, by {metric}, of {sum(counts.values())} pairs of cells: {told}"


def held_out(winner: Winner, held: HeldOut) -> str:
    """What the best of one part of the items is worth on the others."""
    if held.cell is None or held.figure.value is None:
        return f"held out on {winner.dataset}: nothing could be measured: {held.figure.reason}"
    figure = held.figure
    measured = with_interval(figure.value or 0.0, figure.low, figure.high, ".2f")
    return (
        f"held out on {winner.dataset}: chosen on {held.chosen_on} items, {held.cell} has {winner.metric} {measured} "
        f"on the {figure.n} others, which the choice did not see"
    )


def difference(value: float, reach: float, detectable: float) -> str:
    """A difference that was not found, with its interval and what could have been found."""
    interval = f"[{value - reach:+.2f}, {value + reach:+.2f}]"
    found = f"difference {value:+.2f} {interval}; this run could detect about {detectable:.2f} or more"
    return found.replace("-", "−").replace("inf", "∞")


def significant(value: float, reach: float, p_value: float) -> str:
    """A difference that was found, with its interval and its adjusted p-value."""
    found = f"difference {value:+.2f} [{value - reach:+.2f}, {value + reach:+.2f}], adjusted p {p_text(p_value)}"
    return found.replace("-", "−")


def held_against(dataset: str, metric: str, how: str, other: str, cells: Sequence[str], *, n: int, level: float) -> str:
    """How some evaluators stand to one of them, each with its difference in words.

    Args:
        dataset: its name.
        metric: its name.
        how: such as `better than`.
        other: the one that they are held against.
        cells: the evaluators, each with its difference.
        n: items.
        level: confidence level.
    """
    return (
        f"{dataset}: {how} {other} by {metric} at n = {n} (level {level:g}, intervals simultaneous over all pairs): "
        f"{shortlist(cells, '; ')}"
    )


def not_distinguishable(dataset: str, metric: str, best: str, others: Sequence[str], *, n: int, level: float) -> str:
    """Which evaluators no test tells from the best.

    Args:
        dataset: its name.
        metric: its name.
        best: the evaluator with the highest figure.
        others: the evaluators, each with its `difference` in words.
        n: items.
        level: confidence level.
    """
    return (
        f"{dataset}: not distinguishable from the best, {best}, by {metric} at n = {n} (level {level:g}, "
        f"intervals simultaneous over all pairs): {shortlist(others, '; ')}"
    )


def taken_over(choice: Choice) -> str:
    """What a spec took over from another one's run, and how sure it is that it won."""
    figure = f"{choice.value:.3f}"
    if choice.low is not None and choice.high is not None:
        figure += f" [{choice.low:.3f}, {choice.high:.3f}]"
    if choice.corrected is not None:
        figure += f", corrected for the choice {choice.corrected:.3f}"
    if choice.rank is not None:
        best, worst = choice.rank
        figure += f", rank {best}" if best == worst else f", rank {best}–{worst}"
    return (
        f"the {choice.axis} {choice.taken} is taken over from {choice.spec}, run {choice.run}: {choice.cell} is the "
        f"best of {choice.candidates} by {choice.metric}, {figure.replace('-', '−')}; {_lead(choice)}"
    )


def _lead(choice: Choice) -> str:
    """How the winner stands to the runner-up."""
    if choice.runner_up is None:
        return f"nothing had another {choice.axis}"
    other = f"the best with another {choice.axis}, {choice.runner_up}"
    if choice.is_distinguishable is None:
        return f"not tested against {other}"
    return f"{'' if choice.is_distinguishable else 'not '}distinguishable from {other}"


def chosen_on_the_same_data(dataset: str, choice: Choice) -> str:
    """Why figures of what was chosen are optimistic."""
    return (
        f"{dataset}: the {choice.axis} was chosen as the best of {choice.candidates} on the same data; the best of "
        "many is in part the luckiest, so figures of cells that use it are too high on average; other data would tell"
    )


def best_of_many(winner: Winner) -> str:
    """What the figure of the best is worth once it is known that it was chosen."""
    value = f"{winner.value:.3f}".replace("-", "−")
    found = f"best of K = {winner.tried} on {winner.dataset}: {winner.metric} {value} is optimistic"
    if winner.corrected is None:
        return f"{found}, and not corrected: {winner.reason}"
    return f"{found}; corrected for the choice {with_interval(winner.corrected, winner.low, winner.high, '.2f')}"


def changes_with_order(cell: str, flips: Figure, slot: Figure, p_value: Figure) -> str:
    """How often a cell's verdict changes with the order of the responses, and which position it favours."""
    rate = with_interval(flips.value or 0.0, flips.low, flips.high, ".2f")
    told = f"{cell} changed its verdict on {share_count(flips)} of {flips.n} items (flip rate {rate})"
    if slot.value is None or p_value.value is None:
        return told
    return f"{told}, the first position won {share_count(slot)} of {slot.n} (p {p_text(p_value.value)})"


def in_both_orders(dataset: str, cells: Sequence[str]) -> str:
    """What the order of the responses does to the verdicts of some cells, each in words."""
    return f"{dataset}: in both orders, {shortlist(cells, '; ', MAX_SHOWN)}"


def agrees_with_itself(cell: str, agreement: Figure) -> str:
    """How often two answers of a cell to the same question agree."""
    return f"{cell} {with_interval(agreement.value or 0.0, agreement.low, agreement.high, '.2f')}"


def in_repeats(dataset: str, cells: Sequence[str]) -> str:
    """How often repeated answers of some cells agree, each in words."""
    return f"{dataset}: share of pairs of repeats that agree, least first: {shortlist(cells, '; ', MAX_SHOWN)}"
