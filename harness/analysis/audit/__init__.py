"""The habits of evaluators, read off what a run judged."""
