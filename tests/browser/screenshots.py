"""Make the pictures of the viewer in docs/images from the shipped specs: `tox -e screenshots`.

The bytes of a picture depend on the fonts and the version of Chromium, so a check cannot make them again. Beside each
picture stands the digest of the page that it shows; `tests/browser/test_screenshots.py` compares it with the page of
today, and fails where the pictures are out of date.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import tempfile
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from harness.api import load_spec, run_spec
from support import browser
from support.paths import ROOT

IMAGES = ROOT / "docs" / "images"
DIGESTS = IMAGES / "pages.json"
SPEC = "quickstart"
SIZES = {"viewer-overview": 960, "viewer-items": 760, "viewer-item": 1640}
"""The height of each picture in pixels."""
WIDTH = 1280
CELL = "village-notices/independent-10/judge:master"
ADDRESSES = {
    "viewer-overview": "",
    "viewer-items": "items?show=disagree&sort=telling",
    "viewer-item": f"item?dataset=village-notices&item=pair-005&cell={quote(CELL)}",
}
"""The address of each picture's page, below that of the run."""
_VERSION = re.compile(r"fellowship-harness [0-9][^\s\"<]*")


def prepared(folder: Path) -> str:
    """Run the spec in a folder; the address of the run."""
    shutil.copytree(ROOT / "specs", folder / "specs")
    spec = load_spec(folder / "specs" / f"{SPEC}.yaml")
    run = run_spec(spec, cache=folder / "cache", results=folder / "results")
    return f"/runs/{SPEC}/{run.id}/"


def digests(home: str, run: str) -> Mapping[str, str]:
    """The digest of the page of each picture, whatever the version of the harness."""
    found = {}
    for name, address in ADDRESSES.items():
        with urllib.request.urlopen(f"{home}{run}{address}", timeout=120) as answer:
            text = _VERSION.sub("fellowship-harness", answer.read().decode())
        found[name] = hashlib.sha256(text.encode()).hexdigest()
    return found


def main() -> None:
    """Write every picture and the digests."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        run = prepared(folder)
        with browser.served(folder, "--cache", "cache") as home, browser.opened(folder / "profile") as driver:
            for name, address in ADDRESSES.items():
                browser.resize(driver, WIDTH, SIZES[name])
                driver.get(f"{home}{run}{address}")
                picture = driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
                (IMAGES / f"{name}.png").write_bytes(base64.b64decode(picture["data"]))
            DIGESTS.write_text(json.dumps(digests(home, run), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
