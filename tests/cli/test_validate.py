import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.records.document import Document
from harness.spec.schema import check, schema_names
from harness.spec.schema_bundle import bundled

GOOD = """\
schema: 1
name: good
datasets: {pairs: {path: pairs.jsonl}}
models: {judge: {provider: simulated}}
matrix: {dataset: [pairs], strategy: [direct], evaluator: [{judge: [judge]}]}
"""
PAIR = {"id": "1", "prompt": "p", "response_a": "a", "response_b": "b", "label": "a"}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("good.yaml").write_text(GOOD)
    Path("pairs.jsonl").write_text(json.dumps(PAIR) + "\n")


def harness(*arguments):
    return CliRunner().invoke(main, arguments)


def test_valid_spec_is_reported_with_its_cells():
    shown = harness("validate", "good.yaml")
    assert (shown.exit_code, shown.stdout, shown.stderr) == (0, "ok: good: 1 cell\n", "")


def test_all_problems_of_all_specs_are_reported_at_once():
    Path("bad.yaml").write_text(GOOD.replace("strategy:", "stratgy:").replace("name: good", "name: 1"))
    shown = harness("validate", "bad.yaml", "good.yaml", "missing.yaml")
    assert shown.exit_code == 2
    assert shown.stdout == "ok: good: 1 cell\n"
    lines = shown.stderr.splitlines()
    assert any(line.startswith("bad.yaml:2:") for line in lines)
    assert any("unknown key `stratgy`; did you mean `strategy`?" in line for line in lines)
    assert lines[-1].startswith("missing.yaml: ")


def test_a_key_that_the_environment_lacks_is_a_problem(monkeypatch):
    monkeypatch.delenv("MY_KEY", raising=False)
    Path("real.yaml").write_text(GOOD.replace("provider: simulated", "provider: openai, api_key_env: MY_KEY"))
    shown = harness("validate", "real.yaml")
    assert shown.exit_code == 2
    assert "MY_KEY" in shown.stderr
    monkeypatch.setenv("MY_KEY", "k")
    assert harness("validate", "real.yaml").exit_code == 0


def test_json_output_matches_its_schema():
    Path("bad.yaml").write_text(GOOD.replace("strategy:", "stratgy:"))
    shown = harness("validate", "good.yaml", "bad.yaml", "--json")
    assert shown.exit_code == 2
    said = json.loads(shown.stdout)
    assert check(Document("", said), "problems") == []
    assert said["specs"] == [{"file": "good.yaml", "name": "good", "cells": 1, "undecided": []}]
    assert {problem["file"] for problem in said["problems"]} == {"bad.yaml"}


def test_schema_lists_what_there_is():
    shown = harness("schema")
    assert shown.exit_code == 0
    assert [line.split()[0] for line in shown.stdout.splitlines()] == list(schema_names())


@pytest.mark.parametrize("name", schema_names())
def test_schema_prints_each(name):
    assert json.loads(harness("schema", name).stdout) == bundled(name)


def test_a_schema_that_is_not_there_is_answered_with_those_that_are():
    shown = harness("schema", "experimint")
    assert shown.exit_code == 2
    assert shown.stderr.startswith("error: there is no schema `experimint`; known: ")


# --- data -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"id": "1", "promt": "p", "response_a": "a", "response_b": "b"}\n', "there is no column `prompt`"),
        (json.dumps(PAIR | {"label": "left"}).encode(), "`label` `left` (1 row) has no meaning"),
        (2 * (json.dumps(PAIR).encode() + b"\n"), "pairs.jsonl:2: `id` `1` occurs before"),
        (b'{"id": "\xff"}\n', "pairs.jsonl:1: byte 9 is not UTF-8; say what it is with `encoding:`"),
        (b"", "holds no rows"),
    ],
)
def test_problems_of_the_data_are_found_without_a_plan(content, message):
    Path("pairs.jsonl").write_bytes(content)
    shown = harness("validate", "good.yaml")
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert message in shown.stderr
    assert harness("validate", "--no-data", "good.yaml").exit_code == 0


def test_problems_of_the_data_stand_beside_those_of_the_spec():
    Path("pairs.jsonl").write_text('{"id": "1"}\n')
    Path("bad.yaml").write_text(GOOD.replace("strategy:", "stratgy:"))
    shown = harness("validate", "bad.yaml")
    assert "unknown key `stratgy`" in shown.stderr
    assert "pairs.jsonl: there is no column `prompt`" in shown.stderr
    Path("bad.yaml").write_text(GOOD.replace("path: pairs.jsonl", "path: none.jsonl").replace("strategy:", "stratgy:"))
    assert len(harness("validate", "bad.yaml").stderr.splitlines()) == 3


def test_of_a_large_file_the_beginning_is_checked_and_a_line_says_so(monkeypatch):
    monkeypatch.setattr("harness.data.first_look.MAX_BYTES", 2**20)
    row = json.dumps(PAIR | {"response_a": "x" * 1000})
    Path("pairs.jsonl").write_text("".join(row.replace('"1"', f'"{n}"') + "\n" for n in range(3000)) + "{broken\n")
    shown = harness("validate", "good.yaml")
    assert shown.exit_code == 0
    assert shown.stderr == "checked the first 1 of 3 MB of pairs.jsonl; `harness plan` reads all\n"


def test_prompts_of_a_generation_are_checked():
    assert harness("new", "--kind", "generation", "loops").exit_code == 0
    assert harness("validate", "loops.yaml").exit_code == 0
    data = Path("loops.jsonl")
    data.write_text(data.read_text().replace('"prompt"', '"promt"'))
    shown = harness("validate", "loops.yaml")
    assert shown.exit_code == 2
    assert "there is no column `prompt`" in shown.stderr


def frozen(digest: str) -> str:
    return GOOD.replace("pairs.jsonl}", f"pairs.jsonl, subset: {{digest: {digest}}}}}")


def test_digests_prints_the_line_that_freezes_the_items():
    shown = harness("validate", "good.yaml", "--digests")
    line = shown.stdout.splitlines()[1]
    assert (shown.exit_code, line.partition(": {")[0]) == (0, "  pairs: 1 item; to freeze: subset")
    digest = line.partition("digest: ")[2].rstrip("}")
    Path("good.yaml").write_text(frozen(digest))
    assert harness("validate", "good.yaml").exit_code == 0
    assert harness("plan", "good.yaml").exit_code == 0
    Path("pairs.jsonl").write_text(json.dumps(PAIR | {"label": "b"}) + "\n")
    for command in ("validate", "plan", "run"):
        refused = harness(command, "good.yaml")
        assert refused.exit_code == 2
        assert f"pairs.jsonl: the items of `pairs` are not those that `subset.digest` froze: expected {digest}" in (
            refused.stderr
        )
    assert harness("validate", "good.yaml", "--digests").exit_code == 2


def test_digests_in_json_match_the_schema():
    Path("bad.yaml").write_text(GOOD.replace("pairs.jsonl", "none.jsonl"))
    shown = harness("validate", "good.yaml", "bad.yaml", "--digests", "--json")
    assert shown.exit_code == 2
    found = json.loads(shown.stdout)
    assert check(Document("", found), "problems") == []
    ((dataset,),) = [spec["datasets"] for spec in found["specs"]]
    assert (dataset["name"], dataset["items"], len(dataset["digest"])) == ("pairs", 1, 64)


def test_digests_reads_all_of_a_large_file(monkeypatch):
    monkeypatch.setattr("harness.data.first_look.MAX_BYTES", 200)
    Path("pairs.jsonl").write_text("".join(json.dumps(PAIR | {"id": f"{n}"}) + "\n" for n in range(9)))
    assert "  pairs: 9 items; to freeze" in harness("validate", "good.yaml", "--digests").stdout


def test_digests_without_data_is_refused():
    shown = harness("validate", "good.yaml", "--digests", "--no-data")
    assert (shown.exit_code, "--digests reads the data" in shown.stderr) == (2, True)


@pytest.mark.parametrize("digest", ["''", "8c1f", "null"])
def test_what_is_no_digest_is_refused(digest):
    Path("good.yaml").write_text(frozen(digest))
    shown = harness("validate", "good.yaml")
    assert shown.exit_code == 2
    assert "datasets.pairs.subset.digest" in shown.stderr


def test_a_key_in_the_wrong_place_is_told_where_it_belongs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.yaml").write_text(
        "schema: 1\nname: misplaced\ndatasets: {d: {path: d.jsonl}}\n"
        "models: {m: {provider: openai, model: m, temperature: 1, rpm: 5}}\n"
        "matrix: {seed: 3, dataset: [d], strategy: [direct], evaluator: [{judge: [m]}]}\nmetrics: [kappa]\n",
        "utf-8",
    )
    shown = CliRunner().invoke(main, ["validate", "spec.yaml"])
    assert shown.exit_code == 2
    for fix in (
        "params: {temperature: …}",
        "limits: {rpm: …}",
        "belongs at the top of the file",
        "score: {metrics: …}",
    ):
        assert fix in shown.output


def test_labels_that_are_named_twice_are_an_error(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pairs.csv").write_text("id,prompt,response_a,response_b,ann,ben\n1,p,x,y,a,b\n", "utf-8")
    (tmp_path / "spec.yaml").write_text(
        "schema: 1\nname: twice\ndatasets: {d: {path: pairs.csv, columns: {label: ann, labels: [ann, ben]}}}\n"
        "models: {m: {provider: simulated}}\n"
        "matrix: {dataset: [d], strategy: [direct], evaluator: [{judge: [m]}]}\n",
        "utf-8",
    )
    shown = CliRunner().invoke(main, ["validate", "spec.yaml"])
    assert shown.exit_code == 2
    assert "`label` and `labels` both say where the labels are; leave one out" in shown.output
