"""Generators and reviewers: feedback loops, the choice of a draft, and how often it wins against opponents.

systems (generator × reviewers × rounds)          loop.py     one conversation for each prompt, without I/O
    ─▶ trajectories (drafts, reviews, the choice)  selection.py
    ─▶ pairs with the drafts of opponents          plan.py     from here on an evaluation like any other:
    ─▶ judgments                                               strategies, modes, orders, juries
    ─▶ win rates                                   rates.py
    ─▶ leaderboard                                 document.py
    ─▶ preference data                             harness.preferences
"""
