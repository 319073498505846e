"""Which changes are made to a module, and which are not."""

from __future__ import annotations

import ast
from random import Random

import pytest

pytest.importorskip("cosmic_ray", reason="the dependency group `mutants` is not installed")

from mutants.__main__ import equivalents
from mutants.mutations import mutated, mutations
from mutants.targets import AREAS, ROOT, targets

SOURCE = '''\
"""A docstring with 1 number."""

from typing import Literal, TypeAlias

Kind = Literal["one", "two"]
Way: TypeAlias = Kind | Literal["up"]
ORDERS = {"given": ("given",)}


def f(a: int | None = 3) -> int | None:
    """1 < 2"""
    if a is None or a > 4:
        raise ValueError("too-long")
    return a + 1
'''


def changes() -> set[str]:
    """Every changed line that some seed draws."""
    found = set()
    for seed in range(8):
        for mutation in mutations(SOURCE, Random(seed)):
            changed = mutated(SOURCE, mutation)
            ast.parse(changed)
            found |= {line.strip() for line in changed.splitlines()} - {line.strip() for line in SOURCE.splitlines()}
    return found


def test_words_numbers_comparisons_and_operators_are_changed() -> None:
    found = {" ".join(line.split()) for line in changes()}
    assert {
        'ORDERS = {"givenx": ("given",)}',
        'ORDERS = {"given": ("givenx",)}',
        "if a is not None or a > 4:",
        "if a is None and a > 4:",
        "if a is None or a >= 4:",
        "if a is None or a > 5:",
        "return a - 1",
        "return a + 2",
    } <= found


def test_the_star_of_a_parameter_or_an_unpacked_value_is_no_operator() -> None:
    source = "def f(*a, b=2 * c, **d):\n    return g(*a, **d), [*a], {**d}, b**e\n"
    changed = {mutated(source, mutation) for seed in range(8) for mutation in mutations(source, Random(seed))}
    assert source.replace("2 * c", "2 / c") in changed
    assert source.replace("b**e", "b * e").replace(" * e", "*e") in {each.replace("b * e", "b*e") for each in changed}
    stars = ("def f(*a,", "**d):", "g(*a, **d)", "[*a]", "{**d}")
    assert all(star in each for each in changed for star in stars)


def test_a_caught_exception_is_replaced_if_it_has_a_plain_name() -> None:
    source = "try:\n    f()\nexcept (KeyError, a.Error, *more()):\n    g()\n"
    changed = {mutated(source, mutation) for seed in range(8) for mutation in mutations(source, Random(seed))}
    assert changed == {source.replace("KeyError", "CosmicRayTestingException")}


def test_annotations_docstrings_errors_and_imports_are_left_alone() -> None:
    found = " ".join(changes())
    for text in ("Literal", "docstring", "int & None", "too-longx", "1 <= 2", "typingx"):
        assert text not in found


def test_whether_lengths_are_checked_is_left_alone() -> None:
    source = "zip(a, b, strict=True)\n"
    assert {mutated(source, mutation) for seed in range(8) for mutation in mutations(source, Random(seed))} == set()


def test_what_stands_for_the_rest_of_a_shape_is_left_alone() -> None:
    source = "a.reshape(-1, b)\n"
    assert {mutated(source, mutation) for seed in range(8) for mutation in mutations(source, Random(seed))} == set()


def test_a_seed_draws_the_same_changes_again() -> None:
    assert mutations(SOURCE, Random(3)) == mutations(SOURCE, Random(3))


@pytest.mark.parametrize("area", AREAS)
def test_every_area_has_modules_and_tests(area: str) -> None:
    found = targets([area])
    assert found
    for target in found:
        assert (ROOT / target.path).is_file()
        assert all((ROOT / tests).exists() for tests in target.tests)
        assert not target.own or (ROOT / target.own).is_file()


def test_judged_mutants_are_in_the_code() -> None:
    for path, before, _ in equivalents():
        lines = [line.strip() for line in (ROOT / path).read_text(encoding="utf-8").splitlines()]
        assert before in lines, f"{path} has changed: judge `{before}` again"
