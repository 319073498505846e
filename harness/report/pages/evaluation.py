"""The pages of an evaluation, in reading order."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from harness.report.html import Page
from harness.report.links import Links
from harness.report.pages.agreement import AgreementPage, agreement_page
from harness.report.pages.audit import AuditPage, audit_page
from harness.report.pages.cells import CellsPage, cells_page
from harness.report.pages.cost import CostPage, cost_page
from harness.report.pages.differences import DifferencesPage, differences_page
from harness.report.pages.failures import FailuresPage, failures_page
from harness.report.pages.overview import OverviewPage, overview_page
from harness.report.pages.slices import SlicesPage, slices_page
from harness.report.run_source import RunSource

PAGES: Mapping[str, str] = {
    one.NAME: one.TITLE
    for one in (OverviewPage, DifferencesPage, CostPage, AgreementPage, CellsPage, SlicesPage, AuditPage, FailuresPage)
}
"""Names and titles of the pages, in reading order."""
PAGES_OF_RANKINGS: Mapping[str, str] = {
    name: title for name, title in PAGES.items() if name not in (AgreementPage.NAME, AuditPage.NAME)
}
"""Those of a run that ranked several responses, which have no kappa and no probes."""


def evaluation_page(name: str, source: RunSource, links: Links, vs: str | None = None, by: str | None = None) -> Page:
    """One page of an evaluation.

    Args:
        name: of the page, one of `PAGES`.
        source: the run.
        links: where other pages are.
        vs: the baseline of the differences, None for the best cell.
        by: the column of the slices, None for those of the spec and the category.

    Raises:
        InputError: where the run has no such cell or column.
    """
    if name == DifferencesPage.NAME:
        return differences_page(source, links, vs)
    if name == SlicesPage.NAME:
        return slices_page(source, links, by)
    makers: Mapping[str, Callable[[RunSource, Links], Page]] = {
        OverviewPage.NAME: overview_page,
        CostPage.NAME: cost_page,
        AgreementPage.NAME: agreement_page,
        CellsPage.NAME: cells_page,
        AuditPage.NAME: audit_page,
        FailuresPage.NAME: failures_page,
    }
    return makers[name](source, links)
