"""The study's third step, on a small made-up study in the published layout."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path, PurePosixPath

import pytest

from harness.errors import ImportSourceError
from harness.generation.spec import load_generation
from harness.importers._fellowship_loop_specs import files_of
from harness.importers._fellowship_loops import notes_of, read_loops
from harness.importers._files import Source

FOUND = "some-prompts: 3 prompts, single responses of llama, gemma, gpt-4o, comparisons of 1 loop, drafts of 1 of them"
INVERTED = (
    "gemma+llama: of 2 picks between draft 3 and the best before it the study inverted 2: draft 3 scored higher and "
    "the earlier draft was kept (1), or it scored lower and was taken (1)"
)
LLAMA, GEMMA, GPT = "Meta-Llama-3.1-8B-Instruct-Turbo", "gemma-2-9b-it", "gpt-4o"
PROMPTS = 3


def put(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


def chats(model):
    return [
        [{"role": "user", "content": f"Question {n}?"}, {"role": "assistant", "content": f"{model} on {n}"}]
        for n in range(PROMPTS)
    ]


def compared(*pairs):
    rows = []
    for a, b in pairs:
        winner = "agent" if a > b else "tie" if a == b else "gpt"
        rows.append({"response": f"Score A: {a}/10\nScore B: {b}/10", "winner": winner})
    return rows


@pytest.fixture
def study(tmp_path):
    folder = tmp_path / "outputs" / "generators" / "Some Prompts!"
    for model in (LLAMA, GEMMA, GPT):
        put(folder / "none" / f"{model}.json", chats(model))
    put(folder / "none" / f"{LLAMA}_picks.json", compared((1, 2), (3, 2), (2, 2)))
    put(folder / "none" / f"{GEMMA}_picks.json", compared((1, 2), (1, 2), (1, 2)))
    put(folder / "none" / f"{GEMMA}_llama_picks.json", compared((5, 2), (5, 2), (1, 2)))
    pair = folder / "feedback" / f"{GEMMA}_{LLAMA}"
    drafts = [
        {f"{kind}_{at}": f"{kind} {at} on {n}" for at in (1, 2, 3) for kind in ("response", "feedback")}
        for n in range(2)
    ]
    put(pair.with_name(f"{pair.name}.json"), [*drafts, {"response_1": "response 1 on 2", "feedback_1": "none"}])
    scores = [("8", "9", "9", "8", "response_2"), ("9", "8", "5", "8", "response_3")]
    picks = [
        {"response_1": f"Score A: {a}\nScore B: {b}", "response_2": f"Score A: {c}\nScore B: {d}", "pick_2": pick}
        for a, b, c, d, pick in scores
    ]
    put(pair.with_name(f"{pair.name}_picks.json"), [*picks, {"pick_1": "response_1"}])
    for short in ("gpt", "llama", "gemma"):
        put(pair.with_name(f"{pair.name}_picks_{short}.json"), compared((9, 1), (1, 9), (5, 5)))
    return tmp_path


def read(study):
    source = Source()
    found = read_loops(study, source)
    source.raise_if_reported()
    return found


def test_prompts_replies_and_notes(study):
    (loops,) = read(study)
    assert loops.name == "some-prompts"
    assert [prompt["id"] for prompt in loops.prompts] == ["1", "2", "3"]
    assert (loops.singles, loops.pairs, loops.whole) == (
        ["llama", "gemma", "gpt-4o"],
        ["gemma-with-llama"],
        [("gemma", "llama")],
    )
    assert list(notes_of(loops)) == [
        FOUND,
        "gemma+llama: fewer than 3 drafts for the prompts 3",
        INVERTED,
    ]
    places = [tuple(row[key] for key in ("dataset", "item", "strategy", "step", "model")) for row in loops.rows]
    assert len(set(places)) == len(places)


def test_its_specs_run_offline_of_nothing_but_the_recording(study, tmp_path):
    from click.testing import CliRunner

    from harness.cli import main

    (loops,) = read(study)
    out = tmp_path / "out"
    for path, content in files_of(loops):
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_bytes(content)
    spec = load_generation(out / "some-prompts-win-rates.yaml")
    assert spec.opponents == ("gpt-4o", "llama", "gemma"), "whoever was shown first comes later"
    for name in ("some-prompts-win-rates", "some-prompts-gemma-llama"):
        places = ["--cache", str(tmp_path / "c"), "--results", str(tmp_path / "r")]
        shown = CliRunner().invoke(main, ["run", str(out / f"{name}.yaml"), "--format", "json", *places])
        assert shown.exit_code == 0, shown.output
        board = json.loads(shown.stdout)
        loop = "gemma-with-llama" if name.endswith("rates") else "gemma+llama"
        for one in board["boards"]:
            (row,) = [row for row in one["rows"] if row["system"] == loop]
            assert (row["wins"], row["ties"], row["losses"]) == (1, 1, 1)
    (system,) = [system for system in board["systems"] if system["system"] == "gemma+llama"]
    assert system["picked"] == {"1": 1, "2": 1, "3": 1}, "as the study picked: 2, 3 and the only one"


def test_what_is_read_otherwise_is_listed(study):
    folder = study / "outputs" / "generators" / "Some Prompts!"
    rows = compared((1, 2), (3, 2), (2, 2))
    rows[1]["winner"] = "tie"
    put(folder / "none" / f"{LLAMA}_picks.json", rows)
    (loops,) = read(study)
    assert "some-prompts/llama-vs-gpt-4o: read otherwise than the study did: items 2" in loops.notes


@pytest.mark.parametrize(
    ("file", "value", "told"),
    [
        (f"none/{LLAMA}.json", {"a": 1}, "is not a JSON list"),
        (f"none/{LLAMA}.json", [[{"role": "user"}]], "is no list of messages"),
        (f"none/{GPT}.json", chats("x")[:2], "does not answer the prompts of the files before it"),
        (f"none/{GEMMA}_picks.json", compared((1, 2)), "holds 1 entries for 3 prompts"),
        (f"none/{GEMMA}_picks.json", [{"response": 1}] * 3, "`response` or `winner` is missing or not text"),
        ("feedback/alone.json", [], "is not named <generator>_<reviewer>"),
        ("feedback/a_b.json", "x", "is not a JSON list of objects"),
    ],
)
def test_what_is_not_in_the_layout_is_blamed(study, file, value, told):
    put(study / "outputs" / "generators" / "Some Prompts!" / file, value)
    with pytest.raises(ImportSourceError, match=re.escape(told)) as caught:
        read(study)
    assert told in str(caught.value)


def test_a_study_without_its_third_step_has_none(tmp_path):
    assert read(tmp_path) == []


def test_what_is_not_published_says_so(study):
    (loops,) = read(study)
    files = dict(files_of(loops))
    rows = [
        json.loads(line)
        for line in gzip.decompress(files[PurePosixPath("recordings", "some-prompts.jsonl.gz")]).splitlines()
    ]
    drafts = [row for row in rows if row["model"] == "gemma-with-llama"]
    assert len(drafts) == PROMPTS
    assert all("is not among the study's published files" in row["text"] for row in drafts)
