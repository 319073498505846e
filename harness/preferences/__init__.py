"""Preference data: pairs of texts of which an evaluator preferred one, from a finished run.

    run folder ─▶ Candidates (loops.py, judged_pairs.py) ─▶ gates.py ─▶ split.py ─▶ harness/exports/ (DPO, KTO)
                                                              └──────────▶ datasheet.py

It goes through a run prompt by prompt, so that memory does not grow with it.
"""
