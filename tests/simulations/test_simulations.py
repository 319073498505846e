"""The simulations, reduced: fewer worlds, the same claims. `tox -e simulate` runs them in full."""

import importlib

import pytest

from simulations import __main__ as simulations
from simulations.row import Row

LONG = {
    "changed_judges": 0.05,
    "comparisons": 0.05,
    "intervals": 0.05,
    "labelling": 0.05,
    "many_responses": 0.05,
    "numbers": 0.05,
    "power": 0.05,
    "stopping": 0.05,
    "thresholds": 0.05,
    "win_rates": 0.05,
}
"""Parts that take more than a quarter of a minute at a tenth of their worlds."""


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("part", simulations.PARTS)
def test_what_is_claimed_holds_in_worlds_whose_truth_is_known(part):
    rows = list(importlib.import_module(f"simulations.{part}").simulate(LONG.get(part, 0.1)))
    assert rows
    assert [row for row in rows if not row.is_as_claimed] == []


def test_a_rate_may_miss_its_target_by_the_error_of_the_simulation_and_no_more():
    assert Row("", "", "", 0.93, 0.95, "at least", 1_000).is_as_claimed
    assert not Row("", "", "", 0.92, 0.95, "at least", 1_000).is_as_claimed
    assert Row("", "", "", 0.07, 0.05, "at most", 1_000).is_as_claimed
    assert not Row("", "", "", 0.08, 0.05, "at most", 1_000).is_as_claimed
    assert not Row("", "", "", 0.06, 0.05, "at most", 0).is_as_claimed
    assert Row("", "", "", 0.2, 0.95, "shown beside", 1_000).is_as_claimed


def test_the_page_tells_every_row_and_what_is_not_met():
    part = simulations.PARTS[0]
    text = simulations.page({part: [Row("a claim", "a world", "80", 0.5, 0.95, "at least", 100)]})
    assert "| a claim | a world | 80 | 0.500 | at least 0.95 **not met** | 100 |" in text


def test_the_page_says_which_parts_are_reduced():
    first, second = simulations.PARTS[:2]
    row = Row("a claim", "a world", "80", 0.5, 0.95, "shown beside", 100)
    text = simulations.page({first: [row], second: [row]}, {first: 0.15})
    assert text.count("Reduced: ") == 1
    assert text.index("Reduced: 0.15 of the worlds") < text.index(f"## {second.replace('_', ' ')}")
