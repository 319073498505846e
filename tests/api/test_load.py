"""Specs from files, YAML text and mappings."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

import harness
from support.paths import ROOT

QUICKSTART = ROOT / "specs/quickstart.yaml"


def as_mapping() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(QUICKSTART.read_text(encoding="utf-8"))
    return loaded


def test_a_file_yaml_text_and_a_mapping_are_the_same_spec() -> None:
    from harness.spec.digest import spec_digest

    specs = [
        harness.load_spec(QUICKSTART),
        harness.load_spec(str(QUICKSTART)),
        harness.load_spec(QUICKSTART.read_text(encoding="utf-8"), folder=QUICKSTART.parent),
        harness.load_spec(as_mapping(), folder=QUICKSTART.parent),
    ]
    assert len({spec_digest(spec) for spec in specs}) == 1
    assert len({harness.make_plan(spec).digest for spec in specs}) == 1


def test_problems_of_yaml_text_have_lines_and_those_of_a_mapping_paths() -> None:
    text = QUICKSTART.read_text(encoding="utf-8").replace("strategy:", "stratgy:")
    with pytest.raises(harness.SpecError, match=r"<spec>:\d+:\d+: matrix\.stratgy: unknown key `stratgy`"):
        harness.load_spec(text, folder=QUICKSTART.parent)
    broken = as_mapping()
    broken["matrix"]["stratgy"] = broken["matrix"].pop("strategy")
    with pytest.raises(harness.SpecError, match=r"<spec>: matrix\.stratgy: unknown key `stratgy`"):
        harness.load_spec(broken, folder=QUICKSTART.parent)


@pytest.mark.parametrize("value", [object(), float("nan"), {1, 2}])
def test_a_mapping_holds_plain_data(value: object) -> None:
    with pytest.raises(harness.SpecError, match="is not plain data"):
        harness.load_spec({"schema": value})


def test_paths_of_a_mapping_stay_inside_its_folder() -> None:
    with pytest.raises(harness.SpecError, match="leads out of the folder"):
        harness.load_spec(as_mapping() | {"datasets": {"x": {"path": "../../etc/passwd"}}}, folder=QUICKSTART.parent)


def test_reprs_are_short() -> None:
    spec = harness.load_spec(QUICKSTART)
    assert repr(spec) == "<Spec 'quickstart': 12 cells, 3 models>"
    assert repr(harness.make_plan(spec)).startswith("<Plan quickstart: 12 cells, ")
    loops = harness.load_spec(ROOT / "specs/feedback-loops.yaml")
    assert repr(loops).startswith("<GenerationSpec 'feedback-loops': ")


@pytest.mark.parametrize("name", ["HarnessError", "SpecError", "DatasetError", "MissingRepliesError"])
def test_the_errors_are_part_of_the_api(name: str) -> None:
    assert issubclass(getattr(harness, name), harness.HarnessError)
    assert name in dir(harness)
