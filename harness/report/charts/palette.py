"""Colours of charts and pages: a colour-blind-safe palette (Okabe and Ito 2008), and its names in the style sheet."""

from __future__ import annotations

from collections.abc import Mapping

INK = "#1c2126"
MUTED = "#5d666f"
LINE = "#d5dade"
FAINT = "#eceff1"
PAPER = "#fefefe"
BEST = "#0072b2"
OTHER = "#8a949c"
WORSE = "#d55e00"
BETTER = "#009e73"
ACCENT = "#e69f00"

VARIABLES: Mapping[str, str] = {
    INK: "--ink",
    MUTED: "--muted",
    LINE: "--line",
    FAINT: "--faint",
    PAPER: "--paper",
    BEST: "--blue",
    OTHER: "--grey",
    WORSE: "--red",
    BETTER: "--green",
    ACCENT: "--amber",
}
"""The variable of the style sheet for each colour, which differs between light and dark pages."""

FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


def colour_of(gain: float) -> str:
    """The colour of a difference that is distinguishable, by how much better it is."""
    return BETTER if gain > 0 else WORSE if gain < 0 else OTHER
