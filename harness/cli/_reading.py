"""`harness explain SPEC --read FILE`: how the answer rule of a strategy reads replies."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from harness.errors import InputError
from harness.prompting.checks import check_strategy
from harness.prompting.parsing.explain import reading_json, reading_lines
from harness.prompting.parsing.rules import compile_answer
from harness.records.calls import Reply
from harness.records.experiment import Strategy
from harness.records.reasoning import separated
from harness.text import listed, pluralized, quoted, suggestion

MOST_BYTES = 64 << 20
"""A file of replies is no larger."""
MAX_SHOWN = 20
"""Replies that people are shown in full; the others are counted."""
TEXTS = ("text", "reply", "response", "content", "output", "completion")
"""Fields of a JSON line that may hold the reply."""


def strategy_for_reading(spec: Path, cell: str | None, results: Path, allow_paths: tuple[Path, ...]) -> Strategy:
    """The strategy whose rule reads: of a strategy file, a built-in one by its name, or of a spec.

    Args:
        spec: a spec file, a strategy file, or the name of a built-in strategy.
        cell: a cell of the spec, or the name of one of its strategies; may be None where the spec has one strategy.
        results: folder of all results, for `winner_of`.
        allow_paths: folders that the paths of the spec may lead into.

    Raises:
        HarnessError: where there is no such strategy, or it is invalid.
    """
    from harness import registry
    from harness.spec.strategies import built_in
    from harness.spec.yaml import read_yaml

    if not spec.exists() and str(spec) in registry.names("strategies"):
        return built_in(str(spec))
    document = read_yaml(spec, str(spec))
    if isinstance(document.value, Mapping) and "ask" in document.value:
        return _from_document(document)
    return _of_spec(spec, cell, results, allow_paths)


def _from_document(document: Any) -> Strategy:
    from harness.errors import SpecError
    from harness.prompting.strategy import strategy_from
    from harness.spec.schema import check

    if problems := check(document, "strategy"):
        raise SpecError(problems)
    strategy = strategy_from(document.value, name=document.value["name"], source=document.file)
    if problems := check_strategy(strategy, document=document):
        raise SpecError(problems)
    return strategy


def _of_spec(spec: Path, cell: str | None, results: Path, allow_paths: tuple[Path, ...]) -> Strategy:
    from harness.api import load_spec

    loaded = load_spec(spec, results=results, allow_paths=allow_paths)
    strategies: Mapping[str, Strategy] = loaded.strategies
    if cell is None:
        if len(strategies) == 1:
            return next(iter(strategies.values()))
        raise InputError(
            f"{spec} has {pluralized(len(strategies), 'strategy', 'strategies')}: {listed(strategies)}",
            hint="name one of them, or a cell, behind the spec",
        )
    if cell in strategies:
        return strategies[cell]
    named = {one.strategy for one in loaded.cells if cell in one.id}
    if len(named) == 1:
        return strategies[named.pop()]
    hint = suggestion(cell, strategies) or "name a strategy, or a part of a cell's id"
    raise InputError(f"{quoted(cell)} names {'no' if not named else 'more than one'} strategy", hint=hint)


def replies_in(file: str) -> list[tuple[str, str]]:
    """The replies of a file, each with a name: JSON lines hold many, any other text is one; `-` is standard input.

    Raises:
        InputError: where the file cannot be read.
    """
    try:
        data = sys.stdin.buffer.read(MOST_BYTES + 1) if file == "-" else _bytes_of(Path(file))
    except OSError as error:
        raise InputError(f"{file} cannot be read: {(error.strerror or str(error)).lower()}") from None
    if len(data) > MOST_BYTES:
        raise InputError(f"{file} is larger than {MOST_BYTES >> 20} MiB", hint="read a part of it")
    text = data.decode("utf-8-sig", "replace")
    return _json_lines(text) or [("reply", text)]


def _bytes_of(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def _json_lines(text: str) -> list[tuple[str, str]]:
    """The replies of JSON lines; none where a line is no object or text with a reply."""
    found: list[tuple[str, str]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            return []
        if isinstance(row, str):
            found.append((f"line {number}", row))
            continue
        texts = [row[key] for key in TEXTS if isinstance(row.get(key), str)] if isinstance(row, dict) else []
        if not texts:
            return []
        about = ", ".join(f"{key} {row[key]}" for key in ("item", "step") if isinstance(row.get(key), str))
        found.append((f"line {number} ({about})" if about else f"line {number}", texts[0]))
    return found


def read_replies(strategy: Strategy, replies: list[tuple[str, str]]) -> dict[str, Any]:
    """How the rule of a strategy reads replies, as `schemas/output/reading.schema.json` describes it."""
    rule = compile_answer(strategy.answer, ask=strategy.ask, criteria=strategy.criteria)
    found = [reading_json(name, rule.trace(separated(Reply(text, "stop")).text)) for name, text in replies]
    return {
        "strategy": strategy.name,
        "answer_format": rule.format_text(),
        "read": sum(one["answer"] is not None for one in found),
        "replies": found,
    }


def reply_lines(found: Mapping[str, Any], ask: str) -> Iterator[str]:
    """How replies were read, as text: unread ones first.

    Args:
        found: as `read_replies` gives it.
        ask: what the strategy asks.
    """
    total = len(found["replies"])
    yield f"{found['strategy']}: {found['read']:,} of {pluralized(total, 'reply', 'replies')} read"
    yield f"form       {found['answer_format'].splitlines()[0]}"
    ordered = sorted(found["replies"], key=lambda one: one["answer"] is not None)
    for one in ordered[:MAX_SHOWN]:
        yield ""
        yield from reading_lines(one, ask)
    if total > MAX_SHOWN:
        rest = sum(one["answer"] is not None for one in ordered[MAX_SHOWN:])
        yield ""
        yield f"{total - MAX_SHOWN:,} more replies, {rest:,} of them read; --json shows all"
    yield ""
    yield "Replies of a run are stored: after a change of the rule, `harness run SPEC` reads them anew without a call."
