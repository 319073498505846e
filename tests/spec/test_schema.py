"""Schemas: found wherever the package is, and errors in words that help."""

from __future__ import annotations

import json
import subprocess
import sys

import jsonschema
import pytest

from harness import registry
from harness.data.column_names import COLUMNS, COLUMNS_OF_MANY, COLUMNS_OF_SINGLE
from harness.records.calls import Limits
from harness.records.document import Document
from harness.records.experiment import ScoreSpec
from harness.spec import schema
from harness.spec.schema import check, load_schema, schema_names
from harness.spec.yaml import parse_yaml

MADE_UP = {
    "type": "object",
    "required": ["must"],
    "additionalProperties": False,
    "patternProperties": {"^x-": {}},
    "properties": {
        "must": {"type": "integer", "minimum": 1, "maximum": 9},
        "number": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        "word": {"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 4},
        "wordy": {"type": "string", "pattern": "^[a-z]+$", "patternErrorMessage": "use small letters"},
        "choice": {"enum": ["direct", "combined"]},
        "one": {"const": 1},
        "flag": {"type": "boolean"},
        "list": {"type": "array", "minItems": 1, "maxItems": 2, "uniqueItems": True},
        "names": {"type": "object", "minProperties": 1, "propertyNames": {"maxLength": 2}},
        "either": {"anyOf": [{"type": "string", "minLength": 3}, {"type": "null"}]},
        "typed": {"type": ["string", "array"]},
        "half": {"multipleOf": 2},
    },
}


@pytest.fixture
def violations(monkeypatch, tmp_path):
    """Checks a YAML text against the made-up schema; gives the problems without the file's name."""
    file = tmp_path / "made-up.schema.json"
    file.write_text(json.dumps(MADE_UP))
    monkeypatch.setattr(schema, "_files", lambda: {"made-up": file})

    def violations_of(text: str) -> list[str]:
        return [str(problem) for problem in check(parse_yaml(text, "f"), "made-up")]

    return violations_of


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("must: 0", "f:1:7: must: wants at least 1, not the number 0"),
        ("must: 10", "f:1:7: must: wants at most 9, not the number 10"),
        ("must: 1.0", "f:1:7: must: wants a whole number, not the number 1.0"),
        ("must: true", "f:1:7: must: wants a whole number, not true"),
        ("must: '3'", "f:1:7: must: wants a whole number, not `3`; write it without quotes"),
        ("must: three", "f:1:7: must: wants a whole number, not `three`"),
        ("must:", "f:1:6: must: wants a whole number, not nothing; write a value after the `:`, or leave the key out"),
        ("must: {}", "f:1:7: must: wants a whole number, not a mapping"),
        ("{}", "f:1:1: the key `must` is missing"),
        ("[must]", "f:1:1: wants a mapping, not a list"),
        ("x", "f:1:1: wants a mapping, not `x`"),
        ("must: 1\nnumber: 0", "f:2:9: number: wants more than 0, not the number 0"),
        ("must: 1\nnumber: 1", "f:2:9: number: wants less than 1, not the number 1"),
        (
            "must: 1\nword: A",
            (
                "f:2:7: word: `A` is not allowed; it must match ^[a-z]+$|"
                "f:2:7: word: has 1 characters, at least 2 are wanted"
            ),
        ),
        (
            "must: 1\nword: ''",
            "f:2:7: word: an empty text is not allowed; it must match ^[a-z]+$|f:2:7: word: must not be empty",
        ),
        ("must: 1\nword: abcde", "f:2:7: word: has 5 characters, at most 4 are wanted"),
        ("must: 1\nword: 12", "f:2:7: word: wants text, not the number 12; put it in quotes"),
        ('must: 1\nwordy: "ab\\n"', "f:2:8: wordy: `ab\\n` is not allowed; use small letters"),
        (
            "must: 1\nchoice: Direkt",
            "f:2:9: choice: `Direkt` is not one of `direct`, `combined`; did you mean `direct`?",
        ),
        ("must: 1\nchoice: 7", "f:2:9: choice: the number 7 is not one of `direct`, `combined`"),
        ("must: 1\none: 2", "f:2:6: one: wants 1, not the number 2"),
        ("must: 1\nflag: 'true'", "f:2:7: flag: wants true or false, not `true`; write it without quotes"),
        ("must: 1\nlist: []", "f:2:7: list: must not be empty"),
        ("must: 1\nlist: [1, 2, 3]", "f:2:7: list: has 3 entries, at most 2 are wanted"),
        ("must: 1\nlist: [a, a]", "f:2:11: list[1]: `a` occurs twice; remove one"),
        ("must: 1\nlist: a", "f:2:7: list: wants a list, not `a`; write `[a]`"),
        ("must: 1\nnames: {}", "f:2:8: names: must not be empty"),
        ("must: 1\nnames: {abc: 1}", "f:2:9: names.abc: the name `abc` is not allowed; use at most 2 characters"),
        ("must: 1\neither: ab", "f:2:9: either: has 2 characters, at least 3 are wanted"),
        ("must: 1\neither: [3]", "f:2:9: either: wants text or null, not a list"),
        ("must: 1\ntyped: 3", "f:2:8: typed: wants text or a list, not the number 3; put it in quotes"),
        ("must: 1\nhalf: 3", "f:2:7: half: the number 3 breaks the rule `multipleOf` of the schema"),
        ("must: 1\nwrod: ab", "f:2:1: wrod: unknown key `wrod`; did you mean `word`?"),
        (
            "must: 1\nqqq: ab",
            (
                "f:2:1: qqq: unknown key `qqq`; known: `must`, `number`, `word`, `wordy`, "
                "`choice`, `one`, `flag`, `list`, `names`, `either`, `typed`, `half`"
            ),
        ),
    ],
)
def test_every_violation_is_told_in_words_and_with_its_place(violations, text, expected):
    assert violations(text) == expected.split("|")


@pytest.mark.parametrize(
    "text", ["must: 1", "must: 9\nnumber: 0.5\nword: abc\nx-y: 1\neither: null\ntyped: [a]\nhalf: 4"]
)
def test_what_is_allowed_passes(violations, text):
    assert violations(text) == []


def test_several_violations_come_in_the_order_of_the_file(violations):
    assert [problem.split(":")[1] for problem in violations("word: 1\nflag: 1\nzzzz: 1\nmust: a\n")] == [
        "1",
        "2",
        "3",
        "4",
    ]


def test_secrets_and_control_characters_do_not_reach_a_message(violations):
    [problem] = violations('must: 1\nchoice: "sk-proj-abcdefghijklmnop1234\\e[31m"')
    assert "abcdefgh" not in problem
    assert problem.isprintable()
    assert len(violations(f"must: 1\nchoice: {'x' * 5000}")[0]) < 200


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_finite_number_is_refused_though_jsonschema_compares_it(violations, value):
    assert [str(problem) for problem in check(Document("", {"must": 1, "number": value}), "made-up")] == [
        f"number: wants a number, not the number {value}"
    ]


def test_a_reference_to_an_address_is_never_fetched(monkeypatch, tmp_path):
    file = tmp_path / "far.schema.json"
    file.write_text('{"$ref": "http://127.0.0.1:9/x.schema.json"}')
    monkeypatch.setattr(schema, "_files", lambda: {"far": file})
    with pytest.raises(Exception, match="Unresolvable"):
        check(Document("", {}), "far")


def test_schemas_have_names_and_are_valid():
    assert {"experiment", "leaderboard", "strategy"} <= set(schema_names())
    for name in schema_names():
        jsonschema.Draft202012Validator.check_schema(load_schema(name))
        assert load_schema(name)["title"]
    with pytest.raises(KeyError, match="nothing"):
        load_schema("nothing")


def test_a_wheel_carries_its_schemas_inside_the_package(monkeypatch, tmp_path):
    (tmp_path / "schemas/input").mkdir(parents=True)
    (tmp_path / "schemas/output").mkdir()
    (tmp_path / "schemas/input/one.schema.json").write_text("{}")
    monkeypatch.setattr(schema.resources, "files", lambda package: tmp_path)
    assert schema_names() == ("one",)


def test_finding_schemas_does_not_import_jsonschema():
    code = "import sys, harness.spec.schema as s; s.load_schema('experiment'); assert 'jsonschema' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


class TestTheExperimentSchemaAgreesWithTheCode:
    EXPERIMENT = load_schema("experiment")
    DEFS = EXPERIMENT["$defs"]

    def test_plug_points(self):
        assert tuple(self.DEFS["model"]["properties"]["provider"]["enum"]) == registry.names("providers")
        assert tuple(self.DEFS["evaluator"]["properties"]) == registry.names("modes")
        assert set(self.DEFS["dataset"]["properties"]["format"]["examples"]) == set(registry.names("dataset_formats"))
        assert set(self.DEFS["score"]["properties"]["metrics"]["default"]) <= set(registry.names("metrics"))

    @pytest.mark.parametrize("provider", registry.names("providers"))
    def test_provider_settings_and_their_defaults(self, provider):
        settings = registry.find("providers", provider).SETTINGS
        properties = self.DEFS[f"provider-{provider}"]["properties"]
        shared = {"provider", "params", "price", "limits", "base_url", "api_key_env", "show_reasoning", "identity"}
        assert set(settings) == set(properties) - shared
        for name, value in settings.items():
            # What is off is not written into a resolved spec, so that older run folders keep their bytes.
            assert properties[name].get("default", None if value else value) == value

    def test_columns(self):
        assert set(self.DEFS["dataset"]["properties"]["columns"]["properties"]) == {
            *COLUMNS,
            *COLUMNS_OF_SINGLE,
            *COLUMNS_OF_MANY,
        }

    def test_defaults_of_records(self):
        for record, name in ((Limits(), "limits"), (ScoreSpec(), "score")):
            for key, rule in self.DEFS[name]["properties"].items():
                value = getattr(record, key)
                found = list(value) if isinstance(value, tuple) else value
                assert rule.get("default", None if found else found) == found

    def test_everything_that_a_user_writes_is_described(self):
        missing = []

        def walk(rule, path):
            for key, inner in rule.get("properties", {}).items():
                target = self.DEFS.get(inner.get("$ref", "").removeprefix("#/$defs/"), {})
                if "const" not in inner and not inner.get("description") and not target.get("description"):
                    missing.append(f"{path}.{key}")
                walk(inner, f"{path}.{key}")

        walk(self.EXPERIMENT, "")
        for name, rule in self.DEFS.items():
            if name != "params":  # its keys are those of the chat completions protocol
                walk(rule, name)
        assert missing == []


def test_a_newer_version_of_a_file_format_says_to_upgrade():
    document = Document("spec.yaml", {"schema": 2})
    (problem,) = [problem for problem in check(document, "experiment") if "schema" in problem.message or problem.hint]
    assert "wants 1, not the number 2" in problem.message
    assert problem.hint.startswith("the file is for a newer version of the harness; upgrade with `pip install")
