"""Logs that other tools write themselves, read by the specs of the guide; and our logs in inspect_ai's own reader."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from harness.api import load_spec, run_spec
from harness.cli import main
from support.paths import ROOT

GUIDE = ROOT / "docs" / "guide" / "logs-of-other-tools.md"
SPECS = {
    re.search(r"^name: (.+)$", text, re.MULTILINE)[1]: text
    for text in re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
}

pytestmark = [pytest.mark.tools, pytest.mark.filterwarnings("ignore")]


def verdicts(folder: Path, name: str, **changes: str) -> list[tuple[str, list[str]]]:
    """The verdicts of the spec of the guide on the file in a folder, by item, with their repeats."""
    text = SPECS[name]
    for old, new in changes.items():
        text = text.replace(old.replace("_", " "), new)
    (folder / "spec.yaml").write_text(text)
    run = run_spec(load_spec(folder / "spec.yaml"), cache=folder / "cache", results=folder / "results", offline=True)
    frame = pl.read_parquet(run.folder / "judgments.parquet")
    return [(row["item"], row["votes"] or [row["verdict"]]) for row in frame.iter_rows(named=True)]


@pytest.fixture(scope="module")
def inspect_logs(tmp_path_factory) -> dict[str, Path]:
    """A log in each format, of four pairs judged twice, written by inspect_ai."""
    pytest.importorskip("inspect_ai")
    from inspect_ai import Task
    from inspect_ai import eval as evaluate
    from inspect_ai.dataset import Sample
    from inspect_ai.model import ModelAPI, ModelOutput, ModelUsage, get_model, modelapi
    from inspect_ai.scorer import Score, accuracy, scorer
    from inspect_ai.solver import generate

    @scorer(metrics=[accuracy()])
    def verdict() -> Any:
        async def score(state: Any, target: Any) -> Score:
            said = state.output.completion[-1]
            return Score(value="C" if said == target.text else "I", answer=said)

        return score

    @modelapi(name="fixed")
    class Fixed(ModelAPI):
        """Answers from a list. Unlike the tool's own mock it counts tokens without a network."""

        def __init__(self, model_name: str, **_: Any) -> None:
            super().__init__(model_name)
            self.words = list("AABBBAAA")

        async def generate(self, *_: Any, **__: Any) -> ModelOutput:
            output = ModelOutput.from_content(self.model_name, f"Verdict: {self.words.pop(0)}")
            output.usage = ModelUsage(input_tokens=11, output_tokens=3, total_tokens=14)
            return output

        async def count_tokens(self, *_: Any, **__: Any) -> int:
            return 1

        async def count_text_tokens(self, *_: Any, **__: Any) -> int:
            return 1

    samples = [
        Sample(
            id=f"pair-{n}",
            input=f"Which is better for question {n}?",
            target=label,
            metadata={"question": f"question {n}", "response_a": "left", "response_b": "right"},
        )
        for n, label in enumerate("ABBA")
    ]
    found = {}
    for form in ("eval", "json"):
        folder = tmp_path_factory.mktemp(form)
        task = Task(dataset=samples, solver=generate(), scorer=verdict(), epochs=2)
        (log,) = evaluate(
            task,
            model=get_model("fixed/judge", memoize=False),
            log_dir=str(folder),
            log_format=form,
            display="none",
            max_connections=1,
            max_samples=1,
        )
        assert log.status == "success", log.error
        found[form] = Path(log.location.removeprefix("file://"))
    return found


EXPECTED = [("pair-0", ["a", "b"]), ("pair-1", ["a", "a"]), ("pair-2", ["b", "a"]), ("pair-3", ["b", "a"])]


def test_a_binary_log_of_inspect(inspect_logs, tmp_path):
    shutil.copy(inspect_logs["eval"], tmp_path / "log.eval")
    assert verdicts(tmp_path, "from-inspect") == EXPECTED


def test_a_json_log_of_inspect_and_the_answer_of_a_scorer(inspect_logs, tmp_path):
    shutil.copy(inspect_logs["json"], tmp_path / "log.json")
    changes = {
        "path:_log.eval": "path: log.json\n    rows: samples",
        "text:_output.completion": "verdict: scores.verdict.answer",
    }
    assert verdicts(tmp_path, "from-inspect", **changes) == EXPECTED


def test_exported_logs_open_in_the_reader_of_inspect(inspect_logs, tmp_path, monkeypatch):
    from inspect_ai.log import list_eval_logs, read_eval_log

    shutil.copy(inspect_logs["eval"], tmp_path / "log.eval")
    (tmp_path / "spec.yaml").write_text(SPECS["from-inspect"])
    monkeypatch.chdir(tmp_path)
    for words in (["run", "spec.yaml", "--offline"], ["export", "spec.yaml", "--format", "inspect", "--out", "logs"]):
        done = CliRunner().invoke(main, words)
        assert done.exit_code == 0, done.output
    (info,) = list_eval_logs(str(tmp_path / "logs"))
    log = read_eval_log(info)
    assert (log.status, log.eval.model, len(log.samples)) == ("success", "judge", 4)
    assert [sample.scores["agreement"].value for sample in log.samples] == ["I", "I", "I", "I"]
    assert log.samples[0].input.startswith("question 0")
    assert log.results.scores[0].metrics["accuracy"].value == 0.0


PROMPTFOO = """\
prompts: ["{{question}}? A: {{response_a}} B: {{response_b}}"]
providers:
  - {id: "file://judge.js", label: judge-one}
  - {id: "file://judge.js", label: judge-two, config: {flip: true}}
tests:
  - vars: {id: p1, question: q1, response_a: left, response_b: right, label: A}
  - vars: {id: p2, question: q2, response_a: left, response_b: right, label: B}
"""
JUDGE = """\
module.exports = class {
  constructor(options) { this.config = options.config || {}; }
  id() { return 'judge'; }
  async callApi(prompt) {
    const word = prompt.includes('q1') !== Boolean(this.config.flip) ? 'A' : 'B';
    return { output: `Verdict: ${word}`, tokenUsage: { total: 12, prompt: 10, completion: 2 }, cost: 0.001 };
  }
};
"""


@pytest.mark.skipif(not shutil.which("promptfoo"), reason="promptfoo is not on the PATH (`npm install -g promptfoo`)")
def test_results_of_promptfoo(tmp_path):
    (tmp_path / "promptfooconfig.yaml").write_text(PROMPTFOO)
    (tmp_path / "judge.js").write_text(JUDGE)
    quiet = {"PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1", "PROMPTFOO_CONFIG_DIR": str(tmp_path)}
    command = ["promptfoo", "eval", "--no-cache", "-o", "results.json"]
    subprocess.run(command, cwd=tmp_path, env=os.environ | quiet, check=True, capture_output=True, timeout=100)
    found = verdicts(tmp_path, "from-promptfoo")
    assert found == [("p1", ["a"]), ("p2", ["b"]), ("p1", ["b"]), ("p2", ["a"])]
    (board,) = tmp_path.glob("results/*/*/judgments.parquet")
    assert pl.read_parquet(board)["prompt_tokens"].to_list() == [10] * 4


def test_samples_of_lm_evaluation_harness(tmp_path, monkeypatch):
    lm_eval = pytest.importorskip("lm_eval")
    monkeypatch.setattr(os, "environ", os.environ | {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1"})
    from lm_eval.loggers import EvaluationTracker
    from lm_eval.tasks import TaskManager

    rows = [{"pair": f"p{n}", "question": f"q{n}", "left": "one", "right": "two", "gold": n % 2} for n in range(4)]
    (tmp_path / "pairs.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    (tmp_path / "task.yaml").write_text(f"""\
task: pairjudge
dataset_path: json
dataset_kwargs: {{data_files: {{test: {tmp_path}/pairs.jsonl}}, cache_dir: {tmp_path}/cache}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{question}}}}? A: {{{{left}}}} B: {{{{right}}}}"
doc_to_choice: [A, B]
doc_to_target: gold
metric_list: [{{metric: acc, aggregation: mean, higher_is_better: true}}]
""")
    manager = TaskManager(include_path=str(tmp_path), include_defaults=False)
    results = lm_eval.simple_evaluate(
        model="dummy", tasks=["pairjudge"], task_manager=manager, log_samples=True, bootstrap_iters=0
    )
    samples = results["samples"]["pairjudge"]
    tracker = EvaluationTracker(output_path=str(tmp_path / "out"))
    tracker.save_results_aggregated(results={**results, "samples": None}, samples=results["samples"])
    tracker.save_results_samples("pairjudge", samples)
    (file,) = (tmp_path / "out").rglob("samples_*.jsonl")
    shutil.copy(file, tmp_path / "samples.jsonl")
    scores = [[float(one[0]) for one in sample["filtered_resps"]] for sample in samples]
    assert verdicts(tmp_path, "from-lm-eval") == [(f"p{n}", ["a" if a > b else "b"]) for n, (a, b) in enumerate(scores)]
