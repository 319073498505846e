"""What all tests share."""

import gc
import os
import pkgutil
import re
import signal
import threading
from collections.abc import Generator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

SLOW = (
    "cli/test_probe_runs.py",
    "e2e/test_plugins.py",
    "e2e/test_shipped_results.py",
    "fuzz",
    "importers/test_published_",
    "reliability",
    "untrusted",
)
"""Tests of whole processes, servers, hostile input and published studies. They take as long as all others together,
and measuring their coverage would double that."""

WHOLE = (
    "api/test_run.py",
    "cli/test_claims.py",
    "cli/test_compare.py",
    "cli/test_output.py",
    "cli/test_power.py",
    "cli/test_report.py",
    "data/test_bad_input.py",
    "e2e",
    "release",
    "statistics/test_pairs.py",
    "statistics/test_properties.py",
    "statistics/test_selection.py",
    "test_docs.py",
)
"""Tests of whole runs and servers. Nothing in them depends on the version of Python that the other tests do
not show: `tox` runs them on one version only."""


@pytest.hookimpl(optionalhook=True)  # not every environment has xdist
def pytest_xdist_auto_num_workers() -> int:
    """Half as many workers again as there are processors, with `-n auto`: many tests wait for processes and servers."""
    return -(-3 * (os.cpu_count() or 1) // 2)


def pytest_configure(config: pytest.Config) -> None:
    """Let SIGINT reach the processes that tests start: what a shell runs in the background ignores it."""
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not import a file none of whose tests is run, unless it was asked for: that takes longer than many tests."""
    asked_for = {Path(argument.partition("::")[0]).resolve() for argument in config.args}
    if not collection_path.name.startswith("test_") or collection_path in asked_for:
        return None
    is_listed = collection_path.relative_to(Path(__file__).parent).as_posix().startswith((*SLOW, *WHOLE))
    expression = config.getoption("markexpr")
    if expression.startswith("not slow and not whole"):
        return is_listed or None
    if expression.startswith("(slow or whole)") and not is_listed:
        return not re.search(r"\bmark\.(slow|whole)\b", collection_path.read_text("utf-8")) or None
    return None


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Generator[None, object, object]:
    """Collect the tests without measuring coverage, and without looking for garbage in what stays to the end.

    Traced, the imports of the tests and of their libraries take three times as long. What runs when the package is
    imported is measured first.
    """
    plugin = session.config.pluginmanager.getplugin("_cov")
    is_collecting_here = session.config.getoption("dist", "no") == "no"  # with xdist, only its workers do
    measured = plugin.cov_controller if plugin and is_collecting_here else None
    if measured:
        package = import_module("harness")
        for module in pkgutil.walk_packages(package.__path__, "harness."):
            if not module.name.endswith("__main__"):
                import_module(module.name)
        measured.pause()
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()
        gc.freeze()
        if measured:
            measured.resume()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that are slow, and those that run on one version of Python only."""
    folder = Path(__file__).parent
    for item in items:
        path = item.path.relative_to(folder).as_posix()
        if path.startswith(SLOW):
            item.add_marker("slow")
        if path.startswith(WHOLE):
            item.add_marker("whole")


if find_spec("hypothesis"):  # an installed wheel is tested with nothing but pytest beside it
    from hypothesis import HealthCheck, settings

    # A slow machine is no failure; and what is checked for others must not depend on the luck of the day.
    settings.register_profile(
        "steady",
        deadline=None,
        derandomize="CI" in os.environ,
        suppress_health_check=[HealthCheck.too_slow],
        max_examples=int(os.environ.get("HARNESS_EXAMPLES", "100")),
    )
    settings.load_profile("steady")
