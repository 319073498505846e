"""Plug-ins of installed distributions as a spec meets them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness import registry
from harness.errors import SpecError
from harness.generation.spec import load_generation
from harness.spec.evaluation import load_spec
from harness.spec.personas import built_in as built_in_personas
from harness.spec.schema import load_schema
from harness.spec.strategies import built_in as built_in_strategy
from support.plugins import SAMPLE, installed, write_distribution, write_specs

PROVIDER = "SUMMARY = 'p'\nSETTINGS = {}\nmodel_id = connect = None\n"
SPEC = """\
schema: 1
name: s
datasets: {d: {path: d.jsonl}}
models: {m: {provider: PROVIDER}}
matrix: {dataset: [d], strategy: [STRATEGY], evaluator: [EVALUATOR]}
score: {metrics: [METRIC]}
"""
SOUND = {"PROVIDER": "simulated", "STRATEGY": "direct", "EVALUATOR": "{judge: m}", "METRIC": "kappa"}


def spec_in(folder: Path, **changed: str) -> Path:
    text = SPEC
    for key, value in {**SOUND, **changed}.items():
        text = text.replace(key, value)
    (folder / "d.jsonl").write_text("")
    (folder / "s.yaml").write_text(text)
    return folder / "s.yaml"


def problems_of(path: Path) -> list[str]:
    with pytest.raises(SpecError, match=r"^s\.yaml:") as caught:
        load_spec(path, "s.yaml")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("kind", "changed", "place"),
    [
        ("providers", {"PROVIDER": "bad"}, "s.yaml:4:24: models.m.provider"),
        ("modes", {"EVALUATOR": "{bad: m}"}, "s.yaml:5:57: matrix.evaluator[0].bad"),
        ("metrics", {"METRIC": "bad"}, "s.yaml:6:19: score.metrics[0]"),
        ("strategies", {"STRATEGY": "bad"}, "s.yaml:5:35: matrix.strategy[0]"),
    ],
)
def test_a_broken_plugin_is_a_problem_at_its_place(
    tmp_path: Path, kind: str, changed: dict[str, str], place: str
) -> None:
    write_distribution(tmp_path / "dist", "bad-dist", {f"harness.{kind}/bad": "bad_module"}, {})
    with installed(tmp_path / "dist"):
        (problem,) = problems_of(spec_in(tmp_path, **changed))
    assert problem.partition(": the plug-in")[0].rstrip() == place
    assert f"the plug-in `bad` (harness.{kind}) of bad-dist 1.0 cannot be used: `bad_module` cannot be" in problem


def test_problems_of_plugins_are_told_with_all_others(tmp_path: Path) -> None:
    points = {"harness.metrics/bad": "no_module", "harness.providers/bad": "no_module"}
    write_distribution(tmp_path / "dist", "bad-dist", points, {})
    with installed(tmp_path / "dist"):
        found = problems_of(spec_in(tmp_path, PROVIDER="bad", METRIC="bad", STRATEGY="drect"))
    assert len(found) == 3
    assert "there is no strategy `drect`" in found[1]


@pytest.mark.parametrize(
    ("fragment", "message"),
    [
        ("{", "its schema fragment is not valid JSON"),
        ("[]", "its schema fragment is not a valid JSON Schema"),
        ("true", "its schema fragment is not a JSON object"),
        ('{"properties": 3}', "its schema fragment is not a valid JSON Schema: 3 is not of type 'object'"),
        (
            '{"properties": {"x": {"anyOf": [{"$ref": "experiment.schema.json#/$defs/no"}]}}}',
            "its schema fragment refers to `experiment.schema.json#/$defs/no`, which does not exist",
        ),
    ],
)
def test_a_broken_schema_fragment_is_a_problem_where_it_is_used(tmp_path: Path, fragment: str, message: str) -> None:
    files = {"good.py": PROVIDER, "half.schema.json": fragment}
    write_distribution(tmp_path / "dist", "half-dist", {"harness.providers/half": "good"}, files)
    with installed(tmp_path / "dist"):
        load_spec(spec_in(tmp_path))
        assert load_schema("experiment")["$defs"]["provider-half"]["properties"]["provider"] == {"const": "half"}
        (problem,) = problems_of(spec_in(tmp_path, PROVIDER="half"))
    assert f"the plug-in `half` (harness.providers) of half-dist 1.0 cannot be used: {message}" in problem


def test_a_fragment_is_found_without_importing_its_module(tmp_path: Path) -> None:
    files = {"good.py": "1 / 0", "lazy.schema.json": '{"properties": {"x": {"type": "integer"}}}'}
    write_distribution(tmp_path, "lazy-dist", {"harness.providers/lazy": "good"}, files)
    with installed(tmp_path):
        assert set(load_schema("experiment")["$defs"]["provider-lazy"]["properties"]) == {"provider", "x"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("schema: [", "bad.yaml"),
        ("schema: 1\nname: bad\n", "the key `ask` is missing"),
        ("3\n", "wants a mapping, not the number 3"),
    ],
)
def test_a_strategy_that_its_schema_refuses_names_its_distribution(tmp_path: Path, text: str, message: str) -> None:
    files = {"texts/__init__.py": "", "texts/bad.yaml": text}
    write_distribution(tmp_path, "texts-dist", {"harness.strategies/bad": "texts"}, files)
    with installed(tmp_path), pytest.raises(registry.PluginError, match=re.escape(message)) as caught:
        built_in_strategy("bad")
    assert "of texts-dist 1.0 cannot be used: bad.yaml" in str(caught.value)


def test_installed_texts_are_read(tmp_path: Path) -> None:
    with installed(SAMPLE):
        assert built_in_strategy("sample-which").ask == "pair"
        assert [persona.name for persona in built_in_personas("sample-panel")] == ["First", "Second"]


def test_a_generation_reports_broken_plugins_at_their_places(tmp_path: Path) -> None:
    write_specs(tmp_path)
    points = {f"harness.{kind}/{name}": "gone" for kind, name in (("modes", "sample-ask"), ("reviews", "lost"))}
    write_distribution(tmp_path / "dist", "bad-dist", points, {})
    text = (tmp_path / "looped.yaml").read_text().replace("sample-review", "lost")
    (tmp_path / "looped.yaml").write_text(text)
    with installed(SAMPLE, tmp_path / "dist"), pytest.raises(SpecError, match="lost") as caught:
        load_generation(tmp_path / "looped.yaml")
    places = [problem.path for problem in caught.value.problems]
    assert "loop.review" in places
    assert "compare.evaluator[0].sample-ask" in places
