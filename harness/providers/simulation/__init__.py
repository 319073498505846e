"""The simulated world: small, honest, and never to be mistaken for a language model.

A prompt lists requirements, a response meets some of them, and its quality is the share met; so the true answer is
known. `world.py` says what is true, `judge.py` how a simulated judge perceives it, `app.py` serves that by the chat
completions protocol, and `dataset.py` writes pairs with known truth.
"""
