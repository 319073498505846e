"""Look after the replies that are kept: count, check, delete, hand over."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from harness.cache.bundle import export_bundle, import_bundle
from harness.cache.cache import Cache
from harness.cli import _completion
from harness.cli._options import allow_path_option, cache_option, json_option, results_option
from harness.text import printable

FOUND_BAD = 1
SHOWN = 20
"""Findings that are printed; --json prints all of them."""


@click.group(
    epilog="""\b
Examples:
  harness cache stats
  harness cache verify
  harness cache export specs/quickstart.yaml quickstart.bundle
  harness cache import quickstart.bundle --cache elsewhere

With --json each prints one object, as `harness schema cache` describes it."""
)
def cache() -> None:
    """Look after the replies that are kept."""


@cache.command()
@cache_option
@json_option
def stats(cache: Path, as_json: bool) -> None:
    """Show how many replies there are, of which models, and their size."""
    with Cache(cache) as store:
        found = store.stats()
    if as_json:
        models = [model._asdict() for model in found.models]
        _print_json({**asdict(found), "folder": str(cache), "models": models})
        return
    _say(f"{cache}: {_replies(found.entries)}, {found.file_bytes / 1e6:,.1f} MB")
    for model in found.models:
        tokens = f"{model.prompt_tokens:,} prompt and {model.completion_tokens:,} completion tokens"
        _say(f"  {model.model}: {_replies(model.entries)}, {tokens}")
    if found.replaced:
        _say(f"  {found.replaced:,} of them were replaced by --retry, and are kept")
    if found.unreadable:
        _say(f"  {found.unreadable:,} cannot be read; `harness cache verify` says why")


@cache.command()
@cache_option
@json_option
@click.pass_context
def verify(ctx: click.Context, cache: Path, as_json: bool) -> None:
    """Recompute every key, read every reply; exit code 1 if anything is wrong."""
    with Cache(cache) as store:
        found = store.verify()
    if as_json:
        bad = [entry._asdict() for entry in found.bad]
        _print_json({**asdict(found), "folder": str(cache), "good": found.is_good, "bad": bad})
    else:
        _say(f"{cache}: {_replies(found.entries)} checked, {len(found.bad):,} bad")
        for text in found.damage:
            _say(f"  damaged: {text}")
        for entry in found.bad[:SHOWN]:
            _say(f"  {entry.key}: {entry.reason}")
        if len(found.bad) > SHOWN:
            _say(f"  and {len(found.bad) - SHOWN:,} more; --json lists all")
    if not found.is_good:
        ctx.exit(FOUND_BAD)


@cache.command()
@cache_option
@json_option
@click.option("--yes", is_flag=True, help="Do not ask.")
def clear(cache: Path, as_json: bool, yes: bool) -> None:
    """Delete all replies that are kept."""
    if not yes:
        what = f"Delete the cache in {cache}? Replies that were paid for are lost"
        click.confirm(printable(what), abort=True, err=True)
    freed = Cache(cache).clear()
    if as_json:
        _print_json({"folder": str(cache), "freed_bytes": freed})
    else:
        _say(f"{cache}: cleared, {freed / 1e6:,.1f} MB freed")


@cache.command("export")
@click.argument("spec", type=click.Path(path_type=Path), shell_complete=_completion.specs)
@click.argument("bundle", type=click.Path(dir_okay=False, path_type=Path))
@cache_option
@results_option
@allow_path_option
@json_option
@click.option("--force", is_flag=True, help="Replace BUNDLE if it is there.")
def export(
    spec: Path,
    bundle: Path,
    cache: Path,
    results: Path,
    allow_paths: tuple[Path, ...],
    as_json: bool,
    force: bool,
) -> None:
    """Write exactly the calls and replies of SPEC to BUNDLE, to be given away or kept."""
    from harness.api import load_spec, spec_keys

    with Cache(cache) as store:
        keys = spec_keys(spec, store, results=results, allow_paths=allow_paths)
        name = load_spec(spec, results=results, allow_paths=allow_paths).name
        report = export_bundle(store, keys, bundle, spec=name, force=force)
    if as_json:
        _print_json({**asdict(report), "file": str(bundle)})
    else:
        _say(f"{bundle}: {_replies(report.entries)}, {report.file_bytes / 1e6:,.1f} MB")


@cache.command("import")
@click.argument("bundle", type=click.Path(dir_okay=False, path_type=Path))
@cache_option
@json_option
def import_(bundle: Path, cache: Path, as_json: bool) -> None:
    """Check BUNDLE as a whole, then store what it holds; a reply that is there already stays."""
    with Cache(cache) as store:
        report = import_bundle(bundle, store)
    if as_json:
        _print_json({**asdict(report), "file": str(bundle)})
        return
    _say(f"{bundle}: {_replies(report.entries)}, {report.added:,} added, {report.kept:,} there already")
    if report.different:
        _say(f"  {len(report.different):,} there with another reply, which stays:")
        for key in report.different[:SHOWN]:
            _say(f"  {key}")


def _replies(count: int) -> str:
    return f"{count:,} {'reply' if count == 1 else 'replies'}"


def _say(text: str) -> None:
    click.echo(printable(text))


def _print_json(value: dict[str, Any]) -> None:
    click.echo(json.dumps(value, indent=2))
