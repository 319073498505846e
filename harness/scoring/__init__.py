"""From judgments to figures with intervals."""
