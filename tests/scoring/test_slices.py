"""Figures of slices: adjusted intervals, refusals, and the comparison with the rest."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, cohen_kappa_score

from harness.records.judgments import VERDICTS
from harness.scoring import slices
from harness.scoring.slices import NO_REST, TOO_FEW_CLUSTERS, TOO_SMALL, SliceColumn, slice_count, slice_dataset
from support.labelled import QUICK, Labelled, cells, judge, labels

CODES = labels(200)
GOOD = judge(CODES, 0.8, 1, failing=0.05)
VALUES = (["law"] * 80) + (["math"] * 60) + ([None] * 50) + (["few"] * 10)


def sliced(outcomes=GOOD, values=VALUES, codes=CODES, clusters=None, names=("m",)):
    columns = np.column_stack([outcomes] * len(names)).astype(np.int8)
    return slice_dataset(cells(*names), Labelled(codes, clusters), columns, SliceColumn("topic", values), QUICK, 7)


def test_each_slice_has_the_figures_of_its_items():
    parts = {part.value: part for part in sliced().cells[0].slices}
    assert list(parts) == ["few", "law", "math", None]
    for value, part in parts.items():
        inside = np.array([one == value for one in VALUES])
        assert (part.items, part.n) == (inside.sum(), inside.sum())
        assert part.failed == (GOOD[inside] >= len(VERDICTS)).sum()
        if value != "few":
            assert part.figures["accuracy"].value == pytest.approx(accuracy_score(CODES[inside], GOOD[inside]))
            merged = np.minimum(GOOD[inside], 3)
            assert part.figures["kappa"].value == pytest.approx(cohen_kappa_score(CODES[inside], merged))


def test_small_slices_have_no_figures_and_no_test():
    found = sliced()
    few = found.cells[0].slices[0]
    assert (few.value, few.reason, few.p_value, few.difference) == ("few", TOO_SMALL, None, None)
    assert {(figure.value, figure.low, figure.reason) for figure in few.figures.values()} == {(None, None, TOO_SMALL)}
    assert found.shown == 3


def test_intervals_are_adjusted_for_the_number_of_slices():
    found = sliced()
    assert found.level_each == pytest.approx(1 - 0.05 / 3)
    alone = sliced(values=["all"] * 150 + ["few"] * 10 + ["other"] * 10 + [None] * 30)
    assert alone.level_each == pytest.approx(1 - 0.05 / 2)
    law = found.cells[0].slices[1].figures["accuracy"]
    assert (law.level, law.low < law.value < law.high) == (found.level_each, True)


def test_difference_is_accuracy_inside_minus_outside():
    law = sliced().cells[0].slices[1]
    inside = np.array([one == "law" for one in VALUES])
    right = CODES == GOOD
    assert law.difference == pytest.approx(right[inside].mean() - right[~inside].mean())
    assert 0 < law.p_value <= 1
    assert sliced().cells[0].p_value == min(part.p_value for part in sliced().cells[0].slices if part.p_value)


def test_every_metric_has_a_difference_whose_interval_agrees_with_its_test():
    found = sliced()
    for cell in found.cells:
        for part in cell.slices:
            for name in ("accuracy", "kappa"):
                one = part.differences[name]
                if one.value is None:
                    assert one.reason
                    continue
                assert one.low <= one.value <= one.high
                assert (one.p_value <= 0.05) is not (one.low < 0 < one.high)
                assert one.p_family >= one.p_value
            if part.difference is not None:
                assert part.differences["accuracy"].value == pytest.approx(part.difference)
                assert part.differences["accuracy"].p_value == part.p_value


def test_p_values_of_a_family_count_the_cells():
    law = sliced(names=("m", "n", "o")).cells[1].slices[1]
    assert law.p_family == pytest.approx(min(1, 3 * law.p_value))


def test_slice_with_a_small_rest_is_not_tested():
    parts = {part.value: part for part in sliced(values=["most"] * 190 + ["few"] * 10).cells[0].slices}
    assert (parts["most"].reason, parts["most"].figures["accuracy"].value is None) == (NO_REST, False)
    assert sliced(values=["most"] * 190 + ["few"] * 10).cells[0].p_value is None


def test_slice_with_few_clusters_is_not_tested():
    clusters = np.arange(200) // 20
    parts = sliced(values=["x"] * 100 + ["y"] * 100, clusters=clusters).cells[0].slices
    assert [part.reason for part in parts] == [TOO_FEW_CLUSTERS] * 2
    many = sliced(values=["x", "y"] * 100, clusters=np.arange(200) // 2)
    assert (many.method, [part.reason for part in many.cells[0].slices]) == ("exchange", ["", ""])


def test_unlabelled_items_count_as_items_and_not_as_n():
    codes = CODES.copy()
    codes[:30] = -1
    law = sliced(codes=codes).cells[0].slices[1]
    assert (law.items, law.n) == (80, 50)
    none = sliced(codes=np.full(200, -1, np.int8))
    assert (none.shown, {part.p_value for part in none.cells[0].slices}) == (0, {None})


def test_another_cell_changes_no_figure():
    one, more = sliced(), sliced(names=("a", "m"))
    first, second = one.cells[0].slices[1].figures["kappa"], more.cells[1].slices[1].figures["kappa"]
    assert (first.low, first.high) == (second.low, second.high)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from(["x", "y", "", None]), min_size=60, max_size=60))
def test_any_values_are_sliced_without_an_error(values):
    found = sliced(GOOD[:60], values, CODES[:60])
    assert sum(part.items for part in found.cells[0].slices) == 60
    assert len(found.cells[0].slices) == slice_count(values)
    assert all(part.p_value is None or not part.reason for part in found.cells[0].slices)


def test_draws_depend_on_the_seed_the_dataset_and_the_column(monkeypatch):
    seen = []
    monkeypatch.setattr(slices, "seed_for", lambda *parts: seen.append(parts) or 1)
    sliced()
    of_each = [(7, "slice", "fair/direct/judge:m", "topic", value) for value in ("=few", "=law", "=math", "")]
    assert seen == [(7, "slices", "fair", "topic"), *of_each]
