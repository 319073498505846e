"""The items of a run with their texts, verdicts and conversations, as the report and the viewer show them."""
