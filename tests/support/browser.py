"""Headless Chromium, and the viewer as a process."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import files
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
)


def chromium() -> tuple[str, str] | None:
    """The paths of Chromium and its driver, None where they are not installed."""
    browser, driver = shutil.which("chromium") or shutil.which("google-chrome"), shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


@contextmanager
def opened(profile: Path) -> Iterator[webdriver.Chrome]:
    """A browser with an empty profile that keeps its console."""
    found = chromium()
    assert found, "the caller checks that Chromium is installed"
    options = Options()
    options.binary_location = found[0]
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(found[1]))
    try:
        yield driver
    finally:
        driver.quit()


def resize(driver: webdriver.Chrome, width: int, height: int = 900) -> None:
    """Make the page as wide as a screen or a phone."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def axe_source() -> str:
    """The script of axe-core."""
    found = next(file for file in files("axe-playwright-python") or () if file.name == "axe.min.js")
    return found.read_text(encoding="utf-8")


def violations(driver: webdriver.Chrome, source: str) -> list[tuple[str, str]]:
    """What axe-core finds on the page: rule, and the HTML of the first node."""
    driver.execute_script(source)
    found: Mapping[str, Any] = driver.execute_async_script("axe.run().then(arguments[0])")
    return [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]]


def console(driver: webdriver.Chrome) -> list[str]:
    """What the browser wrote to its console since the last call."""
    return [entry["message"] for entry in driver.get_log("browser")]


@contextmanager
def served(folder: Path, *arguments: str) -> Iterator[str]:
    """The address of `harness view` in a folder, which ends with the context by Ctrl-C."""
    command = [sys.executable, "-m", "harness", "view", "--port", "0", "--no-browser", *arguments]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True, env={**os.environ})
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split()[0].removesuffix("/")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 0, "Ctrl-C ends the viewer with 0"
