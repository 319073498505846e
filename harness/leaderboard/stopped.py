"""A run that may end early: what was decided, what that saved, and what its intervals hold for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from harness.records.judgments import Usage
from harness.records.stopping import Stopped
from harness.statistics.sequential import NAMES
from harness.text import pluralized

METHOD = "repeated confidence intervals: group-sequential bounds by alpha spending"


def stop_json(stopped: Stopped, usage: Mapping[str, Usage]) -> dict[str, Any]:
    """The decision as `schemas/output/leaderboard.schema.json` describes it.

    Args:
        stopped: the decision.
        usage: of the judgments of the cells that ask, by dataset.
    """
    asked = stopped.asked
    calls, cost = _saved(stopped, usage)
    return {
        "when": asked.when,
        "width": asked.width,
        "metric": stopped.metric,
        "answered": stopped.is_answered,
        "look": len(stopped.looks),
        "looks": stopped.planned,
        "level": stopped.looks[-1].level,
        "all_looks_level": stopped.level,
        "method": METHOD,
        "spending": asked.spending,
        "taken": [asdict(look) for look in stopped.looks],
        "judged": dict(stopped.judged),
        "items": dict(stopped.items),
        "saved": {"items": _left(stopped), "calls": calls, "cost_usd": cost},
    }


def notes_on_stop(stopped: Stopped, usage: Mapping[str, Usage]) -> Iterator[str]:
    """When the run ended and why, what that saved, and the level of the intervals."""
    judged, items, looks = sum(stopped.judged.values()), sum(stopped.items.values()), len(stopped.looks)
    share = f"{judged:,} of {items:,} items judged"
    yield f"look {looks} of {stopped.planned}, {share}: {_why(stopped)}{_saving(stopped, usage)}"
    level, together = stopped.looks[-1].level, stopped.level
    yield (
        f"intervals, ranks and tests hold at the look at which the run ended: level {_percent(level)}, so that all "
        f"looks have {_percent(together)} together (alpha spending like {NAMES[stopped.asked.spending]}'s)"
    )


def _why(stopped: Stopped) -> str:
    answered, metric = stopped.is_answered, stopped.metric
    if stopped.asked.when == "ranked":
        return f"the best cell {'is' if answered else 'could not be'} separated from all others by {metric}"
    return f"the intervals of {metric} are {'' if answered else 'not all '}narrower than {stopped.asked.width:g}"


def _saving(stopped: Stopped, usage: Mapping[str, Usage]) -> str:
    """What the items would have taken that were not judged, at what the others took."""
    if not stopped.is_early:
        return ""
    calls, cost = _saved(stopped, usage)
    money = f" and ${cost:,.4g}" if cost else ""
    return f"; the other {pluralized(_left(stopped), 'item')} would have taken about {pluralized(calls, 'call')}{money}"


def _left(stopped: Stopped) -> int:
    return sum(stopped.items.values()) - sum(stopped.judged.values())


def _saved(stopped: Stopped, usage: Mapping[str, Usage]) -> tuple[int, float | None]:
    """Calls and cost in USD of the items not judged; the cost is None where a model has no price."""
    ratios = {name: (stopped.items[name] - judged) / judged for name, judged in stopped.judged.items() if judged}
    calls = round(sum(ratio * usage[name].calls for name, ratio in ratios.items()))
    costs = [usage[name].cost_usd for name in ratios]
    known = [ratio * cost for ratio, cost in zip(ratios.values(), costs, strict=True) if cost is not None]
    return calls, sum(known) if len(known) == len(costs) else None


def _percent(level: float) -> str:
    return f"{100 * level:.4g} %"
