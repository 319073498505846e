"""Evaluator modes, one file each: who gives the verdict, as a conversation without I/O."""
