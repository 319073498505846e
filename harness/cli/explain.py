"""Show the cells of a spec, or the prompts and replies of one conversation."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.api import load_spec, make_plan
from harness.cache.cache import Cache
from harness.cli import _completion
from harness.cli._explain_text import cell_lines, loop_lines, loops_lines, matrix_lines
from harness.cli._options import allow_path_option, cache_option, json_option, results_option
from harness.records.experiment import Cell
from harness.runner.explain import cell_json, explained, matrix_json
from harness.runner.lookup import find_cell, find_item
from harness.runner.plan import Plan
from harness.text import printable

if TYPE_CHECKING:
    from harness.generation.plan import LoopPlan


@click.command(
    epilog="""\b
Examples:
  harness explain specs/quickstart.yaml                           every cell, and the axes it comes from
  harness explain specs/quickstart.yaml direct/judge:novice       one cell and its conversation on the first item
  harness explain specs/quickstart.yaml direct/judge:novice --item pair-0007 --json

CELL is the id of a cell or a unique part of one. Makes no model calls: a conversation is replayed from the cache,
and its last batch is what a run would send next. `harness schema explain` describes the JSON."""
)
@click.argument("spec", type=click.Path(path_type=Path), shell_complete=_completion.specs)
@click.argument("cell", required=False, shell_complete=_completion.cells)
@click.option("--item", metavar="ID", help="The item to show; default: the first.")
@results_option
@cache_option
@allow_path_option
@json_option
def explain(
    spec: Path,
    cell: str | None,
    item: str | None,
    results: Path,
    cache: Path,
    allow_paths: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Show the matrix of SPEC; with CELL, that cell and its conversation on one item."""
    if item is not None and cell is None:
        raise click.UsageError("--item needs a CELL")
    plan = make_plan(load_spec(spec, results=results, allow_paths=allow_paths))
    if not isinstance(plan, Plan):
        with Cache(cache) as replies:
            document, lines = explain_generation(plan, cell, item, replies)
    elif cell is None:
        document, lines = {"spec": plan.spec.name, "matrix": matrix_json(plan), "cell": None}, matrix_lines(plan)
    else:
        chosen = find_cell(plan, cell)
        row = find_item(plan, chosen, item)
        with Cache(cache) as replies:
            found = explained(plan, chosen, row, replies)
        document = {"spec": plan.spec.name, "matrix": None, "cell": cell_json(plan, chosen, found)}
        lines = cell_lines(plan, chosen, row, found)
    click.echo(json.dumps(document, indent=2) if as_json else "\n".join(map(printable, lines)))


def explain_generation(
    plan: LoopPlan, cell: str | None, item: str | None, cache: Cache
) -> tuple[dict[str, Any], Iterable[str]]:
    """A generation spec, or one of its loops or comparisons: the JSON document, and lines of text."""
    from harness.generation import explain as loops

    document: dict[str, Any] = {"spec": plan.spec.name, "matrix": None, "cell": None}
    if cell is None:
        return {**document, "loops": loops.loops_json(plan)}, loops_lines(plan)
    place = loops.find_place(plan, cell)
    if isinstance(place, Cell):
        first = plan.system(plan.spec.matches[place.dataset].first)
        found = loops.explained_match(plan, place, loops.row_of(plan, first.prompts, item), cache)
        ended = None
    else:
        found, ended = loops.followed_loop(plan, place, loops.row_of(plan, place.prompts, item), cache)
    head = [f"{plan.spec.name}: {place.id}", f"prompt     {found.item.id}", ""]
    return {**document, "loop": loops.loop_json(place, found, ended)}, [*head, *loop_lines(found, ended)]
