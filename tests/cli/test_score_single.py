"""`harness score` with `--labels`: labels, scores and numbers of single responses in a table, without a spec."""

from __future__ import annotations

import contextlib
import json
import random
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result
from scipy import stats
from sklearn import metrics

from harness.api.verdict_table import TableQuestion, score_tables
from harness.cli import main
from harness.errors import InputError

OTHER = {"pass": "fail", "fail": "pass"}


def rows_of(count: int = 60) -> list[dict[str, object]]:
    """Items with labels, scores, grades and numbers of judges and people."""
    draw = random.Random(4)
    rows: list[dict[str, object]] = []
    for number in range(count):
        human = draw.choice(["pass", "fail"])
        grade, x = draw.randint(1, 5), round(draw.uniform(1, 10), 2)
        rows.append(
            {
                "id": f"i{number}",
                "prompt": f"p{number // 2}",
                "good": human if draw.random() < 0.85 else OTHER[human],
                "poor": (human if draw.random() < 0.6 else OTHER[human]).title(),
                "score": (0.6 if human == "pass" else 0.3) + draw.random() / 3,
                "human": human,
                "code": int(human == "pass"),
                "grade": grade,
                "judged": min(5, max(1, grade + draw.choice([-1, 0, 0, 1]))),
                "x": x,
                "y": min(10.0, max(1.0, x + draw.gauss(0, 1.5))),
            }
        )
    return rows


ROWS = rows_of()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pl.DataFrame(ROWS).write_csv(tmp_path / "t.csv")
    pl.DataFrame(ROWS).write_parquet(tmp_path / "t.parquet")
    (tmp_path / "t.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in ROWS), encoding="utf-8")
    return tmp_path


def score(folder: Path, *arguments: str) -> Result:
    with contextlib.chdir(folder):
        return CliRunner().invoke(main, ["score", *arguments])


def figures(folder: Path, *, name: str = "*") -> dict[str, dict[str, float]]:
    """The metrics of each judge."""
    (file,) = folder.glob(f"results/{name}/*/leaderboard.json")
    board = json.loads(file.read_text(encoding="utf-8"))
    return {
        row["cell"].rpartition(":")[2]: {key: one["value"] for key, one in row["metrics"].items()}
        for row in board["rows"]
    }


def column(name: str) -> list[object]:
    return [row[name] for row in ROWS]


@pytest.mark.whole
@pytest.mark.parametrize("file", ["t.csv", "t.jsonl", "t.parquet"])
def test_labels_are_scored_as_scikit_learn_does(folder, file):
    named = ("kappa", "accuracy", "balanced-accuracy", "recall-pass", "precision-fail", "f1-pass")
    options = [part for name in named for part in ("--metric", name)]
    judges = ["--judge", "good", "--judge", "poor", "--cluster", "prompt"]
    done = score(folder, file, *judges, "--human", "human", "--labels", "fail,pass", *options)
    assert done.exit_code == 0, done.output
    truth = column("human")
    for judge, found in figures(folder).items():
        said = [str(one).lower() for one in column(judge)]
        expected = {
            "kappa": metrics.cohen_kappa_score(truth, said),
            "accuracy": metrics.accuracy_score(truth, said),
            "balanced-accuracy": metrics.balanced_accuracy_score(truth, said),
            "recall-pass": metrics.recall_score(truth, said, pos_label="pass"),
            "precision-fail": metrics.precision_score(truth, said, pos_label="fail"),
            "f1-pass": metrics.f1_score(truth, said, pos_label="pass"),
        }
        assert found == pytest.approx(expected)


@pytest.mark.whole
def test_scores_become_labels_by_thresholds(folder):
    options = ["--labels", "fail,pass", "--thresholds", "pass=0.6", "--metric", "auc", "--metric", "kappa"]
    truth, scores = column("human"), column("score")
    said = ["pass" if one >= 0.6 else "fail" for one in scores]  # type: ignore[operator]
    expected = {
        "auc": metrics.roc_auc_score(column("code"), scores),
        "kappa": metrics.cohen_kappa_score(truth, said),
    }
    for results, more in (("results", []), ("scaled/results", ["--scale", "0,1"])):
        done = score(folder, "t.csv", "--judge", "score", "--human", "human", *options, "--results", results, *more)
        assert done.exit_code == 0, done.output
        assert figures(folder / Path(results).parent)["score"] == pytest.approx(expected)


def test_ordered_grades_also_have_metrics_of_numbers(folder):
    named = ("kappa-quadratic", "alpha-ordinal", "mae")
    options = [part for name in named for part in ("--metric", name)]
    labels = ["--labels", "1,2,3,4,5", "--ordered"]
    done = score(folder, "t.csv", "--judge", "judged", "--human", "grade", *labels, *options)
    assert done.exit_code == 0, done.output
    found = figures(folder)["judged"]
    said, truth = column("judged"), column("grade")
    assert found["kappa-quadratic"] == pytest.approx(metrics.cohen_kappa_score(truth, said, weights="quadratic"))
    assert found["mae"] == pytest.approx(metrics.mean_absolute_error(truth, said))


def test_numbers_with_all_their_digits(folder):
    options = ["--labels", "number", "--scale", "1,10", "--name", "essays"]
    done = score(folder, "t.csv", "--judge", "y", "--human", "x", *options)
    assert done.exit_code == 0, done.output
    said, truth = column("y"), column("x")
    expected = {
        "pearson": stats.pearsonr(said, truth).statistic,
        "spearman": stats.spearmanr(said, truth).statistic,
        "mae": metrics.mean_absolute_error(truth, said),
    }
    assert figures(folder, name="essays")["y"] == pytest.approx(expected)


@pytest.mark.whole
def test_a_judge_and_an_annotator_in_each_row_of_two_files_and_the_spec_again(folder):
    said = [
        {"item": row["id"], "judge": judge, "run": run, "said": row[judge] if run == 0 or number % 7 else None}
        for number, row in enumerate(ROWS)
        for judge in ("good", "poor")
        for run in (0, 1)
    ]
    (folder / "long.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in said), encoding="utf-8")
    votes = [f"{row['id']},{who},{row['code']}\n" for row in ROWS for who in ("ann", "bob")]
    (folder / "people.csv").write_text("item,who,vote\n" + "".join(votes), encoding="utf-8")
    long = ["--judge-column", "judge", "--verdict", "said", "--repeat", "run", "--item", "item"]
    people = ["--human", "vote", "--annotator", "who", "--values", "1=pass,0=fail"]
    options = ["--labels", "fail,pass", "--metric", "accuracy", "--spec", "mine.yaml"]
    done = score(folder, "long.jsonl", "people.csv", *long, *people, *options)
    assert done.exit_code == 0, done.output
    found = figures(folder)
    assert found["good/x2"]["accuracy"] == pytest.approx(metrics.accuracy_score(column("human"), column("good")))
    with contextlib.chdir(folder):
        again = CliRunner().invoke(main, ["run", "mine.yaml", "--offline", "--results", "again/results"])
    assert again.exit_code == 0, again.output
    assert figures(folder / "again") == found


def test_empty_cells_and_failures(folder):
    rows = ["1,pass,pass", "2,,fail", "3,refused,pass", "4,ERR,fail", "5,fail,", "6,PASS,Pass"]
    (folder / "m.csv").write_text("id,j,h\n" + "\n".join(rows) + "\n", encoding="utf-8")
    options = ["--labels", "fail,pass", "--values", "ERR=unavailable", "--metric", "accuracy"]
    done = score(folder, "m.csv", "--judge", "j", "--human", "h", *options)
    assert done.exit_code == 0, done.output
    (file,) = folder.glob("results/*/*/judgments.parquet")
    frame = pl.read_parquet(file).select(pl.coalesce("verdict", "failure").alias("outcome"))
    assert frame["outcome"].to_list() == ["pass", "unparsed", "refused", "unavailable", "fail", "pass"]
    assert figures(folder)["j"]["accuracy"] == 2 / 5


def test_one_label_only_is_undefined_with_a_reason(folder):
    (folder / "one.csv").write_text("j,h\n" + "pass,pass\nfail,pass\n" * 10, encoding="utf-8")
    done = score(folder, "one.csv", "--judge", "j", "--human", "h", "--labels", "fail,pass", "--metric", "kappa")
    assert done.exit_code == 0
    assert "all reference labels are the same" in done.output


def test_without_labels_the_message_names_the_option(folder):
    done = score(folder, "t.csv", "--judge", "good", "--human", "human")
    assert done.exit_code == 2
    assert "labels of single responses need --labels, which names them from the worst to the best" in done.output


TWO = ["--labels", "fail,pass"]
JUDGE = ["--judge", "good", "--human", "human"]
BAD = [
    (["--judge", "good", "--human", "human", "--labels", "fail,good"], ["`good`: `pass` (", "the labels are `fail`"]),
    (["--judge", "y", "--human", "human", *TWO], ["more are no labels; scores of judges become labels by --thresh"]),
    (["--judge", "good", "--human", "x", *TWO], ["--labels number --scale MIN,MAX keeps numbers"]),
    (["--judge", "y", "--human", "human", "--labels", "number", "--scale", "1,10"], ["are no numbers; leave cells"]),
    (
        ["--judge", "good", "--human", "x", "--labels", "number", "--scale", "1,10"],
        ['are no numbers; --values "', '" makes failed judgments of them'],
    ),
    (["--judge", "y", "--human", "x", "--labels", "number", "--scale", "2,5"], ["outside --scale 2,5"]),
    (["--judge", "y", "--human", "x", "--labels", "number"], ["--labels number needs the scale"]),
    ([*JUDGE, "--labels", "number", "--scale", "1,2", "--ordered"], ["has no classes for --ordered or --thresholds"]),
    ([*JUDGE, *TWO, "--metric", "kappa-linear"], ["--metric kappa-linear needs labels that have an order"]),
    (
        [*JUDGE, *TWO, "--metric", "cappa", "--metric", "pearson", "--metric", "zz"],
        ["there is no metric `cappa`; did you mean `kappa`?", "pearson is of labels that are numbers", "metric `zz`"],
    ),
    ([*JUDGE, "--labels", "fail"], ["--labels fail is not 2 to 20 different labels"]),
    ([*JUDGE, "--labels", "fail,refused"], ["`refused` is the name of a failure"]),
    ([*JUDGE, "--labels", "Fail,so so"], ["write `fail`, which is found in any case", '--values "so so=so-so"']),
    (
        [*JUDGE, *TWO, "--order", "x", "--tie-margin", "2", "--mapped-back", "--column", "response_a=x"],
        ["--order is for pairs", "--tie-margin is", "--mapped-back is", "--column response_a is for pairs"],
    ),
    ([*JUDGE, *TWO, "--collapse", "all-votes"], ["--collapse all-votes is for pairs"]),
    ([*JUDGE, *TWO, "--scale", "1,10"], ["--scale is for scores, and the judges give labels"]),
    ([*JUDGE, *TWO, "--thresholds", "fail=3"], ["--thresholds does not have each label but the lowest"]),
    ([*JUDGE, *TWO, "--thresholds", "pass=x"], ["'pass=x' is not LABEL=SCORE"]),
    (
        ["--judge", "y", "--human", "grade", "--labels", "a,b,c", "--thresholds", "b=5,c=2"],
        ["--thresholds do not rise"],
    ),
    (["--judge", "y", "--human", "human", *TWO, "--scale", "1,10", "--thresholds", "pass=11"], ["lie outside the sc"]),
    ([*JUDGE, "--thresholds", "pass=3", "--ordered"], ["--ordered is for labels of single", "--thresholds is for"]),
    ([*JUDGE, *TWO, "--values", "x=good"], ["--values `x`=`good` is no label; known here: `fail`, `pass`, `unparsed`"]),
    (
        ["--judge", "good", "--human", "code", *TWO, "--values", "1=pass,0=refused"],
        ["`code` is of people, and `0` means a failure of a judge"],
    ),
    (["--judge", "g=verdict:good", "--human", "human", *TWO], ["the judge `g` has other columns than those of single"]),
    (["--judge", "g=label:good,label:poor", "--human", "human", *TWO], ["has several columns of labels; repeats are"]),
    (["--judge", "nope", "--human", "a:good,b:poor", *TWO], ["no column `nope`", "no column `a:good,b:poor`"]),
    (["--judge-column", "good", "--human", "human", *TWO], ["--judge-column needs the column with the labels"]),
    ([*JUDGE, "--metric", "nope"], ["'nope' is not one of"]),
]


@pytest.mark.parametrize(("arguments", "messages"), BAD)
def test_bad_input_is_refused_with_the_fix(folder, arguments, messages):
    done = score(folder, "t.csv", *arguments)
    assert done.exit_code == 2, done.output
    for message in messages:
        assert message in done.output
    assert not (folder / "results").exists()


def test_an_item_that_is_judged_twice_needs_repeats(folder):
    (folder / "d.csv").write_text("id,j,h\n1,pass,pass\n1,fail,pass\n2,pass,fail\n", encoding="utf-8")
    options = ["--judge", "j", "--human", "h", "--labels", "fail,pass", "--metric", "accuracy"]
    done = score(folder, "d.csv", *options, "--item", "id")
    assert done.exit_code == 2
    assert "`j` judges item `1` in 2 rows; name the column of repeats (--repeat COLUMN" in done.output
    assert score(folder, "d.csv", *options, "--item", "id", "--repeat", "row").exit_code == 0


def test_from_python(folder):
    question = TableQuestion(("good",), ("human",), labels=("fail", "pass"), metrics=())
    score_tables([folder / "t.csv"], question, results=folder / "results")
    assert figures(folder)["good"]["kappa"] == pytest.approx(metrics.cohen_kappa_score(column("human"), column("good")))
    with pytest.raises(InputError, match="--labels fail is not 2 to 20"):
        score_tables([folder / "t.csv"], TableQuestion(("good",), ("human",), labels=("fail",)), results=folder)
