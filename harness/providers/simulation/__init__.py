"""The simulated world: deterministic models with a known truth, for trials and tests. No language model takes part.

A prompt lists requirements, a response meets some of them, and its quality is the share met; so the true answer is
known. `world.py` defines the truth, `judge.py` how a simulated judge perceives it, `app.py` serves that over the chat
completions protocol, and `dataset.py` writes pairs with known truth.
"""
