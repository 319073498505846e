"""A bundled schema refers to nothing outside itself and accepts what the schema accepts."""

import json

import jsonschema
import pytest
import yaml

from harness.records.document import Document
from harness.spec.schema import check, schema_names
from harness.spec.schema_bundle import bundled
from support.paths import ROOT

SPECS = ROOT / "specs"


def references(value):
    if isinstance(value, dict):
        yield from [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def found(schema, pointer):
    for step in pointer.removeprefix("#").split("/")[1:]:
        schema = schema[step]
    return schema


@pytest.mark.parametrize("name", schema_names())
def test_every_reference_leads_to_a_definition_of_the_same_document(name):
    schema = bundled(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    for target in references(schema):
        assert target.startswith("#"), target
        found(schema, target)


@pytest.mark.parametrize("name", ["experiment", "generation"])
def test_a_bundle_has_definitions_of_other_schemas_under_their_names(name):
    assert "strategy.answer" in bundled(name)["$defs"] or "strategy.strategy" in bundled(name)["$defs"]


def test_a_schema_without_references_to_others_stays_as_it_is():
    shipped = json.loads((ROOT / "schemas/input/personas.schema.json").read_text(encoding="utf-8"))
    assert bundled("personas") == shipped


def test_an_unknown_schema_is_a_key_error():
    with pytest.raises(KeyError, match="nothing"):
        bundled("nothing")


def kind_of(document):
    return "generation" if document.get("kind") == "generation" else "experiment"


SHIPPED = {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(SPECS.glob("*.yaml"))}


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_spec_is_valid_by_the_bundle_alone(name):
    jsonschema.Draft202012Validator(bundled(kind_of(SHIPPED[name]))).validate(SHIPPED[name])


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": "seven"},
        {"strategies": {"own": {"ask": "nobody"}}},
        {"models": {"m": {"provider": "simulated", "skill": 2}}},
        {"personas": {"set": [{"name": "A"}]}},
        {"score": {"level": 1.5}},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
def test_what_the_schema_refuses_the_bundle_refuses(name, wrong):
    document = {**SHIPPED[name], **wrong}
    kind = kind_of(document)
    assert check(Document("spec.yaml", document), kind)
    assert not jsonschema.Draft202012Validator(bundled(kind)).is_valid(document)
