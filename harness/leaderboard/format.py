"""The contract of a leaderboard format: one file in `harness/leaderboard/formats/`, or an entry point.

The group of the entry points is `harness.leaderboard_formats`.
"""

from __future__ import annotations

import inspect
from typing import Any, Protocol, cast

from harness import registry
from harness.leaderboard.tables import BoardTables

TABLE = "table"
"""The format for a terminal, which alone has a summary."""


class LeaderboardFormat(Protocol):
    """A rendering of leaderboards, of evaluations and of generations.

    One name is optional: `CAN_FOLLOW_ANOTHER: bool`, whether the text may follow that of another leaderboard in one
    file, as a table may and a JSON document may not; False by default.
    """

    SUMMARY: str
    """One line for lists."""

    def render(self, board: BoardTables, *, width: int | None, colours: bool) -> str:
        """The text of a leaderboard.

        Args:
            board: the leaderboard. Its texts are untrusted: a format escapes them for its medium.
            width: columns of the terminal, None where there is none.
            colours: whether the terminal shows colours. A format that is not for terminals ignores both.
        """
        ...


def find_leaderboard_format(name: str) -> LeaderboardFormat:
    """The format of that name. Raises KeyError where there is none."""
    return cast(LeaderboardFormat, registry.find("leaderboard_formats", name))


def can_follow_another(leaderboard_format: LeaderboardFormat) -> bool:
    """Whether several leaderboards in this format may be printed one after another."""
    return bool(getattr(leaderboard_format, "CAN_FOLLOW_ANOTHER", False))


def render(leaderboard_format: LeaderboardFormat, board: BoardTables, **options: Any) -> str:
    """The text of a leaderboard, with those of the options that the format takes.

    Args:
        leaderboard_format: the format.
        board: the leaderboard.
        options: `width` and `colours`, which every format takes, and those of the format for a terminal.
    """
    taken = inspect.signature(leaderboard_format.render).parameters.values()
    if not any(one.kind is inspect.Parameter.VAR_KEYWORD for one in taken):
        names = {one.name for one in taken}
        options = {name: value for name, value in options.items() if name in names}
    return leaderboard_format.render(board, **options)
