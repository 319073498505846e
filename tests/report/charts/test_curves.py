import pytest

from harness.report.charts.curves import Bin, Roc, RocPoint, reliability_chart, roc_chart
from harness.report.charts.svg import svg_file, svg_of

pytest.importorskip("vl_convert")


def rows(chart, key):
    return [row for some in chart.datasets.values() for row in some if key in row]


def test_the_curve_reaches_both_corners_and_marks_both_points():
    points = [RocPoint(0.0, 1.0, 1.0), RocPoint(0.5, 0.9, 4.0), RocPoint(1.0, 0.2, 9.0)]
    chart = roc_chart(Roc(("fail", "pass"), points, points[1], RocPoint(0.45, 0.8)))
    curve = rows(chart, "at")
    assert [(row["x"], row["y"]) for row in curve] == [(1, 1), (1, 1), (0.5, 0.9), (0, 0.2), (0, 0)]
    assert [row["text"] for row in rows(chart, "text")[::2]] == ["held out", "chosen: 4"]
    assert "recall of pass 0.900, of fail 0.500" in rows(chart, "says")[-1]["says"]


def test_a_curve_without_a_threshold_has_no_mark():
    assert not rows(roc_chart(Roc(("fail", "pass"), [RocPoint(0.5, 0.5, 1.0)])), "text")


def test_bins_without_items_are_left_out_and_those_without_an_interval_have_no_whisker():
    bins = [Bin(0.1, 0.2, 0.1, 0.3, 40), Bin(0.5, None, None, None, 0), Bin(0.9, 0.7, None, None, 10)]
    chart = reliability_chart(bins)
    assert [row["x"] for row in rows(chart, "says")] == [0.1, 0.9]
    assert [row["x"] for row in rows(chart, "high")] == [0.1]
    assert rows(chart, "says")[0]["area"] > rows(chart, "says")[1]["area"]


def test_a_picture_is_the_same_bytes_every_time_and_escapes_labels():
    roc = Roc(("<b>fail", "pass\u202e"), [RocPoint(0.5, 0.5, 1.0)])
    one = svg_file(roc_chart(roc), "<script>")
    assert one == svg_file(roc_chart(roc), "<script>")
    assert "<script>" not in one
    assert "<b>" not in one
    assert "\u202e" not in one
    assert "var(--" in svg_of(roc_chart(roc), "t")
