"""The report: one self-contained HTML file about one run or several."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import Markup

from harness.report.charts.svg import check_installed
from harness.report.html import Frame, NavEntry, Page, render_document, render_section
from harness.report.links import Anchors
from harness.report.pages import evaluation, generation
from harness.report.run_source import RunSource
from harness.text import pluralized


class ReportOptions(NamedTuple):
    """What a report shows.

    Attributes:
        vs: the baseline of the differences: id of a cell, with or without its dataset; None for the best cell.
    """

    vs: str | None = None


class Report(NamedTuple):
    """A report.

    Attributes:
        html: the whole file.
        sections: names of its sections.
    """

    html: str
    sections: tuple[str, ...]


def report_of(sources: Sequence[RunSource], options: ReportOptions) -> Report:
    """The report on some runs.

    Args:
        sources: the runs.
        options: what it shows.

    Raises:
        InputError: where the packages for charts are not installed, or no run has the baseline.
    """
    check_installed()
    links = Anchors(tuple(source.id for source in sources))
    sections: list[Markup] = []
    nav: list[NavEntry] = []
    for source in sources:
        for page in pages_of(source, links, options):
            prefix = links.prefix(source)
            sections.append(render_section(page, links, prefix))
            nav.append(NavEntry(page.TITLE, f"#{prefix}{page.NAME}"))
    title = " and ".join(dict.fromkeys(source.name for source in sources))
    runs = ", ".join(source.id for source in sources)
    subtitle = f"{'run' if len(sources) == 1 else pluralized(len(sources), 'run') + ':'} {runs}"
    frame = Frame(title, subtitle, nav, is_simulated=any(source.is_simulated for source in sources))
    return Report(render_document(sections, frame), tuple(entry.href[1:] for entry in nav))


def pages_of(source: RunSource, links: Anchors, options: ReportOptions) -> list[Page]:
    """The pages of a run, in reading order."""
    if source.kind == "generation":
        return [generation.generation_page(name, source, links) for name in generation.PAGES]
    return [evaluation.evaluation_page(name, source, links, options.vs) for name in evaluation.PAGES]
