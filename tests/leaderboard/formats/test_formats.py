"""Reports are tested on one small board that has everything a board may have."""

import csv
import io
import json

import pytest

from harness import registry
from harness.errors import InputError
from harness.leaderboard.board_tables import board_tables
from harness.leaderboard.formats.table import _of_shown
from harness.leaderboard.view import metric_names, sorted_by


def figure(value, low=None, high=None, rank=None, **more):
    return {"value": value, "low": low, "high": high, "rank": rank, **more}


def row(dataset="fair", strategy="direct", model="small", *, kappa, accuracy, simulated=False, **more):
    return {
        "cell": f"{dataset}/{strategy}/judge:{model}",
        "dataset": dataset,
        "strategy": strategy,
        "mode": "judge",
        "models": [model],
        "order": "given",
        "repeats": 1,
        "variant": "",
        "n": 80,
        "items": 80,
        "failures": {"unparsed": 0, "refused": 0, "truncated": 0, "unavailable": 0},
        "metrics": {"kappa": kappa, "accuracy": accuracy},
        "companions": {
            f"{metric}.{name}": figure(value)
            for metric in ("kappa", "accuracy")
            for name, value in (("complete-case", 0.62), ("failures-wrong", 0.6), ("failures-right", None))
        },
        "rank": kappa["rank"],
        "calls": 81,
        "tokens": {"prompt": 900, "completion": 90},
        "cost_usd": None,
        "abstained": 0,
        "simulated": simulated,
        **more,
    }


@pytest.fixture
def board():
    first, both = {"best": 1, "worst": 1}, {"best": 1, "worst": 2}
    return {
        "run": "0a1b2c",
        "spec": "modes",
        "kind": "evaluation",
        "metric": "kappa",
        "method": {"interval": "bootstrap", "resamples": 10000, "level": 0.95, "seed": 7, "unit": "item"},
        "rows": [
            row(
                kappa=figure(0.6, 0.5, 0.7, first),
                accuracy=figure(0.7, 0.6, 0.8, both),
                simulated=True,
                failures={"unparsed": 3, "refused": 1, "truncated": 0, "unavailable": 0},
            ),
            row(
                model="large",
                kappa=figure(0.5, 0.4, 0.6, {"best": 2, "worst": 2}),
                accuracy=figure(0.8, 0.7, 0.9, both),
            ),
            row(
                "tiny",
                kappa=figure(None, reason="chance agreement is 1", flags=["degenerate"]),
                accuracy=figure(1.0, reason="fewer than 20 items"),
            ),
            row(
                "tiny",
                model="other",
                kappa=figure(None, reason="chance agreement is 1"),
                accuracy=figure(0.25, reason="fewer than 20 items"),
            ),
        ],
        "notes": ["simulated models are no language models"],
    }


def rendered(board, name, **terminal):
    """The whole of a board in a format."""
    whole = {"wide": True, "notes": True} if name == "table" else {}
    return registry.find("leaderboard_formats", name).render(
        board_tables(board), **({"width": None, "colours": False} | whole | terminal)
    )


def test_every_report_has_a_summary_and_ends_with_one_line_break(board):
    for name in registry.names("leaderboard_formats"):
        assert registry.find("leaderboard_formats", name).SUMMARY
        text = rendered(board, name)
        assert text.endswith("\n")
        assert not text.endswith("\n\n")


def test_table_shows_figures_ranks_failures_and_what_is_simulated(board):
    lines = rendered(board, "table").splitlines()
    assert lines[0] == "fair"
    assert lines[1].split() == [
        *["rank", "strategy", "evaluator", "kappa", "accuracy", "n", "failed"],
        "complete",
        "cases",
    ]
    first = next(line for line in lines if "judge:small (simulated)" in line)
    assert first.split()[0] == "1"
    assert "0.600 [0.500, 0.700]" in first
    assert first.endswith("3 unparsed, 1 refused   0.620 [0.600, –]")
    assert "simulated" not in next(line for line in lines if "judge:large" in line)


def test_table_gives_each_reason_one_number_and_tells_it_below(board):
    text = rendered(board, "table")
    assert "– (1) (2)" in text
    assert "1.000 (3)" in text
    assert "0.250 (3)" in text
    assert (
        "(1) chance agreement is 1\n(2) standard error 0: no variation among the items\n(3) fewer than 20 items\n"
        in text
    )


def test_table_tells_how_the_figures_were_made(board):
    text = rendered(board, "table")
    assert "95 % interval, smoothed multinomial bootstrap, 10,000 resamples, seed 7, unit item" in text
    assert "rank: range by kappa" in text
    assert "simulated models are no language models" in text
    assert "run 0a1b2c of modes" in text


@pytest.mark.parametrize(("interval", "words"), [("analytic", "analytic standard error"), ("new", "new")])
def test_a_method_without_resamples_speaks_of_none(board, interval, words):
    board["method"] |= {"interval": interval, "resamples": 0}
    assert f"95 % interval, {words}, seed 7" in rendered(board, "table")


def test_no_table_is_cut_in_two_however_narrow_the_terminal_is(board):
    board["rows"][0] |= {"order": "both", "repeats": 3, "cost_usd": 1.25}
    narrow, whole = rendered(board, "table", width=80), rendered(board, "table")
    tables = [text.split("\n(1)")[0] for text in (narrow, whole)]
    assert tables[0] == tables[1]
    assert tables[0].count("strategy") == 2


def test_table_has_colours_only_where_the_terminal_shows_them(board):
    assert "\x1b[" in rendered(board, "table", width=120, colours=True)
    assert "\x1b" not in rendered(board, "table", width=120)


@pytest.mark.parametrize("name", ["table", "markdown", "csv"])
def test_text_from_elsewhere_cannot_command_a_terminal(board, name):
    board["rows"][0]["strategy"] = "x\x1b]0;title\x07[bold]y\u202e\n"
    text = rendered(board, name)
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "title" not in text
    assert "bold" in text


def test_order_is_shown_where_cells_differ_in_it(board):
    board["rows"][1]["order"] = "swapped"
    lines = rendered(board, "table").splitlines()
    assert lines[1].split()[3] == "order"
    assert "swapped" in next(line for line in lines if "judge:large" in line)


def test_what_is_steady_and_what_it_took_is_shown_where_cells_differ_in_it(board):
    assert not {"calls", "cost", "flip"} & set(rendered(board, "table").splitlines()[1].split())
    board["rows"][0] |= {"mode": "debate", "variant": "(rounds=3)", "order": "both", "repeats": 3, "calls": 12345}
    board["rows"][0]["companions"] |= {"flip-rate": figure(0.125), "self-agreement": figure(None)}
    text = rendered(board, "table")
    lines = text.splitlines()
    assert lines[1].endswith("calls")
    assert {"order", "repeats", "flip", "rate", "self-agreement"} <= set(lines[1].split())
    debate = next(line for line in lines if "debate:small(rounds=3)" in line)
    assert debate.split()[-1] == "12,345"
    assert "0.12" in debate.split()
    assert "flip rate: share of items whose verdict changes" in text
    assert "cost (USD)" not in text
    for row, cost in zip(board["rows"], (0.01234, 1234.5, 0.0, None), strict=True):
        row["cost_usd"] = cost
    lines = rendered(board, "table").splitlines()
    ends = [line.split()[-1] for line in lines if "judge:" in line or "debate:" in line]
    assert ends == ["0.0123", "1,234.50", "0.0000", "–"]


def test_abstentions_are_shown_where_there_are_any(board):
    assert "abstained" not in rendered(board, "table")
    board["rows"][0]["abstained"] = 7
    text = rendered(board, "table")
    assert "abstained" in text.splitlines()[1].split()
    assert "abstained: jury members" in text


def test_methods_and_units_of_several_datasets_are_put_in_words(board):
    board["method"] |= {"interval": "mixed", "unit": "mixed", "resamples": 0}
    text = " ".join(rendered(board, "table").split())
    assert "several methods, by dataset, seed 7, unit item or cluster" in text


def test_what_stands_beside_failures_is_shown_where_there_are_any(board):
    assert "complete cases: kappa without failures" in rendered(board, "table")
    board["rows"][0]["failures"] = dict.fromkeys(board["rows"][0]["failures"], 0)
    assert "complete cases" not in rendered(board, "table")


def test_markdown_is_a_table_for_each_dataset_with_notes_as_a_list(board):
    board["rows"][0]["strategy"] = "a|b*"
    lines = rendered(board, "markdown").splitlines()
    assert lines[0] == "### fair"
    assert lines[2] == "| rank | strategy | evaluator | kappa | accuracy | n | failed | complete cases |"
    assert lines[3] == "|" + " --- |" * 8
    assert lines[4].startswith(r"| 1 | a\|b\* | judge:small (simulated) | 0.600 \[0.500, 0.700\] |")
    assert "### tiny" in lines
    assert lines[-1] == "- run 0a1b2c of modes"


def test_names_in_markdown_are_no_mentions_and_numbers_no_references(board):
    board["rows"][0]["strategy"] = "@team a@b #12 @ #"
    assert r"| 1 | @&#8203;team a@&#8203;b \#&#8203;12 @ \# |" in rendered(board, "markdown")


def test_csv_has_a_line_for_each_cell_with_all_it_needs(board):
    lines = list(csv.DictReader(io.StringIO(rendered(board, "csv"))))
    assert len(lines) == 4
    first = lines[0]
    assert (first["cell"], first["evaluator"], first["simulated"]) == ("fair/direct/judge:small", "judge:small", "true")
    assert (first["kappa"], first["kappa_low"], first["kappa_rank_worst"]) == ("0.6", "0.5", "1")
    assert (first["order"], first["repeats"]) == ("given", "1")
    assert (first["unparsed"], first["resamples"], first["unit"]) == ("3", "10000", "item")
    assert (first["kappa.complete-case"], first["calls"], first["prompt_tokens"], first["cost_usd"]) == (
        "0.62",
        "81",
        "900",
        "",
    )
    assert (lines[2]["kappa"], lines[2]["kappa_reason"], lines[2]["kappa_rank_best"]) == (
        "",
        "chance agreement is 1",
        "",
    )


def test_csv_text_never_begins_a_formula_and_numbers_stay_numbers(board):
    board["rows"][0]["strategy"] = "=HYPERLINK()"
    board["rows"][0]["metrics"]["kappa"]["value"] = -0.25
    first = next(csv.DictReader(io.StringIO(rendered(board, "csv"))))
    assert first["strategy"] == "'=HYPERLINK()"
    assert first["kappa"] == "-0.25"


def test_json_is_the_board_itself(board):
    assert json.loads(rendered(board, "json")) == board


def test_sorting_orders_and_ranks_within_each_dataset(board):
    by_accuracy = sorted_by(board, "accuracy")
    assert [r["cell"] for r in by_accuracy["rows"]] == [
        "fair/direct/judge:large",
        "fair/direct/judge:small",
        "tiny/direct/judge:small",
        "tiny/direct/judge:other",
    ]
    assert by_accuracy["rows"][0]["rank"] == {"best": 1, "worst": 2}
    assert by_accuracy["metric"] == "accuracy"
    assert metric_names(by_accuracy) == ["accuracy", "kappa"]
    assert board["metric"] == "kappa"


def test_sorting_puts_undefined_values_last(board):
    board["rows"][0]["metrics"]["kappa"]["value"] = None
    assert [r["models"] for r in sorted_by(board, "kappa")["rows"]][:2] == [["large"], ["small"]]


def test_a_metric_that_the_run_lacks_is_named_with_those_it_has(board):
    with pytest.raises(InputError, match="no metric `f1`; it has kappa, accuracy"):
        sorted_by(board, "f1")


def apart(value, low, high, **more):
    known = {"to": "fair/direct/judge:small", "p_value": 0.01, "is_distinguishable": True, "is_equivalent": None}
    return {"value": value, "low": low, "high": high, **known, **more}


@pytest.fixture
def divided(board):
    """The board with differences to its best cell."""
    first, second = board["rows"][:2]
    first["metrics"]["kappa"]["difference"] = None
    second["metrics"]["kappa"]["difference"] = apart(-0.1, -0.15, -0.05)
    return board


def test_differences_stand_beside_the_metrics_with_what_they_are_to(divided):
    text = rendered(divided, "table")
    assert "difference" in text
    assert "−0.100 [−0.150, −0.050]" in text
    assert "minus that of the best of the dataset" in text
    named = rendered({**divided, "against": "direct/judge:small"}, "table")
    assert "minus that of fair/direct/judge:small" in " ".join(named.split())


def test_a_difference_without_interval_or_value_says_so(divided):
    divided["rows"][1]["metrics"]["kappa"]["difference"] = apart(0.0, None, None)
    assert "+0.000  " in rendered(divided, "table")
    divided["rows"][1]["metrics"]["kappa"]["difference"] = apart(None, None, None)
    assert "| – |" in rendered(divided, "markdown")


def test_a_line_stands_under_those_that_could_be_the_best(divided):
    lines = rendered(divided, "table").splitlines()
    at = next(k for k, line in enumerate(lines) if "judge:small" in line)
    assert set(lines[at + 1].strip()) == {"─"}
    assert "below the line: cells for which rank 1 is excluded" in rendered(divided, "table")
    rows = rendered(divided, "markdown").splitlines()
    at = next(k for k, line in enumerate(rows) if "judge:small" in line)
    assert set(rows[at + 1]) == {"|", " ", "—"}


def test_there_is_no_line_where_all_could_be_the_best(divided):
    for row in divided["rows"]:
        row["rank"] = {"best": 1, "worst": 3}
    assert "below the line" not in rendered(divided, "table")


def test_csv_has_every_difference_in_columns_of_its_own(divided):
    rows = list(csv.DictReader(io.StringIO(rendered(divided, "csv"))))
    assert rows[0]["kappa_difference"] == ""
    assert (rows[1]["kappa_difference"], rows[1]["kappa_difference_low"]) == ("-0.1", "-0.15")
    assert rows[1]["kappa_difference_to"] == "fair/direct/judge:small"


def test_footnotes_of_columns_that_are_not_shown_are_left_out():
    notes = ["(1) too few items", "(2) no variation", "a note"]
    assert _of_shown(notes, "0.5 (2)\n– (12)") == ["(2) no variation", "a note"]
    assert _of_shown(notes, "– (1)") == ["(1) too few items", "a note"]
    assert _of_shown(notes, None) == notes
