"""The page on which items are labelled, by keyboard, in headless Chromium."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("selenium")

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.expected_conditions import title_is
from selenium.webdriver.support.ui import WebDriverWait

from harness.analysis.label.form import read_form
from support import browser
from support.cli_folder import run_commands
from support.viewed_runs import evaluated, pair

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

ATTACK = "<script>window.attacked=1</script><img src=x onerror='window.attacked=1'></div> \u202e {{ 7*7 }}"


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    if browser.chromium() is None:
        reason = "chromium and chromedriver are not installed (Debian: chromium, chromium-driver)"
        if os.environ.get("HARNESS_BROWSER") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    with browser.opened(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a run of items that attack, of which five are drawn."""
    rows = [pair(number, response_a=ATTACK, prompt=ATTACK) for number in range(1, 9)]
    evaluated(tmp_path, rows)
    return run_commands(tmp_path, ["label", "next", "many-modes", "--n", "5"])


@pytest.fixture
def address(folder: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "harness", "label", "page", "many-modes", "--port", "0", "--no-browser"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True, env={**os.environ})
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[0]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def press(driver: webdriver.Chrome, key: str, title: str) -> None:
    driver.find_element(By.TAG_NAME, "body").send_keys(key)
    WebDriverWait(driver, 30).until(title_is(title))


def test_items_are_labelled_by_keyboard(driver: webdriver.Chrome, folder: Path, address: str) -> None:
    browser.console(driver)
    driver.get(address)
    assert driver.title == "Item 1 of 5"
    (path,) = (folder / "labels").rglob("*.csv")
    press(driver, "1", "Item 2 of 5")
    press(driver, "t", "Item 3 of 5")
    press(driver, Keys.ARROW_LEFT, "Item 2 of 5")
    press(driver, "2", "Item 3 of 5")
    assert [row.label for row in read_form(path).rows] == ["1", "2", "", "", ""]
    for key, title in (("1", "Item 4 of 5"), ("1", "Item 5 of 5"), ("2", "All 5 items are labelled")):
        press(driver, key, title)
    assert all(row.label for row in read_form(path).rows)
    assert driver.execute_script("return window.attacked") is None
    assert browser.console(driver) == []


def test_the_page_is_accessible_and_a_click_labels(driver: webdriver.Chrome, folder: Path, address: str) -> None:
    source = browser.axe_source()
    for width in (1_200, 400):
        browser.resize(driver, width)
        driver.get(address)
        assert browser.violations(driver, source) == []
        assert driver.execute_script("return document.documentElement.scrollWidth <= innerWidth")
    driver.find_element(By.CSS_SELECTOR, "button[value=tie]").click()
    WebDriverWait(driver, 30).until(title_is("Item 2 of 5"))
    assert len(driver.find_elements(By.TAG_NAME, "img")) == 0
