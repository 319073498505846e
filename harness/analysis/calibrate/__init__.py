"""Are the probabilities of an evaluator what they say? Calibration of soft verdicts against people's labels."""
