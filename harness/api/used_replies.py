"""The cached replies that specs and their runs use, and what the others would cost to buy again: `cache prune`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from harness.api.experiment import experiment_of, make_plan
from harness.api.load import load_spec
from harness.cache.cache import Cache
from harness.cache.lock import CacheLock
from harness.cache.prune import StoredReply, delete
from harness.errors import HarnessError, InputError, MissingRepliesError, Problem, RunFolderError
from harness.records.calls import Price
from harness.records.experiment import Spec
from harness.runner.places import cache_hint
from harness.runner.run_folder import JUDGMENTS, SPEC, TRAJECTORIES, read_frame, read_json
from harness.runner.session import FREE
from harness.runner.stored_runs import stored_runs


@dataclass(frozen=True, slots=True)
class PruneRules:
    """Which replies are deleted: those that meet every rule that is given.

    Attributes:
        unused_by: specs; replies that neither they nor their runs use are deleted.
        older_than_s: replies that were stored more than so many seconds ago are deleted; None for any age.
        results: folder of all results.
        allow_paths: folders beside its own that the paths of a spec may lead into.
    """

    unused_by: Sequence[Path] = ()
    older_than_s: float | None = None
    results: Path = Path("results")
    allow_paths: tuple[Path, ...] = ()


def prune_cache(folder: Path, rules: PruneRules, *, now_s: float, really: bool) -> dict[str, Any]:
    """Find the replies that meet the rules and delete them, as `schemas/output/cache.schema.json` describes it.

    Args:
        folder: of the cache.
        rules: which replies.
        now_s: the time, in seconds since 1970.
        really: delete them; otherwise they are only counted.

    Raises:
        InputError: without a rule, or if the replies that a spec uses cannot all be known.
    """
    if not rules.unused_by and rules.older_than_s is None:
        hint = "give --unused-by SPEC, --older-than AGE, or both"
        raise InputError("nothing says which replies to delete", hint=hint)
    specs = _loaded(rules)
    with Cache(folder) as cache:
        if not cache.exists():
            raise InputError(f"there is no cache to prune; {cache_hint(folder, None)}", hint="name it with --cache")
        used = _used_keys(specs, cache, rules.results)
        entries, found = 0, list[StoredReply]()
        for reply in cache.stored():
            entries += 1
            is_old = rules.older_than_s is None or now_s - reply.stored_s > rules.older_than_s
            if is_old and (not specs or reply.key not in used):
                found.append(reply)
    freed = delete(folder, {reply.key for reply in found}, CacheLock(folder)) if really else None
    models = list(_by_model(found, _prices(specs, rules.results)))
    costs = [each["cost_usd"] for each in models]
    return {
        "folder": str(folder.resolve()),
        "entries": entries,
        "replies": len(found),
        "deleted": really,
        "freed_bytes": freed,
        "cost_usd": None if None in costs else sum(costs),
        "models": models,
    }


def _loaded(rules: PruneRules) -> list[Spec]:
    """The specs, with the problems of all of them at once."""
    specs, problems = list[Spec](), list[Problem]()
    for path in rules.unused_by:
        try:
            specs.append(load_spec(path, results=rules.results, allow_paths=rules.allow_paths))
        except HarnessError as error:
            problems += error.problems
    if problems:
        raise InputError(dict.fromkeys(problems))
    return specs


def _used_keys(specs: Iterable[Spec], cache: Cache, results: Path) -> set[str]:
    used = set[str]()
    for spec in specs:
        try:
            used.update(experiment_of(spec.kind).known_keys(make_plan(spec), cache))
        except MissingRepliesError as error:
            message = f"{spec.shown_path}: the replies that it uses cannot all be known: {error.problems[0].message}"
            raise InputError(message, hint="complete a run of it first, or leave it out") from None
        for run in stored_runs(spec.name, results):
            used.update(_keys_of_run(run.folder))
    return used


def _keys_of_run(folder: Path) -> Iterator[str]:
    """The keys of all calls whose replies a run uses."""
    yield from read_frame(folder, JUDGMENTS, ["calls"])["calls"].explode().drop_nulls()
    if not (folder / TRAJECTORIES).is_file():
        return
    frame = read_frame(folder, TRAJECTORIES, ["key", "duel_calls", "reviews"])
    yield from frame["key"].drop_nulls()
    yield from frame["duel_calls"].explode().drop_nulls()
    reviews = frame["reviews"].explode().drop_nulls()
    if len(reviews):
        yield from reviews.struct.field("key").drop_nulls()


def _prices(specs: Iterable[Spec], results: Path) -> dict[str, Price]:
    """Prices by model id: of the specs, and of the newest runs in the results folder that name the model."""
    prices: dict[str, Price] = {}
    for folder in sorted(results.iterdir()) if results.is_dir() else ():
        for run in stored_runs(folder.name, results):
            try:
                models = read_json(run.folder, SPEC)["models"]
                prices.update(_priced(models))
            except (RunFolderError, KeyError, TypeError, AttributeError):
                continue  # a damaged run names no price
    for spec in specs:
        for model in spec.models.values():
            if price := FREE if model.is_free else model.price:
                prices[model.id] = price
    return prices


def _priced(models: Mapping[str, Any]) -> Iterator[tuple[str, Price]]:
    for name, entry in models.items():
        price = entry.get("price")
        if isinstance(price, Mapping):
            yield str(entry.get("model") or name), Price(price["input"], price["output"], price.get("cached_input"))


def _by_model(found: Iterable[StoredReply], prices: Mapping[str, Price]) -> Iterator[dict[str, Any]]:
    by_model: dict[str, list[StoredReply]] = {}
    for reply in found:
        by_model.setdefault(reply.model, []).append(reply)
    for model, replies in sorted(by_model.items()):
        price = FREE if model.partition("?")[0] == "simulated" else prices.get(model)
        cost = partial(_cost, price) if price else None
        yield {
            "model": model,
            "replies": len(replies),
            "prompt_tokens": sum(one.prompt_tokens for one in replies),
            "completion_tokens": sum(one.completion_tokens for one in replies),
            "cost_usd": None if cost is None else sum(map(cost, replies)),
        }


def _cost(price: Price, reply: StoredReply) -> float:
    return price.cost(reply.prompt_tokens, reply.completion_tokens, reply.cached_tokens)
