"""Import a published study as datasets, recordings and specs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.text import printable

if TYPE_CHECKING:
    from harness.importers._files import Imported, OnProblem

out_option = click.option("--out", type=click.Path(path_type=Path), metavar="DIR", required=True, help="Output folder.")
skip_option = click.option(
    "--on-problem",
    type=click.Choice(["error", "skip"]),
    default="error",
    show_default=True,
    help="What to do with entries that cannot be used: stop, or leave them out and list them.",
)
force_option = click.option("--force", is_flag=True, help="Overwrite existing files.")


@click.group(name="import")
def import_() -> None:
    """Import a published study as datasets, recorded replies, and specs that run without model calls."""


@import_.command(
    epilog="""\b
Examples:
  git clone https://github.com/ulrs0/MA-PO
  git clone https://github.com/i-Eval/FairEval
  harness import fellowship MA-PO --fair-eval FairEval --out fellowship
  harness run fellowship/fair-eval.yaml

\b
  harness import fellowship MA-PO --fair-eval FairEval --pandalm PandaLM/data/testset-v1.json --out fellowship

Writes data/NAME.jsonl, recordings/NAME.jsonl.gz and NAME.yaml for each dataset, and strategies/NAME.yaml for each
strategy that is not built in; prints what was found and what is missing. A dataset that is not given is left out. Does
not overwrite files without --force."""
)
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--fair-eval", type=click.Path(path_type=Path), metavar="DIR", help="Clone of FairEval.")
@click.option("--pandalm", type=click.Path(path_type=Path), metavar="FILE", help="testset-v1.json of PandaLM.")
@skip_option
@out_option
@force_option
def fellowship(
    study: Path, fair_eval: Path | None, pandalm: Path | None, on_problem: OnProblem, out: Path, force: bool
) -> None:
    """Import the judgments of The Fellowship of the LLMs (arXiv 2408.08688) from STUDY, a clone of its repository."""
    from harness.importers.fellowship import read_study

    imported = read_study(study, fair_eval=fair_eval, pandalm=pandalm, on_problem=on_problem)
    _write(imported, out, force=force)


@import_.command(
    epilog="""\b
Examples:
  git clone https://github.com/princeton-nlp/LLMBar
  harness import llmbar LLMBar --out llmbar
  harness run llmbar/llmbar-natural.yaml

Writes data/SET.jsonl, recordings/SET.jsonl.gz and llmbar-SET.yaml for each set of pairs, and strategies/NAME.yaml;
prints the items whose verdict differs from the published winner. Does not overwrite files without --force."""
)
@click.argument("benchmark", type=click.Path(path_type=Path))
@skip_option
@out_option
@force_option
def llmbar(benchmark: Path, on_problem: OnProblem, out: Path, force: bool) -> None:
    """Import the pairs and judgments of LLMBar (arXiv 2310.07641) from BENCHMARK, a clone of its repository."""
    from harness.importers.llmbar import read_benchmark

    _write(read_benchmark(benchmark, on_problem), out, force=force)


def _write(imported: Imported, out: Path, *, force: bool) -> None:
    """Write an import; print its notes, the files and the next commands."""
    from harness.importers._files import write_imported

    paths = write_imported(imported, out, force=force)
    for note in imported.notes:
        click.echo(printable(note))
    for path in paths:
        click.echo(printable(f"wrote {path}"))
    for path in paths:
        if path.suffix == ".yaml" and path.parent == out:
            click.echo(printable(f"next:  harness run {path}"))
