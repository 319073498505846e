"""Show the cells, calls and cost of a spec before spending anything."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from harness.analysis.power.document import detects, detects_json
from harness.analysis.power.figures import PowerQuestion
from harness.api import Planned, experiment_of, load_spec, make_plan
from harness.cache.cache import Cache
from harness.cli import _completion
from harness.cli._options import allow_path_option, cache_option, json_option, results_option
from harness.cli._output import print_json
from harness.runner.estimate import BYTES_PER_TOKEN, PROMPTS_COUNTED, Estimate, Range, estimate_json
from harness.runner.other_identities import notes_on_identities
from harness.spec.checks import notes_on_parameters
from harness.text import aligned, printable

if TYPE_CHECKING:
    from harness.runner.session import ConversationPlan


@click.command(
    epilog="""\b
Examples:
  harness plan specs/quickstart.yaml
  harness plan my-judges.yaml --cache shared-cache --json

Makes no model calls. The lower number of calls is without follow-up questions, the upper number with one after every
reply. Prompt tokens are estimated as one per four bytes, or counted with tiktoken on a sample where possible; a reply
has between one token and its token limit. The smallest detectable difference is for the primary metric; see `harness
power` for more. `harness schema plan` describes the JSON."""
)
@click.argument("spec", type=click.Path(path_type=Path), shell_complete=_completion.specs)
@results_option
@cache_option
@allow_path_option
@json_option
def plan(spec: Path, results: Path, cache: Path, allow_paths: tuple[Path, ...], as_json: bool) -> None:
    """List the cells of SPEC, the calls they need, how many are cached, and the cost of the others."""
    made = make_plan(load_spec(spec, results=results, allow_paths=allow_paths))
    experiment = experiment_of(made.spec.kind)
    with Cache(cache) as replies:
        found = experiment.estimate(made, replies, os.environ)
        found.notes += [
            *notes_on_parameters(made.spec),
            *notes_on_identities(cast("ConversationPlan[Any]", made), replies),
        ]
    first = experiment.power(made, results, PowerQuestion(metrics=made.spec.score.metrics[:1]))
    if as_json:
        detectable = [] if first is None else detects_json(first)
        print_json({**estimate_json(made, found), "detects": detectable})
    else:
        click.echo("\n\n".join([printed(made, found), *map(printable, detects(first) if first else ())]))


def printed(plan: Planned, found: Estimate) -> str:
    """The estimate as text."""
    rows = [("cell", "items", "cached", "calls to make")]
    rows += [
        (
            printable(name),
            f"{items:,}",
            f"{found.cells[name].cached:,}",
            ends(found.cells[name].calls),
        )
        for name, items in plan.items_by_place.items()
    ]
    costs = [("model", "calls to make", "prompt tokens", "reply tokens", "cost")]
    costs += [
        (
            printable(name),
            ends(need.calls),
            ends(need.prompt_tokens),
            ends(need.completion_tokens),
            dollars(need.cost_usd(plan.spec.models[name])),
        )
        for name, need in found.models.items()
    ]
    total = dollars(found.cost_usd(plan.spec.models))
    lines = [*plan.data_notes, *found.notes]
    notes = ["\n".join(map(printable, lines))] if lines else []
    return "\n\n".join([plan.summary, *notes, aligned(rows), aligned(costs), method(found), f"total cost: {total}"])


def method(found: Estimate) -> str:
    """How the prompt tokens were counted."""
    counted = [printable(name) for name, size in found.sizes.items() if size.method == "tiktoken"]
    by_bytes = f"prompt tokens: estimated as one per {BYTES_PER_TOKEN} bytes"
    if not counted:
        return by_bytes
    rest = "" if len(counted) == len(found.sizes) else f"; others {by_bytes.partition(': ')[2]}"
    return f"prompt tokens: counted by tiktoken on up to {PROMPTS_COUNTED} prompts of {', '.join(counted)}{rest}"


def ends(span: Range) -> str:
    """A range of counts, or one number where both ends are equal."""
    low, high = int(span.low), int(span.high)
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"


def dollars(cost: Range | None) -> str:
    """A range of costs; `unknown` without a price."""
    if cost is None:
        return "unknown (no price in the spec)"
    return f"${cost.low:.4f}–${cost.high:.4f}" if cost.high else "$0"
