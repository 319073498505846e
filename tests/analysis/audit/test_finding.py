"""Findings of probes from their figures."""

import pytest

from harness.analysis.audit.finding import DESCRIBED, Finding
from harness.analysis.audit.probe import find_probe, finding_of
from harness.records.figures import Figure

CLEAR, UNCLEAR = Figure(0.3, 0.1, 0.5), Figure(0.1, -0.1, 0.3)
LOWER = Figure(-0.3, -0.5, -0.1)
NONE = Figure(None, reason="no labels")
FAMILY = ("family.judge", "family.difference", "family.beyond-quality")
RATE = "alternative-annotator.winning-rate"


def slopes(difference, beyond):
    return {"length.judge": CLEAR, "length.difference": difference, "length.beyond-quality": beyond}


def position(p, excess=None):
    figures = {
        "position.flip-rate": CLEAR,
        "position.slot-preference": Figure(0.2, 0.1, 0.4),
        "position.slot-preference.p-value": Figure(p),
    }
    return figures if excess is None else figures | {"position.excess-flip-rate": excess}


def padding(effect, q):
    return {"padding.effect": effect, "padding.q-value": Figure(q)}


CASES = [
    ("length", slopes(CLEAR, CLEAR), ("found", "length.beyond-quality", "positive", True)),
    ("length", slopes(LOWER, LOWER), ("found", "length.beyond-quality", "negative", True)),
    ("length", slopes(CLEAR, UNCLEAR), ("nothing", "length.difference", "none", False)),
    ("length", slopes(CLEAR, NONE), ("nothing", "length.difference", "none", False)),
    ("length", slopes(UNCLEAR, UNCLEAR), ("nothing", "length.difference", "none", False)),
    ("length", slopes(NONE, NONE), ("unknown", "", "none", False)),
    ("family", dict.fromkeys(FAMILY, NONE), ("unknown", "", "none", False)),
    ("position", position(0.01), ("found", "position.slot-preference", "negative", True)),
    ("position", position(0.2), ("nothing", "position.slot-preference", "none", False)),
    ("position", position(0.2, CLEAR), ("found", "position.excess-flip-rate", "positive", True)),
    ("position", position(0.2, UNCLEAR), ("nothing", "position.excess-flip-rate", "none", False)),
    ("position", {"position.flip-rate": NONE}, ("unknown", "", "none", False)),
    ("padding", padding(CLEAR, 0.01), ("found", "padding.effect", "positive", True)),
    ("padding", padding(CLEAR, 0.2), ("nothing", "padding.effect", "none", False)),
    ("padding", padding(NONE, None), ("unknown", "", "none", False)),
    ("constant", {"constant.gain": CLEAR}, ("nothing", "constant.gain", "positive", True)),
    ("constant", {"constant.gain": UNCLEAR}, ("found", "constant.gain", "none", False)),
    ("constant", {"constant.gain": LOWER}, ("found", "constant.gain", "negative", True)),
    ("constant", {"constant.gain": NONE}, ("unknown", "", "none", False)),
    ("ceiling", {"ceiling.difference": LOWER}, ("found", "ceiling.difference", "negative", True)),
    ("marginals", {"marginals.tie.excess": UNCLEAR}, ("nothing", "marginals.tie.excess", "none", False)),
    ("alternative-annotator", {RATE: Figure(1.0)}, ("nothing", RATE, "positive", True)),
    ("alternative-annotator", {RATE: Figure(0.0)}, ("found", RATE, "none", False)),
    ("alternative-annotator", {RATE: NONE}, ("unknown", "", "none", False)),
    ("failures", {"failures.all": Figure(0.0)}, ("nothing", "failures.all", "none", False)),
    ("failures", {"failures.all": Figure(0.1)}, ("found", "failures.all", "positive", True)),
    ("failures", {"failures.all": NONE}, ("unknown", "", "none", False)),
    ("self-agreement", {"self-agreement.repeats": Figure(1.0)}, ("nothing", "self-agreement.repeats", "none", False)),
    ("self-agreement", {"self-agreement.repeats": Figure(0.9)}, ("found", "self-agreement.repeats", "negative", True)),
    ("self-agreement", {"self-agreement.repeats": NONE}, ("unknown", "", "none", False)),
    ("win-rate", {"win-rate.half": Figure(0.5)}, ("described", "", "none", False)),
    ("win-rate", {"win-rate.half": NONE}, ("unknown", "", "none", False)),
    ("rankings", {"rankings.win-rate.kendall": Figure(1.0)}, ("described", "", "none", False)),
    ("rankings", {"rankings.win-rate.kendall": NONE}, ("unknown", "", "none", False)),
]  # fmt: skip


@pytest.mark.parametrize(("probe", "figures", "expected"), CASES)
def test_a_finding_follows_from_the_figures(probe, figures, expected):
    found = find_probe(probe).finding(figures)
    assert (found.kind, found.effect, found.direction, found.is_claimed) == expected
    assert found.reason == ("no labels" if found.kind == "unknown" else "")


def test_a_probe_without_a_finding_describes():
    class Plain:
        SUMMARY = "plain: nothing"

        def figures(self, audited):
            return {}

        def sentence(self, figures):
            return "not distinguishable from 0"

    assert finding_of(Plain(), {}) is DESCRIBED


def test_a_finding_as_json_has_null_for_what_it_lacks():
    assert Finding("unknown", reason="no labels").to_json() == {
        "kind": "unknown", "effect": None, "direction": "none", "is_claimed": False, "reason": "no labels",
    }  # fmt: skip
