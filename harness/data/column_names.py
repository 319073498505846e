"""The canonical columns of a dataset: of pairs of responses, of single ones, and of several."""

from __future__ import annotations

from harness.records.datasets import DatasetSpec

REQUIRED = ("id", "prompt", "response_a", "response_b")
RESPONSE = "response"
"""The column of a single response."""
REQUIRED_OF_SINGLE = ("id", "prompt", RESPONSE)
"""What a dataset of single responses must have."""
RESPONSES = "responses"
"""The column of several responses."""
PLACES = "places"
"""The column that a drawn order of several responses makes: the place in the file of each response as it is shown."""
REQUIRED_OF_MANY = ("id", "prompt", RESPONSES)
"""What a dataset of several responses must have."""
SIDES = ("response_a", "response_b")
TEXTS = ("response_a", "response_b", "reference")
WORDS = ("id", "cluster", "category", "model_a", "model_b", "model")

COLUMNS = (*REQUIRED, "label", "labels", "cluster", "category", "model_a", "model_b", "reference")
"""The canonical columns of pairs, as `columns:` of a spec may name them."""
COLUMNS_OF_SINGLE = (*REQUIRED_OF_SINGLE, "label", "labels", "cluster", "category", "model", "reference")
"""Those of single responses."""
OPINIONS = ("scores", "ranks", "ranking", "best")
"""The columns that say how people rank several responses; a dataset uses one of them."""
COLUMNS_OF_MANY = (*REQUIRED_OF_MANY, *OPINIONS, "cluster", "category", "reference")
"""Those of several responses."""


def columns_of(spec: DatasetSpec) -> tuple[str, ...]:
    """The canonical columns that a dataset can have."""
    if spec.is_many:
        return COLUMNS_OF_MANY
    return COLUMNS_OF_SINGLE if spec.is_single else COLUMNS


def required_of(spec: DatasetSpec) -> tuple[str, ...]:
    """The canonical columns that a dataset must have."""
    if spec.is_many:
        return REQUIRED_OF_MANY
    return REQUIRED_OF_SINGLE if spec.is_single else REQUIRED
