"""Group-sequential boundaries: as published, and as random walks cross them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.statistics.sequential import boundaries, look_levels, spent


def equal(looks: int) -> list[float]:
    return [number / looks for number in range(1, looks + 1)]


@pytest.mark.parametrize(
    ("looks", "published"),
    [
        (2, [2.9626, 1.9686]),
        (3, [3.7103, 2.5114, 1.9930]),
        (4, [4.3326, 2.9631, 2.3590, 2.0141]),
        (5, [4.8769, 3.3570, 2.6803, 2.2898, 2.0310]),
    ],
)
def test_boundaries_like_obrien_and_fleming_are_those_published(looks: int, published: list[float]) -> None:
    # Lan and DeMets' function, two-sided 0.05: Reboussin and others 2000; gsDesign's sfLDOF at one-sided 0.025
    assert boundaries(equal(looks), 0.05) == pytest.approx(published, abs=6e-5)


@pytest.mark.parametrize(("looks", "published"), [(2, [2.1570, 2.2010]), (5, [2.4380, 2.4268, 2.4101, 2.3966, 2.3859])])
def test_boundaries_like_pocock_are_those_published(looks: int, published: list[float]) -> None:
    assert boundaries(equal(looks), 0.05, spending="pocock") == pytest.approx(published, abs=1e-4)


def test_one_look_is_the_normal_quantile() -> None:
    assert boundaries([1.0], 0.05) == pytest.approx([1.959964], abs=1e-5)
    assert look_levels([1.0], 0.95, paths=45) == pytest.approx([0.95], abs=1e-6)


@given(st.floats(0.001, 0.5), st.sampled_from(["obrien-fleming", "pocock"]))
def test_the_whole_error_is_spent_at_the_end_and_less_before(alpha: float, spending: str) -> None:
    shares = [spent(alpha, share, spending) for share in (0.05, 0.3, 0.7, 1.0)]  # type: ignore[arg-type]
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(alpha, rel=1e-9)


@pytest.mark.parametrize("spending", ["obrien-fleming", "pocock"])
@pytest.mark.parametrize("paths", [1, 3, 45])
def test_independent_walks_cross_with_the_probability_promised(paths: int, spending: str) -> None:
    shares = [0.3, 0.5, 0.9, 1.0]
    bounds = boundaries(shares, 0.05, paths=paths, spending=spending)  # type: ignore[arg-type]
    rng, worlds = np.random.default_rng(5), 20_000
    place, crossed, before = np.zeros((worlds, paths)), np.zeros(worlds, bool), 0.0
    for share, bound in zip(shares, bounds, strict=True):
        place += math.sqrt(share - before) * rng.standard_normal(place.shape)
        crossed |= (np.abs(place) > bound * math.sqrt(share)).any(axis=1)
        before = share
    assert crossed.mean() == pytest.approx(0.05, abs=4 * math.sqrt(0.05 * 0.95 / worlds))


def test_more_pairs_leave_each_look_less() -> None:
    one, many = look_levels(equal(5), 0.95), look_levels(equal(5), 0.95, paths=45)
    assert (many >= one - 1e-9).all()
    assert (1 - many).sum() > 0.05  # looks are not independent, so their errors need not add up to the whole
    assert (np.diff(many) < 0).all()


def test_a_look_whose_error_is_beyond_double_precision_cannot_be_crossed() -> None:
    bounds = boundaries([0.001, 1.0], 0.05)
    assert bounds[0] > 37
    assert bounds[1] == pytest.approx(1.96, abs=0.01)
