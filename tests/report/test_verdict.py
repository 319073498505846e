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


def test_the_best_cell_and_the_others_that_can_be_best(board):
    found = verdict(board)
    assert found.sentence.startswith("best: direct/judge:master, kappa 0.83 [0.73, 0.90]")
    assert found.sentence.endswith("3 others cannot be excluded.")
    assert found.remarks == [
        (
            "Cannot be excluded as the best: combined-5/judge:master, combined-10/judge:master, "
            "independent-10/judge:master."
        ),
        "Against the next best, this run could detect a loss of 0.34.",
    ]


def test_a_clear_winner_needs_no_remark(board):
    for row in board["rows"][1:]:
        row["rank"] = {"best": 2, "worst": 12}
    assert verdict(board).remarks == []


def test_no_ranks_need_no_remark(board):
    for row in board["rows"]:
        row["rank"] = None
    assert verdict(board).remarks == []
