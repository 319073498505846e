"""A declarative benchmark harness for language models that judge and language models that review."""

__version__ = "0.1.0"
