"""Pages to HTML, by the templates of this package: every text is escaped, and nothing is loaded from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any, ClassVar, NamedTuple, Protocol

import jinja2
from markupsafe import Markup

from harness._version import __version__
from harness.report.links import Links
from harness.report.shown_text import clipped, shown

POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; base-uri 'none'"
"""The content security policy of every page: no script, nothing from elsewhere."""


class Page(Protocol):
    """A page: a record with the template that shows it."""

    TEMPLATE: ClassVar[str]
    NAME: ClassVar[str]
    TITLE: ClassVar[str]


class NavEntry(NamedTuple):
    """An entry of the navigation.

    Attributes:
        text: of the link.
        href: where it leads.
        is_here: whether it is the page that is shown.
    """

    text: str
    href: str
    is_here: bool = False


class Frame(NamedTuple):
    """What surrounds the pages of a document.

    Attributes:
        title: of the document, its first heading.
        subtitle: under it, "" for none.
        nav: the navigation.
        crumbs: the way to this document, such as the list of runs.
        is_simulated: whether to say that simulated models took part.
    """

    title: str
    subtitle: str = ""
    nav: Sequence[NavEntry] = ()
    crumbs: Sequence[NavEntry] = ()
    is_simulated: bool = False


@cache
def _environment() -> jinja2.Environment:
    """The templates; compiled once for each process."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("harness.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalized,
    )
    environment.filters["clipped"] = clipped
    environment.globals["policy"] = POLICY
    environment.globals["version"] = __version__
    return environment


def _finalized(value: Any) -> Any:
    """Every text that a template writes, with hidden characters shown."""
    return value if isinstance(value, Markup) else shown("" if value is None else value)


def style_sheet() -> Markup:
    """The style sheet of all pages."""
    text = resources.files("harness.report").joinpath("templates", "style.css").read_text("utf-8")
    return Markup(text)  # noqa: S704 (a file of this package)


def render_section(page: Page, links: Links, prefix: str = "") -> Markup:
    """A page as a section, without the document around it.

    Args:
        page: the page.
        links: where other pages are.
        prefix: of its anchors.
    """
    template = _environment().get_template(page.TEMPLATE)
    return Markup(template.render(page=page, links=links, prefix=prefix))  # noqa: S704 (an autoescaping template)


def render_document(sections: Sequence[Markup], frame: Frame) -> str:
    """A document of some sections: complete HTML with its style sheet."""
    template = _environment().get_template("page.html")
    return template.render(frame=frame, sections=sections, style=style_sheet())


def render(page: Page, frame: Frame, links: Links) -> str:
    """A document of one page."""
    return render_document([render_section(page, links)], frame)


def render_label_page(page: Page, script: str) -> str:
    """The page on which items are labelled: complete HTML with its style sheet.

    Args:
        page: the page.
        script: of this package, which a content security policy names by its digest.
    """
    template = _environment().get_template(page.TEMPLATE)
    return template.render(page=page, style=style_sheet(), script=Markup(script))  # noqa: S704 (of this package)
