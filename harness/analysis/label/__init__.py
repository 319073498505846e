"""The labelling loop: draw items with known probabilities, read the labels back, and say how many more are needed."""
