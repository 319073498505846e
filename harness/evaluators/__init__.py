"""Who gives a verdict: conversations with models, without I/O, and the votes counted over them."""
