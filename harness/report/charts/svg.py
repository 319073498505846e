"""Altair charts to static SVG inside a page: the same bytes on any machine, no script, colours from the style sheet."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from markupsafe import Markup

from harness.errors import InputError
from harness.report.charts.palette import FONT, VARIABLES
from harness.text import printable

if TYPE_CHECKING:
    import altair as alt

EXTRA = "pip install 'fellowship-harness[report]'"
NAMESPACE = "{http://www.w3.org/2000/svg}"
ELEMENTS = frozenset({"svg", "g", "path", "line", "rect", "text", "tspan", "circle", "defs", "clipPath"})
ATTRIBUTES = frozenset(
    {
        "class", "d", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r", "width", "height", "viewBox", "transform",
        "fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-opacity", "fill-opacity", "opacity",
        "stroke-linecap", "stroke-linejoin", "text-anchor", "font-size", "font-weight", "font-style",
    }
)  # fmt: skip
"""What a chart consists of. Everything else, such as links, styles and identifiers, is dropped."""
DEFAULTS = frozenset({("opacity", "1"), ("stroke-opacity", "1"), ("fill-opacity", "1"), ("font-weight", "normal")})
_NOT_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def label_of(text: str, most: int = 60) -> str:
    """Text of a run for a chart: one line, without control characters, shortened in the middle."""
    text = _NOT_XML.sub("", printable(text))
    half = (most - 1) // 2
    return text if len(text) <= most else f"{text[: most - 1 - half]}…{text[-half:]}"


def check_installed() -> None:
    """Raise an error that names the command to install what charts need.

    Raises:
        InputError: where Altair or vl-convert is not installed.
    """
    try:
        import altair  # noqa: F401
        import vl_convert  # noqa: F401
    except ImportError as error:
        raise InputError(f"charts need {error.name}, which is not installed", hint=f"run `{EXTRA}`") from None


def svg_of(chart: alt.TopLevelMixin, title: str, variant: str = "") -> Markup:
    """A chart as an SVG element.

    Args:
        chart: of fixed size (`autosize` `none`), so that the fonts of this machine do not change it.
        title: what it shows, for people who do not see it.
        variant: a class of the element, such as `wide`.
    """
    import vl_convert

    drawn = vl_convert.vegalite_to_svg(_cleaned(chart.to_dict(validate=False)))
    root = ElementTree.fromstring(drawn)  # noqa: S314 (vl-convert wrote it)
    _, _, width, _ = (root.get("viewBox") or "0 0 100 100").split()
    head = f"<svg class={quoteattr(f'chart {variant}'.strip())} viewBox={quoteattr(root.get('viewBox') or '')} "
    head += f'style="max-width:{width}px" role="img" aria-label={quoteattr(label_of(title, 400))}>'
    parts = [head]
    for child in root:
        if child.tag != f"{NAMESPACE}rect":  # the background
            _write(child, parts)
    return Markup("".join([*parts, "</svg>"]))  # noqa: S704 (elements and attributes of the lists above only, escaped)


def svg_file(chart: alt.TopLevelMixin, title: str) -> str:
    """A chart as a file of its own: with its size, its font and its colours.

    Args:
        chart: as `svg_of` takes it.
        title: what it shows.
    """
    drawn = str(svg_of(chart, title))
    _, _, width, height = re.findall(r"[0-9.]+", drawn.partition("viewBox=")[2])[:4]
    colours = {f'"var({variable})"': f'"{colour}"' for colour, variable in VARIABLES.items()}
    for variable, colour in colours.items():
        drawn = drawn.replace(variable, colour)
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" font-family={quoteattr(FONT)} '
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + head + drawn.removeprefix("<svg ") + "\n"


def _cleaned(value: Any) -> Any:
    """A chart without characters that XML does not allow: vl-convert ends the whole process at one."""
    if isinstance(value, str):
        return _NOT_XML.sub("", value)
    if isinstance(value, dict):
        return {key: _cleaned(one) for key, one in value.items()}
    return [_cleaned(one) for one in value] if isinstance(value, list) else value


def _write(element: ElementTree.Element, parts: list[str]) -> None:
    name = element.tag.removeprefix(NAMESPACE)
    if name not in ELEMENTS or _is_empty(element, name):
        return
    kept = [
        f" {key}={quoteattr(_coloured(value))}"
        for key, value in element.attrib.items()
        if key in ATTRIBUTES and (key, value) not in DEFAULTS and key != "class"
    ]
    label = element.get("aria-label")
    is_mark = element.get("role") == "graphics-symbol" and name != "g"
    children = list(element)
    if name == "g" and not kept and len(children) == 1:
        _write(children[0], parts)
        return
    parts.append(f"<{name}{''.join(kept)}>")
    if label and is_mark:
        parts.append(f"<title>{escape(label)}</title>")
    parts.append(escape(element.text or "") if name in ("text", "tspan") else "")
    for child in children:
        _write(child, parts)
    parts.append(f"</{name}>")


def _is_empty(element: ElementTree.Element, name: str) -> bool:
    """Whether an element draws nothing: an empty group or path, or one without fill and stroke."""
    if name == "path":
        drawn = element.get("d") or ""
        return not drawn or "h0v0h0" in drawn or element.get("display") == "none"
    if name == "text":
        return not "".join(element.itertext()).strip()
    return name == "g" and not any(not _is_empty(child, child.tag.removeprefix(NAMESPACE)) for child in element)


def _coloured(value: str) -> str:
    """A colour of the palette as a variable of the style sheet."""
    variable = VARIABLES.get(value.lower())
    return f"var({variable})" if variable else value
