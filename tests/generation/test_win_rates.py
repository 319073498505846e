"""Win rates of systems and what can be said of their differences."""

from __future__ import annotations

import numpy as np
import pytest

from harness.generation.win_rates import Met, best_system, compare_systems, outcomes_of, standing_of, strengths_json
from harness.records.experiment import ScoreSpec

SCORE = ScoreSpec(("win-rate",), resamples=400)


def codes(wins, ties, losses, failed=0):
    return np.array([0] * wins + [1] * ties + [2] * losses + [4] * failed, np.int8)


def test_outcomes_are_those_of_the_system_whichever_was_first():
    judged = np.array([0, 1, 2, 3, 6], np.int8)
    assert outcomes_of(judged, is_first=True).tolist() == [0, 1, 2, 3, 6]
    assert outcomes_of(judged, is_first=False).tolist() == [2, 1, 0, 3, 6]


def test_a_standing_has_all_conventions_and_bounds():
    one = standing_of("t/x", "cell", Met(codes(30, 10, 20, 5), None, 3), SCORE, 7)
    assert one.counts == (30, 10, 20, 0, 5, 0, 0)
    assert one.rates["half"].judge.value == pytest.approx(35 / 60)
    assert one.rates["lose"].judge.value == pytest.approx(30 / 60)
    assert one.rates["dropped"].judge.value == pytest.approx(30 / 50)
    assert one.rates["half"].all_lost == pytest.approx(35 / 65)
    assert one.rates["half"].all_won == pytest.approx(40 / 65)
    assert one.sign.value == pytest.approx(0.2026, abs=1e-3)


def test_systems_that_met_the_same_opponent_are_compared_prompt_by_prompt():
    generator = np.random.default_rng(5)
    better = generator.choice([0, 1, 2], 200, p=[0.6, 0.2, 0.2]).astype(np.int8)
    alike = better.copy()
    alike[:4] = 1
    worse = generator.choice([0, 1, 2], 200, p=[0.2, 0.2, 0.6]).astype(np.int8)
    outcomes = np.column_stack([better, alike, worse])
    standings = [
        standing_of(f"t/{name}", name, Met(column, None, 0), SCORE, 7)
        for name, column in zip("xyz", outcomes.T, strict=True)
    ]
    contest = compare_systems(standings, outcomes, None, SCORE, "half", 7)
    assert contest is not None
    assert not contest.held_against(0, 1).is_distinguishable
    assert contest.held_against(0, 2).is_distinguishable
    ranks = contest.rank_sets()
    assert (ranks[0], ranks[2]) == ((1, 2), (3, 3))
    found = contest.held_against(1, 0)
    by_hand = (1 - alike / 2) - (1 - better / 2)
    assert found.value == pytest.approx(by_hand.mean())
    error = np.sqrt(by_hand.var() * 200 / 199 / 200 + 2 / 200**2)  # with an added item each: a win turned into a loss
    assert contest.comparisons.errors[0, 1] == pytest.approx(error, rel=0.01)


def test_with_too_few_prompts_nothing_is_compared():
    outcomes = codes(3, 1, 1)
    standing = standing_of("t/x", "cell", Met(outcomes, None, 0), SCORE, 7)
    assert standing.rates["half"].judge.low is None
    assert compare_systems([standing], outcomes[:, None], None, SCORE, "half", 7) is None


def test_strengths_say_why_they_are_not_finite():
    games = [("t/a", "t/b", codes(30, 5, 5)), ("t/b", "t/c", codes(20, 5, 15)), ("t/a", "t/d", codes(40, 0, 0))]
    rows = strengths_json(["t/a", "t/b", "t/c", "t/d"], games, np.arange(40), 0.95)
    known = {row["system"]: row for row in rows}
    assert known["t/a"]["value"] > known["t/b"]["value"] > known["t/c"]["value"]
    assert known["t/a"]["low"] < known["t/a"]["value"] < known["t/a"]["high"]
    assert (known["t/d"]["value"], known["t/d"]["low"]) == (None, None)
    assert known["t/d"]["reason"]
    assert rows[-1]["system"] == "t/d"


def equal_systems(systems=12, prompts=80, seed=3):
    """Outcomes of systems that are all as good as their opponent, and their standings."""
    outcomes = np.random.default_rng(seed).choice(3, (prompts, systems), p=[0.4, 0.2, 0.4]).astype(np.int8)
    named = enumerate(outcomes.T)
    return [standing_of(f"t/s{at:02}", f"c{at}", Met(column, None, 0), SCORE, 7) for at, column in named], outcomes


def test_the_rate_of_the_best_is_corrected_for_having_been_chosen():
    standings, outcomes = equal_systems()
    best = best_system("t, against x", standings, outcomes, None, "half", 5)
    values = {one.system: one.rates["half"].judge.value for one in standings}
    assert best.cell == max(values, key=values.get)
    assert (best.tried, best.value, best.metric) == (12, max(values.values()), "win rate")
    assert best.low < 0.5 < best.corrected < best.value
    assert best.high == next(one for one in standings if one.system == best.cell).rates["half"].judge.high
    turned = best_system("t, against x", standings[::-1], outcomes[:, ::-1], None, "half", 5)
    assert turned == best, "whatever their order"


def test_failures_are_left_out_of_the_rate_of_the_best():
    _, outcomes = equal_systems()
    failed = outcomes.copy()
    failed[:10] = 5
    named = enumerate(failed.T)
    fewer = [standing_of(f"t/s{at:02}", f"c{at}", Met(column, None, 0), SCORE, 7) for at, column in named]
    best = best_system("t, against x", fewer, failed, None, "lose", 5)
    assert best.value == max(float((column[10:] == 0).mean()) for column in outcomes.T)


def test_one_system_was_not_chosen_and_few_prompts_cannot_tell():
    standings, outcomes = equal_systems()
    assert best_system("t", standings[:1], outcomes[:, :1], None, "half", 5).reason == "only one: nothing was chosen"
    few, of_few = equal_systems(prompts=8)
    found = best_system("t", few, of_few, None, "half", 5)
    assert (found.corrected, found.reason.startswith("too few")) == (None, True)
    lost = np.full((8, 2), 4, np.int8)
    nobody = [standing_of(f"t/{at}", f"c{at}", Met(lost[:, at], None, 0), SCORE, 7) for at in range(2)]
    assert (best_system("t", nobody, lost, None, "half", 5).cell) is None
