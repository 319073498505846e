"""`harness new`: what it writes runs as it is, and nothing that was there is lost."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml
from click.testing import CliRunner

from harness.api.load import check_spec as load_spec
from harness.cli import main
from harness.cli.new import kinds


def new(*arguments):
    return CliRunner().invoke(main, ["new", *arguments])


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("kind", kinds())
def test_a_starter_is_a_valid_spec_of_its_name(here, kind):
    shown = new("my-judges", "--kind", kind)
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith("wrote my-judges.yaml, my-judges.jsonl, ")
    spec = load_spec(Path("my-judges.yaml"))
    assert spec.name == "my-judges"
    assert spec.cells
    assert spec.kind == ("generation" if kind == "generation" else "evaluation")
    assert spec.label_set.is_single == (kind == "single")
    assert spec.label_set.is_ranking == (kind == "many")


def schema_of(spec):
    """The schema that the first line of a spec names, as a YAML language server finds it: relative to the spec."""
    first = spec.read_text(encoding="utf-8").partition("\n")[0]
    return spec.parent / first.removeprefix("# yaml-language-server: $schema=")


@pytest.mark.parametrize("kind", kinds())
def test_the_schema_beside_a_starter_is_enough_to_check_it_on_any_machine(here, kind):
    (here / "made").mkdir()
    new("made/x", "--kind", kind)
    (here / "made").rename(here / "cloned")
    spec = here / "cloned" / "x.yaml"
    validator = jsonschema.Draft202012Validator(json.loads(schema_of(spec).read_text(encoding="utf-8")))
    document = yaml.safe_load(spec.read_text(encoding="utf-8"))
    validator.validate(document)
    assert not validator.is_valid({**document, "sede": 7})


def test_specs_of_one_folder_share_a_schema(here):
    new("x")
    before = Path("experiment.schema.json").read_bytes()
    shown = new("y")
    assert shown.stdout.startswith("wrote y.yaml, y.jsonl\n")
    assert "kept" not in shown.stdout
    assert Path("experiment.schema.json").read_bytes() == before


def test_a_schema_of_another_version_is_kept_and_named(here):
    Path("experiment.schema.json").write_text("{}")
    shown = new("x")
    assert "kept experiment.schema.json" in shown.stdout
    assert Path("experiment.schema.json").read_text() == "{}"


def test_a_folder_may_be_named_and_an_ending(here):
    (here / "specs").mkdir()
    assert new("specs/x.yaml").exit_code == 0
    assert sorted(path.name for path in (here / "specs").iterdir()) == [
        "experiment.schema.json",
        "x.jsonl",
        "x.yaml",
    ]


def test_nothing_is_overwritten_and_every_file_in_the_way_is_named(here):
    for name in ("x.yaml", "x.jsonl"):
        Path(name).write_text("mine")
    shown = new("x")
    assert shown.exit_code == 2
    assert "x.jsonl: is there already" in shown.stderr
    assert "x.yaml: is there already" in shown.stderr
    assert Path("x.yaml").read_text() == "mine"


@pytest.mark.parametrize("name", ["a b", "-x-", ".hidden", "a:b", "A", ""])
def test_a_name_that_no_spec_can_have_is_refused(here, name):
    shown = new("--", name)
    assert shown.exit_code == 2
    assert "cannot be the name of a spec" in shown.stderr
    assert not list(here.iterdir())


def test_a_folder_that_is_not_there_is_named(here):
    shown = new("nowhere/x")
    assert shown.exit_code == 2
    assert "nowhere/x.yaml: no such file or directory" in shown.stderr


def test_all_or_none_is_written(here, monkeypatch):
    real = Path.open

    def full(self, *arguments, **options):
        if self.suffix == ".yaml" and arguments == ("x",):
            raise OSError(28, "No space left on device", str(self))
        return real(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", full)
    shown = new("x")
    assert shown.exit_code == 2
    assert "x.yaml: no space left on device" in shown.stderr
    assert not list(here.iterdir())
