"""Benchmarks: each script is run by `tox -e bench`."""

from __future__ import annotations

import configparser
import re

from support.paths import ROOT

BENCHMARKS = ROOT / "tests" / "benchmarks"


def test_every_benchmark_is_run_by_tox():
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    named = set(re.findall(r"bench_\w+\.py", tox["testenv:bench"]["commands"]))
    assert named == {path.name for path in BENCHMARKS.glob("bench_*.py")}
