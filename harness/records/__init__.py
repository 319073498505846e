"""The nouns of the project as frozen records, in the order in which the pipeline meets them. Start here.

    Spec ─▶ Plan (Cells over Datasets) ─▶ Calls ⇄ Replies ─▶ Judgments ─▶ Scores ─▶ Leaderboard

`experiment`, `datasets`, `calls`, `judgments`, `figures` and `scores` hold one part each. They do no I/O and import no
heavy package.
"""
