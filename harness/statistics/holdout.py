"""Held-out items: a choice made on the rest is measured on them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def held_out(ids: Sequence[str], clusters: NDArray[np.int64] | None, share: float, *, seed: int) -> NDArray[np.bool_]:
    """Which items are held out: a random part of the units, each of them whole.

    With two units or more, at least one is held out and at least one is not. The order of the items has no influence:
    units are numbered by their first id.

    Args:
        ids: of the items, each once.
        clusters: the cluster of each item; None where items are independent.
        share: of the units to hold out, between 0 and 1.
        seed: of the split.

    Returns:
        One truth value for each item.
    """
    order = np.array(sorted(range(len(ids)), key=ids.__getitem__), np.intp)
    unit = np.arange(len(ids)) if clusters is None else _numbered(clusters[order])
    units = int(unit.max(initial=-1)) + 1
    wanted = min(max(1, round(share * units)), max(0, units - 1))
    chosen = np.zeros(units, dtype=bool)
    chosen[np.random.Generator(np.random.PCG64(seed)).permutation(units)[:wanted]] = True
    out = np.empty(len(ids), dtype=bool)
    out[order] = chosen[unit]
    return out


def _numbered(clusters: NDArray[np.int64]) -> NDArray[np.intp]:
    """Clusters as numbers from 0, in the order in which each appears first."""
    _, first, inverse = np.unique(clusters, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]
