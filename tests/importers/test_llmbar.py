"""The importer on a small made-up benchmark in the published layout."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from click.testing import CliRunner

import harness
from harness.cli.import_ import import_
from harness.errors import ImportSourceError
from harness.importers._files import write_imported
from harness.importers.llmbar import read_benchmark
from harness.spec.yaml import parse_yaml

PAIRS = [{"input": f"Do {n}", "output_1": f"one {n}", "output_2": f"two {n}", "label": 1 + n % 2} for n in range(3)]
FIRST, SECOND = "Output (a) is better.", "Output (b) is better."


def write(path: Path, content: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content), encoding="utf-8")


def look(given: str, swapped: str, winner: str | None = "1", winner_swapped: str | None = "1") -> dict[str, Any]:
    return {
        "swap = False": {"completion": [given, "stop"], "winner": winner},
        "swap = True": {"completion": [swapped, "stop"], "winner": winner_swapped},
    }


def rated(one: str, two: str, winner: str, winner_swapped: str) -> dict[str, Any]:
    winners = {"swap = False": {"winner": winner}, "swap = True": {"winner": winner_swapped}}
    return {"score_1": [one, "stop"], "score_2": [two, "stop"], **winners}


def results(*rounds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**pair, "results": results} for pair, results in zip(PAIRS, rounds, strict=True)]


class Benchmark:
    """A clone with one set of three pairs, judged by one model."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.set = folder / "Dataset" / "LLMBar" / "Adversarial" / "Manual"
        write(self.set / "dataset.json", PAIRS)
        self.judged("small", "CoT", results(*[[look(FIRST, SECOND)]] * 3))

    def judged(self, model: str, way: str, rows: object) -> None:
        write(self.set / "evaluators" / model / way / "result.json", rows)

    def problems(self) -> list[str]:
        with pytest.raises(ImportSourceError, match=re.escape(str(self.set))) as error:
            read_benchmark(self.folder)
        return [str(problem).replace(f"{self.set}/", "") for problem in error.value.problems]


@pytest.fixture
def benchmark_folder(tmp_path: Path) -> Benchmark:
    return Benchmark(tmp_path / "LLMBar")


def rows_of(imported, *path: str) -> list[dict[str, object]]:
    content = imported.files[PurePosixPath(*path)]
    text = gzip.decompress(content) if path[-1].endswith(".gz") else content
    return [json.loads(line) for line in text.splitlines()]


def recorded(imported, strategy: str, item: str = "1") -> dict[str, str]:
    rows = rows_of(imported, "recordings", "adversarial-manual.jsonl.gz")
    return {row["step"]: row["text"] for row in rows if (row["strategy"], row["item"]) == (strategy, item)}


def spec_of(imported) -> dict[str, Any]:
    name = "llmbar-adversarial-manual.yaml"
    return parse_yaml(imported.files[PurePosixPath(name)].decode(), name).value


# --- what is imported -----------------------------------------------------------------------------------


def test_pairs_have_numbers_for_ids_and_their_gold_labels(benchmark_folder):
    rows = rows_of(read_benchmark(benchmark_folder.folder), "data", "adversarial-manual.jsonl")
    assert [(row["id"], row["label"]) for row in rows] == [("1", "a"), ("2", "b"), ("3", "a")]
    assert rows[1] == {"id": "2", "prompt": "Do 1", "response_a": "one 1", "response_b": "two 1", "label": "b"}


def test_replies_are_recorded_in_both_orders(benchmark_folder):
    imported = read_benchmark(benchmark_folder.folder)
    assert recorded(imported, "cot") == {"judge": FIRST, "swapped/judge": SECOND}
    assert rows_of(imported, "recordings", "adversarial-manual.jsonl.gz")[0] == {
        "dataset": "adversarial-manual",
        "strategy": "cot",
        "model": "small",
        "item": "1",
        "step": "judge",
        "text": FIRST,
        "finish": "stop",
    }


def test_a_second_look_has_both_first_looks_in_each_order(benchmark_folder):
    undecided, decided = look(FIRST, FIRST, "1", "2"), look("Output (b)", "Output (a)", "2", "2")
    rows = results([look(FIRST, SECOND)], [undecided, decided], [look(FIRST, SECOND)])
    benchmark_folder.judged("small", "Swap", rows)
    imported = read_benchmark(benchmark_folder.folder)
    first_looks = {"judge": FIRST, "judge-swapped": SECOND, "swapped/judge": SECOND, "swapped/judge-swapped": FIRST}
    assert recorded(imported, "swap") == first_looks
    assert recorded(imported, "swap", "2") == {
        **dict.fromkeys(first_looks, FIRST),
        "judge-second": "Output (b)",
        "swapped/judge-second": "Output (a)",
    }
    assert not [note for note in imported.notes if "winner" in note]


def test_ratings_have_no_order(benchmark_folder):
    benchmark_folder.judged("small", "Rating", results(*[[rated("7", "4", "1", "1")]] * 3))
    imported = read_benchmark(benchmark_folder.folder)
    assert recorded(imported, "rating") == {"judge-a": "7", "judge-b": "4"}
    assert spec_of(imported)["matrix"]["exclude"] == [
        {"strategy": "cot", "order": "given"},
        {"strategy": "rating", "order": "both"},
    ]


def test_the_spec_names_what_is_recorded(benchmark_folder):
    benchmark_folder.judged("large", "Vanilla", results(*[[look("Output (a)", "Output (b)")]] * 3))
    imported = read_benchmark(benchmark_folder.folder)
    spec = spec_of(imported)
    assert spec["name"] == "llmbar-adversarial-manual"
    assert spec["strategies"] == {
        "vanilla": {"path": "strategies/vanilla.yaml"},
        "cot": {"path": "strategies/cot.yaml"},
    }
    assert spec["matrix"] == {
        "dataset": ["adversarial-manual"],
        "strategy": ["vanilla", "cot"],
        "evaluator": [{"judge": ["large", "small"]}],
        "order": ["both", "given"],
        "exclude": [
            {"strategy": "vanilla", "order": "given"},
            {"strategy": "cot", "order": "given"},
            {"strategy": "vanilla", "model": "small"},
            {"strategy": "cot", "model": "large"},
        ],
    }
    assert imported.notes == (
        "adversarial-manual: 3 pairs",
        "adversarial-manual: replies under vanilla: large",
        "adversarial-manual: replies under cot: small",
    )


def test_a_set_that_nobody_judged_is_a_data_set_only(benchmark_folder):
    write(benchmark_folder.folder / "Dataset" / "LLMBar" / "Natural" / "dataset.json", PAIRS)
    files = read_benchmark(benchmark_folder.folder).files
    assert PurePosixPath("data", "natural.jsonl") in files
    assert PurePosixPath("llmbar-natural.yaml") not in files


def test_other_ways_of_asking_are_left_out_and_told(benchmark_folder):
    benchmark_folder.judged("small", "Metrics", [])
    imported = read_benchmark(benchmark_folder.folder)
    told = "adversarial-manual: not imported, for no strategy here asks in that way: small/Metrics"
    assert imported.notes[-1] == told


# --- winners that the replies do not name -----------------------------------------------------------------


def test_a_reply_that_concludes_with_another_winner_is_told_with_its_order(benchmark_folder):
    weighing = f"Some say that {FIRST} They are wrong: {SECOND}"
    rows = results([look(weighing, SECOND)], [look(FIRST, weighing, "1", "2")], [look("Neither.", SECOND)])
    benchmark_folder.judged("small", "CoT", rows)
    imported = read_benchmark(benchmark_folder.folder)
    what = "the published winner is not what the replies say"
    assert imported.notes[2:] == (
        f"adversarial-manual: small under cot, order given: {what}: 2 items (1, 3)",
        f"adversarial-manual: small under cot, order swapped: {what}: 1 item (2)",
    )
    head = imported.files[PurePosixPath("llmbar-adversarial-manual.yaml")].decode().partition("schema:")[0]
    assert f"# - small under cot, order given: {what}: 2 items (1, 3)" in head


def test_first_looks_that_disagree_without_a_second_one_have_no_winner(benchmark_folder):
    rows = results([look(FIRST, SECOND)], [look(FIRST, FIRST)], [look(FIRST, "Neither.")])
    benchmark_folder.judged("small", "Swap", rows)
    notes = read_benchmark(benchmark_folder.folder).notes
    assert [note.rpartition(": ")[2] for note in notes[3:]] == ["2 items (2, 3)"] * 2


def test_the_last_line_of_a_reply_that_was_cut_off_is_not_read(benchmark_folder):
    cut = look(FIRST, SECOND)
    cut["swap = False"]["completion"] = [f"So far:\n{FIRST}", "length"]
    benchmark_folder.judged("small", "CoT", results([cut], [look(FIRST, SECOND)], [look(FIRST, SECOND)]))
    imported = read_benchmark(benchmark_folder.folder)
    assert imported.notes[2].endswith(": 1 item (1)")
    assert rows_of(imported, "recordings", "adversarial-manual.jsonl.gz")[0]["finish"] == "length"


def test_no_winner_where_none_was_published_is_no_difference(benchmark_folder):
    rows = results(*[[look("Neither.", "Neither.", None, None)]] * 3)
    benchmark_folder.judged("small", "CoT", rows)
    assert len(read_benchmark(benchmark_folder.folder).notes) == 2


def test_equal_ratings_are_told(benchmark_folder):
    equal, odd = rated("7", "7", "2", "1"), rated("7", "7", "1", "1")
    rows = results([equal], [odd], [rated("many", "7", "2", "2")])
    benchmark_folder.judged("small", "Rating", rows)
    notes = read_benchmark(benchmark_folder.folder).notes
    assert notes[3].startswith("adversarial-manual: small under rating: equal ratings, for which the benchmark let")
    assert notes[3].endswith("a tie here: 1 item (1)")
    assert [note.rpartition(": ")[2] for note in notes[4:]] == ["2 items (2, 3)"] * 2


# --- what is not in the layout --------------------------------------------------------------------------


def test_a_folder_without_sets_is_told(tmp_path):
    with pytest.raises(ImportSourceError, match=r"holds no dataset\.json"):
        read_benchmark(tmp_path)


def test_pairs_that_lack_something_are_told(benchmark_folder):
    write(benchmark_folder.set / "dataset.json", [PAIRS[0] | {"label": True}, PAIRS[1] | {"output_1": " "}])
    write(benchmark_folder.set.parent / "Other" / "dataset.json", [])
    write(benchmark_folder.set.parent / "Worse" / "dataset.json", {})
    told = [problem.replace(f"{benchmark_folder.set.parent}/", "") for problem in benchmark_folder.problems()]
    assert told == [
        "dataset.json: entry 1: `label` is missing or unknown",
        "dataset.json: entry 2: `output_1` is missing or unknown",
        "Other/dataset.json: holds no pairs",
        "Worse/dataset.json: is not a JSON list of objects",
    ]


def test_results_that_are_not_in_the_layout_are_told(benchmark_folder):
    benchmark_folder.judged("small", "CoT", results(*[[look(FIRST, SECOND)]] * 3)[:2])
    benchmark_folder.judged("small", "Rating", {})
    cut = look(FIRST, SECOND)
    cut["swap = True"]["completion"] = [SECOND, "content_filter"]
    benchmark_folder.judged("small", "Vanilla", results([look(FIRST, SECOND, "3")], [], [cut]))
    exchanged = results(*[[look(FIRST, SECOND)]] * 3)[::-1]
    benchmark_folder.judged("small", "Swap", exchanged)
    where = "evaluators/small"
    assert benchmark_folder.problems() == [
        f"{where}/CoT/result.json: holds 2 results for 3 pairs",
        f"{where}/Rating/result.json: is not a JSON list of objects",
        *(f"{where}/Swap/result.json: entry {n}: is not the pair of the same number in dataset.json" for n in (1, 3)),
        *(f"{where}/Vanilla/result.json: entry {n}: `results` is missing or not in its layout" for n in (1, 2, 3)),
    ]


# --- from the command to the run ------------------------------------------------------------------------


def test_the_command_writes_a_spec_that_runs_without_a_call(benchmark_folder, tmp_path):
    decided = look("Output (b)", "Output (a)", "2", "2")
    rows = results([look(FIRST, SECOND)], [look(FIRST, FIRST, "1", "2"), decided], [look(FIRST, SECOND)])
    benchmark_folder.judged("small", "Swap", rows)
    benchmark_folder.judged("small", "Rating", results(*[[rated("7", "4", "1", "1")]] * 3))
    out = tmp_path / "out"
    arguments = ["llmbar", str(benchmark_folder.folder), "--out", str(out)]
    result = CliRunner().invoke(import_, arguments, catch_exceptions=False)
    assert [line for line in result.output.splitlines() if line.startswith("next:")] == [
        f"next:  harness run {out / 'llmbar-adversarial-manual.yaml'}"
    ]
    spec = harness.load_spec(out / "llmbar-adversarial-manual.yaml")
    run = harness.run_spec(spec, cache=out / "cache", results=out / "results", environment={})
    judgments = run.judgments_frame()
    assert judgments["failure"].null_count() == len(judgments) == 3 * 3
    verdicts = {key[0]: group["verdict"].to_list() for key, group in judgments.group_by("cell")}
    assert verdicts["adversarial-manual/cot/judge:small/both"] == ["a", "a", "a"]
    assert verdicts["adversarial-manual/swap/judge:small/both"] == ["a", "b", "a"]
    assert verdicts["adversarial-manual/rating/judge:small"] == ["a", "a", "a"]


def test_importing_twice_gives_the_same_bytes(benchmark_folder, tmp_path):
    written = [write_imported(read_benchmark(benchmark_folder.folder), tmp_path / name) for name in ("one", "two")]
    one, two = ({path.name: path.read_bytes() for path in paths} for paths in written)
    assert len(one) > 1
    assert one == two


def test_entries_that_cannot_be_used_are_left_out_and_listed(benchmark_folder):
    pairs = [PAIRS[0], {**PAIRS[1], "output_1": " "}, PAIRS[2]]
    write(benchmark_folder.set / "dataset.json", pairs)
    rounds = [[look(FIRST, SECOND)], [look(FIRST, SECOND)], [{"swap = False": 3}]]
    benchmark_folder.judged("small", "CoT", results(*rounds))
    assert benchmark_folder.problems() == [
        "dataset.json: entry 2: `output_1` is missing or unknown",
        "evaluators/small/CoT/result.json: entry 3: `results` is missing or not in its layout",
    ]
    imported = read_benchmark(benchmark_folder.folder, "skip")
    assert imported.notes[:2] == (
        "dataset.json: entry 2 is left out: `output_1` is missing or unknown",
        "result.json: entry 3 is left out: `results` is missing or not in its layout",
    )
    assert [row["id"] for row in rows_of(imported, "data", "adversarial-manual.jsonl")] == ["1", "3"]
    assert {row["item"] for row in rows_of(imported, "recordings", "adversarial-manual.jsonl.gz")} == {"1"}
    assert not any("published winner" in note for note in imported.notes)


def test_a_set_of_which_nothing_can_be_used_is_an_error(benchmark_folder):
    write(benchmark_folder.set / "dataset.json", [{"label": 3}])
    with pytest.raises(ImportSourceError, match="holds no pair that can be used"):
        read_benchmark(benchmark_folder.folder, "skip")
