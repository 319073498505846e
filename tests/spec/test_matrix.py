"""Axes multiply, `exclude` takes away, and the order is that of the file."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from harness import registry
from harness.spec import matrix
from harness.spec.checks import CheckedDocument
from harness.spec.matrix import Names, cells_of, matrix_problems
from harness.spec.yaml import parse_yaml

NAMES = Names(("d1", "d2"), ("s1", "s2"), ("m1", "m2", "m3"))


@pytest.fixture
def with_pairs(monkeypatch):
    """A second mode, `pair`, in which models come in twos and one setting is passed on."""
    find = registry.find

    def expand(wanted, models):
        yield tuple(wanted["of"]), {"rounds": wanted.get("rounds", 1)}

    fake = SimpleNamespace(expand=expand, converse=None)
    monkeypatch.setattr(registry, "find", lambda folder, name: fake if name == "pair" else find(folder, name))


def problems_of(text: str) -> list[str]:
    return [str(problem) for problem in matrix_problems(CheckedDocument(parse_yaml(text, "f"), []), NAMES)]


def ids_of(text: str) -> list[str]:
    return [cell.id for cell in cells_of(parse_yaml(text, "f").value["matrix"], NAMES.models)]


def test_axes_multiply_in_the_order_of_the_file():
    text = "matrix: {dataset: [d2, d1], strategy: [s2, s1], evaluator: [{judge: [m2, m1]}, {judge: m3}]}"
    assert problems_of(text) == []
    assert ids_of(text) == [
        "d2/s2/judge:m2",
        "d2/s2/judge:m1",
        "d2/s2/judge:m3",
        "d2/s1/judge:m2",
        "d2/s1/judge:m1",
        "d2/s1/judge:m3",
        "d1/s2/judge:m2",
        "d1/s2/judge:m1",
        "d1/s2/judge:m3",
        "d1/s1/judge:m2",
        "d1/s1/judge:m1",
        "d1/s1/judge:m3",
    ]


@pytest.mark.parametrize(
    ("exclude", "left"),
    [
        ("[]", ["d1/s1/judge:m1", "d1/s1/judge:m2", "d1/s2/judge:m1", "d1/s2/judge:m2"]),
        ("[{strategy: s1}]", ["d1/s2/judge:m1", "d1/s2/judge:m2"]),
        ("[{model: m1}]", ["d1/s1/judge:m2", "d1/s2/judge:m2"]),
        ("[{strategy: s1, model: m1}]", ["d1/s1/judge:m2", "d1/s2/judge:m1", "d1/s2/judge:m2"]),
        ("[{strategy: s1, model: m1}, {strategy: s2, model: m2}]", ["d1/s1/judge:m2", "d1/s2/judge:m1"]),
        ("[{strategy: s1}, {strategy: s1, dataset: d1}]", ["d1/s2/judge:m1", "d1/s2/judge:m2"]),
    ],
)
def test_exclude_takes_partial_matches_away(exclude, left):
    text = f"matrix: {{dataset: [d1], strategy: [s1, s2], evaluator: [{{judge: [m1, m2]}}], exclude: {exclude}}}"
    assert problems_of(text) == []
    assert ids_of(text) == left


def test_a_mode_says_what_its_cells_are(with_pairs):
    text = "matrix: {dataset: [d1], strategy: [s1], evaluator: [{pair: {of: [m1, m2], rounds: 2}}, {judge: m1}]}"
    assert problems_of(text) == []
    first, second = cells_of(parse_yaml(text, "f").value["matrix"], NAMES.models)
    assert (first.id, first.settings) == ("d1/s1/pair:m1+m2", {"rounds": 2})
    assert (second.id, second.settings) == ("d1/s1/judge:m1", {})


def test_an_exclusion_whose_parts_occur_but_never_together_matches_nothing(with_pairs):
    text = (
        "matrix:\n  dataset: [d1]\n  strategy: [s1]\n  evaluator: [{pair: {of: [m1, m2]}}, {judge: m3}]\n"
        "  exclude:\n    - {evaluator: judge, model: m1}\n"
    )
    assert problems_of(text) == [
        "f:6:7: matrix.exclude[0]: this matches no cell; remove it, or remove a key from it",
    ]
    assert problems_of(text.replace("model: m1", "model: m3")) == []


def test_an_unknown_model_is_found_wherever_a_mode_keeps_it(with_pairs):
    text = "matrix: {dataset: [d1], strategy: [s1], evaluator: [{pair: {rounds: 1, of: [m1, m4]}}]}"
    assert problems_of(text) == [
        "f:1:81: matrix.evaluator[0].pair.of[1]: there is no model `m4`; known: `m1`, `m2`, `m3`"
    ]


def test_the_same_evaluator_twice(with_pairs):
    text = "matrix: {dataset: [d1], strategy: [s1], evaluator: [{pair: {of: [m1, m2]}}, {pair: {of: [m1, m2]}}]}"
    assert problems_of(text) == [
        "f:1:90: matrix.evaluator[1].pair.of[0]: the evaluator `pair:m1+m2` occurs twice; remove one"
    ]


def test_more_cells_than_anybody_compares(monkeypatch):
    monkeypatch.setattr(matrix, "MAX_CELLS", 3)
    text = "matrix: {dataset: [d1], strategy: [s1, s2], evaluator: [{judge: [m1, m2]}]}"
    assert problems_of(text) == ["f:1:9: matrix: it has 4 cells; at most 3 are allowed"]
