"""The formats, pair by pair."""

from __future__ import annotations

from collections import Counter

import pytest

from harness import registry
from harness.preferences.records import Preference
from support.made import PROMPT, candidate


def preference(chosen="Crimson.", rejected="Red.", scores=(8.0, 6.0)):
    return Preference(candidate(chosen, rejected), chosen, rejected, *scores, "train")


def rows(form, *preferences):
    counts: Counter[str] = Counter()
    return [row for _, row in registry.find("export_formats", form).rows(preferences, counts)], counts


@pytest.mark.parametrize("form", registry.names("export_formats"))
def test_rows_have_the_fields_that_the_format_declares(form):
    made, _ = rows(form, preference(), preference("Azure.", "Blue."))
    assert made
    assert all(tuple(row) == registry.find("export_formats", form).FIELDS for row in made)


def test_dpo_is_one_row_for_each_pair():
    made, counts = rows("dpo", preference(), preference("Azure.", "Blue.", (None, None)))
    assert made[0] == {
        "prompt": list(PROMPT),
        "chosen": [{"role": "assistant", "content": "Crimson."}],
        "rejected": [{"role": "assistant", "content": "Red."}],
        "score_chosen": 8.0,
        "score_rejected": 6.0,
    }
    assert (len(made), counts.total()) == (2, 0)


def test_kto_has_every_text_once_and_none_that_both_won_and_lost():
    made, counts = rows(
        "kto", preference("best", "middle"), preference("middle", "worst"), preference("best", "worst", (9.0, 2.0))
    )
    assert [(row["completion"][0]["content"], row["label"], row["score"]) for row in made] == [
        ("best", True, 8.0),
        ("worst", False, 6.0),
    ]
    assert counts == {"mixed": 1}
