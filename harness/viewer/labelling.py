"""The page on which an annotator labels: one item at a time, blind, saved in the file to fill in after each label.

The file is the state: it is read for every request and replaced as a whole, so that a kill loses no label and labelling
resumes where it ended. Every address begins with a secret of the process, which a page of another site cannot know.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from harness.analysis.label.form import RESPONSES, FormRow, read_form, write_form
from harness.errors import HarnessError
from harness.records.label_set import LabelSet
from harness.report.html import render_label_page
from harness.viewer.guard import HEADERS, App, guarded
from harness.viewer.label_input import LabelInput, input_of, is_order, saved_label

UNKNOWN = "The file has a label for this item that this page does not know; label it anew."
NO_INPUT = LabelInput()
MOST_BODY = 10_000
"""Bytes of a request that saves a label."""
SCRIPT = """
document.addEventListener("keydown", function (event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.tagName === "INPUT" && !event.key.startsWith("Page")) return;
  if (event.key === "Enter" && event.target !== document.body) return;
  for (const one of document.querySelectorAll("[data-key]")) {
    if (one.dataset.key === event.key) { event.preventDefault(); one.click(); return; }
  }
});
"""
"""A key clicks the button or the link that names it. Without scripts the buttons still work."""
_DIGEST = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{_DIGEST}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
LABEL_HEADERS: Mapping[str, str] = {**HEADERS, "content-security-policy": POLICY, "referrer-policy": "same-origin"}
"""As those of other pages, but with the script above, and with the origin in requests of the same site."""


@dataclass(frozen=True, slots=True)
class LabelPage:
    """One item, or a page without one.

    Attributes:
        title: of the page.
        total: items.
        labelled: items with a label.
        note: over the item, "" for none.
        prompt: None for a page without an item.
        responses: names and texts.
        reference: the reference answer, "" without one.
        key: of the item.
        input: what is offered to label it.
        is_labelled: whether it has a label.
        here: where the form is sent.
        previous: address of the item before, "" without one.
        next: address of the item after, "" without one.
        lines: of a page without an item.
    """

    TEMPLATE: ClassVar[str] = "label.html"
    NAME: ClassVar[str] = "label"
    TITLE: ClassVar[str] = "Label"

    title: str
    total: int
    labelled: int
    note: str = ""
    prompt: str | None = None
    responses: Sequence[tuple[str, str]] = ()
    reference: str = ""
    key: str = ""
    input: LabelInput = NO_INPUT
    is_labelled: bool = False
    here: str = ""
    previous: str = ""
    next: str = ""
    lines: Sequence[str] = ()

    @property
    def keys(self) -> tuple[str, str]:
        """On the keyboard, of the links to the item before and after; arrows move in a field."""
        return ("PageUp", "PageDown") if self.input.field else ("ArrowLeft", "ArrowRight")


class LabelPages:
    """The pages over the files of one annotator.

    Args:
        files: to fill in, in the order in which their items are shown.
        labels: that items can have.
        secret: with which every address begins.
        after: what to do when every item is labelled.
    """

    def __init__(self, files: Sequence[Path], labels: LabelSet, secret: str, after: str) -> None:
        self._files, self._labels, self._secret, self._after = tuple(files), labels, secret, after
        self._lock = threading.Lock()  # of the files

    @property
    def start(self) -> str:
        """The address of the first page."""
        return f"/{self._secret}/"

    def application(self, port: int) -> App:
        """The application behind its guard.

        Args:
            port: that the server listens on.
        """
        routes = [
            Route("/{secret}/", self._first),
            Route("/{secret}/{place:int}", self._item),
            Route("/{secret}/{place:int}", self._save, methods=["POST"]),
            Route("/robots.txt", lambda request: PlainTextResponse("User-agent: *\nDisallow: /\n")),
        ]
        handlers = {HTTPException: self._missing, HarnessError: self._fault}
        app = Starlette(routes=routes, exception_handlers=handlers)  # type: ignore[arg-type]  # each takes its own error
        return guarded(app, port, ("GET", "HEAD", "POST"), LABEL_HEADERS)

    def _first(self, request: Request) -> Response:
        """The first item without a label, or the end."""
        self._check(request)
        rows = self._rows()
        place = _unlabelled(rows, 0)
        if place is not None:
            return RedirectResponse(f"{self.start}{place + 1}", 303)
        return self._page(LabelPage(f"All {len(rows)} items are labelled", len(rows), len(rows), lines=[self._after]))

    def _item(self, request: Request) -> Response:
        self._check(request)
        rows, place = self._rows(), request.path_params["place"] - 1
        if not 0 <= place < len(rows):
            raise HTTPException(404)
        order = request.query_params.get("order", "")
        if not is_order(order):
            raise HTTPException(400)
        return self._page(self._shown(rows, place, order))

    async def _save(self, request: Request) -> Response:
        """Save a label, then show the next item without one."""
        self._check(request)
        values = await _form_of(request)
        key, label = values.get("key", ""), values.get("label", "")
        place = request.path_params["place"] - 1
        with self._lock:
            rows = self._rows()
            if not 0 <= place < len(rows) or rows[place][1].key != key:
                raise HTTPException(409)
            path, item = rows[place]
            if label:
                known, wrong = saved_label(label, item, self._labels)
                if known is None:
                    return self._page(replace(self._shown(rows, place), note=wrong), 400)
                label = known
            form = read_form(path)
            write_form(path, [replace(row, label=label) if row.key == key else row for row in form.rows])
            rows = self._rows()
        following = _unlabelled(rows, place + 1) if label else place
        return RedirectResponse(self.start if following is None else f"{self.start}{following + 1}", 303)

    def _rows(self) -> list[tuple[Path, FormRow]]:
        return [(path, row) for path in self._files for row in read_form(path).rows]

    def _shown(self, rows: Sequence[tuple[Path, FormRow]], place: int, order: str = "") -> LabelPage:
        row, total = rows[place][1], len(rows)
        here = f"{self.start}{place + 1}"
        offered = input_of(row, self._labels, here, order)
        note = (
            ""
            if offered.is_known
            else "The file has a label for this item that this page does not know; label it anew."
        )
        return LabelPage(
            f"Item {place + 1} of {total}",
            total,
            sum(bool(one.label) for _, one in rows),
            note,
            row.texts.get("prompt", ""),
            _responses(row),
            row.texts.get("reference", ""),
            row.key,
            offered,
            bool(row.label),
            here,
            f"{self.start}{place}" if place else "",
            f"{self.start}{place + 2}" if place + 1 < total else "",
        )

    def _check(self, request: Request) -> None:
        if not hmac.compare_digest(request.path_params["secret"].encode(), self._secret.encode()):
            raise HTTPException(404)

    def _page(self, page: LabelPage, status: int = 200) -> Response:
        return HTMLResponse(render_label_page(page, SCRIPT), status)

    def _missing(self, request: Request, error: HTTPException) -> Response:
        lines = ["The address leads to no item, or the file has changed. Start again at the first address."]
        return self._page(LabelPage("There is no such page", 1, 0, lines=lines), error.status_code)

    def _fault(self, request: Request, error: HarnessError) -> Response:
        lines = [str(problem) for problem in error.problems]
        return self._page(LabelPage("The file cannot be used", 1, 0, lines=lines), 400)


def _unlabelled(rows: Sequence[tuple[Path, FormRow]], start: int) -> int | None:
    """The first item without a label from a place on, then from the beginning; None where all have one."""
    order = [*range(start, len(rows)), *range(min(start, len(rows)))]
    return next((place for place in order if not rows[place][1].label), None)


def _responses(row: FormRow) -> list[tuple[str, str]]:
    if "response" in row.texts and "response_1" not in row.texts:
        return [("Response", row.texts["response"])]
    shown = [number for number, name in enumerate(RESPONSES, 1) if number <= 2 or row.texts.get(name)]
    return [(f"Response {number}", row.texts.get(f"response_{number}", "")) for number in shown]


async def _form_of(request: Request) -> dict[str, str]:
    """The fields of a form, of which each is once."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BODY:
            raise HTTPException(413)
    try:
        fields = parse_qs(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=10)
    except ValueError:
        raise HTTPException(400) from None
    return {name: values[0] for name, values in fields.items()}
