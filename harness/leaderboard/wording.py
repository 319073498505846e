"""Sentences about figures, in one place, so that every rendering says the same.

Two evaluators that no test tells apart are never called equal: what was not found is said together with what this
run could have found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.records import FAILURES, Choice, Figure, HeldOut, Winner

MOST_NAMED = 5
"""How many evaluators a sentence names before it counts the rest."""

MOST_TOLD = 3
"""How many evaluators a sentence tells of, where it tells much of each, before it counts the rest."""

SIMULATED = "simulated models: these figures describe the simulated world, not any language model"

NO_VARIATION = "with no variation between the two to measure a difference by"


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
    return f"{dataset}: {metric} of {_listed(cells)} has standard error 0: the items show no variation to judge it by"


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
        f"{level:g}, intervals simultaneous over all pairs): {_listed(others)}"
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
    measured = _with_interval(figure.value or 0.0, figure.low, figure.high)
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
    found = f"difference {value:+.2f} [{value - reach:+.2f}, {value + reach:+.2f}], adjusted p {_p(p_value)}"
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
        f"{_listed(cells, '; ')}"
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
        f"intervals simultaneous over all pairs): {_listed(others, '; ')}"
    )


PILOT = (
    "standard errors are those of the pilot's own pairs of cells, median [least, greatest]; other cells or other items "
    "may differ by more or less"
)

SIMULATED_PILOT = (
    "no run to learn from: independent simulated judges of one skill stand in for the cells, on pairs with the "
    "dataset's shares of labels; this tells the order of magnitude, and a small run would tell more"
)

NO_PAIR_VARIES = "no two cells show any variation to measure a difference by"


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
    return f"{found}; corrected for the choice {_with_interval(winner.corrected, winner.low, winner.high)}"


def changes_with_order(cell: str, flips: Figure, slot: Figure, p_value: Figure) -> str:
    """How often a cell's verdict changes with the order of the responses, and which position it favours."""
    rate = _with_interval(flips.value or 0.0, flips.low, flips.high)
    told = f"{cell} changed its verdict on {_count(flips)} of {flips.n} items (flip rate {rate})"
    if slot.value is None or p_value.value is None:
        return told
    return f"{told}, the first position won {_count(slot)} of {slot.n} (p {_p(p_value.value)})"


def in_both_orders(dataset: str, cells: Sequence[str]) -> str:
    """What the order of the responses does to the verdicts of some cells, each in words."""
    return f"{dataset}: in both orders, {_listed(cells, '; ', MOST_TOLD)}"


def agrees_with_itself(cell: str, agreement: Figure) -> str:
    """How often two answers of a cell to the same question agree."""
    return f"{cell} {_with_interval(agreement.value or 0.0, agreement.low, agreement.high)}"


def in_repeats(dataset: str, cells: Sequence[str]) -> str:
    """How often repeated answers of some cells agree, each in words."""
    return f"{dataset}: share of pairs of repeats that agree, least first: {_listed(cells, '; ', MOST_TOLD)}"


def labelled_part(dataset: str, labelled: int, items: int) -> str:
    """What every corrected figure rests on."""
    return (
        f"{dataset}: {labelled} of {items} items have a human label; what they correct holds only if they are a random "
        "part of all items, which nothing in the data can show"
    )


def all_labelled(dataset: str) -> str:
    """Why a correction changes nothing."""
    return f"{dataset}: every item has a human label, so that no judgment adds to them: λ = 0"


def none_labelled(dataset: str) -> str:
    """Why there is no correction."""
    return f"{dataset}: no item has a human label: the win rates are the evaluators' own, and nothing corrects them"


def first_labelled(dataset: str, labelled: int) -> str:
    """Why labels may be no random part."""
    return (
        f"{dataset}: the labelled items are the first {labelled} of the dataset: a random part only if the order of "
        "the dataset is random"
    )


def unlike_others(dataset: str, cell: str, p: float, tried: int) -> str:
    """What speaks against the labels being a random part."""
    return (
        f"{dataset}: the labelled items do not look like a random part: on them {cell} answers otherwise than on the "
        f"others (p {_p(p)}, corrected for {tried} cells)"
    )


def not_relied_on(dataset: str, cells: Sequence[str]) -> str:
    """Which evaluators add nothing to the labels."""
    return f"{dataset}: the labels do not go with the verdicts of {_listed(cells)}: λ = 0, the labels stand alone"


def leans(dataset: str, cells: Sequence[str]) -> str:
    """Whose own win rate the labels rule out."""
    return f"{dataset}: outside the corrected interval lies the own win rate of {_listed(cells)}"


def mixed_responses(dataset: str, systems: int) -> str:
    """Why a win rate names places and no models."""
    return (
        f"{dataset}: the responses come from {systems} models, so that the win rate of response b is that of no model; "
        "the models' strengths tell of them"
    )


def same_writer(dataset: str, left_out: int, items: int) -> str:
    """Which items say nothing about two models."""
    return f"{dataset}: in {left_out} of {items} items one model wrote both responses; win rates leave them out"


def no_verdict_counts(dataset: str, failed: int, judgments: int) -> str:
    """How failures enter win rates."""
    return (
        f"{dataset}: {failed} of {judgments} judgments failed; an evaluator's own win rate leaves them out, with "
        "bounds beside it; a corrected one takes them as saying nothing; in agreement a failure counts as disagreement"
    )


def _with_interval(value: float, low: float | None, high: float | None) -> str:
    interval = "" if low is None or high is None else f" [{low:.2f}, {high:.2f}]"
    return f"{value:.2f}{interval}".replace("-", "−")


def _count(share: Figure) -> int:
    return round((share.value or 0.0) * share.n)


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"= {value:.2g}"


def _listed(names: Sequence[str], between: str = ", ", most: int = MOST_NAMED) -> str:
    rest = len(names) - most
    return between.join([*names[:most], *([f"and {rest} more"] if rest > 0 else [])])


def generator_failed(system: str, failed: int, prompts: int, empty: int) -> str:
    """How often a generator gave no further draft."""
    return (
        f"{system}: the generator failed on {failed} of {prompts} prompts; {empty} of them have no draft at all and "
        "count as failures in every comparison, the others go on with the drafts before"
    )


def reviews_left_out(system: str, failed: int, reviews: int) -> str:
    """How many reviews there were not."""
    return f"{system}: {failed} of {reviews} reviews failed and were left out of their rounds"


def drafts_cut_off(system: str, truncated: int, drafts: int) -> str:
    """How many drafts end in the middle."""
    return f"{system}: {truncated} of {drafts} drafts were cut off at the most tokens that a reply may have"


def comparisons_failed(head: str, failed: int, judgments: int) -> str:
    """How many comparisons have no verdict, and what that does to win rates."""
    return (
        f"{head}: {failed} of {judgments} comparisons failed and are left out of the win rates; their bounds, all lost "
        "and all won, stand in the JSON"
    )


def same_drafts(head: str, same: int, judgments: int) -> str:
    """How many comparisons nobody was asked about."""
    return f"{head}: in {same} of {judgments} comparisons both drafts are the same, which is a tie without asking"


def difference_of(found: Mapping[str, Any]) -> str:
    """A difference to the best that was not found, from its JSON."""
    if found["low"] is None:
        return f"difference {found['value']:+.2f}, {found['reason']}".replace("-", "−")
    return difference(found["value"], found["value"] - found["low"], found["detectable"])


def systems_not_distinguishable(head: str, best: str, others: Sequence[str], n: int, level: float) -> str:
    """Which systems no test tells from the best against an opponent."""
    return (
        f"{head}: not distinguishable from the best, {best}, at n = {n} (level {level:g}, intervals simultaneous over "
        f"all pairs): {_listed(others, '; ', MOST_TOLD)}"
    )
