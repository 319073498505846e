"""Turn a published study's own files into data sets, recordings and specs that run."""

from __future__ import annotations

from pathlib import Path

import click

from harness.importers import fellowship as study_of_the_fellowship
from harness.importing import write_imported
from harness.text import printable


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

Writes data/NAME.jsonl, recordings/NAME.jsonl.gz and NAME.yaml for each data set, and says what the clones hold and
what they do not. Files that are there already are kept unless --force is given."""
)
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--fair-eval", type=click.Path(path_type=Path), metavar="DIR", required=True, help="FairEval's clone.")
@click.option("--pandalm", type=click.Path(path_type=Path), metavar="FILE", help="PandaLM's testset-v1.json.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", required=True, help="Where to write.")
@click.option("--force", is_flag=True, help="Replace files that are there already.")
def fellowship(study: Path, fair_eval: Path, pandalm: Path | None, out: Path, force: bool) -> None:
    """Import the judgments of The Fellowship of the LLMs (arXiv 2408.08688) from STUDY, a clone of its repository."""
    imported = study_of_the_fellowship.read_study(study, fair_eval=fair_eval, pandalm=pandalm)
    paths = write_imported(imported, out, force=force)
    for note in imported.notes:
        click.echo(printable(note))
    for path in paths:
        click.echo(printable(f"wrote {path}"))
    for path in paths:
        if path.suffix == ".yaml":
            click.echo(printable(f"next:  harness run {path}"))
