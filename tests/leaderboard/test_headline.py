"""The result of a run in one sentence."""

import json

import pytest

from harness.leaderboard.build import leaderboard_json
from harness.leaderboard.headline import board_title, headlines
from support.labelled import Labelled, board_of, judge, labels, score
from support.paths import ROOT

CODES = labels(120)
GOOD, GOOD_TOO, POOR = judge(CODES, 0.8, 1), judge(CODES, 0.78, 2), judge(CODES, 0.1, 3)


def sentences(*groups):
    board = json.loads(json.dumps(leaderboard_json(board_of(*groups), "0a1b2c")))
    return [one.sentence for one in headlines(board)]


def shipped(spec):
    (folder,) = (ROOT / "results" / spec).iterdir()
    return json.loads((folder / "leaderboard.json").read_bytes())


def test_the_best_its_figure_the_correction_and_what_cannot_be_excluded():
    (found,) = headlines(shipped("quickstart"))
    assert found.about == "village-notices"
    assert found.sentence == (
        "best: direct/judge:master, kappa 0.83 [0.73, 0.90], corrected for choosing the best of 12: 0.83; "
        "3 others cannot be excluded"
    )


def test_each_board_of_a_generation_has_its_own():
    found = headlines(shipped("feedback-loops"))
    assert [one.about for one in found] == [
        f"village-tasks: win rate over {other}, by combined-10/judge:judge, both orders"
        for other in ("writer", "master")
    ]
    assert found[1].sentence == (
        "best: writer+master, win rate 0.56 [0.47, 0.65], corrected for choosing the best of 4: 0.56; "
        "1 other cannot be excluded"
    )


def test_repeats_are_part_of_what_a_board_is_about():
    board = {"prompts": "p", "opponent": "x", "strategy": "direct", "evaluator": "judge:m", "order": "swapped"}
    assert board_title({**board, "repeats": 3}) == ("p: win rate over x, by direct/judge:m, opponent first, 3 repeats")


def test_a_lead_that_is_clear_and_one_that_is_not():
    (clear,) = sentences(score(Labelled(CODES), {"good": GOOD, "poor": POOR}))
    assert clear.endswith("; distinguishable from the other")
    (three,) = sentences(score(Labelled(CODES), {"good": GOOD, "poor": POOR, "poorer": judge(CODES, 0, 9)}))
    assert three.endswith("; distinguishable from all 2 others")
    (close,) = sentences(score(Labelled(CODES), {"good": GOOD, "too": GOOD_TOO, "poor": POOR}))
    assert close.endswith("; 1 other cannot be excluded")


def test_one_cell_is_not_the_best_of_any():
    assert sentences(score(Labelled(CODES), {"good": GOOD}))[0].endswith("; the only cell")


def test_few_items_have_no_best_that_is_more_than_the_highest():
    few = labels(12)
    (found,) = sentences(score(Labelled(few), {"one": judge(few, 0.9), "two": judge(few, 0.2)}))
    assert found == "highest kappa: direct/judge:one, 0.84, n = 12; not compared with 1 other"


@pytest.mark.parametrize(
    ("metric", "sentence"),
    [
        ("brier", "lowest brier: s/judge:x, 0.20, n = 12; not compared with 1 other"),
        ("soft-win-rate", "highest soft-win-rate: s/judge:x, 0.20, n = 12; not ranked: no value is better"),
    ],
)
def test_without_ranks_the_sentence_follows_the_direction_of_the_metric(metric, sentence):
    figure = {"value": 0.2, "low": None, "high": None, "n": 12}
    rows = [{"dataset": "d", "cell": f"d/s/judge:{name}", "rank": None, "metrics": {metric: figure}} for name in "xy"]
    (found,) = headlines({"metric": metric, "rows": rows})
    assert found.sentence == sentence


def test_undefined_everywhere_gives_the_reason():
    codes = labels(40) * 0 - 1
    (found,) = sentences(score(Labelled(codes), {"one": GOOD[:40], "two": POOR[:40]}))
    assert found.startswith("no best cell: kappa is undefined in every cell: ")
    assert not found.endswith(": ")


def test_cells_that_cannot_be_compared_are_counted():
    board = shipped("quickstart")
    board["rows"][-1]["rank"] = None
    assert headlines(board)[0].sentence.endswith("3 others cannot be excluded, 1 other not compared")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"corrected": None, "reason": "too few"}, ", not corrected for choosing the best of 12; "),
        ({"metric": "accuracy"}, "kappa 0.83 [0.73, 0.90]; "),
        ({"cell": "village-notices/other"}, "kappa 0.83 [0.73, 0.90]; "),
        ({"tried": 1}, "kappa 0.83 [0.73, 0.90]; "),
    ],
)
def test_a_correction_of_another_choice_is_not_shown(change, words):
    board = shipped("quickstart")
    board["winners"][0] |= change
    assert words in headlines(board)[0].sentence
