"""Metrics of one label, and the names that a label set gives them."""

import numpy as np
import pytest

from harness import registry
from harness.records.experiment import ScoreSpec
from harness.records.label_set import VERDICT_LABELS, LabelSet
from harness.records.metric_names import fits, names_of, needs_of, split_name
from harness.scoring.label_metric import OfLabel, find_label_metric
from harness.scoring.metric import find_metric, metrics_of

PASS = LabelSet(("fail", "pass"), positive="pass")
GRADES = LabelSet(("1", "2", "3"), is_ordered=True, values=(1.0, 2.0, 3.0))
TABLE = np.array([[30.0, 6, 2], [4, 25, 1]])


@pytest.mark.parametrize("name", registry.names("label_metrics"))
def test_contract(name):
    metric = find_label_metric(name)
    assert metric.SUMMARY.startswith(f"{name}-LABEL: ")
    for position in (0, 1):
        one = OfLabel(metric, position)
        assert one.SUMMARY == metric.SUMMARY
        assert 0 <= float(one.value(TABLE)) <= 1
        assert float((one.influence(TABLE) * TABLE).sum()) == pytest.approx(0, abs=1e-12)
        assert 0 < float(one.count(TABLE)) <= TABLE.sum()
        assert np.isnan(one.value(np.zeros((2, 3))))
        assert np.allclose(one.value(np.stack([TABLE, 2 * TABLE])), float(one.value(TABLE)))


def test_values():
    assert float(find_metric("recall-pass", None, PASS).value(TABLE)) == 25 / 30
    assert float(find_metric("recall-fail", None, PASS).value(TABLE)) == 30 / 38
    assert float(find_metric("precision-pass", None, PASS).value(TABLE)) == 25 / 31
    assert float(find_metric("f1-pass", None, PASS).value(TABLE)) == pytest.approx(50 / 61)
    assert float(find_metric("recall-pass", None, PASS).count(TABLE)) == 30


def test_a_name_is_a_metric_and_a_label():
    assert split_name("recall-pass", PASS) == ("recall", "pass")
    assert split_name("recall-a", PASS) == ("recall-a", "")
    assert split_name("kappa-linear", GRADES) == ("kappa-linear", "")
    assert split_name("recall", PASS) == ("recall", "")


def test_metrics_fit_label_sets():
    assert fits("recall-pass", PASS)
    assert not fits("recall", PASS)
    assert not fits("kappa-ab", PASS)
    assert not fits("kappa-linear", PASS)
    assert fits("kappa-linear", GRADES)
    assert fits("kappa-ab", VERDICT_LABELS)
    assert needs_of("kappa-linear", PASS) == "needs labels that have an order"
    assert needs_of("kappa-ab", GRADES) == "is of verdicts on pairs"
    assert needs_of("recall", PASS) == "is of one label: write `recall-fail` or `recall-pass`"
    assert needs_of("nothing", PASS) == ""
    assert {"kappa", "accuracy", "recall-2", "f1-3"} <= set(names_of(GRADES))


def test_a_run_computes_those_that_it_names():
    names = set(metrics_of(ScoreSpec(("kappa", "recall-pass")), np.zeros(0, np.int8), PASS))
    assert names == {"kappa", "accuracy", "ac1", "recall-pass"}
    assert "kappa-linear" in metrics_of(ScoreSpec(), np.zeros(0, np.int8), GRADES)
