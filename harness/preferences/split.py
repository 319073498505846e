"""The split of prompts: by id and seed only, so that new prompts do not move old ones."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

PARTS = ("train", "validation", "test")


def part_of(prompts: str, cluster: str, shares: Sequence[float], seed: int) -> str:
    """`train`, `validation` or `test`; prompts of one cluster share a part.

    Args:
        prompts: name of the prompt set.
        cluster: of the prompt.
        shares: of the three parts; they sum to 1.
        seed: of the split.
    """
    digest = hashlib.sha256(f"{seed}\x1f{prompts}\x1f{cluster}".encode("utf-8", "surrogatepass")).digest()
    number = int.from_bytes(digest[:8], "big") / 2**64
    if number < shares[0]:
        return PARTS[0]
    return PARTS[1] if number < shares[0] + shares[1] or not shares[2] else PARTS[2]
