import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from harness.report.links import Anchors
from harness.report.pages.agreement import agreement_matrix, agreement_page
from support.report_runs import shipped


def test_each_pair_has_the_kappa_of_the_items_with_two_verdicts():
    rng = np.random.default_rng(3)
    outcomes = rng.integers(0, 5, (200, 3)).astype(np.int8)
    found = agreement_matrix(outcomes)
    for one, other in ((0, 1), (0, 2), (1, 2)):
        both = (outcomes[:, [one, other]] < 3).all(axis=1)
        expected = cohen_kappa_score(outcomes[both, one], outcomes[both, other])
        assert found[one][other] == pytest.approx(expected)
        assert found[other][one] == found[one][other]
    assert [found[at][at] for at in range(3)] == [1.0] * 3


def test_a_pair_without_variation_is_undefined():
    assert agreement_matrix(np.zeros((9, 2), np.int8))[0][1] is None
    assert agreement_matrix(np.full((9, 2), 4, np.int8))[0][1] is None


def test_the_page_shows_the_matrix_and_the_agreement_among_all():
    (part,) = agreement_page(shipped("quickstart"), Anchors()).datasets
    assert len(part.table.rows) == 12
    assert part.left_out == 0
    assert dict(part.among)["fleiss-kappa"] == "0.372"
    assert part.table.rows[0][0].href == "#cell-1"
