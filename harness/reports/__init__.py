"""Renderings of a leaderboard, one file each."""
