"""How a model is asked and how its reply is read: strategies, templates, answer rules."""
