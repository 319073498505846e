import sys
from xml.etree import ElementTree

import altair as alt
import pytest

from harness.errors import InputError
from harness.report.charts.frame import ChartData, Margins
from harness.report.charts.svg import check_installed, label_of, svg_of
from support.report_runs import ATTACK


def chart(text="plain"):
    data = ChartData()
    mark = data.layer([{"x": 1, "text": text}]).mark_text(color="#0072b2")
    layer = mark.encode(x=alt.X("x:Q", title=text), text="text:N", description="text:N")
    return data.framed([layer], 300, 100, Margins(5, 5, 5, 40))


def test_texts_are_escaped_and_colours_are_variables():
    svg = svg_of(chart("a <b> & 'c'"), 'say "x" <y>')
    root = ElementTree.fromstring(svg)
    assert "a <b> & 'c'" in "".join(root.itertext())
    assert root.get("aria-label") == 'say "x" <y>'
    assert root.get("role") == "img"
    assert 'fill="var(--blue)"' in svg
    assert "#0072b2" not in svg


def test_nothing_but_shapes_and_texts_is_kept():
    attack = label_of(ATTACK, 400)
    root = ElementTree.fromstring(svg_of(chart(attack), attack))
    assert {element.tag for element in root.iter()} <= {"svg", "g", "path", "line", "text", "rect", "title"}
    names = {name for element in root.iter() for name in element.attrib}
    assert not [name for name in names if name.startswith("on") or "href" in name or name in ("id", "style-src")]


def test_the_same_chart_has_the_same_bytes():
    assert svg_of(chart(), "a") == svg_of(chart(), "a")


@pytest.mark.parametrize("text", ["a\x1bb", "a\x00b", "a\ufffeb", "a\ud800b"])
def test_characters_that_end_the_process_of_the_renderer_never_reach_it(text):
    assert ">ab</text>" in svg_of(chart(text), text)


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("short", 10, "short"),
        ("abcdefghijk", 7, "abc…ijk"),
        ("a\x00\u202eb\nc\ufffe", 10, "ab c"),
    ],
)
def test_labels_are_one_short_line(text, most, expected):
    assert label_of(text, most) == expected


def test_the_command_to_install_is_named(monkeypatch):
    check_installed()
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(InputError, match=r"vl_convert, .* not installed.*pip install '.*\[report\]'"):
        check_installed()
