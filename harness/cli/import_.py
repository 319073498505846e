"""Turn a published study's own files into data sets, recordings and specs that run."""

from __future__ import annotations

from pathlib import Path

import click

from harness.importers._files import Imported, write_imported
from harness.importers.fellowship import read_study
from harness.importers.llmbar import read_benchmark
from harness.text import printable

out_option = click.option(
    "--out", type=click.Path(path_type=Path), metavar="DIR", required=True, help="Where to write."
)
force_option = click.option("--force", is_flag=True, help="Replace files that are there already.")


@click.group(name="import")
def import_() -> None:
    """Turn a published study's own files into data sets, recordings and specs that run without any call."""


@import_.command(
    epilog="""\b
Examples:
  git clone https://github.com/ulrs0/MA-PO
  git clone https://github.com/i-Eval/FairEval
  harness import fellowship MA-PO --fair-eval FairEval --out fellowship
  harness run fellowship/fair-eval.yaml

\b
  harness import fellowship MA-PO --fair-eval FairEval --pandalm PandaLM/data/testset-v1.json --out fellowship

Writes data/NAME.jsonl, recordings/NAME.jsonl.gz and NAME.yaml for each data set, strategies/NAME.yaml for each strategy
that is not built in, and says what the clones hold and what they do not. Files that are there already are kept unless
--force is given."""
)
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--fair-eval", type=click.Path(path_type=Path), metavar="DIR", required=True, help="FairEval's clone.")
@click.option("--pandalm", type=click.Path(path_type=Path), metavar="FILE", help="PandaLM's testset-v1.json.")
@out_option
@force_option
def fellowship(study: Path, fair_eval: Path, pandalm: Path | None, out: Path, force: bool) -> None:
    """Import the judgments of The Fellowship of the LLMs (arXiv 2408.08688) from STUDY, a clone of its repository."""
    imported = read_study(study, fair_eval=fair_eval, pandalm=pandalm)
    _write(imported, out, force=force)


@import_.command(
    epilog="""\b
Examples:
  git clone https://github.com/princeton-nlp/LLMBar
  harness import llmbar LLMBar --out llmbar
  harness run llmbar/llmbar-natural.yaml

Writes data/SET.jsonl, recordings/SET.jsonl.gz and llmbar-SET.yaml for each set of pairs, and strategies/NAME.yaml, and
says on which items a verdict is not the winner that was published. Files that are there already are kept unless --force
is given."""
)
@click.argument("benchmark", type=click.Path(path_type=Path))
@out_option
@force_option
def llmbar(benchmark: Path, out: Path, force: bool) -> None:
    """Import the pairs and judgments of LLMBar (arXiv 2310.07641) from BENCHMARK, a clone of its repository."""
    _write(read_benchmark(benchmark), out, force=force)


def _write(imported: Imported, out: Path, *, force: bool) -> None:
    """Write an import, say what it amounts to, and what comes next."""
    paths = write_imported(imported, out, force=force)
    for note in imported.notes:
        click.echo(printable(note))
    for path in paths:
        click.echo(printable(f"wrote {path}"))
    for path in paths:
        if path.suffix == ".yaml" and path.parent == out:
            click.echo(printable(f"next:  harness run {path}"))
