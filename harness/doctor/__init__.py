"""Preflight checks of the installation, the folders and the models of a spec.

The checks make no model calls and leave no files. The value of an API key is never part of a finding.
"""
