"""The study's own files: what is imported is what was published, to the last digit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from harness.data.dataset import FrameDataset, read_dataset
from harness.evaluators.modes import judge
from harness.importers._files import write_imported
from harness.importers.fellowship import read_study
from harness.prompting.strategy import compile_strategy
from harness.providers.backends.recorded import read_replies
from harness.records.calls import Model, Reply
from harness.records.datasets import DatasetSpec, Item
from harness.records.experiment import Cell
from harness.records.judgments import VERDICTS, Outcome
from harness.spec.strategies import built_in
from support.paths import PUBLISHED

KAPPAS = {
    "gpt-4o": 0.326530612244898,
    "gpt-4o-mini": 0.33333333333333337,
    "gemma-2-27b-it": 0.3886462882096069,
    "gemma-2-9b-it": 0.2794759825327511,
    "Meta-Llama-3.1-70B-Instruct-Turbo": 0.2570281124497992,
    "Meta-Llama-3.1-8B-Instruct-Turbo": 0.20634920634920628,
}

pytestmark = pytest.mark.skipif(
    not (PUBLISHED / "MA-PO").is_dir(), reason=f"the published data are not at {PUBLISHED} (HARNESS_PUBLISHED_DATA)"
)


@pytest.fixture(scope="module")
def imported(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("fellowship")
    write_imported(read_study(PUBLISHED / "MA-PO", fair_eval=PUBLISHED / "FairEval"), folder)
    return folder


@pytest.fixture(scope="module")
def dataset(imported: Path) -> FrameDataset:
    path = imported / "data" / "fair-eval.jsonl"
    return read_dataset(DatasetSpec("fair-eval", path, "data/fair-eval.jsonl", "jsonl"), seed=7)


def outcome(item: Item, model: str, replies: Mapping[str, Reply]) -> Outcome:
    """What the mode `judge` makes of the recorded reply to an item; it must ask for no other."""
    cell = Cell("fair-eval", "combined-10", "judge", (model,))
    questions = compile_strategy(built_in("combined-10"))
    talk = judge.converse(item, cell, questions, {model: Model(model, "recorded", f"recorded:{model}")})
    [call] = next(talk)
    with pytest.raises(StopIteration) as stop:
        talk.send([replies[call.locator]])
    return stop.value.value


def test_the_data_set_is_the_published_one(dataset):
    assert len(dataset) == 80
    assert not dataset.clustered
    codes = dataset.reference_codes().tolist()
    assert {verdict: codes.count(code) for code, verdict in enumerate(VERDICTS)} == {"a": 25, "tie": 14, "b": 41}


@pytest.mark.parametrize("model", KAPPAS)
def test_scores_and_kappa_are_the_published_ones(imported, dataset, model):
    from sklearn.metrics import cohen_kappa_score

    replies = read_replies(imported / "recordings" / "fair-eval.jsonl.gz", model)
    assert len([locator for locator in replies if '"combined-10"' in locator]) == 80
    outcomes = [outcome(item, model, replies) for item in dataset.items()]
    path = PUBLISHED / "MA-PO/outputs/evaluators/fair-eval/multi-rater10" / f"{model}_none.json"
    published = json.loads(path.read_text(encoding="utf-8"))
    assert [(one.score_a, one.score_b) for one in outcomes] == [(row["score_1"], row["score_2"]) for row in published]
    human = [VERDICTS[code] for code in dataset.reference_codes()]
    kappa = cohen_kappa_score(human, [one.verdict for one in outcomes])
    assert kappa == pytest.approx(KAPPAS[model], abs=1e-12)
