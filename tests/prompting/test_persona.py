"""Personas: those that the package ships, those of a spec, and what becomes of them in its cells."""

from __future__ import annotations

import re
import textwrap
from importlib import resources
from pathlib import Path

import pytest

from harness import registry
from harness.errors import SpecError
from harness.prompting.persona import Persona, persona_faults, personas_from, personas_json
from harness.records.experiment import Cell
from harness.spec.evaluation import load_spec
from harness.spec.personas import built_in
from harness.spec.schema import check
from harness.spec.yaml import parse_yaml
from support.paths import ROOT, TEST_SPECS

SPECS = TEST_SPECS
DUO = (Persona("Ann", "You like red."), Persona("Bob", "You like blue."))


class TestBuiltIn:
    @pytest.mark.parametrize("name", registry.names("personas"))
    def test_files_are_valid_and_called_by_their_names(self, name: str) -> None:
        text = resources.files("harness.prompting.personas").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
        document = parse_yaml(text, name)
        assert check(document, "personas") == []
        assert document.value["name"] == name
        assert document.value["summary"]
        assert list(persona_faults(built_in(name))) == []

    def test_the_default_ones(self) -> None:
        assert [persona.name for persona in built_in("default")] == ["General public", "Psychologist", "Critic"]

    def test_an_unknown_name_is_a_key_error(self) -> None:
        with pytest.raises(KeyError, match="nobody"):
            built_in("nobody")


def test_personas_can_be_written_and_read_again() -> None:
    assert personas_from(personas_json(DUO)) == DUO


@pytest.mark.parametrize(
    ("names", "places"),
    [
        pytest.param(["Ann", "Bob"], [], id="two"),
        pytest.param(["Ann", "Ann"], [(1, "name")], id="twice"),
        pytest.param(["Ann", "Bob", "ANN", "bob"], [(2, "name"), (3, "name")], id="but-for-capitals"),
    ],
)
def test_names_are_unique(names: list[str], places: list[tuple[object, ...]]) -> None:
    faults = persona_faults([Persona(name, "x") for name in names])
    assert [place for place, _, _ in faults] == places


def debates() -> dict[str, Cell]:
    """The debates of a spec that has many, by evaluator."""
    spec = load_spec(SPECS / "valid" / "debates.yaml", allow_paths=[SPECS])
    return {cell.evaluator: cell for cell in spec.cells if cell.mode == "debate"}


class TestInASpec:
    @pytest.mark.parametrize(
        ("evaluator", "names"),
        [
            ("debate:small", ["General public", "Psychologist", "Critic"]),
            ("debate:small(rounds=1)", ["General public", "Psychologist", "Critic"]),
            ("debate:small+small+large(personas=trio)", ["Ann", "Bob", "Eve"]),
            ("debate:large+large(personas=Ann+Bob)", ["Ann", "Bob"]),
            ("debate:large(personas=inline)", ["Ann", "Bob"]),
        ],
    )
    def test_a_cell_holds_its_personas(self, evaluator: str, names: list[str]) -> None:
        assert [persona["name"] for persona in debates()[evaluator].settings["personas"]] == names

    def test_a_set_may_come_from_a_file(self) -> None:
        (cell,) = (cell for cell in debates().values() if cell.settings["persona_set"] == "duo")
        assert personas_from(cell.settings["personas"]) == DUO

    def test_the_resolved_spec_holds_them_all(self) -> None:
        resolved = load_spec(SPECS / "valid" / "debates.yaml", allow_paths=[SPECS]).resolved
        assert personas_from(resolved["personas"]["duo"]) == DUO
        assert list(resolved["personas"]) == ["duo", "trio", "unused"]
        first = resolved["matrix"]["evaluator"][1]["debate"]
        assert personas_from(first["personas"]) == built_in("default")
        assert first["persona_set"] == "default"

    def test_a_set_of_its_own_takes_the_place_of_a_built_in_one(self, tmp_path: Path) -> None:
        text = (SPECS / "valid" / "least.yaml").read_text().replace("judge: small", "debate: {model: small}")
        text = text.replace("[direct]", "[combined-5]").replace("../data/", f"{SPECS}/data/")
        path = tmp_path / "spec.yaml"
        path.write_text(text + f"personas: {{default: {{path: {SPECS}/data/duo.yaml}}}}\n")
        (cell,) = load_spec(path, allow_paths=[SPECS]).cells
        assert cell.id == "pairs/combined-5/debate:small"
        assert personas_from(cell.settings["personas"]) == DUO

    def test_a_role_is_part_of_what_is_run(self, tmp_path: Path) -> None:
        text = (SPECS / "valid" / "debates.yaml").read_text().replace("../data/", f"{SPECS}/data/")
        path = tmp_path / "spec.yaml"
        settings = []
        for role in ("You like {green}.", "You like grey."):
            path.write_text(text.replace("You like {green}.", role))
            settings.append([cell.settings for cell in load_spec(path, allow_paths=[SPECS]).cells])
        assert settings[0] != settings[1]

    def test_the_axis_of_another_shape_is_left_to_the_schema(self, tmp_path: Path) -> None:
        path = tmp_path / "spec.yaml"
        path.write_text("schema: 1\nname: x\nmatrix: {evaluator: debate}\npersonas: {duo: 3}\n")
        with pytest.raises(SpecError, match=r"personas\.duo: wants a list, not the number 3") as caught:
            load_spec(path, "x")
        assert "personas.duo: wants a list, not the number 3" in str(caught.value)


def test_the_spec_in_the_documentation_is_valid(tmp_path: Path) -> None:
    page = (ROOT / "docs/guide/debates.md").read_text(encoding="utf-8")
    evaluator, personas = re.findall(r"^```yaml\n(.*?)^```$", page, re.M | re.S)
    (tmp_path / "personas").mkdir()
    (tmp_path / "personas" / "others.yaml").write_text((SPECS / "data" / "duo.yaml").read_text())
    path = tmp_path / "spec.yaml"
    path.write_text(
        f"schema: 1\nname: docs\ndatasets: {{pairs: {{path: {SPECS}/data/pairs.jsonl}}}}\n"
        "models: {small: {provider: simulated}, large: {provider: simulated, skill: 0.9}}\n"
        f"{personas}matrix:\n  dataset: [pairs]\n  strategy: [combined-10]\n{textwrap.indent(evaluator, '  ')}"
    )
    assert [cell.evaluator for cell in load_spec(path, allow_paths=[SPECS]).cells] == [
        "judge:small",
        "judge:large",
        "debate:small",
        "debate:large",
        "debate:small+large(personas=experts,rounds=3,turn=simultaneous,summary=after-round,decide=majority,score_rounds=true)",
    ]
