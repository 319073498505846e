"""What a run could find, before it is made."""
