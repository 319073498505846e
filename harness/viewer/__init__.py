"""The viewer: the pages of a report, served on this machine over all of a run or all runs of a folder."""
