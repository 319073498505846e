"""Leaderboard formats, one file each; `harness.leaderboard.format` holds their contract."""
