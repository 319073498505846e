"""Digest of a set of items: a spec that states it is refused when the items have changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import orjson

from harness.errors import DatasetError, Problem
from harness.records.datasets import Item
from harness.text import pluralized


def items_digest(items: Iterable[Item]) -> str:
    """SHA-256 of what is judged and how people labelled it, whatever the order of the items and the format of the file.

    Covers ids, prompts, responses, reference answers and labels. Columns for grouping do not count.
    """
    digests = sorted(hashlib.sha256(_content(item)).digest() for item in items)
    return hashlib.sha256(b"".join(digests)).hexdigest()


def check_frozen(name: str, items: Iterable[Item], count: int, digest: str) -> None:
    """Refuse items that are not the frozen ones.

    Args:
        name: of the dataset in the spec.
        items: the items.
        count: how many they are.
        digest: as the spec states it.

    Raises:
        DatasetError: if the digest of the items is another one.
    """
    found = items_digest(items)
    if found != digest:
        raise DatasetError(
            Problem(
                message=f"the items of `{name}` are not those that `subset.digest` froze: expected {digest}, found "
                f"{found} ({pluralized(count, 'item')})",
                hint=f"restore the data or, if the change is meant, write `digest: {found}` in `subset`",
            )
        )


def _content(item: Item) -> bytes:
    several = [item.responses] if item.responses else []  # other items have the digests that they had
    return orjson.dumps(
        [item.id, item.prompt, item.response_a, item.response_b, item.reference, item.labels, *several],
        option=orjson.OPT_SORT_KEYS,
    )
