import pytest

from harness.report.charts.forest import Forest, ForestRow, forest_chart, label_lines
from harness.report.charts.frame import NARROW, WIDE
from harness.report.charts.svg import svg_of

ROWS = [
    ForestRow("first", 0.5, 0.4, 0.6, "0.500 [0.400, 0.600]", "1–2"),
    ForestRow("no interval", 0.3, None, None, "0.300", "2", is_hollow=True),
    ForestRow("undefined", None, None, None, "undefined"),
]


def drawn(forest, width=WIDE):
    return svg_of(forest_chart(forest, width), "title")


def test_every_row_has_its_label_and_its_figures():
    svg = drawn(Forest("kappa", "rank", ROWS))
    for text in ("first", "0.500 [0.400, 0.600]", "1–2", "no interval", "undefined", "kappa", "rank"):
        assert f">{text}</text>" in svg
    assert "<title>first: 0.500 [0.400, 0.600], 1–2</title>" in svg


def test_a_narrow_chart_puts_the_figures_above_the_interval():
    svg = drawn(Forest("kappa", "rank", ROWS), NARROW)
    assert ">first</text>" in svg
    assert ">0.500 · 1–2</text>" in svg
    assert 'viewBox="0 0 350 ' in svg


def test_a_line_divides_the_rows_and_a_reference_crosses_them():
    plain, lined, crossed = (
        drawn(forest)
        for forest in (
            Forest("kappa", "", ROWS),
            Forest("kappa", "", ROWS, line_after=1),
            Forest("kappa", "", ROWS, reference=0.0),
        )
    )
    assert lined.count("<line") == plain.count("<line") + 1
    assert "stroke-dasharray" in crossed
    assert "stroke-dasharray" not in plain


def test_no_rows_make_an_empty_chart():
    assert "<svg" in drawn(Forest("kappa", "", []))


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("short", ["short"]),
        (
            "jury:" + "+".join(["llama-3.1-8b-instruct"] * 4),
            ["jury:" + "llama-3.1-8b-instruct+" * 2, "llama-3.1-8b-instruct+llama-3.1-8b-instruct"],
        ),
        ("x" * 60, ["x" * 30, "x" * 30]),
    ],
)
def test_long_labels_have_two_lines(text, lines):
    assert label_lines(text) == lines
