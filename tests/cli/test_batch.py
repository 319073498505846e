"""`harness batch`: waves as files and back give the run that direct calls give."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from harness.cli import main
from support.batch_server import batch_server, failed_line, run_batch
from support.batch_specs import LOOPS, MODES, result_files, spec_in
from support.paths import SCHEMAS

SCHEMA = json.loads((SCHEMAS / "output/batch.schema.json").read_text())


class Commands:
    """Commands over one spec and one cache."""

    def __init__(self, folder: Path, spec: Path, name: str) -> None:
        self.folder, self.spec, self.name = folder, spec, name
        self.places = ["--cache", str(folder / name), "--results", str(folder / f"{name}-results")]

    def __call__(self, *words: str, code: int = 0) -> Any:
        shown = CliRunner().invoke(main, [*words, *self.places])
        assert shown.exit_code == code, shown.output
        return shown

    def run(self, *words: str) -> dict[str, bytes]:
        self("run", str(self.spec), *words)
        return result_files(self.folder / f"{self.name}-results", self.spec.read_text().split("name: ")[1].split()[0])

    def write(self, number: int, *words: str) -> tuple[list[Path], dict[str, Any]]:
        out = self.folder / f"{self.name}-wave-{number}"
        document = json.loads(self("batch", "write", str(self.spec), "--out", str(out), "--json", *words).stdout)
        jsonschema.validate(document, SCHEMA)
        return [Path(file["file"]) for file in document["files"]], document

    def read(self, *files: Path, code: int = 0) -> dict[str, Any]:
        words = ["batch", "read", str(self.spec), *map(str, files), "--json"]
        document: dict[str, Any] = json.loads(self(*words, code=code).stdout)
        jsonschema.validate(document, SCHEMA)
        return document

    def waves(self) -> int:
        """Run all waves; their number."""
        for number in range(20):
            files, _ = self.write(number)
            if not files:
                return number
            results = []
            for file in files:
                results.append(file.with_suffix(".out"))
                results[-1].write_bytes(b"".join(run_batch(file.read_bytes()).splitlines(keepends=True)[::-1]))
            self.read(*results)
        raise AssertionError("the waves do not end")


@pytest.fixture
def modes(tmp_path: Path) -> Commands:
    return Commands(tmp_path, spec_in(tmp_path, "http://127.0.0.1:9/v1"), "batch")


def answered(file: Path) -> list[bytes]:
    return run_batch(file.read_bytes()).splitlines(keepends=True)


@pytest.mark.whole
@pytest.mark.parametrize(("text", "least"), [(MODES, 5), (LOOPS, 3)])
def test_waves_give_the_bytes_of_direct_calls(tmp_path: Path, text: str, least: int):
    with batch_server() as served:
        spec = spec_in(tmp_path, served.url, text=text)
        direct = Commands(tmp_path, spec, "direct").run()
        calls = served.direct
        batch = Commands(tmp_path, spec, "batch")
        assert batch.waves() >= least
        assert batch.run("--offline") == direct
        assert served.direct == calls > 0


def test_files_hold_each_call_once_and_no_key(modes: Commands, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "sk-1234567890abcdef")
    more = 'api_key_env: SECRET_KEY, headers: {X-Team: "${SECRET_KEY}"}, base_url:'
    text = modes.spec.read_text().replace("base_url:", more)
    modes.spec.write_text(text)
    files, document = modes.write(1, "--lines", "10")
    lines = [line for file in files for line in file.read_bytes().splitlines()]
    assert all(len(file.read_bytes().splitlines()) <= 10 for file in files)
    assert len({json.loads(line)["custom_id"] for line in lines}) == len(lines) == document["calls"] == 36
    assert b"sk-1234567890abcdef" not in b"".join(lines)
    assert document["notes"] == [
        f"{name}: the files do not hold its `headers`; whatever runs them has to send that"
        for name in ("novice", "senior")
    ]
    modes("batch", "write", str(modes.spec), "--out", str(files[0].parent), code=2)


@pytest.mark.whole
def test_what_is_missing_or_failed_is_asked_again_by_line(modes: Commands):
    files, _ = modes.write(1)
    senior = next(file for file in files if "senior" in file.name)
    requests = [json.loads(line) for line in senior.read_bytes().splitlines()]
    output, errors = modes.folder / "output", modes.folder / "errors"
    output.write_bytes(b"".join(answered(senior)[4:]) + answered(senior)[5])
    errors.write_text("".join(json.dumps(failed_line(one, "batch_expired")) + "\n" for one in requests[:3]))
    found = modes.read(output, errors)
    assert (found["stored"], found["repeated"], found["foreign"]) == (len(requests) - 4, 1, 0)
    assert [(one["kind"], one["calls"], one["first"]) for one in found["failed"]] == [("expired", 3, f"{errors}:1")]
    again, _ = modes.write(2)
    left = [
        json.loads(line)["custom_id"]
        for file in again
        if "senior" in file.name
        for line in file.read_text().splitlines()
    ]
    assert {one["custom_id"] for one in requests[:4]} <= set(left)
    assert not {one["custom_id"] for one in requests[4:]} & set(left)
    assert modes.read(output)["held"] == len(requests) - 4


def test_damaged_lines_are_reported_and_the_others_are_stored(modes: Commands):
    files, _ = modes.write(1)
    lines = answered(files[0])
    results = modes.folder / "results"
    foreign = lines[0].replace(json.loads(lines[0])["custom_id"].encode(), b"0" * 64)
    results.write_bytes(foreign + b"{\n" + b"".join(lines[1:-1]) + lines[-1][:30])
    found = modes.read(results, code=1)
    assert (found["stored"], found["foreign"], found["unusable"]) == (len(lines) - 2, 1, 2)
    assert [one["line"] for one in found["problems"]] == [2, len(lines) + 1]
    shown = modes("batch", "read", str(modes.spec), str(results), code=1)
    assert f"{results}:2: is not JSON, or cut off" in shown.stderr


def test_results_of_another_spec_are_an_error_and_change_nothing(modes: Commands):
    files, _ = modes.write(1)
    results = modes.folder / "results"
    results.write_bytes(b"".join(answered(files[0])))
    modes.spec.write_text(modes.spec.read_text().replace("max_tokens: 64", "max_tokens: 65"))
    shown = modes("batch", "read", str(modes.spec), str(results), code=2)
    assert "none of the 12 lines answers a call of modes that its cache lacks" in shown.stderr
    shown = modes("batch", "read", str(modes.spec), str(files[0]), code=2)
    assert f"{files[0]}:1: is a request and no result" in shown.stderr
    assert "cannot be used" not in shown.stderr
    results.write_bytes(2 * files[0].read_bytes())
    shown = modes("batch", "read", str(modes.spec), str(results), code=2)
    assert "error: 4 other lines cannot be used" in shown.stderr
    results.write_bytes(b"\n")
    shown = modes("batch", "read", str(modes.spec), str(results), code=2)
    assert "holds no results" in shown.stderr


@pytest.mark.whole
def test_a_reply_in_the_cache_is_not_replaced(modes: Commands):
    files, _ = modes.write(1)
    results = modes.folder / "results"
    results.write_bytes(b"".join(answered(files[0])))
    assert modes.read(results)["stored"] == 12
    other = [json.loads(line) for line in answered(files[0])]
    for one in other:
        one["response"]["body"]["choices"][0]["message"]["content"] = "another"
    results.write_text("".join(json.dumps(one) + "\n" for one in other))
    found = modes.read(results)
    assert (found["stored"], found["held"]) == (0, 12)


def test_a_format_that_an_engine_does_not_know_is_left_out_on_demand(modes: Commands):
    files, _ = modes.write(1)
    asking = [json.loads(line) for file in files for line in file.read_text().splitlines() if "response_format" in line]
    assert asking
    message = {"error": {"message": "response_format is not supported", "type": "invalid_request_error"}}
    results = modes.folder / "results"
    lines = [{"custom_id": one["custom_id"], "response": {"status_code": 400, "body": message}} for one in asking]
    results.write_text("".join(json.dumps(one) + "\n" for one in lines))
    assert modes.read(results)["failed"][0]["kind"] == "format"
    shown = modes("batch", "read", str(modes.spec), str(results))
    assert "--no-response-format" in shown.stdout
    plain, _ = modes.write(2, "--no-response-format")
    assert not [line for file in plain for line in file.read_text().splitlines() if "response_format" in line]


def test_models_of_this_machine_are_called_and_others_are_refused(tmp_path: Path):
    spec = spec_in(tmp_path, "http://127.0.0.1:9/v1")
    text = spec.read_text()
    spec.write_text(
        re.sub(r"novice: \{provider: openai.*?\}\}", "novice: {provider: simulated}", text, flags=re.DOTALL)
    )
    commands = Commands(tmp_path, spec, "mixed")
    files, _ = commands.write(1)
    assert [file.name for file in files] == ["senior-001.jsonl"]
    spec.write_text(text.replace("provider: openai", "provider: anthropic", 1))
    shown = commands("batch", "write", str(spec), "--out", str(tmp_path / "none"), code=2)
    assert "models.novice: the provider anthropic takes no batch files" in shown.stderr
    assert not (tmp_path / "none").exists()


@pytest.mark.whole
def test_a_complete_cache_leaves_nothing_to_ask(tmp_path: Path):
    spec = spec_in(tmp_path, "http://127.0.0.1:9/v1", items=2)
    spec.write_text(spec.read_text().split("    - jury")[0] + "score: {resamples: 200}\n")
    commands = Commands(tmp_path, spec, "all")
    assert commands.waves() >= 1
    shown = commands("batch", "write", str(spec), "--out", str(tmp_path / "more"))
    assert "nothing is left to ask" in shown.stdout
    assert not (tmp_path / "more").exists()
