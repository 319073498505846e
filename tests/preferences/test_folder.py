"""A folder for the Hub: its files, card, metadata and datasheet, with hostile text, and what is refused."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from click.testing import CliRunner

import harness
from harness.cli import main
from harness.preferences.card import SIZES, card_text, front_matter
from harness.preferences.croissant import croissant_json
from harness.preferences.datasheet import datasheet_text
from harness.preferences.sources import endpoint_of, model_json
from harness.records.document import Document
from harness.spec.schema import check
from support.paths import ROOT

RESULTS = ROOT / "results"
SPEC = ROOT / "specs/quickstart.yaml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped run of the quick start, exported."""
    out = tmp_path_factory.mktemp("hub") / "my-dataset"
    words = ["export", SPEC, "--format", "dpo", "--out", out, "--results", RESULTS, "--licence", "cc-by-4.0"]
    shown = CliRunner().invoke(main, [str(word) for word in words])
    assert shown.exit_code == 0, shown.output
    assert "validation has only 16 prompts, fewer than 20" in shown.output
    return out


def sheet_of(folder: Path) -> Any:
    return json.loads((folder / "datasheet.json").read_bytes())


def test_the_folder_has_the_layout_of_the_hub(folder: Path) -> None:
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    splits = {f"data/{part}.parquet" for part in ("train", "validation", "test")}
    assert files == splits | {"README.md", "datasheet.json", "croissant.json"}
    sheet = sheet_of(folder)
    assert check(Document("sheet", sheet), "datasheet") == []
    for part, path in sheet["files"].items():
        rows = pl.read_parquet(folder / path)
        assert rows.height == sheet["rows"][part] > 0
        assert set(rows["split"]) == {part}
    assert sheet["small_splits"] == {"validation": 16, "test": 8}


def test_the_card_names_the_splits_the_licence_and_the_size(folder: Path) -> None:
    _, front, text = (folder / "README.md").read_text(encoding="utf-8").split("---\n", 2)
    found = yaml.safe_load(front)
    assert found["license"] == "cc-by-4.0"
    assert found["size_categories"] == ["n<1K"]
    assert found["tags"] == ["preference", "dpo", "trl", "simulated"]
    assert found["configs"][0]["data_files"][0] == {"split": "train", "path": "data/train.parquet"}
    for part in ("Do not train on them", "temperature: 0", "quickstart.jsonl", "kappa", "fewer than 20"):
        assert part in text


def test_the_datasheet_has_what_the_data_rest_on(folder: Path) -> None:
    sheet, run = sheet_of(folder), harness.open_run("quickstart", RESULTS)
    assert sheet["models"]["master"]["params"]["max_tokens"] == 1024
    data = run.manifest["datasets"]["village-notices"]
    assert sheet["data"]["village-notices"] == {
        "file": "quickstart.jsonl",
        "items": data["items"],
        "digest": data["digest"],
    }
    (row,) = sheet["evaluator_agreement"]["rows"]
    best = run.leaderboard["rows"][0]
    assert (row["cell"], row["kappa"]) == (best["cell"], best["metrics"]["kappa"]["value"])
    assert sheet["licence"] == "cc-by-4.0"


def test_the_metadata_has_the_digest_and_the_columns_of_each_file(folder: Path) -> None:
    found = json.loads((folder / "croissant.json").read_bytes())
    for one, records in zip(found["distribution"], found["recordSet"], strict=True):
        path = folder / one["contentUrl"]
        assert one["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert [field["name"] for field in records["field"]] == pl.read_parquet(path).columns
    fields = {field["name"]: field for field in found["recordSet"][0]["field"]}
    assert [inner["name"] for inner in fields["chosen"]["subField"]] == ["role", "content"]
    assert fields["writers"]["repeated"]
    assert fields["score_chosen"]["dataType"] == "sc:Float"
    assert found["license"] == "cc-by-4.0"


def test_the_function_writes_what_the_command_writes(folder: Path, tmp_path: Path) -> None:
    spec = harness.load_spec(SPEC)
    sheet = harness.export(spec, tmp_path / "same", results=RESULTS, licence="cc-by-4.0")
    assert sheet == sheet_of(folder)
    assert sheet.frame().row(0) == ("kept", sheet["pairs"], "passed all filters")
    for file in folder.rglob("*.*"):
        assert (tmp_path / "same" / file.relative_to(folder)).read_bytes() == file.read_bytes()
    one = harness.export(spec, tmp_path / "one.jsonl", results=RESULTS, format="kto", split=(1.0, 0.0, 0.0))
    assert one["files"]["train"] == "one.jsonl"
    assert one["small_splits"] == {}


def test_a_folder_is_kept_unless_it_may_be_overwritten(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "again"
    shutil.copytree(folder, out)
    (out / ".git").mkdir()
    spec = harness.load_spec(SPEC)
    with pytest.raises(harness.InputError, match=r"train\.parquet, .*croissant\.json already exist"):
        harness.export(spec, out, results=RESULTS)
    sheet = harness.export(spec, out, results=RESULTS, split=(1.0, 0.0, 0.0), force=True)
    assert [path.name for path in (out / "data").iterdir()] == ["train.parquet"], "no split of before is left"
    assert set(sheet["files"]) == {"train"}
    assert (out / ".git").is_dir()
    assert "license: unknown" in (out / "README.md").read_text(encoding="utf-8")


def test_nothing_is_left_where_no_pair_passes(tmp_path: Path) -> None:
    with pytest.raises(harness.HarnessError, match="no pair passed the filters"):
        harness.export(harness.load_spec(SPEC), tmp_path / "none", results=RESULTS, max_length_ratio=1.0)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_is_one_error(tmp_path: Path) -> None:
    bad: dict[str, Any] = {
        "format": "dop",
        "view": "both",
        "split": (1, 1, 1),
        "max_length_ratio": 0.5,
        "min_margin": -1,
        "licence": "CC BY\n4",
        "shape": 1,
    }
    expected = r"(?s)no setting `shape`.*no format `dop`; did you mean `dpo`.*no view `both`.*three shares.*at least 1"
    with pytest.raises(harness.InputError, match=expected) as raised:
        harness.export(SPEC, tmp_path / "x", results=RESULTS, **bad)
    assert len(raised.value.problems) == 7
    with pytest.raises(harness.InputError, match="exported by its spec file"):
        harness.export(harness.open_run("quickstart", RESULTS), tmp_path / "x")
    with pytest.raises(harness.InputError, match=r"must end in \.jsonl or \.parquet; .* a folder for the Hub"):
        harness.export(SPEC, tmp_path / "x.csv", results=RESULTS)
    (tmp_path / "file").write_text("")
    with pytest.raises(harness.InputError, match="is a file, not a folder"):
        harness.export(SPEC, tmp_path / "file", results=RESULTS)


HOSTILE = (
    "x\n---\nlicense: mit\n# **h** <script>`a`|[l](javascript:1) ![i](https://t.example/p) www.t.example"
    "\x1b[2J\u2028\u202e&"
)


def test_text_of_the_run_is_no_yaml_no_markup_and_no_link(folder: Path) -> None:
    sheet = sheet_of(folder)
    sheet["spec"] = HOSTILE
    sheet["models"] = {
        HOSTILE: {"provider": HOSTILE, "model": HOSTILE, "endpoint": HOSTILE, "params": {HOSTILE: HOSTILE}}
    }
    sheet["data"] = {HOSTILE: {"file": HOSTILE, "items": 1, "digest": HOSTILE}}
    sheet["writers"] = {HOSTILE: {"chosen": 1, "rejected": 0}}
    sheet["evaluators"] = {HOSTILE: 1}
    sheet["licences"], sheet["licence"] = [HOSTILE], None
    text = card_text(sheet)
    _, front, rest = text.split("---\n", 2)
    assert yaml.safe_load(front)["license"] == "other"
    assert yaml.safe_load(front)["pretty_name"].startswith("x ---")
    for mark in ("<script", "[l](", "![i]", "://t.", " www.t", "\x1b", "\u2028", "\u202e", "\n---", "**h**"):
        assert mark not in rest, mark
    found = json.loads(json.dumps(croissant_json(sheet, folder, ("prompt", "chosen"))))
    assert "\x1b" not in found["description"]
    assert "license: mit" in found["license"]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (None, None),
        ("https://anna:secret@api.example:8443/v1?key=abc#x", "https://api.example:8443/v1"),
        ("http://[::1/v1", "invalid"),
        ("https://api.example/sk-abcdefghijklmnop", "https://api.example/…"),
    ],
)
def test_an_endpoint_is_shown_without_secrets(address: str | None, shown: str | None) -> None:
    assert endpoint_of(address) == shown
    assert model_json({"provider": "openai", "base_url": address})["endpoint"] == shown


def test_the_size_category_is_that_of_the_rows(folder: Path) -> None:
    sheet = sheet_of(folder)
    expected = {999: "n<1K", 1_000: "1K<n<10K", 99_999_999: "10M<n<100M", 10**9: "100M<n<1B"}
    for rows, name in expected.items():
        assert front_matter({**sheet, "rows": {"train": rows}})["size_categories"] == [name]
    assert [most for most, _ in SIZES] == sorted(most for most, _ in SIZES)


def test_a_datasheet_without_dates_and_agreement_says_less(folder: Path) -> None:
    sheet = sheet_of(folder)
    dated = {**sheet, "dates": {"started": "2026-01-01", "finished": "2026-01-02"}, "evaluator_agreement": None}
    assert "made from 2026-01-01 to 2026-01-02" in datasheet_text(dated)
    assert "agreement with human labels: unknown" in datasheet_text(dated)
    assert croissant_json(dated, folder, ("prompt",))["datePublished"] == "2026-01-02"
    undated = {**sheet, "dates": {"started": None, "finished": None}}
    assert "made from" not in datasheet_text(undated)
    assert "datePublished" not in croissant_json(undated, folder, ("prompt",))
