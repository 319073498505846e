"""Formats of preference data: one file each, found by its name.

The contract of every file here:

* `SUMMARY`: one line for lists.
* `FIELDS`: the names of its own columns, in order.
* `rows(preferences, stopped)`: the rows that the pairs of one prompt make, each with the pair that it comes from, as a
  mapping of FIELDS to plain JSON values; what it leaves out is counted in `stopped` by the name of a gate.

Columns that tell where a row comes from are added by `harness.preferences.write`.
"""
