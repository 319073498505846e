"""Runs for the tests of the report: the shipped ones, and one whose every text is an attack."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import polars as pl

from harness.report.run_source import RunSource
from support.paths import ROOT

ATTACK = (
    "<script>alert(1)</script>\"'><img src=x onerror=alert(2)> javascript:alert(3) \u202eevil\u2066 \x1b[31m {{7*7}}"
)


def shipped(name: str) -> RunSource:
    """The shipped run of a spec."""
    (folder,) = (ROOT / "results" / name).iterdir()
    return RunSource(folder)


def hostile(folder: Path, name: str = "quickstart") -> RunSource:
    """A copy of a shipped run whose texts of the leaderboard, the manifest and the spec are attacks."""
    source = shipped(name)
    target = folder / "hostile"
    shutil.copytree(source.folder, target)
    board = json.loads((target / "leaderboard.json").read_text("utf-8"))
    board["notes"].append(ATTACK)
    (target / "leaderboard.json").write_text(json.dumps(board), "utf-8")
    spec = json.loads((target / "spec.json").read_text("utf-8"))
    spec["description"] = ATTACK
    for model in spec["models"].values():
        model["provider"] = ATTACK
    (target / "spec.json").write_text(json.dumps(spec), "utf-8")
    attack = ATTACK.replace("/", "|")
    for file in ("leaderboard.json", "manifest.json", "spec.json"):
        text = (target / file).read_text("utf-8")
        (target / file).write_text(re.sub(r"\bmaster\b", lambda _: json.dumps(attack)[1:-1], text), "utf-8")
    judgments = pl.read_parquet(target / "judgments.parquet")
    renamed = judgments.with_columns(pl.col("cell").str.replace("master", attack, literal=True))
    renamed.write_parquet(target / "judgments.parquet")
    return RunSource(target)


class Elements(HTMLParser):
    """The elements of a page, with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.ids: list[str] = []
        self.hrefs: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            self.attributes.append((tag, name, value or ""))
            if name == "id":
                self.ids.append(value or "")
            if name == "href":
                self.hrefs.append(value or "")


def check_page(html: str) -> Elements:
    """Check what holds for every page: no script, nothing from elsewhere, unique ids, no dead anchor."""
    page = Elements(html)
    assert not {"script", "iframe", "object", "embed", "link", "base", "img"} & set(page.tags)
    assert not [name for _, name, _ in page.attributes if name.startswith("on") or name in ("src", "srcset", "action")]
    assert len(page.ids) == len(set(page.ids))
    assert [href for href in page.hrefs if not (href.startswith("#") and href[1:] in page.ids)] == []
    assert [text for tag, name, text in page.attributes if tag == "meta" and text.startswith("default-src 'none';")]
    assert "\u202e" not in html
    assert "\x1b" not in html
    return page
