"""Correction of judge results with a labelled subset (prediction-powered inference)."""
