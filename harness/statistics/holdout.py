"""Held-out items: a choice made on the rest is measured on them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def held_out(n: int, clusters: NDArray[np.int64] | None, share: float, *, seed: int) -> NDArray[np.bool_]:
    """Which items are held out: a random part of the units, each of them whole.

    With two units or more, at least one is held out and at least one is not.

    Args:
        n: items.
        clusters: the cluster of each item; None where items are independent.
        share: of the units to hold out, between 0 and 1.
        seed: of the split.

    Returns:
        One truth value for each item.
    """
    unit = np.arange(n) if clusters is None else np.unique(clusters, return_inverse=True)[1]
    units = int(unit.max()) + 1 if n else 0
    wanted = min(max(1, round(share * units)), max(0, units - 1))
    chosen = np.zeros(units, dtype=bool)
    chosen[np.random.Generator(np.random.PCG64(seed)).permutation(units)[:wanted]] = True
    return chosen[unit]
