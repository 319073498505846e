import json

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.records.document import Document
from harness.spec.schema import check
from support.endpoint import response

SPEC = """\
schema: 1
name: doctored
datasets:
  pairs: {{path: pairs.jsonl}}
models:
  near: {{provider: simulated}}
  far: {{provider: openai, model: gpt-4o, base_url: "{url}", api_key_env: DOCTORED_KEY, params: {{max_tokens: 9}}}}
  unused: {{provider: openai, model: other, base_url: "http://127.0.0.1:9/v1", params: {{max_tokens: 9}}}}
matrix:
  dataset: [pairs]
  strategy: [direct]
  evaluator: [{{judge: [near, far]}}]
"""
ROW = '{"id": "1", "prompt": "?", "response_a": "x", "response_b": "y"}\n'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DOCTORED_KEY", raising=False)
    (tmp_path / "pairs.jsonl").write_text(ROW)
    (tmp_path / "spec.yaml").write_text(SPEC.format(url="http://127.0.0.1:9/v1"))
    return tmp_path


def doctor(*arguments):
    return CliRunner().invoke(main, ["doctor", *arguments])


def findings(*arguments):
    said = json.loads(doctor(*arguments, "--json").stdout)
    assert check(Document("", said), "doctor") == []
    return said["ready"], {finding["what"]: finding for finding in said["findings"]}


def test_a_sound_place_is_ready_and_nothing_is_left_behind(folder):
    before = sorted(folder.iterdir())
    shown = doctor()
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith("ok       python: ")
    assert sorted(folder.iterdir()) == before


def test_offline_says_what_it_did_not_look_at(folder, monkeypatch):
    monkeypatch.setenv("DOCTORED_KEY", "sk-secret")
    ready, found = findings("spec.yaml", "--offline")
    assert ready
    assert found["key DOCTORED_KEY"]["message"] == "is set, for far"
    assert found["model far"]["state"] == "unknown"
    assert found["model near"]["state"] == "ok"
    assert found["price far"]["state"] == "warning"
    assert "model unused" not in found
    assert "sk-secret" not in str(found)


def test_a_missing_key_and_a_dead_endpoint_are_failures_at_once(folder):
    shown = doctor("spec.yaml")
    assert shown.exit_code == 1
    failures = [line for line in shown.stdout.splitlines() if line.startswith("FAILURE")]
    assert [line.split(": ")[0].split("  ")[1] for line in failures] == ["key DOCTORED_KEY", "model far"]


def test_all_that_is_wrong_with_a_spec_is_told(folder):
    (folder / "spec.yaml").write_text(SPEC.format(url="x").replace("direct", "dirct").replace("far]", "fra]"))
    shown = doctor("spec.yaml")
    assert shown.exit_code == 1
    lines = [line for line in shown.stdout.splitlines() if line.startswith("FAILURE  spec: spec.yaml:")]
    assert len(lines) >= 2


def test_bad_rows_are_told_beside_the_models(folder):
    (folder / "pairs.jsonl").write_text(ROW + ROW)
    ready, found = findings("spec.yaml", "--offline")
    assert not ready
    assert "occurs before" in found["data"]["message"]
    assert "model far" in found


def test_an_endpoint_that_answers_is_asked_for_its_models_only(folder, monkeypatch):
    import socket
    import threading

    monkeypatch.setenv("DOCTORED_KEY", "sk-secret")
    heads = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)

        def answer():
            connection, _ = server.accept()
            with connection:
                heads.append(connection.recv(65536).decode())
                connection.sendall(response(200, {"data": [{"id": "gpt-4o"}]}, connection="close"))

        thread = threading.Thread(target=answer)
        thread.start()
        (folder / "spec.yaml").write_text(SPEC.format(url=f"http://127.0.0.1:{server.getsockname()[1]}/v1"))
        ready, found = findings("spec.yaml")
        thread.join()
    assert ready
    assert "has gpt-4o" in found["model far"]["message"]
    assert heads[0].startswith("GET /v1/models HTTP/1.1")
