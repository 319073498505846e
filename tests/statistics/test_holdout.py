import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from harness.statistics.holdout import held_out

shares = st.floats(0.01, 0.99)


@given(st.integers(0, 300), shares, st.integers(0, 100))
def test_so_large_a_share_is_held_out_and_never_all(n, share, seed):
    out = held_out(n, None, share, seed=seed)
    assert out.shape == (n,)
    assert out.sum() == min(max(1, round(share * n)), max(0, n - 1))


@given(st.lists(st.integers(0, 9), min_size=2, max_size=80), shares, st.integers(0, 100))
def test_clusters_are_held_out_whole(clusters, share, seed):
    clusters = np.array(clusters, np.int64)
    out = held_out(len(clusters), clusters, share, seed=seed)
    for cluster in np.unique(clusters):
        assert len(set(out[clusters == cluster])) == 1
    assert len(np.unique(clusters)) == 1 or 0 < out.sum() < len(out)


def test_another_seed_is_another_split():
    assert (held_out(40, None, 0.5, seed=1) == held_out(40, None, 0.5, seed=1)).all()
    assert (held_out(40, None, 0.5, seed=1) != held_out(40, None, 0.5, seed=2)).any()
