"""Switch the collection of cyclic garbage off where none is made, and on again afterwards.

A replay makes millions of objects and no cycles. Python's collector would walk over all of them again and again.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collecting(wanted: bool) -> Iterator[None]:
    """Collect cyclic garbage, or not, in the block; the setting from before is restored in every case."""
    before = gc.isenabled()
    _set(wanted)
    try:
        yield
    finally:
        _set(before)


def _set(wanted: bool) -> None:
    if wanted:
        gc.enable()
    else:
        gc.disable()
