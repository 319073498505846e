"""The report: one self-contained HTML file about one run or several."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from markupsafe import Markup

from harness.report.charts.svg import check_installed
from harness.report.html import Frame, NavEntry, Page, render_document, render_section
from harness.report.items.texts import Texts
from harness.report.links import Anchors
from harness.report.pages import evaluation, generation
from harness.report.pages.compare import compare_page
from harness.report.pages.items import items_page
from harness.report.run_source import RunSource
from harness.text import pluralized

MOST_ITEMS = 20
"""Items of a run that a report shows, where it is not said otherwise."""


class ReportOptions(NamedTuple):
    """What a report shows.

    Attributes:
        vs: the baseline of the differences: id of a cell, with or without its dataset; None for the best cell.
        items: how many of the most telling items of each run are shown.
        texts: where the data and the replies of runs may be.
    """

    vs: str | None = None
    items: int = MOST_ITEMS
    texts: Texts = Texts()


class Report(NamedTuple):
    """A report.

    Attributes:
        html: the whole file.
        sections: anchors of its sections.
        items: items that it shows.
        left_out: telling items that it leaves out.
    """

    html: str
    sections: tuple[str, ...]
    items: int
    left_out: int


def report_of(sources: Sequence[RunSource], options: ReportOptions) -> Report:
    """The report on some runs.

    Args:
        sources: the runs.
        options: what it shows.

    Raises:
        InputError: where the packages for charts are not installed, or no run has the baseline.
    """
    check_installed()
    sources = list({source.id: source for source in sources}.values())
    runs = tuple(source.id for source in sources)
    shown = {source.id: items_page(source, options.texts, options.items) for source in sources}
    names = Anchors(runs)
    anchors = [shown[source.id].anchors(names.prefix(source)) for source in sources]
    links = Anchors(runs, {key: name for found in anchors for key, name in found.items()})
    pages = {source.id: [*pages_of(source, links, options), shown[source.id]] for source in sources}
    made = [_single(sources[0], links, pages)] if len(sources) == 1 else list(_several(sources, links, pages))
    nav = [entry for part in made for entry in part.nav]
    title = " and ".join(dict.fromkeys(source.name for source in sources))
    subtitle = f"{'run' if len(runs) == 1 else pluralized(len(runs), 'run') + ':'} {', '.join(runs)}"
    frame = Frame(title, subtitle, nav, is_simulated=any(source.is_simulated for source in sources))
    html = render_document([section for part in made for section in part.sections], frame)
    return Report(
        html,
        tuple(name for part in made for name in part.names),
        sum(len(page.cards) for page in shown.values()),
        sum(page.left_out for page in shown.values()),
    )


class Part(NamedTuple):
    """A part of a report: its sections, their anchors, and its entries of the navigation."""

    sections: Sequence[Markup]
    names: Sequence[str]
    nav: Sequence[NavEntry]


def _single(source: RunSource, links: Anchors, pages: Mapping[str, Sequence[Page]]) -> Part:
    """The pages of one run."""
    own, prefix = pages[source.id], links.prefix(source)
    sections = [render_section(page, links, prefix) for page in own]
    names = [f"{prefix}{page.NAME}" for page in own]
    nav = [NavEntry(page.TITLE, f"#{name}") for page, name in zip(own, names, strict=True)]
    return Part(sections, names, nav)


def _several(sources: Sequence[RunSource], links: Anchors, pages: Mapping[str, Sequence[Page]]) -> Iterator[Part]:
    """The comparison of some runs, then the pages of each."""
    page = compare_page(sources, links)
    yield Part([render_section(page, links)], [page.NAME], [NavEntry(page.TITLE, f"#{page.NAME}")])
    for source in sources:
        heading = RunHeading(source.name, source.id)
        part = _single(source, links, pages)
        anchor = links.prefix(source).rstrip("-")
        sections = [render_section(heading, links, anchor), *part.sections]
        yield Part(sections, [anchor, *part.names], [NavEntry(f"{source.name} {source.id[:6]}", f"#{anchor}")])


@dataclass(frozen=True, slots=True)
class RunHeading:
    """The heading of one of several runs."""

    TEMPLATE: ClassVar[str] = "run_heading.html"
    NAME: ClassVar[str] = "run"
    TITLE: ClassVar[str] = "Run"

    name: str
    run: str


def pages_of(source: RunSource, links: Anchors, options: ReportOptions) -> list[Page]:
    """The pages of a run, in reading order."""
    if source.kind == "generation":
        return [generation.generation_page(name, source, links) for name in generation.PAGES]
    names = evaluation.PAGES_OF_RANKINGS if source.page_kind == "rankings" else evaluation.PAGES
    return [evaluation.evaluation_page(name, source, links, options.vs) for name in names]
