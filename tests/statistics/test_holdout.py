import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.statistics.holdout import held_out

shares = st.floats(0.01, 0.99)


def _ids(n):
    return [f"item-{k}" for k in range(n)]


@given(st.integers(0, 300), shares, st.integers(0, 100))
def test_so_large_a_share_is_held_out_and_never_all(n, share, seed):
    out = held_out(_ids(n), None, share, seed=seed)
    assert out.shape == (n,)
    assert out.sum() == min(max(1, round(share * n)), max(0, n - 1))


@given(st.lists(st.integers(0, 9), min_size=2, max_size=80), shares, st.integers(0, 100))
def test_clusters_are_held_out_whole(clusters, share, seed):
    clusters = np.array(clusters, np.int64)
    out = held_out(_ids(len(clusters)), clusters, share, seed=seed)
    for cluster in np.unique(clusters):
        assert len(set(out[clusters == cluster])) == 1
    assert len(np.unique(clusters)) == 1 or 0 < out.sum() < len(out)


def test_another_seed_is_another_split():
    assert (held_out(_ids(40), None, 0.5, seed=1) == held_out(_ids(40), None, 0.5, seed=1)).all()
    assert (held_out(_ids(40), None, 0.5, seed=1) != held_out(_ids(40), None, 0.5, seed=2)).any()


@given(st.lists(st.integers(0, 9), min_size=2, max_size=40), st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_the_items_and_the_numbers_of_the_clusters_have_no_influence(clusters, independent, random):
    ids, clusters = _ids(len(clusters)), np.array(clusters, np.int64)
    order = list(range(len(ids)))
    random.shuffle(order)
    before = held_out(ids, None if independent else clusters, 0.4, seed=3)
    after = held_out([ids[k] for k in order], None if independent else 9 - clusters[order], 0.4, seed=3)
    assert (after == before[order]).all()
