"""What one line says about a run in progress: how far it is, calls, failures, rate, spend, time left."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

WINDOW_S = 60.0
"""The rate and the time left are those of the last so many seconds."""


class Pace:
    """The rate of a count over the last seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def per_second(self, now: float, count: int) -> float | None:
        """The rate up to now; None before a second has passed.

        Args:
            now: seconds on a clock.
            count: what has been counted so far.
        """
        if not count:
            self._seen.clear()  # the wait for the first one says nothing about the others
        self._seen.append((now, count))
        while now - self._seen[0][0] > WINDOW_S and len(self._seen) > 2:
            self._seen.popleft()
        since, before = self._seen[0]
        return (count - before) / (now - since) if now - since >= 1 else None


def fitted(parts: Sequence[tuple[int, str]], width: int) -> str:
    """The parts that fit into a line, in their order; those with the smallest number are the most important.

    Args:
        parts: each with its importance; empty ones are left out.
        width: characters of the line.
    """
    shown = {at for at, (_, text) in enumerate(parts) if text}
    for at in sorted(shown, key=lambda at: -parts[at][0]):
        if len(shown) == 1 or len(_joined(parts, shown)) <= width:
            break
        shown.discard(at)
    return _joined(parts, shown)[:width]


def _joined(parts: Sequence[tuple[int, str]], shown: set[int]) -> str:
    return ", ".join(text for at, (_, text) in enumerate(parts) if at in shown)


def failures_text(failed: Mapping[str, int]) -> str:
    """Failures by kind, such as `3 unparsed` or `3 failed (2 unparsed, 1 refused)`; "" without any."""
    found = {kind: count for kind, count in failed.items() if count}
    if len(found) < 2:
        return "".join(f"{count:,} {kind}" for kind, count in found.items())
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(found.items(), key=lambda one: -one[1]))
    return f"{sum(found.values()):,} failed ({kinds})"


def rate_text(per_second: float | None) -> str:
    """A rate of calls, such as `48/s` or `12/min`."""
    if not per_second:
        return ""
    return f"{per_second:.0f}/s" if per_second >= 10 else f"{60 * per_second:.0f}/min"


def duration_text(seconds: float) -> str:
    """A duration, such as `45 s`, `2 min 10 s` or `3 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600:,} h {whole % 3600 // 60:02} min"
