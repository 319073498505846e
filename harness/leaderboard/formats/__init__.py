"""Leaderboard formats, one file for each: its `SUMMARY` in a few words, and `render`.

`render(board, *, width, colours) -> str` makes text of a `harness.leaderboard.tables.BoardTables`, which leaderboards
of evaluations and of generations both become. `width` is the terminal's, None where there is none, and `colours` says
whether it shows them; a format that is not for terminals ignores both.
"""
