"""The viewer and the report as people use them, in headless Chromium."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from click.testing import CliRunner

pytest.importorskip("selenium")

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.expected_conditions import url_contains
from selenium.webdriver.support.ui import Select, WebDriverWait

from harness.api import load_spec, run_spec
from harness.cli import main
from support import browser
from support.paths import ROOT
from support.viewed_runs import evaluated, pair

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

ATTACK = (
    "<script>window.attacked=1</script><img src=x onerror='window.attacked=1'>\" onmouseover=\"window.attacked=1 "
    "</style></title></textarea><style>body{display:none}</style><base href='//evil.example/'> javascript:alert(1) "
    "<svg onload=window.attacked=1> <iframe src='javascript:window.attacked=1'></iframe> \u202e\u2066 {{ 7*7 }}"
)
FOREIGN = "script, img, iframe, object, embed, link, base, style ~ style, [onerror], [onload], [onmouseover]"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs of two shipped specs, and one of data that attack."""
    folder = tmp_path_factory.mktemp("browser")
    shutil.copytree(ROOT / "specs", folder / "specs")
    for name in ("quickstart", "feedback-loops"):
        spec = load_spec(folder / "specs" / f"{name}.yaml")
        run_spec(spec, cache=folder / "cache", results=folder / "results")
    fields = ("id", "prompt", "response_a", "category", "model_a", "cluster", "reference")
    rows = [pair(1, **dict.fromkeys(fields, ATTACK)), pair(2, response_b="y" * 1_000_000)]
    files = evaluated(folder / "attack", [*rows, *(pair(number) for number in range(3, 9))])
    shutil.move(files.folder.parent, folder / "results" / "many-modes")
    return folder


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    if browser.chromium() is None:
        reason = "chromium and chromedriver are not installed (Debian: chromium, chromium-driver)"
        if os.environ.get("HARNESS_BROWSER") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    with browser.opened(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture(scope="module")
def home(folder: Path, driver: webdriver.Chrome) -> Iterator[str]:
    with browser.served(folder, "--cache", "cache", "--data", "attack") as address:
        yield address


def run_of(folder: Path, spec: str) -> str:
    (run,) = (folder / "results" / spec).iterdir()
    return f"/runs/{spec}/{run.name}/"


def clicked(driver: webdriver.Chrome, text: str) -> None:
    driver.find_element(By.LINK_TEXT, text).click()


def text_of(driver: webdriver.Chrome) -> str:
    return driver.find_element(By.TAG_NAME, "body").text


def pages_of(folder: Path) -> list[str]:
    """One address of every page, of the run that attacks where it has the page."""
    quick, loops, attack = (run_of(folder, name) for name in ("quickstart", "feedback-loops", "many-modes"))
    item = f"item?dataset=pairs&item={quote(ATTACK)}&cell=*"
    return [
        "/",
        quick,
        f"{quick}differences",
        f"{quick}cells",
        loops,
        f"{loops}items",
        f"{loops}item?dataset={quote('village-tasks/master-vs-writer')}&item=task-001&cell=*",
        f"{loops}loop?system={quote('village-tasks/writer+master')}&item=task-001",
        attack,
        f"{attack}items?text={quote(ATTACK)}",
        f"{attack}{item}",
        f"{attack}item?dataset=pairs&item=p2",
    ]


def test_click_through_from_the_list_of_runs_to_a_conversation_and_back(driver, home, folder):
    browser.resize(driver, 1280)
    driver.get(f"{home}/")
    clicked(driver, "quickstart")
    WebDriverWait(driver, 60).until(url_contains("/runs/quickstart/"))
    assert driver.find_element(By.TAG_NAME, "h1").text == "quickstart"
    clicked(driver, "Items")
    WebDriverWait(driver, 60).until(url_contains("/items"))
    Select(driver.find_element(By.NAME, "show")).select_by_visible_text("cells disagree")
    Select(driver.find_element(By.NAME, "sort")).select_by_visible_text("most telling first")
    driver.find_element(By.NAME, "text").send_keys("market")
    driver.find_element(By.CSS_SELECTOR, "form.filters button").click()
    WebDriverWait(driver, 60).until(url_contains("show=disagree"))
    filtered = driver.current_url
    shown = [row.text for row in driver.find_elements(By.CSS_SELECTOR, "tbody th a")]
    assert 0 < len(shown) < 50
    clicked(driver, shown[0])
    WebDriverWait(driver, 60).until(url_contains("item?"))
    assert f"Item {shown[0]}" in text_of(driver)
    clicked(driver, "independent-10/judge:master")
    WebDriverWait(driver, 60).until(url_contains("cell="))
    marks = [mark.text for mark in driver.find_elements(By.TAG_NAME, "mark")]
    assert marks
    assert all(mark.startswith("Score: ") for mark in marks)
    assert "impartial" not in text_of(driver)
    driver.find_element(By.XPATH, "//summary[starts-with(., 'Messages sent')]").click()
    assert "impartial" in text_of(driver), "the message of the system is shown"
    driver.get(filtered)  # the address alone brings the state back
    assert Select(driver.find_element(By.NAME, "show")).first_selected_option.text == "cells disagree"
    assert [row.text for row in driver.find_elements(By.CSS_SELECTOR, "tbody th a")] == shown


def test_the_numbers_on_the_pages_are_those_of_the_leaderboard(driver, home, folder):
    driver.get(home + run_of(folder, "quickstart"))
    board = json.loads(next((folder / "results" / "quickstart").glob("*/leaderboard.json")).read_bytes())
    rows = [row.text.replace("\u2212", "-") for row in driver.find_elements(By.CSS_SELECTOR, "tbody tr")]
    for expected in board["rows"]:
        figure = expected["metrics"][board["metric"]]
        values = [f"{figure[key]:.3f}" for key in ("value", "low", "high")]
        judge, strategy = expected["models"][0], expected["strategy"]
        assert any(judge in row and strategy in row and all(one in row for one in values) for row in rows), expected


@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_has_an_accessibility_violation_or_scrolls_sideways(driver, home, folder, width):
    source = browser.axe_source()
    browser.resize(driver, width)
    found = {}
    for address in pages_of(folder):
        driver.get(home + address)
        wide = driver.execute_script("return document.documentElement.scrollWidth")
        found[address] = [*browser.violations(driver, source), *([("scroll", wide)] if wide > width else [])]
    assert {address: faults for address, faults in found.items() if faults} == {}


def test_texts_that_attack_run_nothing_load_nothing_and_change_nothing(driver, home, folder):
    browser.resize(driver, 1280)
    for address in pages_of(folder):
        browser.console(driver)
        driver.get(home + address)
        assert browser.console(driver) == []
        assert driver.execute_script("return window.attacked") is None
        assert driver.find_elements(By.CSS_SELECTOR, FOREIGN) == []
        assert driver.execute_script("return getComputedStyle(document.body).display") == "block"
        hrefs = [link.get_attribute("href") for link in driver.find_elements(By.TAG_NAME, "a")]
        assert all(href.startswith(home) for href in hrefs)
    assert "⟨U+202E⟩" in text_of(driver) or "p2" in text_of(driver)


def test_a_script_would_be_stopped_by_the_policy(driver, home):
    driver.get(f"{home}/")
    browser.console(driver)
    driver.execute_script(
        "const s = document.createElement('script'); s.text = 'window.ran = 1'; document.body.append(s)"
    )
    assert driver.execute_script("return window.ran") is None
    assert any("Content Security Policy" in line for line in browser.console(driver))


def test_the_keyboard_reaches_the_content_first(driver, home, folder):
    driver.get(home + run_of(folder, "quickstart"))
    driver.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert driver.switch_to.active_element.text == "Skip to the content"


def test_a_page_prints_to_pdf(driver, home, folder):
    driver.get(home + run_of(folder, "quickstart"))
    pdf = base64.b64decode(driver.print_page())
    assert pdf.startswith(b"%PDF-")
    assert len(pdf) > 10_000


def test_the_report_is_one_accessible_file_with_the_same_bytes_in_every_folder(driver, folder, tmp_path, monkeypatch):
    source = browser.axe_source()
    for spec in ("quickstart", "many-modes"):
        (run,) = (folder / "results" / spec).iterdir()
        made = []
        for place in ("one", "two"):
            copy = tmp_path / place / spec / run.name
            shutil.copytree(run, copy)
            out = tmp_path / f"{place}-{spec}.html"
            done = CliRunner().invoke(main, ["report", str(copy), "--out", str(out)])
            assert done.exit_code == 0, done.output
            made.append(out.read_bytes())
        assert made[0] == made[1]
        browser.resize(driver, 1280)
        browser.console(driver)
        driver.get(out.as_uri())
        assert browser.console(driver) == []
        assert driver.execute_script("return window.attacked") is None
        assert browser.violations(driver, source) == []
        assert base64.b64decode(driver.print_page()).startswith(b"%PDF-")
