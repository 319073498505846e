"""Starter specs, one file for each kind of experiment, each with the data that it runs on."""
