import os
from importlib import metadata

import pytest

from harness.doctor.machine import check_clock, check_packages, check_python, fits


@pytest.mark.parametrize(
    ("version", "state"),
    [((3, 10, 9), "failure"), ((3, 11, 0), "ok"), ((3, 13, 7), "ok"), ((3, 14, 0), "warning"), ((4, 0, 0), "warning")],
)
def test_pythons_are_told_apart_by_what_is_tested(version, state):
    found = check_python(version)
    assert found.state == state
    assert ".".join(map(str, version)) in found.message


@pytest.mark.parametrize(
    ("version", "bounds", "is_within"),
    [
        ("3.50", ">=3.50,<4", True),
        ("3.50.0", ">=3.50,<4", True),
        ("3.9.9", ">=3.50,<4", False),
        ("4.0", ">=3.50,<4", False),
        ("4", "<4", False),
        ("10.2", ">=9.8", True),
        ("6.0.3rc1", ">=6.0.2", True),
        ("1.0", "", True),
    ],
)
def test_bounds_compare_numbers_and_not_text(version, bounds, is_within):
    assert fits(version, bounds) is is_within


def test_what_is_installed_here_is_enough():
    found = list(check_packages())
    assert {finding.state for finding in found} == {"ok"}
    assert f"polars {metadata.version('polars')}" in found[-1].message
    assert "uvicorn" not in found[-1].message  # an extra is not needed


def test_a_package_that_is_missing_or_too_old_is_told_with_the_command(monkeypatch):
    monkeypatch.setattr(metadata, "requires", lambda _: ["nowhere-to-be-found>=1.2", "click>=99,<100"])
    missing, old = [finding for finding in check_packages() if finding.state == "failure"]
    assert (missing.what, missing.hint) == ("package nowhere-to-be-found", "pip install 'nowhere-to-be-found>=1.2'")
    assert old.message == f"{metadata.version('click')} is not >=99,<100"


def test_without_being_installed_nothing_is_known_of_packages(monkeypatch):
    def not_there(_):
        raise metadata.PackageNotFoundError

    monkeypatch.setattr(metadata, "requires", not_there)
    assert [finding.state for finding in check_packages()] == ["unknown"]


def test_a_clock_that_was_set_back_is_noticed(tmp_path):
    file = tmp_path / "written"
    file.touch()
    os.utime(file, (10_000, 10_000))
    assert check_clock(10_000, [file]).state == "ok"
    assert check_clock(9_900, [file]).state == "ok"
    behind = check_clock(2_800, [file, tmp_path / "not-there"])
    assert behind.state == "warning"
    assert "2.0 hours behind" in behind.message


def test_nothing_to_hold_the_clock_against_is_no_fault(tmp_path):
    assert check_clock(0, [tmp_path / "not-there"]).state == "ok"
