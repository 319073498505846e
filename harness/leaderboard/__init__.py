"""Scores to a ranked leaderboard with its notes."""
