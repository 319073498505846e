from harness.report.charts.confusion import Confusion, confusion_chart
from harness.report.charts.heatmap import SHADES
from harness.report.charts.palette import FAINT, INK
from harness.report.charts.svg import svg_of


def squares(confusion):
    return max(confusion_chart(confusion).to_dict()["datasets"].values(), key=len)


FOUND = Confusion(["a", "b"], ["a", "b", "failed"], [[1500, 0, 500], [0, 0, 0]])


def test_each_square_has_its_count_and_its_share_of_the_label():
    svg = svg_of(confusion_chart(FOUND), "confusion")
    assert "<title>label a, verdict a: 1,500 of 2,000</title>" in svg
    for text in ("1,500", "75 %", "25 %", "failed", "label", "verdict"):
        assert f">{text}</text>" in svg


def test_a_label_without_items_has_no_shares():
    assert [(one["count"], one["share"], one["shade"]) for one in squares(FOUND)[3:]] == [("0", "", FAINT)] * 3


def test_right_verdicts_have_a_frame_and_larger_shares_are_darker():
    found = squares(FOUND)
    assert [one["frame"] == INK for one in found] == [True, False, False, False, True, False]
    assert [one["shade"] for one in found[:3]] == [SHADES[3], FAINT, SHADES[1]]


def test_a_share_of_one_is_the_darkest():
    (square, _) = squares(Confusion(["a"], ["a", "failed"], [[7, 0]]))
    assert (square["shade"], square["ink"]) == (SHADES[-1], "#fffffe")
