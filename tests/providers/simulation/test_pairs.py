from __future__ import annotations

from collections import Counter

import orjson
from click.testing import CliRunner

from harness.providers.simulation import dataset
from harness.providers.simulation.world import quality_of
from support.paths import QUICKSTART_DATA

SHIPPED = QUICKSTART_DATA


def test_the_shipped_pairs_are_what_the_generator_makes():
    made = CliRunner().invoke(dataset.main, ["--seed", "7", "--n", "120"]).stdout_bytes
    assert made == SHIPPED.read_bytes()


def test_pairs_are_fit_to_compare_judges_on():
    rows = [orjson.loads(line) for line in SHIPPED.read_bytes().splitlines()]
    truth = Counter()
    for row in rows:
        difference = quality_of(row["prompt"], row["response_a"]) - quality_of(row["prompt"], row["response_b"])
        truth["tie" if difference == 0 else "a" if difference > 0 else "b"] += 1
    assert 0.1 <= truth["tie"] / len(rows) <= 0.2
    assert abs(truth["a"] - truth["b"]) <= 12
    assert 0.5 < sum(len(set(row["labels"])) == 1 for row in rows) / len(rows) < 0.9
    assert len({row["prompt"] for row in rows}) == len({row["id"] for row in rows}) == 120
    assert len({row["category"] for row in rows}) == 4
    assert all(row["model_a"] != row["model_b"] for row in rows)


def test_no_requirement_is_met_by_accident():
    sentences = [kind.opening + " ".join(kind.asides) for kind in dataset.KINDS.values()]
    sentences += [*dataset.MENTIONS, *dataset.OCCASIONS]
    for thing in dataset.THINGS:
        assert not any(thing in sentence.casefold() for sentence in sentences)
        assert [other for other in dataset.THINGS if thing in other] == [thing]


def test_another_seed_gives_other_pairs():
    assert dataset.make_pairs(7, 3) != dataset.make_pairs(8, 3)
