"""Show the cells, calls and cost of a spec before spending anything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from harness.cli import _completion
from harness.cli._options import allow_path_option, batch_option, caches_option, json_option, results_option
from harness.cli._output import print_json
from harness.cli._terminal import screen, wrapped
from harness.cli._working import working
from harness.leaderboard.fit import SHORTEST_NAME, shortened
from harness.runner.sampled_chunks import MOST_COUNTED
from harness.text import aligned, pluralized, printable

if TYPE_CHECKING:
    from harness.analysis.power.figures import Power
    from harness.api import Planned
    from harness.runner.needs import Estimate, Range
    from harness.runner.session import ConversationPlan

EFFECT = 0.1
"""The difference that the suggested change detects, where the spec has no margin."""
MOST_CELLS = 5
"""Cells that a terminal lists one by one without --wide."""


@click.command(
    epilog="""\b
Examples:
  harness plan specs/quickstart.yaml
  harness plan my-judges.yaml --cache shared-cache --json

Makes no model calls. The lower number of calls is without follow-up questions, the upper number with one after every
reply. Prompt tokens are estimated as one per four bytes, or counted with tiktoken on a sample where possible; a reply
has between one token and its token limit. Expected are the fewest calls, with replies as long as the cached ones of the
model, or of 200 tokens where there are none. The smallest detectable difference is for the primary metric; the change
that would detect a smaller one is for the margin of the spec, or 0.1. `harness power` has more.

Of a plan with more than 20,000 judgments about 10,000 are counted, spread evenly over each cell, and stand for the
rest. `harness schema plan` describes the JSON."""
)
@click.argument("spec", type=click.Path(path_type=Path), shell_complete=_completion.specs)
@results_option
@caches_option
@allow_path_option
@click.option(
    "--ledger",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also show what the runs that share FILE have spent.",
)
@batch_option
@click.option(
    "--exact",
    is_flag=True,
    help=f"Count every judgment, also of a plan with more than {MOST_COUNTED:,}, whose counts are otherwise estimated "
    "from a part of each cell.",
)
@click.option("--wide", is_flag=True, help="List every cell on a line of its own.")
@json_option
def plan(
    spec: Path,
    results: Path,
    caches: tuple[Path, ...],
    allow_paths: tuple[Path, ...],
    ledger: Path | None,
    batch: bool,
    exact: bool,
    wide: bool,
    as_json: bool,
) -> None:
    """List the cells of SPEC, the calls they need, how many are cached, and the cost of the others."""
    from harness.analysis.power.document import detects, detects_json
    from harness.analysis.power.figures import PowerQuestion
    from harness.api import experiment_of, load_spec, make_plan
    from harness.cache.joined import opened_cache
    from harness.runner.estimate import estimate_json
    from harness.runner.other_identities import notes_on_identities
    from harness.spec.checks import notes_on_parameters

    with working("reading the data"):
        made = make_plan(load_spec(spec, results=results, allow_paths=allow_paths))
    if batch:
        from harness.api.batch_run import at_batch_prices, check_has_batches

        check_has_batches(made)
        made = made.with_models(at_batch_prices(made.spec.models))
    experiment = experiment_of(made.spec.kind)
    counted = 0

    def reached(judgments: int) -> None:
        nonlocal counted
        counted = judgments

    with working(lambda: f"looking up replies in the cache, judgment {counted:,}"), opened_cache(caches) as replies:
        found = experiment.estimate(made, replies, os.environ, whole=exact, reached=reached)
        found.notes += [
            *notes_on_parameters(made.spec),
            *notes_on_identities(cast("ConversationPlan[Any]", made), replies),
        ]
    if ledger is not None:
        from harness.providers.ledger import Ledger

        found.notes.append(Ledger(ledger).summary())
    effect = made.spec.score.margin or EFFECT
    with working("computing what the run can detect"):
        first = experiment.power(made, results, PowerQuestion(effect=effect, metrics=made.spec.score.metrics[:1]))
    if as_json:
        detectable = [] if first is None else detects_json(first)
        print_json({**estimate_json(made, found), "detects": detectable})
    else:
        width = screen().width
        click.echo(printed(made, found, wide=wide, width=width))
        for line in (*detects(first), *change_text(made, found, first)) if first else ():
            click.echo(_fold(printable(line), width))


def printed(plan: Planned, found: Estimate, *, wide: bool = False, width: int | None = None) -> str:
    """The estimate as text.

    Args:
        plan: the plan.
        found: its estimate.
        wide: whether each cell and model has a line; otherwise many cells of a mode share one on a terminal.
        width: characters of a line, None for no limit.
    """
    rows = [("cell", "items", "cached", "calls to make"), *_cells(plan, found, wide=wide, width=width)]
    costs: list[tuple[str, ...]] = [("model", "calls to make", "expected tokens", "low", "expected", "high")]
    costs += [_model_row(plan, found, name) for name, need in found.models.items() if wide or need.calls.high]
    lines = [printable(line) for line in (*plan.data_notes, *found.notes, *_sampled(found))]
    notes = [[_fold(line, width) for line in lines]] if lines else []
    parts = [[plan.summary], *notes, [aligned(rows)], [aligned(costs) if len(costs) > 1 else _all_cached(found)]]
    parts.append([_fold(line, width) for line in (*_methods(plan, found), _total(plan, found))])
    return "\n\n".join("\n".join(part) for part in parts)


def _sampled(found: Estimate) -> list[str]:
    """What estimated counts rest on."""
    if found.sampled is None:
        return []
    counted, of = found.sampled
    part = f"{counted:,} of {of:,} judgments, spread evenly over each cell"
    return [f"~ marks what is estimated from {part}; --exact counts all of them"]


def _all_cached(found: Estimate) -> str:
    return "every reply is cached" if found.sampled is None else "every reply of the judgments counted is cached"


def _cells(plan: Planned, found: Estimate, *, wide: bool, width: int | None) -> list[tuple[str, ...]]:
    """A row for each cell, or for the cells with equal counts."""
    about = "" if found.sampled is None else "~"
    counts = {
        name: (f"{items:,}", f"{about}{found.cells[name].cached:,}", f"{about}{ends(found.cells[name].calls)}")
        for name, items in plan.items_by_place.items()
    }
    if wide or width is None or len(counts) <= MOST_CELLS:
        names = [printable(name) for name in counts]
        if not wide and width is not None:
            names = shortened(names, max(SHORTEST_NAME, width - _numbers_width(list(counts.values()))))
        return [(name, *numbers) for name, numbers in zip(names, counts.values(), strict=True)]
    groups: dict[tuple[str, str, str], list[str]] = {}
    for name, (items, _, calls) in counts.items():
        groups.setdefault((_kind(name), items, calls), []).append(name)
    return [
        (
            f"{pluralized(len(names), 'cell')}: {kind}" if len(names) > 1 else printable(names[0]),
            items,
            f"{about}{sum(found.cells[name].cached for name in names):,}",
            calls if len(names) == 1 or calls in ("0", "~0") else f"{calls} each",
        )
        for (kind, items, calls), names in groups.items()
    ]


def _kind(name: str) -> str:
    """The dataset and the mode of a cell, such as `pairs, judge`; the prompts of a system."""
    head, *_, last = name.split("/")
    mode = last.partition(":")[0] if ":" in last else "systems"
    return printable(f"{head}, {mode}")


def _numbers_width(rows: list[tuple[str, ...]]) -> int:
    """Characters of the columns beside the names, with their gaps."""
    heads = ("items", "cached", "calls to make")
    return sum(2 + max(map(len, column)) for column in zip(heads, *rows, strict=True))


def _model_row(plan: Planned, found: Estimate, name: str) -> tuple[str, ...]:
    need, model = found.models[name], plan.spec.models[name]
    expected = need.expected(model, found.typical_of(name))
    tokens = f"{expected.prompt_tokens:,.0f} + {expected.completion_tokens:,.0f}"
    cost = need.cost_usd(model)
    money = (
        ("?", "?", "?")
        if cost is None
        else tuple(usd(one) for one in (cost.low, _expected(plan, found, name), cost.high))
    )
    about = "" if found.sampled is None else "~"
    return (printable(name), f"{about}{ends(need.calls)}", f"{about}{tokens}", *money)


def _expected(plan: Planned, found: Estimate, name: str) -> float:
    return found.models[name].expected_usd(plan.spec.models[name], found.typical_of(name)) or 0.0


def _total(plan: Planned, found: Estimate) -> str:
    cost = found.cost_usd(plan.spec.models)
    about = "" if found.sampled is None or cost is None else "about "
    return f"total cost: {about}{dollars(cost, found.expected_usd(plan.spec.models))}"


def _methods(plan: Planned, found: Estimate) -> list[str]:
    """How prompts were counted, and what the expected length of replies rests on."""
    from harness.runner.needs import USUAL_REPLY_TOKENS

    to_call = [name for name, need in found.models.items() if need.calls.high and not plan.spec.models[name].is_free]
    measured = [found.typical_of(name) for name in to_call]
    lines = [method(found)]
    if not to_call:
        return lines
    assumed = f"expected: the fewest calls, with replies of {USUAL_REPLY_TOKENS} tokens (assumed)"
    if all(one.replies for one in measured):
        replies = sum(one.replies for one in measured)
        return [*lines, f"expected: the fewest calls, with replies as long as {replies:,} cached ones"]
    if any(one.replies for one in measured):
        assumed += " where no reply of the model is cached"
    return [*lines, assumed]


def change_text(plan: Planned, found: Estimate, first: Power) -> Iterator[str]:
    """For each dataset, the cheapest change that makes the difference asked for detectable.

    Args:
        plan: the plan.
        found: its estimate.
        first: the power for an effect, by the first metric.
    """
    effect = first.ask.effect
    for each in first.datasets:
        one = each.metrics[0]
        if effect is None or one.all_pairs is None or one.one_pair is None:
            continue
        every, pair = one.all_pairs.loss, one.one_pair.loss
        wanted = f"to detect a loss of {effect:g} in {one.metric}"
        if every.value is not None and every.value <= effect:
            continue
        if pair.value is not None and pair.value <= effect:
            yield f"{each.dataset}: {wanted}, choose the two cells to compare before the run: no further cost"
        elif every.n_needed is not None:
            total = found.expected_usd(plan.spec.models)
            more = f", about {usd(total * every.n_needed / each.n)}" if total else ""
            fewer = f", or {pair.n_needed:,} for two cells chosen before the run" if pair.n_needed else ""
            yield f"{each.dataset}: {wanted}, label {every.n_needed:,} items, not {each.n:,}{more}{fewer}"
        else:
            yield f"{each.dataset}: no number of items detects a loss of {effect:g} in {one.metric}; use fewer cells"


def method(found: Estimate) -> str:
    """How the prompt tokens were counted."""
    from harness.runner.needs import BYTES_PER_TOKEN, PROMPTS_COUNTED

    counted = [printable(name) for name, size in found.sizes.items() if size.method == "tiktoken"]
    by_bytes = f"prompt tokens: estimated as one per {BYTES_PER_TOKEN} bytes"
    if not counted:
        return by_bytes
    rest = "" if len(counted) == len(found.sizes) else f"; others {by_bytes.partition(': ')[2]}"
    return f"prompt tokens: counted by tiktoken on up to {PROMPTS_COUNTED} prompts of {', '.join(counted)}{rest}"


def _fold(line: str, width: int | None) -> str:
    return line if width is None else wrapped(line, width)


def ends(span: Range) -> str:
    """A range of counts, or one number where both ends are equal."""
    low, high = int(span.low), int(span.high)
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"


def usd(amount: float) -> str:
    """An amount of money: in cents from one dollar on, with four decimals below."""
    return "$0" if not amount else f"${amount:,.2f}" if amount >= 1 else f"${amount:.4f}"


def dollars(cost: Range | None, expected: float | None) -> str:
    """Lower bound, expectation and upper bound of a cost; `unknown` without a price."""
    if cost is None or expected is None:
        return "unknown (no price in the spec)"
    if not cost.high:
        return "$0"
    return f"{usd(cost.low)} at least, {usd(expected)} expected, {usd(cost.high)} at most"
