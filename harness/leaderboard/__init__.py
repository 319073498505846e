"""From figures to a ranked leaderboard and its sentences."""
