"""Dataset formats, one file each: how rows are read from a file."""
