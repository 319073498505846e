"""The digests of specs whose runs are shipped or kept elsewhere stay what they are."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import harness
from harness.generation.records import GenerationSpec
from harness.generation.spec import generation_digest
from harness.records.calls import Price
from harness.records.datasets import VotesSpec
from harness.records.frozen import FrozenDict
from harness.spec.digest import spec_digest

ROOT = Path(__file__).parents[2]
SPECS = sorted(path.stem for path in (ROOT / "specs").glob("*.yaml"))


@pytest.mark.parametrize("name", SPECS)
def test_the_digest_of_a_shipped_spec_is_that_of_its_run(name: str) -> None:
    (folder,) = (ROOT / "results" / name).iterdir()
    spec = harness.load_spec(ROOT / "specs" / f"{name}.yaml")
    found = generation_digest(spec) if isinstance(spec, GenerationSpec) else spec_digest(spec)
    assert found == json.loads((folder / "manifest.json").read_bytes())["spec_digest"]


def test_how_a_dataset_is_read_counts_and_where_its_files_are_does_not() -> None:
    spec = harness.load_spec(ROOT / "specs/quickstart.yaml")
    ((name, dataset),) = spec.datasets.items()

    def digest(**changed: object) -> str:
        return spec_digest(replace(spec, datasets=FrozenDict({name: replace(dataset, **changed)})))  # type: ignore[arg-type]

    def votes(folder: str) -> VotesSpec:
        return VotesSpec(Path(folder, "v.csv"), f"{folder}/v.csv", "csv", "item", None, "label", {})

    other = {digest(on_problem="skip"), digest(empty_response="skip"), digest(options={"delimiter": ";"})}
    assert len({spec_digest(spec), digest(votes=votes("/a")), *other}) == 5
    assert digest(votes=votes("/a")) == digest(votes=votes("/b"))
    assert digest(path=Path("/elsewhere"), shown_path="x") == spec_digest(spec)


def test_a_digest_that_freezes_items_changes_no_run_id() -> None:
    spec = harness.load_spec(ROOT / "specs/quickstart.yaml")
    ((name, dataset),) = spec.datasets.items()
    frozen = replace(dataset, subset=replace(dataset.subset, digest="0" * 64))
    assert spec_digest(replace(spec, datasets=FrozenDict({name: frozen}))) == spec_digest(spec)


def test_a_digest_that_freezes_prompts_changes_no_run_id(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    path = tmp_path / "specs/feedback-loops.yaml"
    before = harness.load_spec(path)
    text = path.read_text(encoding="utf-8")
    entry = "{path: data/village-tasks.jsonl"
    assert entry in text
    path.write_text(text.replace(entry, f"{entry}, subset: {{digest: {'a' * 64}}}"), encoding="utf-8")
    after = harness.load_spec(path)
    assert isinstance(before, GenerationSpec)
    assert isinstance(after, GenerationSpec)
    assert after.prompts["village-tasks"].subset.digest == "a" * 64
    assert generation_digest(after) == generation_digest(before)


def test_the_price_of_batches_changes_no_run() -> None:
    spec = harness.load_spec(ROOT / "specs/quickstart.yaml")

    def digest(price: Price) -> str:
        models = {name: replace(model, price=price) for name, model in spec.models.items()}
        return spec_digest(replace(spec, models=FrozenDict(models)))

    assert digest(Price(2, 8, batch=0.5)) == digest(Price(2, 8)) != digest(Price(2, 9))
