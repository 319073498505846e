"""The application: addresses to pages. It reads run folders below its roots, data and the cache, and writes nothing."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from harness.errors import HarnessError, InputError, RunFolderError
from harness.report.html import Frame, NavEntry, Page, render
from harness.report.items.texts import Texts
from harness.report.run_source import RunSource
from harness.runner.corruption import diagnose_corruption
from harness.text import quoted
from harness.viewer.addresses import HOME, Addresses, run_address
from harness.viewer.opened import OpenedRun
from harness.viewer.pages import FaultPage
from harness.viewer.roots import RunKey, find_runs
from harness.viewer.run_list import runs_page
from harness.viewer.run_pages import PAGES, RunPage, compare_view, page_names

MOST_OPEN = 2
"""Runs that are kept open: the outcomes of one with a million judgments take some megabytes."""
MOST_RENDERED = 64
"""Pages with charts that are kept as they were sent: a chart takes a fifth of a second."""
TITLE = "Runs"


class Viewer:
    """The pages over some roots.

    Args:
        roots: folders of results, of a spec, or of one run.
        texts: where data and replies may be.
    """

    def __init__(self, roots: Sequence[Path], texts: Texts) -> None:
        self._roots, self._texts = tuple(roots), texts
        self._lock = threading.Lock()  # pages are made one at a time: memory stays that of one
        self._open: OrderedDict[tuple[Path, int], OpenedRun] = OrderedDict()
        self._rendered: OrderedDict[tuple[Any, ...], str] = OrderedDict()
        self._links = Addresses()

    def application(self) -> Starlette:
        """The application, without the guard before it."""
        run = "/runs/{spec}/{run}/"
        routes = [
            Route(HOME, self._answer(self.runs)),
            Route("/compare", self._answer(self.compare)),
            Route(run, self._answer(self.page)),
            Route(run + "{name}", self._answer(self.page)),
            Route("/robots.txt", lambda request: PlainTextResponse("User-agent: *\nDisallow: /\n")),
        ]
        handlers: Mapping[Any, Any] = {HTTPException: self._missing}
        return Starlette(routes=routes, exception_handlers=handlers)

    def runs(self, request: Request) -> str:
        """The list of runs."""
        return self._document(runs_page(find_runs(self._roots)), Frame("Fellowship harness"))

    def compare(self, request: Request) -> str:
        """The comparison of the runs in the address."""
        wanted = request.query_params.getlist("run")
        found = {key.text: key for key in find_runs(self._roots)}
        unknown = [name for name in wanted if name not in found]
        if unknown:
            raise InputError(f"there is no run {quoted(unknown[0])}")
        opened = [self._opened(found[name]) for name in dict.fromkeys(wanted)]
        page = compare_view([one.source for one in opened], self._links)
        crumbs = [NavEntry(TITLE, HOME)]
        return self._document(page, Frame("Comparison", ", ".join(wanted), crumbs=crumbs))

    def page(self, request: Request) -> str:
        """A page of one run."""
        key = RunKey(request.path_params["spec"], request.path_params["run"])
        name = request.path_params.get("name", "overview")
        opened = self._opened(key)
        make = self._pages(opened).get(name)
        if make is None:
            raise HTTPException(404)
        source, values = opened.source, dict(request.query_params)
        kept = (source.folder, opened.version, name, tuple(sorted(values.items())))
        if kept in self._rendered:
            self._rendered.move_to_end(kept)
            return self._rendered[kept]
        with diagnose_corruption(source.folder):
            page = make.build(opened, self._links, values)
            html = self._document(page, self._frame(opened, key, name))
        if make.is_kept:
            self._rendered[kept] = html
            while len(self._rendered) > MOST_RENDERED:
                self._rendered.popitem(last=False)
        return html

    def _pages(self, opened: OpenedRun) -> Mapping[str, RunPage]:
        """The pages that a run has."""
        kind = opened.source.page_kind
        if kind not in PAGES:
            raise RunFolderError(f"{opened.source.folder} holds an experiment of the unknown kind {quoted(kind)}")
        return PAGES[kind]

    def _frame(self, opened: OpenedRun, key: RunKey, name: str) -> Frame:
        nav = [
            NavEntry(title, run_address(key, "" if each == "overview" else each), each == name)
            for each, title in page_names(opened.source.page_kind)
        ]
        crumbs = [NavEntry(TITLE, HOME), NavEntry(key.text, run_address(key))]
        source = opened.source
        return Frame(source.name, f"run {source.id}", nav, crumbs, source.is_simulated)

    def _opened(self, key: RunKey) -> OpenedRun:
        """A run, kept open while it is among the last that were asked for and its manifest stays the same."""
        folder = find_runs(self._roots).get(key)
        if folder is None:
            raise HTTPException(404)
        found = OpenedRun(RunSource(folder), self._texts)
        place = (folder, found.version)
        if place not in self._open:
            self._open[place] = found
        self._open.move_to_end(place)
        while len(self._open) > MOST_OPEN:
            self._open.popitem(last=False)
        return self._open[place]

    def _document(self, page: Page, frame: Frame) -> str:
        return render(page, frame, self._links)

    def _answer(self, make: Callable[[Request], str]) -> Callable[[Request], Response]:
        """A page, or a page with the error in its place."""

        def answer(request: Request) -> Response:
            try:
                with self._lock:
                    return HTMLResponse(make(request))
            except HarnessError as error:
                return self._fault("This page cannot be shown", [str(problem) for problem in error.problems], 400)

        return answer

    def _missing(self, request: Request, error: Exception) -> Response:
        return self._fault("There is no such page", ["The address leads to no run or page that is here."], 404)

    def _fault(self, heading: str, lines: Sequence[str], status: int) -> Response:
        page = FaultPage(heading, lines, HOME)
        return HTMLResponse(self._document(page, Frame("Viewer", crumbs=[NavEntry(TITLE, HOME)])), status)
