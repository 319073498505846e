"""The list of attacks names tests that are there."""

import re

import pytest

from support.paths import ROOT

NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "tests/untrusted/README.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("file", "test"), NAMED, ids=[test for _, test in NAMED])
def test_every_test_that_is_named_is_there(file: str, test: str) -> None:
    assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8")


def test_every_attack_here_is_listed() -> None:
    listed = {test for _, test in NAMED}
    for name in ("test_paths.py", "test_bombs.py", "test_texts.py", "test_handed_over.py", "test_secrets.py"):
        tests = re.findall(r"^def (test_\w+)\(", (ROOT / "tests/untrusted" / name).read_text(encoding="utf-8"), re.M)
        assert listed & set(tests), name
