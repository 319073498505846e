"""Exported data in the libraries that train on them: `datasets` loads them, and TRL knows their formats."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from harness.cli import main
from support.loops import laid_out

pytestmark = pytest.mark.trainers


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    cwd = tmp_path_factory.mktemp("world")
    laid_out(cwd)
    places = ["--cache", str(cwd / "cache"), "--results", str(cwd / "results")]
    assert CliRunner().invoke(main, ["run", str(cwd / "spec.yaml"), *places]).exit_code == 0
    return cwd


@pytest.mark.parametrize("ending", ["jsonl", "parquet"])
@pytest.mark.parametrize("view", ["single", "workflow"])
@pytest.mark.parametrize("form", ["dpo", "kto"])
def test_it_loads_and_trl_takes_it_as_it_is(world, tmp_path, form, view, ending):
    import datasets
    from trl.data_utils import is_conversational, maybe_apply_chat_template, maybe_extract_prompt

    out = tmp_path / f"data.{ending}"
    words = ["export", "loops", "--format", form, "--view", view, "--out", str(out)]
    shown = CliRunner().invoke(main, [*words, "--results", str(world / "results")])
    assert shown.exit_code == 0, shown.output
    kind = "json" if ending == "jsonl" else "parquet"
    rows = datasets.load_dataset(kind, data_files=str(out), cache_dir=str(tmp_path / "cache"))["train"]
    sheet = json.loads((tmp_path / "data.datasheet.json").read_bytes())
    assert len(rows) == sum(sheet["rows"].values()) > 0
    assert is_conversational(rows[0])
    for row in rows:
        assert row["prompt"][-1]["role"] == "user"
        if form == "dpo":
            assert maybe_extract_prompt(dict(row)) == row, "the prompt is apart already"
            assert row["chosen"] != row["rejected"]
        else:
            assert isinstance(row["label"], bool)

    class Tokenizer:
        """As much of a tokenizer as applying a chat template asks for."""

        def apply_chat_template(self, messages, tokenize=False, **_):
            return "".join(f"<{message['role']}>{message['content']}" for message in messages)

    flat = maybe_apply_chat_template(dict(rows[0]), Tokenizer())
    assert all(
        isinstance(flat[key], str)
        for key in ("prompt", *(("chosen", "rejected") if form == "dpo" else ("completion",)))
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of libraries that mlcroissant uses
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("form", ["dpo", "kto"])
def test_a_folder_for_the_hub_loads_by_its_card_and_its_metadata_is_valid(world, tmp_path, form):
    import datasets
    import mlcroissant
    from trl.data_utils import is_conversational

    out = tmp_path / "my-dataset"
    words = ["export", "loops", "--format", form, "--out", str(out), "--licence", "mit"]
    shown = CliRunner().invoke(main, [*words, "--results", str(world / "results")])
    assert shown.exit_code == 0, shown.output
    sheet = json.loads((out / "datasheet.json").read_bytes())
    loaded = datasets.load_dataset(str(out), cache_dir=str(tmp_path / "cache"))
    assert {part: len(rows) for part, rows in loaded.items()} == {part: sheet["rows"][part] for part in sheet["files"]}
    assert all(is_conversational(row) for row in loaded["train"])
    described = mlcroissant.Dataset(jsonld=str(out / "croissant.json"))
    issues = described.metadata.ctx.issues
    assert (set(issues.errors), set(issues.warnings)) == (set(), set())
    records = list(described.records("train"))
    assert len(records) == sheet["rows"]["train"]
    text = loaded["train"][0]["prompt"][0]["content"]
    assert records[0]["train/prompt"][0]["train/prompt/content"].decode() == text
