"""A figure as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from harness.records.figures import Figure


def figure_json(figure: Figure) -> dict[str, Any]:
    """A figure with its interval and how it was computed."""
    return {
        **asdict(figure),
        "reason": figure.reason or None,
        "seed": figure.seed or None,
        "flags": list(figure.flags),
    }
