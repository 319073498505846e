from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.providers.simulation.chance import Chance
from harness.providers.simulation.world import Knobs, Service, are_met, quality_of, requirements_of, signature_of


@pytest.mark.parametrize(
    ("knobs", "model_id"),
    [
        pytest.param(Knobs(), "simulated", id="defaults"),
        pytest.param(Knobs(skill=0.8), "simulated", id="a default said"),
        pytest.param(Knobs(skill=0.70), "simulated?skill=0.7", id="one"),
        pytest.param(Knobs(skill=1, position_bias=-0.1), "simulated?position_bias=-0.1&skill=1", id="sorted"),
        pytest.param(Knobs(skill=1.0), "simulated?skill=1", id="a whole number"),
        pytest.param(Knobs(family="oak-2", tie_rate=0.05), "simulated?family=oak-2&tie_rate=0.05", id="family"),
    ],
)
def test_a_model_id_says_the_knobs_and_is_read_back(knobs: Knobs, model_id: str):
    assert knobs.model_id() == model_id
    assert Knobs.from_model_id(model_id) == knobs


@settings(deadline=None)
@given(st.floats(0, 1), st.floats(-1, 1))
def test_any_knobs_have_one_id(skill: float, bias: float):
    model_id = Knobs(skill=skill, length_bias=bias).model_id()
    assert Knobs.from_model_id(model_id).model_id() == model_id


@pytest.mark.parametrize(
    ("model_id", "reason"),
    [
        ("gpt-4o", "not the id of a simulated model: 'gpt-4o'"),
        ("", "not the id of a simulated model"),
        ("simulated?charm=1", "not the id of a simulated model"),
        ("simulated?skill=0.5&skill=0.6", "not the id of a simulated model"),
        ("simulated?skill=2", "skill must be between 0 and 1, not 2.0"),
        ("simulated?skill=nan", "skill must be between 0 and 1, not nan"),
        ("simulated?tie_rate=-0.1", "tie_rate must be between 0 and 1, not -0.1"),
        ("simulated?skill=x", "could not convert string to float: 'x'"),
        ("simulated?skill", "bad query field: 'skill'"),
        ("simulated?family=Oak!", "family must be lower-case letters, digits and hyphens, not 'Oak!'"),
    ],
)
def test_other_ids_are_no_simulated_models(model_id: str, reason: str):
    with pytest.raises(ValueError, match=reason):
        Knobs.from_model_id(model_id)


def test_settings_of_a_model_are_taken_apart():
    settings = {"skill": 0.5, "latency_ms": 20, "params": {}, "provider": "simulated"}
    assert Knobs.from_settings(settings) == Knobs(skill=0.5)
    assert Service.from_settings(settings) == Service(latency_ms=20)


def test_quality_is_the_share_of_requirements_met():
    prompt = "Write a notice. It must mention: the bread oven; the River path; the band."
    assert requirements_of(prompt) == ("the bread oven", "the River path", "the band")
    assert are_met(requirements_of(prompt), "See The Bread Oven by the river path.") == (True, True, False)
    assert quality_of(prompt, "the band") == pytest.approx(1 / 3)


def test_without_requirements_no_response_is_better():
    assert quality_of("What is love?", "x") == quality_of("What is love?", "") == 0.5


def test_nobody_signs_without_a_family():
    assert signature_of("") == ""
    assert "oak" in signature_of("oak")


def test_chance_follows_from_what_it_is_for():
    one, same, other = Chance("a", "b"), Chance("a", "b"), Chance("ab")
    numbers = [one.number() for _ in range(1000)]
    assert numbers == [same.number() for _ in range(1000)]
    assert numbers[0] != other.number()
    assert numbers[0] == 0.414116331220328
    assert all(0 <= number < 1 for number in numbers)
    assert 0.47 < sum(numbers) / 1000 < 0.53


def test_errors_are_centred_and_bounded():
    chance = Chance("errors")
    errors = [chance.error() for _ in range(5000)]
    assert -0.05 < sum(errors) / 5000 < 0.05
    assert 0.95 < sum(error**2 for error in errors) / 5000 < 1.05
    assert max(map(abs, errors)) <= 3


def test_picks_are_different_things():
    assert sorted(Chance("x").pick("abcdef", 6)) == list("abcdef")
    assert len({tuple(Chance(str(n)).pick("abcdef", 2)) for n in range(500)}) == 30
