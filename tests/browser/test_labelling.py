"""The page on which items are labelled, by keyboard, in headless Chromium."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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

NUMBERS = """
schema: 1
responses: single
labels: number
name: essays
datasets: {essays: {path: essays.jsonl}}
models: {mild: {provider: simulated}}
matrix: {dataset: [essays], strategy: [rating-10], evaluator: [{judge: [mild]}]}
"""
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


@contextmanager
def labelled(folder: Path, run: str) -> Iterator[str]:
    """The address of the label page of a run."""
    command = [sys.executable, "-m", "harness", "label", "page", run, "--port", "0", "--no-browser"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True, env={**os.environ})
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[0]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def labels_of(folder: Path) -> list[str]:
    (path,) = (folder / "labels").rglob("*.csv")
    return [row.label for row in read_form(path).rows]


def waits(driver: webdriver.Chrome, title: str) -> None:
    WebDriverWait(driver, 30).until(title_is(title))


def test_rankings_are_made_by_keyboard_and_by_mouse(driver: webdriver.Chrome, tmp_path: Path) -> None:
    folder = run_commands(
        tmp_path, ["new", "--kind", "many", "drafts"], ["run", "drafts.yaml"], ["label", "next", "drafts", "--n", "3"]
    )
    browser.console(driver)
    source = browser.axe_source()
    with labelled(folder, "drafts") as address:
        driver.get(address)
        assert browser.violations(driver, source) == []
        count = len(driver.find_elements(By.CSS_SELECTOR, "h2[id^=response-]"))
        body = lambda: driver.find_element(By.TAG_NAME, "body")  # noqa: E731
        so_far = lambda text: WebDriverWait(driver, 30).until(lambda seen: text in seen.page_source)  # noqa: E731
        body().send_keys("2")
        so_far("From the best: 2<")
        body().send_keys("=")
        so_far("From the best: 2 =<")
        body().send_keys(Keys.BACKSPACE)
        so_far("From the best: 2<")
        assert browser.violations(driver, source) == []
        body().send_keys(Keys.ENTER)
        waits(driver, "Item 2 of 3")
        others = "=".join(str(number) for number in range(1, count + 1) if number != 2)
        assert labels_of(folder)[0] == f"2>{others}"
        for _ in range(25):  # by mouse, until the rest follows
            if found := driver.find_elements(By.CSS_SELECTOR, "button[value*='>']"):
                found[0].click()
                break
            driver.find_elements(By.CSS_SELECTOR, "nav[aria-label=Ranking] a")[0].click()
        waits(driver, "Item 3 of 3")
        assert labels_of(folder)[1].startswith("1>2")
        body().send_keys(Keys.ARROW_LEFT)
        waits(driver, "Item 2 of 3")
        body().send_keys(Keys.BACKSPACE)
        so_far("1 of 3 labelled")
        assert labels_of(folder)[1] == ""
    assert browser.console(driver) == []


def test_numbers_are_typed_and_saved_by_enter(driver: webdriver.Chrome, tmp_path: Path) -> None:
    rows = [{"id": f"e{k}", "prompt": f"Write {k}.", "response": f"essay {k}"} for k in range(12)]
    (tmp_path / "essays.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    (tmp_path / "essays.yaml").write_text(NUMBERS, "utf-8")
    folder = run_commands(tmp_path, ["run", "essays.yaml"], ["label", "next", "essays", "--n", "3"])
    browser.console(driver)
    with labelled(folder, "essays") as address:
        driver.get(address)
        assert browser.violations(driver, browser.axe_source()) == []
        driver.switch_to.active_element.send_keys("7.5", Keys.ENTER)
        waits(driver, "Item 2 of 3")
        driver.switch_to.active_element.send_keys("11", Keys.ENTER)  # the field refuses it
        driver.switch_to.active_element.send_keys(Keys.PAGE_UP)
        waits(driver, "Item 1 of 3")
        assert labels_of(folder) == ["7.5", "", ""]
        driver.find_element(By.XPATH, "//button[contains(., 'Remove')]").click()
        WebDriverWait(driver, 30).until(lambda seen: "0 of 3 labelled" in seen.page_source)
        assert labels_of(folder) == ["", "", ""]
    assert browser.console(driver) == []
