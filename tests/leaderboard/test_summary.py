"""What a terminal shows of a leaderboard."""

import json
import re

import pytest

from harness.api import board_tables
from harness.leaderboard.formats.table import render
from harness.leaderboard.short_notes import detectable_note, is_in_the_summary
from support.paths import ROOT

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def board():
    return shipped("quickstart")


def shipped(spec):
    (folder,) = (ROOT / "results" / spec).iterdir()
    return json.loads((folder / "leaderboard.json").read_bytes())


def shown(board, width=80, **terminal):
    return render(board_tables(board), width=width, **terminal).splitlines()


@pytest.mark.parametrize("spec", ["quickstart", "prompting-strategies", "evaluator-modes", "feedback-loops"])
@pytest.mark.parametrize("width", [80, 100, 160])
def test_every_line_fits_and_every_row_has_one(spec, width):
    board = shipped(spec)
    lines = shown(board, width, height=50)
    assert max(map(len, lines)) <= width
    rows = board["rows"] if spec != "feedback-loops" else [row for one in board["boards"] for row in one["rows"]]
    assert sum(bool(re.match(r" *\d+(–\d+)?  ", line)) for line in lines) == len(rows)
    tables = 1 if spec != "feedback-loops" else len(board["boards"])
    assert len(lines) <= len(rows) + tables * 6 + 6


def test_the_answer_stands_above_the_board_with_every_column_that_matters(board):
    lines = shown(board)
    assert lines[0] == "village-notices (n = 120, simulated)"
    assert lines[1].startswith("best: direct/judge:master, kappa 0.83 [0.73, 0.90], corrected for")
    assert lines[3].split() == ["rank", "cell", "kappa", "vs", "best", "accuracy", "failed"]
    assert lines[5].split() == ["1–7", "combined-5/judge:master", "0.76", "[0.64,", "0.84]", "−0.08", "0.85", "1"]
    assert "\n".join(lines).count("simulated") == 1


def test_a_board_taller_than_the_screen_ends_in_its_answer(board):
    assert shown(board, height=40)[1].startswith("best: ")
    tall = shown(board, height=20)
    assert tall[-2].startswith("best: ")
    assert not tall[1].startswith("best: ")


def test_several_tall_boards_name_themselves_in_their_answers():
    lines = " ".join(shown(shipped("feedback-loops"), height=10))
    assert "over writer: best: writer+master" in lines
    assert "over master: best: writer+master" in lines


def test_a_wide_terminal_gets_bars_and_intervals(board):
    lines = shown(board, 160)
    assert "├" in lines[4]
    assert "0.757 [0.641, 0.841]" in lines[4]
    assert "−0.077 [−0.257, +0.103]" in lines[4]


def test_a_pipe_gets_whole_names_on_lines_of_a_hundred():
    lines = render(board_tables(shipped("evaluator-modes"))).splitlines()
    assert any("debate:master(rounds=1,decide=majority)" in line for line in lines)
    assert max(map(len, lines[2:])) <= 110


def test_names_in_part_where_the_terminal_is_narrow():
    lines = shown(shipped("evaluator-modes"))
    assert sum("…" in line for line in lines) == 2
    assert "accuracy" in lines[3]


def test_notes_are_the_few_that_matter(board):
    text = "\n".join(shown(board))
    assert "4 of 1,440 judgments failed (4 unparsed), counted as disagreement" in text
    assert "detectable at this n: a loss of 0.33 to 0.35; `harness power`" in text
    assert "best of K" not in text
    assert text.endswith("of quickstart; --notes (legend, 4 notes), --wide (columns)")
    everything = "\n".join(shown(board, notes=True))
    assert "best of K" in everything
    assert everything.endswith("documentation: docs/guide/reading-a-leaderboard.md")


def test_an_unknown_note_is_shown(board):
    board["notes"].append("village-notices: the labels are upside down")
    assert "village-notices: the labels are upside down" in shown(board)


def test_notes_that_restate_figures_are_left_out():
    for spec in ("quickstart", "prompting-strategies", "evaluator-modes", "feedback-loops"):
        assert all(map(is_in_the_summary, shipped(spec)["notes"]))
    assert not is_in_the_summary("x: n = 12 is below 20: counts only, no intervals and no ranks")
    assert not is_in_the_summary("x: the strategy was chosen as the best of 3 on the same data, so figures of cells")


def test_columns_of_what_differs_or_costs(board):
    for number, row in enumerate(board["rows"]):
        row |= {"n": 100 + number, "cost_usd": 0.5 + number, "abstained": number, "simulated": number > 5}
        row["companions"]["flip-rate"] = {"value": 0.25}
    del board["rows"][3]["companions"]["flip-rate"]
    board["rows"][2]["metrics"]["accuracy"]["value"] = None
    lines = shown(board, 200)
    assert lines[0] == "village-notices"
    assert {"n", "USD", "abstained", "flip", "calls"} <= set(lines[2].split())
    assert sum("(simulated)" in line for line in lines) == 6
    assert "11.50" in lines[15]


def test_an_undefined_figure_has_its_reason_below(board):
    for row in board["rows"]:
        row["metrics"]["kappa"] |= {"value": None, "low": None, "high": None, "reason": "one label", "difference": None}
        row["rank"] = None
    lines = shown(board)
    assert lines[1] == "no best cell: kappa is undefined in every cell: one label"
    assert "– (1)" in lines[3]
    assert "(1) one label" in lines


def test_a_baseline_is_named_in_the_header(board):
    board["against"] = "direct/judge:adept"
    assert "vs baseline" in shown(board)[3]
    board["rows"][1]["metrics"]["kappa"]["difference"]["value"] = None
    assert "–" in shown(board)[5].split()


def test_colours_mark_what_may_be_best_what_is_worse_and_failures(board):
    lines = shown(board, colours=True)
    coloured = dict.fromkeys(("32", "31", "33"), 0)
    for line in lines:
        for code in coloured:
            coloured[code] += f"\x1b[{code}m" in line
    assert coloured == {"32": 4, "31": 8, "33": 3}
    assert [COLOUR.sub("", line).rstrip() for line in lines] == shown(board)


@pytest.mark.parametrize(
    ("losses", "words"),
    [
        ([], ""),
        ([0.2, 0.2], "detectable at this n: a loss of 0.20"),
        ([None, 0.3, 0.2], "detectable at this n: a loss of 0.20 to 0.30"),
        ([None], "no loss could be detected at this n"),
    ],
)
def test_what_could_be_detected(losses, words):
    found = [{"detectable": loss, "is_distinguishable": False, "low": -0.1} for loss in losses]
    clear = {"detectable": 0.9, "is_distinguishable": True, "low": -0.1}
    assert detectable_note([*found, clear], plan=False) == words
    if words:
        assert detectable_note(found) == f"{words}; `harness power` plans a larger run"


def test_failed_comparisons_are_counted_and_cost_has_a_column():
    board = shipped("feedback-loops")
    board["boards"][0]["rows"][0]["failures"]["unparsed"] = 3
    for one in board["systems"]:
        one["cost_per_prompt_usd"] = 0.0125 if one["reviewers"] else None
    board["boards"][0]["rows"][1]["win_rates"]["half"]["value"] = None
    board["boards"][0]["prompts"] = board["systems"][0]["prompts"]
    text = "\n".join(shown(board, 160))
    assert "over writer: 3 of 320 comparisons failed (3 unparsed) and are left out" in text
    assert "USD/prompt" in text
    assert "0.0125" in text
