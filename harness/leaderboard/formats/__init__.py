"""Renderings of a leaderboard, one file for each: its `SUMMARY` in a few words, and `render`.

`render(board, *, width, colours) -> str` makes text of a leaderboard as JSON
(`schemas/output/leaderboard.schema.json`).
`width` is the terminal's, None where there is none, and `colours` says whether it shows them; a report that is not
for terminals ignores both.
"""
