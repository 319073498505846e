"""Inspect, verify, prune, clear and share the response cache."""

from __future__ import annotations

import re
import time
from dataclasses import asdict
from pathlib import Path

import click

from harness.cli import _completion
from harness.cli._options import allow_path_option, cache_option, caches_option, json_option, results_option
from harness.cli._output import print_json
from harness.cli._working import working
from harness.text import pluralized, printable, quoted

FOUND_BAD = 1
SHOWN = 20
"""Findings that are printed; --json prints all."""


AGE = re.compile(r"([0-9]+(?:[.][0-9]+)?)(h|d|w)")
UNITS_S = {"h": 3600, "d": 86_400, "w": 604_800}


def age_s(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """An age in seconds."""
    if value is None:
        return None
    found = AGE.fullmatch(value)
    if found is None:
        raise click.BadParameter(f"{quoted(value)} is no age; write a number and h, d or w, such as 90d", ctx, param)
    return float(found[1]) * UNITS_S[found[2]]


@click.group(
    epilog="""\b
Examples:
  harness cache stats
  harness cache verify
  harness cache prune --unused-by specs/a.yaml --older-than 90d
  harness cache export specs/quickstart.yaml quickstart.bundle
  harness cache import quickstart.bundle --cache elsewhere

`harness schema cache` describes the JSON."""
)
def cache() -> None:
    """Inspect, verify, prune, clear and share the response cache."""


@cache.command()
@cache_option
@json_option
def stats(cache: Path, as_json: bool) -> None:
    """Show the number of replies and tokens per model, and the size of the cache."""
    from harness.cache.cache import Cache
    from harness.runner.places import shown_folder

    with working("counting replies"), Cache(cache) as store:
        found = store.stats()
    if as_json:
        models = [model._asdict() for model in found.models]
        print_json({**asdict(found), "folder": str(cache), "models": models})
        return
    _print(f"{shown_folder(cache)}: {_replies(found.entries)}, {found.file_bytes / 1e6:,.1f} MB")
    for model in found.models:
        tokens = f"{model.prompt_tokens:,} prompt and {model.completion_tokens:,} completion tokens"
        _print(f"  {model.model}: {_replies(model.entries)}, {tokens}")
    if found.replaced:
        _print(f"  {found.replaced:,} replaced by --retry and kept")
    if found.unreadable:
        _print(f"  {found.unreadable:,} unreadable; `harness cache verify` shows why")


@cache.command()
@cache_option
@json_option
@click.option("--full", is_flag=True, help="Read every entry: unpack it, recompute its key and parse call and reply.")
@click.option("--write", is_flag=True, help="Add checksums to the entries of older versions, which lack them.")
@click.pass_context
def verify(ctx: click.Context, cache: Path, as_json: bool, full: bool, write: bool) -> None:
    """Check the bytes of every entry and the file itself; exit code 1 if anything is bad.

    An entry whose bytes have the checksum (CRC-32) that was stored with them is as it was written. Any other entry is
    read in full.
    """
    from harness.cache.cache import Cache

    with working("verifying replies"), Cache(cache, _warn) as store:
        added = store.add_checksums() if write else 0
        found = store.verify(is_full=full)
    if as_json:
        bad = [entry._asdict() for entry in found.bad]
        record = {**asdict(found), "folder": str(cache), "good": found.is_good, "bad": bad, "checksums_added": added}
        print_json(record)
    else:
        _print(f"{cache}: {_replies(found.entries)} checked, {len(found.bad):,} bad")
        if as_stored := found.entries - found.in_full:
            _print(f"  {_replies(as_stored)} checked by a checksum of the stored bytes; --full reads them")
        for text in found.damage:
            _print(f"  damaged: {text}")
        for entry in found.bad[:SHOWN]:
            _print(f"  {entry.key}: {entry.reason}")
        if len(found.bad) > SHOWN:
            _print(f"  and {len(found.bad) - SHOWN:,} more; --json lists all")
        if found.bad:
            _print("  `harness run SPEC --retry damaged` asks for those of a spec again")
        if added:
            _print(f"  {_checksums(added)} added")
        if found.without_checksum:
            _print(f"  {_replies(found.without_checksum)} of an older version without a checksum; --write adds them")
    if not found.is_good:
        ctx.exit(FOUND_BAD)


@cache.command()
@cache_option
@json_option
@click.option("--yes", is_flag=True, help="Skip the confirmation prompt.")
def clear(cache: Path, as_json: bool, yes: bool) -> None:
    """Delete all cached replies; batch jobs that have not been collected are kept."""
    if not yes:
        what = f"Delete the cache in {cache}? Its replies cannot be recovered"
        click.confirm(printable(what), abort=True, err=True)
    from harness.cache.cache import Cache
    from harness.runner.batches.journal import remove_without_jobs

    freed = Cache(cache, _warn).clear()
    jobs = remove_without_jobs(cache)
    if as_json:
        print_json({"folder": str(cache), "freed_bytes": freed, "jobs_kept": jobs})
    else:
        _print(f"{cache}: cleared, {freed / 1e6:,.1f} MB freed")
        if jobs:
            kept = "is kept" if jobs == 1 else "are kept"
            _print(f"{pluralized(jobs, 'batch job')} {kept}, which `harness run SPEC --batch` collects")


@cache.command()
@click.option(
    "--unused-by",
    "unused_by",
    metavar="SPEC",
    type=click.Path(path_type=Path),
    multiple=True,
    shell_complete=_completion.specs,
    help="Replies that neither SPEC nor its runs use; with several, those that none of them uses. Repeatable.",
)
@click.option(
    "--older-than",
    "older_than_s",
    metavar="AGE",
    callback=age_s,
    help="Replies stored longer ago than AGE, such as 90d, 12h or 6w.",
)
@click.option("--delete", is_flag=True, help="Delete them; without it nothing is deleted.")
@cache_option
@results_option
@allow_path_option
@json_option
def prune(
    unused_by: tuple[Path, ...],
    older_than_s: float | None,
    delete: bool,
    cache: Path,
    results: Path,
    allow_paths: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Show the replies that specs no longer use, or old ones, and what they would cost; --delete deletes them.

    With both options, replies that meet both are meant. Prices are those of the specs and of the runs in the results
    folder.
    """
    from harness.api.used_replies import PruneRules, prune_cache

    rules = PruneRules(unused_by, older_than_s, results, allow_paths)
    with working("looking for unused replies"):
        found = prune_cache(cache, rules, now_s=time.time(), really=delete)
    if as_json:
        print_json(found)
        return
    verb = "deleted" if delete else "would delete"
    _print(f"{found['folder']}: {verb} {found['replies']:,} of {_replies(found['entries'])}")
    for model in found["models"]:
        tokens = f"{model['prompt_tokens']:,} + {model['completion_tokens']:,} tokens"
        _print(f"  {model['model']}: {_replies(model['replies'])}, {tokens}, {_to_buy(model['cost_usd'])}")
    if len(found["models"]) > 1:
        _print(f"  in all: {_to_buy(found['cost_usd'])}")
    if delete:
        _print(f"{found['freed_bytes'] / 1e6:,.1f} MB freed")
    elif found["replies"]:
        _print("nothing was deleted; --delete deletes them, and they cannot be recovered")


def _to_buy(cost_usd: float | None) -> str:
    return "no price known" if cost_usd is None else f"${cost_usd:,.2f} to buy again"


@cache.command("export")
@click.argument("spec", type=click.Path(path_type=Path), shell_complete=_completion.specs)
@click.argument("bundle", type=click.Path(dir_okay=False, path_type=Path))
@caches_option
@results_option
@allow_path_option
@json_option
@click.option("--force", is_flag=True, help="Overwrite BUNDLE.")
@click.option("--json-lines", is_flag=True, help="Write JSON lines in gzip, the format of earlier versions.")
def export(
    spec: Path,
    bundle: Path,
    caches: tuple[Path, ...],
    results: Path,
    allow_paths: tuple[Path, ...],
    as_json: bool,
    force: bool,
    json_lines: bool,
) -> None:
    """Write the calls and replies of SPEC to the file BUNDLE, to share or archive them."""
    from harness.api import load_spec, spec_keys
    from harness.cache.bundle import export_bundle
    from harness.cache.joined import opened_cache

    with working(f"writing {bundle}"), opened_cache(caches) as store:
        keys = spec_keys(spec, store, results=results, allow_paths=allow_paths)
        name = load_spec(spec, results=results, allow_paths=allow_paths).name
        report = export_bundle(store, keys, bundle, spec=name, force=force, version=1 if json_lines else 2)
    if as_json:
        print_json({**asdict(report), "file": str(bundle)})
    else:
        _print(f"{bundle}: {_replies(report.entries)}, {report.file_bytes / 1e6:,.1f} MB")


@cache.command("import")
@click.argument("bundle", type=click.Path(dir_okay=False, path_type=Path))
@cache_option
@json_option
def import_(bundle: Path, cache: Path, as_json: bool) -> None:
    """Verify BUNDLE, then add its replies to the cache; existing replies are not overwritten."""
    from harness.cache.bundle import import_bundle
    from harness.cache.cache import Cache

    with working(f"importing {bundle}"), Cache(cache, _warn) as store:
        report = import_bundle(bundle, store)
    if as_json:
        print_json({**asdict(report), "file": str(bundle)})
        return
    _print(f"{bundle}: {_replies(report.entries)}, {report.added:,} added, {report.kept:,} already present")
    if report.different:
        _print(f"  {len(report.different):,} with a different reply in the cache, which is kept:")
        for key in report.different[:SHOWN]:
            _print(f"  {key}")


def _replies(count: int) -> str:
    return pluralized(count, "reply", "replies")


def _checksums(count: int) -> str:
    return pluralized(count, "checksum")


def _warn(message: str) -> None:
    click.echo(printable(message), err=True)


def _print(text: str) -> None:
    click.echo(printable(text))
