"""Look at everything that a run rests on, before it is run: one file for each thing that is looked at.

Nothing is spent: no model is asked, no reply is read, and nothing is left behind. The value of a key is never part of
a finding.
"""
