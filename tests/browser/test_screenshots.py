"""The pictures in the documentation show the pages of today."""

import json

import pytest

pytest.importorskip("selenium")

from browser.screenshots import ADDRESSES, DIGESTS, IMAGES, digests, prepared
from support import browser

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


def test_the_pictures_are_up_to_date(tmp_path):
    run = prepared(tmp_path)
    with browser.served(tmp_path, "--cache", "cache") as home:
        found = digests(home, run)
    assert found == json.loads(DIGESTS.read_text(encoding="utf-8")), "run `tox -e screenshots`"


@pytest.mark.parametrize("name", ADDRESSES)
def test_every_picture_is_a_png_of_a_moderate_size(name):
    content = (IMAGES / f"{name}.png").read_bytes()
    assert content.startswith(b"\x89PNG")
    assert len(content) < 300_000
