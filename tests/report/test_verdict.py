import copy

import pytest

from harness.leaderboard.view import datasets
from harness.report.verdict import verdict_of
from support.report_runs import shipped

BOARD = shipped("quickstart").board


def verdict(board):
    ((dataset, rows),) = datasets(board)
    return verdict_of(board, dataset, rows)


@pytest.fixture
def board():
    return copy.deepcopy(BOARD)


def test_the_best_cell_its_correction_and_the_others_that_can_be_best(board):
    assert verdict(board) == [
        (
            "direct/judge:master has the highest kappa on village-notices, 0.834 [0.726, 0.903]; corrected for the "
            "choice among 12 cells 0.83 [0.72, 0.90]."
        ),
        (
            "3 other cells cannot be excluded as the best: combined-5/judge:master, combined-10/judge:master, "
            "independent-10/judge:master."
        ),
        "Against the next best, this run could detect a loss of 0.34.",
    ]


def test_a_clear_winner(board):
    for row in board["rows"][1:]:
        row["rank"] = {"best": 2, "worst": 12}
    assert verdict(board)[1:] == ["All other cells are excluded as the best."]


def test_no_ranks_and_no_correction(board):
    board["winners"] = []
    for row in board["rows"]:
        row["rank"] = None
    assert verdict(board) == [
        "direct/judge:master has the highest kappa on village-notices, 0.834 [0.726, 0.903].",
        "The data do not support ranks.",
    ]


def test_no_value(board):
    board["rows"][0]["metrics"]["kappa"] |= {"value": None, "reason": "no labels"}
    assert verdict(board) == ["No cell has a value of kappa on village-notices: no labels."]
