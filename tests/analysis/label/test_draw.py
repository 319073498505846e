"""Draws: deterministic, without replacement, with probabilities that their rounds imply."""

import itertools

import numpy as np
import pytest

from harness.analysis.label.draw import Draw, Round, Strata, strata_by_disagreement, strata_by_share

IDS = [f"i{k}" for k in range(300)]
STRATA = Strata(np.repeat([0, 1, 2], [200, 70, 30]), np.array([0.0, 0.2, 0.45]))


def drawn(*rounds, seed=7, strata=None, items=IDS):
    draw = Draw("0123456789abcdef", "pairs", seed, items)
    for kind, n in rounds:
        draw = draw.with_round(Round(kind, n), strata)
    return draw


def positions(draw):
    return [one.at for items in draw.drawn for one in items]


def test_a_draw_follows_from_its_seed_and_the_ids_alone():
    one = drawn(("uniform", 40))
    assert positions(one) == positions(drawn(("uniform", 40)))
    assert positions(one) != positions(drawn(("uniform", 40), seed=8))
    assert positions(one)[:3] == [141, 151, 87]  # the same in every version
    turned = drawn(("uniform", 40), items=IDS[::-1])
    assert [299 - at for at in positions(turned)] == positions(one)
    assert one.id != turned.id


def test_a_later_round_draws_only_from_what_is_left_until_nothing_is():
    draw = drawn(("uniform", 100), ("disagreement", 60), ("uniform", 999), strata=STRATA)
    assert [len(items) for items in draw.drawn] == [100, 60, 140]
    assert sorted(positions(draw)) == list(range(300))
    assert draw.drawn[0] == drawn(("uniform", 100)).drawn[0]
    keys = [one.key for items in draw.drawn for one in items]
    assert len(set(keys)) == 300


def test_the_probabilities_of_rounds_combine_to_the_share_of_each_stratum_that_is_drawn():
    draw = drawn(("disagreement", 50), ("disagreement", 40), strata=STRATA)
    design = draw.design()
    assert design.strata is not None
    first, second = ({STRATA.of_items[one.at]: one.probability for one in items} for items in draw.drawn)
    for stratum, size in enumerate(STRATA.sizes):
        count = sum(STRATA.of_items[at] == stratum for at in positions(draw))
        expected = 1 - (1 - first[stratum]) * (1 - second[stratum])
        assert count / size == pytest.approx(expected)
        assert design.probabilities[STRATA.of_items == stratum] == pytest.approx(expected)
    uniform = drawn(("uniform", 50), ("uniform", 40))
    assert uniform.design().strata is None
    assert uniform.design().probabilities == pytest.approx(0.3)
    assert [items[0].probability for items in uniform.drawn] == pytest.approx([50 / 300, 40 / 250])
    only_first = np.isin(np.arange(300), [one.at for one in draw.drawn[0]])
    assert draw.design(only_first).probabilities[0] == pytest.approx(first[0])


def test_every_item_is_drawn_as_often_as_its_probability_says():
    counts, sums = np.zeros(60), np.zeros(60)
    strata = Strata(np.repeat([0, 1], [45, 15]), np.array([0.0, 0.4]))
    for seed in range(400):
        draw = drawn(("uniform", 10), ("disagreement", 14), seed=seed, strata=strata, items=IDS[:60])
        counts[positions(draw)] += 1
        sums += draw.design().probabilities
    z = (counts - sums) / np.sqrt(sums * (1 - sums / 400))
    assert abs(z).max() < 4
    assert abs(z.mean()) < 0.5


def test_each_annotator_has_an_order_of_their_own_and_sides_are_those_of_the_item():
    draw = drawn(("uniform", 80))
    anna, ben = draw.shuffled(1, "anna"), draw.shuffled(1, "ben")
    assert sorted(anna) == sorted(ben) == sorted(draw.drawn[0])
    assert anna != ben
    swapped = sum(one.is_swapped for one in anna)
    assert 25 <= swapped <= 55
    assert {one.key: one.is_swapped for one in anna} == {one.key: one.is_swapped for one in ben}


def test_a_stratified_draw_takes_more_of_what_cells_disagree_on_and_says_its_cost():
    draw = drawn(("disagreement", 60), strata=STRATA)
    shares = [
        sum(STRATA.of_items[at] == stratum for at in positions(draw)) / size
        for stratum, size in enumerate(STRATA.sizes)
    ]
    assert shares == sorted(shares)
    assert draw.cost() > 1
    assert drawn(("uniform", 60)).cost() == 1


def test_strata_need_two_cells_that_differ():
    assert strata_by_disagreement(np.zeros((50, 1), np.int8), 3) is None
    assert strata_by_disagreement(np.zeros((50, 3), np.int8), 3) is None
    outcomes = np.zeros((50, 3), np.int8)
    outcomes[:20, 0] = 2
    assert strata_by_disagreement(outcomes, 3) is not None
    failed = np.full((50, 2), 3, np.int8)
    failed[:, 1] = 5
    assert strata_by_disagreement(failed, 3) is None  # failures of any kind are one outcome


CLUSTERS = np.array([at // 3 for at in range(240)] + list(range(80, 140)))  # of three items each, then single ones


def of_clusters(*rounds, strata=None):
    draw = Draw("0123456789abcdef", "pairs", 7, IDS, clusters=CLUSTERS)
    for kind, n in rounds:
        draw = draw.with_round(Round(kind, n), strata)
    return draw


def test_whole_clusters_are_drawn_with_the_probability_of_a_cluster():
    draw = of_clusters(("uniform", 35), ("uniform", 35))
    first, second = ([one.at for one in items] for items in draw.drawn)
    assert not set(CLUSTERS[first]) & set(CLUSTERS[second])
    for at in (first, second):
        assert len(np.unique(CLUSTERS[at])) == 35
        assert sorted(at) == np.flatnonzero(np.isin(CLUSTERS, CLUSTERS[at])).tolist()
    assert (draw.unit, draw.left) == ("cluster", 70)
    assert draw.drawn[0][0].probability == pytest.approx(35 / 140)
    assert draw.design().probabilities == pytest.approx(0.5)
    assert draw.design().clusters is CLUSTERS
    assert draw.cluster_cost() == pytest.approx((80 * 9 + 60) / 300)
    assert of_clusters(("uniform", 999)).left == 0


def test_an_annotator_sees_the_items_of_a_cluster_together_in_an_order_of_their_own():
    draw = of_clusters(("uniform", 30))
    seen = [CLUSTERS[one.at] for one in draw.shuffled(1, "anna")]
    changes = 1 + sum(one != other for one, other in itertools.pairwise(seen))
    assert changes == len(set(seen))
    assert [one.at for one in draw.shuffled(1, "anna")] != [one.at for one in draw.shuffled(1, "ben")]


def test_strata_of_clusters_hold_whole_clusters():
    share = np.where(np.arange(300) % 3 == 0, 0.4, 0.0)
    strata = strata_by_share(share, CLUSTERS)
    assert strata is not None
    for cluster in np.unique(CLUSTERS):
        assert len(set(strata.of_items[cluster == CLUSTERS])) == 1
    draw = of_clusters(("disagreement", 40), strata=strata)
    at = [one.at for one in draw.drawn[0]]
    assert sorted(at) == np.flatnonzero(np.isin(CLUSTERS, CLUSTERS[at])).tolist()
    for stratum in range(len(strata.shares)):
        inside = strata.of_items == stratum
        there, count = len(np.unique(CLUSTERS[inside])), len(np.unique(CLUSTERS[inside & np.isin(np.arange(300), at)]))
        assert draw.design().probabilities[inside] == pytest.approx(count / there)
