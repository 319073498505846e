"""A sample of the mutants of some areas, drawn with a seed."""

from __future__ import annotations

import difflib
from random import Random
from typing import NamedTuple

from mutants.mutations import Mutation, mutated, mutations
from mutants.targets import ROOT, Target, targets


class Mutant(NamedTuple):
    """A change that is tried: the module, the change, and its lines before and after."""

    target: Target
    mutation: Mutation
    before: str
    after: str


def sample(areas: list[str], count: int, seed: int) -> list[Mutant]:
    """Mutants drawn without replacement, the same number from each area as far as there are so many."""
    drawn = []
    for area in areas:
        random = Random(f"{seed} {area}")
        every = [
            (target, each)
            for target in targets([area])
            for each in mutations((ROOT / target.path).read_text(encoding="utf-8"), random)
        ]
        share = -(-count // len(areas))
        drawn += [_mutant(target, each) for target, each in random.sample(every, min(share, len(every)))]
    Random(seed).shuffle(drawn)  # so that a run that ends early is a sample as well
    return drawn[:count]


def _mutant(target: Target, mutation: Mutation) -> Mutant:
    source = (ROOT / target.path).read_text(encoding="utf-8")
    lines = difflib.ndiff(source.splitlines(), mutated(source, mutation).splitlines())
    changed = [line for line in lines if line[:2] in ("- ", "+ ")]
    before, after = (" ".join(line[2:].strip() for line in changed if line[0] == sign) for sign in "-+")
    return Mutant(target, mutation, before, after)
