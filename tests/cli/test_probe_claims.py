"""What an audit claims where there is no bias, or where none can be told, through the command line."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from harness.cli import main

LABELS = ("a", "tie", "b")
WORDS = ("A", "Tie", "B")


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(*arguments):
    done = CliRunner().invoke(main, [str(one) for one in arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def write(folder, items, replies, *, columns="", order="[given]"):
    """A dataset, recorded verdicts of one judge and a spec. Replies are by step, `judge` or `swapped/judge`."""
    rows = [{"id": f"n{k}", "prompt": f"Question {k}.", **item} for k, item in enumerate(items)]
    (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    said = [
        {"dataset": "pairs", "item": f"n{k}", "strategy": "direct", "step": one, "model": "m",
         "text": f"Verdict: {WORDS[int(code)]}"}
        for one, codes in replies.items()
        for k, code in enumerate(codes)
    ]  # fmt: skip
    (folder / "replies.jsonl").write_text("".join(json.dumps(row) + "\n" for row in said), "utf-8")
    (folder / "try.yaml").write_text(
        "schema: 1\nname: try\nseed: 1\ndatasets:\n  pairs:\n    path: pairs.jsonl\n"
        f"{columns}models: {{m: {{provider: recorded, path: replies.jsonl, model: m}}}}\n"
        f"matrix: {{dataset: [pairs], strategy: [direct], evaluator: [{{judge: [m]}}], order: {order}}}\n"
        "score: {metrics: [kappa, accuracy], resamples: 999}\n",
        "utf-8",
    )
    ran("run", "try.yaml")
    (found,) = json.loads(ran("audit", "try", "--json"))["datasets"]
    return found["cells"][0]["probes"]


@pytest.mark.whole
def test_no_card_of_the_quick_start_claims_a_length_or_family_bias():
    """None of its judges has one; 7 of 12 cards of the first edition said that a longer response moves the verdict."""
    ran("new", "try")
    ran("run", "try.yaml")
    text = ran("audit", "try")
    (found,) = json.loads(ran("audit", "try", "--json"))["datasets"]
    assert len(found["cells"]) == 6
    for cell in found["cells"]:
        for name in ("length", "family"):
            sentence = cell["probes"][name]["sentence"]
            assert "more than quality can explain" not in sentence
            assert "unknown" in sentence or "goes with" in sentence
    assert "moves" not in text


def test_a_judge_that_is_always_right_has_no_length_bias(tmp_path):
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 3, 120)
    items = [
        {"response_a": "x" * int(a), "response_b": "y" * int(b), "label": LABELS[label]}
        for label, (a, b) in zip(labels, rng.integers(20, 900, (120, 2)), strict=True)
    ]
    length = write(tmp_path, items, {"judge": labels})["length"]
    assert "its verdict differs from the label on 0 items: too few to tell" in length["sentence"]
    assert length["figures"]["length.difference"]["value"] is None
    assert length["figures"]["length.beyond-quality"]["value"] is None


@pytest.mark.whole
def test_a_judge_that_answers_as_people_do_is_as_good_as_a_person(tmp_path):
    """The first edition showed .618 for people and .490 for such a judge."""
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 3, 240)
    said = np.where(rng.random((240, 4)) < 0.75, truth[:, None], rng.integers(0, 3, (240, 4)))
    items = [
        {"response_a": "One.", "response_b": "Another.", "labels": [LABELS[code] for code in row[1:]]} for row in said
    ]
    ceiling = write(tmp_path, items, {"judge": said[:, 0]})["ceiling"]
    people, judge, difference = (ceiling["figures"][f"ceiling.{one}"] for one in ("people", "evaluator", "difference"))
    assert judge["value"] == pytest.approx(people["value"], abs=0.06)
    assert difference["low"] < 0 < difference["high"]
    assert ceiling["sentence"].endswith("not distinguishable from 0")


@pytest.mark.whole
def test_a_slot_that_prompts_prefer_at_random_is_not_called_a_preference(tmp_path):
    """25 prompts of 4 pairs, none preferred on average: p ≤ .05 in .145 of such worlds by the first edition."""
    prompts = np.repeat(np.arange(25), 4)
    leaning = np.where(np.arange(25) < 16, 0, 2)  # each prompt leans to one slot as a whole
    given = leaning[prompts]
    items = [
        {"response_a": f"One {k}.", "response_b": f"Another {k}.", "label": "a", "topic": f"t{prompt}"}
        for k, prompt in enumerate(prompts)
    ]
    grouped = "    columns: {cluster: topic}\n"
    # The same slot wins in both orders.
    position = write(tmp_path, items, {"judge": given, "swapped/judge": given}, columns=grouped, order="[both]")[
        "position"
    ]
    slot, p_value = (position["figures"][f"position.slot-preference{end}"] for end in ("", ".p-value"))
    assert (p_value["unit"], p_value["units"], slot["n"]) == ("cluster", 25, 100)
    first = int((leaning == 0).sum())
    assert slot["value"] == pytest.approx(first / 25)
    assert p_value["value"] > 0.05
    from scipy.stats import binomtest

    assert p_value["value"] == pytest.approx(binomtest(first, 25).pvalue)
    assert binomtest(4 * first, 100).pvalue < 0.05  # what items taken as independent would say
