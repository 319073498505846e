"""The leaderboard as JSON, as `schemas/leaderboard.schema.json` describes it."""

from __future__ import annotations

import json
from typing import Any

from harness.board import Board

SUMMARY = "JSON for programs"


def render(board: Board, **_: Any) -> str:
    """The board itself."""
    return json.dumps(board, indent=2, ensure_ascii=False) + "\n"
