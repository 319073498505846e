"""Preference data from a finished run: pairs of texts with a chosen and a rejected one.

    run folder ─▶ candidates (from_generation, from_evaluation) ─▶ filters ─▶ split ─▶ formats/ (DPO, KTO)
                                                                     └───────▶ datasheet

A run is processed prompt by prompt, in constant memory.
"""
