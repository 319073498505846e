"""Labels of filled-in files: mapped back, checked against the draw, with every error at once."""

from dataclasses import replace

import numpy as np
import orjson
import pytest

from harness.analysis.correct.correct import correct
from harness.analysis.correct.given_labels import LabelSource
from harness.analysis.label.collect import collect, drawn_labels
from harness.analysis.label.draw import Draw, Round, strata_by_disagreement
from harness.analysis.label.form import FormRow, read_form, shown_probability, write_form
from harness.analysis.label.record import read_record, record_path, write_record
from harness.errors import DatasetError
from harness.records.label_set import LabelSet
from support.readback import N, dataset, judge, labels, run_of

TRUTH = labels()
JUDGED = run_of(dataset({name: judge(TRUTH, skill, k) for k, (name, skill) in enumerate(
    {"good": 0.9, "fair": 0.6, "poor": 0.3}.items())}, TRUTH))  # fmt: skip
DATA = JUDGED.datasets[0]


def word(item, labelled=TRUTH):
    code = int(labelled[item.at])
    return ("1", "tie", "2")[2 - code if item.is_swapped else code]


def drawn(folder, *kinds, annotators=("anna",), filled=999, rounds=30):
    """A folder with filled-in files of some rounds."""
    draw = Draw(JUDGED.id, "pairs", 7, list(DATA.ids()))
    for kind in kinds:
        draw = draw.with_round(Round(kind, rounds), strata_by_disagreement(DATA.outcomes, 3))
    write_record(folder, draw)
    for number in range(1, len(kinds) + 1):
        for name in annotators:
            rows = [
                FormRow(one.key, name, shown_probability(one.probability), draw.id, {"prompt": "p"},
                        word(one) if place < filled else "")
                for place, one in enumerate(draw.shuffled(number, name))
            ]  # fmt: skip
            write_form(folder / f"pairs.round-{number}.{name}.csv", rows)
    return draw


def edited(path, change, at=0):
    form = read_form(path)
    write_form(path, [change(row) if k == at else row for k, row in enumerate(form.rows)])


def problems(folder):
    with pytest.raises(DatasetError, match="pairs") as caught:
        collect(JUDGED, [folder])
    return [str(one).removeprefix(f"{folder}/") for one in caught.value.problems]


def test_verdicts_are_mapped_back_to_the_order_of_the_data(tmp_path):
    draw = drawn(tmp_path, "uniform", annotators=("anna", "ben"))
    found = collect(JUDGED, [tmp_path])["pairs"]
    at = [one.at for one in draw.drawn[0]]
    assert any(one.is_swapped for one in draw.drawn[0])
    assert found.labels.annotators == ("anna", "ben")
    assert (found.labels.codes[at] == TRUTH[at][:, None]).all()
    assert (np.delete(found.labels.codes, at, axis=0) == -1).all()
    assert found.by_annotator == {"anna": 30, "ben": 30}
    assert (found.drawn, found.labelled, found.skipped) == (30, 30, 0)


def test_a_uniform_draw_corrects_exactly_as_the_same_labels_of_a_plain_file(tmp_path):
    draw = drawn(tmp_path, "uniform", "uniform")
    plain = tmp_path / "plain.jsonl"
    rows = [{"id": f"i{one.at}", "label": ("a", "tie", "b")[TRUTH[one.at]]} for items in draw.drawn for one in items]
    plain.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    source = LabelSource(tmp_path)
    by_draw = correct(JUDGED, source, drawn_labels(JUDGED, source)).datasets[0]
    assert drawn_labels(JUDGED, LabelSource(plain)) is None
    by_file = correct(JUDGED, LabelSource(plain)).datasets[0]
    assert [cell.rates for cell in by_draw.cells] == [cell.rates for cell in by_file.cells]
    assert by_draw.design is not None
    assert (by_draw.design.effective, by_file.design) == (60, None)
    assert "drawn with known probabilities" in by_draw.notes[0]


def test_stratified_labels_are_weighted_and_the_weights_are_said(tmp_path):
    drawn(tmp_path, "uniform", "disagreement")
    source = LabelSource(tmp_path)
    (found,) = correct(JUDGED, source, drawn_labels(JUDGED, source)).datasets
    assert found.design is not None
    assert found.design.strata > 1
    assert 20 < found.design.effective < 60
    assert found.human["half"].method == "weighted"
    assert found.human_sign.value is None
    for cell in found.cells:
        rate, kappa = cell.rates["half"], cell.score.figures["kappa"]
        assert rate.corrected.method == kappa.method == "weighted"
        assert rate.corrected.low < rate.corrected.value < rate.corrected.high
        assert None not in cell.ranks.values()
    best, worst = found.cells[0], found.cells[-1]
    assert best.ranks["kappa"].best == 1
    assert best.ranks["kappa"].worst < worst.ranks["kappa"].worst == 3
    assert any("weighted (Hájek)" in note for note in found.notes)


def test_a_partly_filled_file_counts_its_labels_and_a_skipped_item_is_noted(tmp_path):
    drawn(tmp_path, "uniform", filled=12)
    found = collect(JUDGED, [tmp_path])["pairs"]
    assert (found.labelled, found.skipped, found.labels.notes) == (12, 0, ())
    edited(tmp_path / "pairs.round-1.anna.csv", lambda row: replace(row, label=""), at=3)
    skipping = collect(JUDGED, [tmp_path])["pairs"]
    assert (skipping.labelled, skipping.skipped) == (11, 1)
    assert "1 item skipped" in skipping.labels.notes[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"probability": "0.5"}, "csv:2: `probability` is `0.5`, and the draw gives `{key}` 0.125"),
        ({"probability": ""}, "`probability` is ``, and the draw gives"),
        ({"label": "a"}, "csv:2: `label` is `a`; write `1`, `2` or `tie`, or leave it empty"),
        ({"key": "r1-999"}, "csv:2: `key` `r1-999` is no item of this draw"),
        ({"draw": "dffff"}, "csv:2: `draw` is `dffff`, no draw of this run"),
        ({"annotator": ""}, "csv:2: `annotator` is empty"),
    ],
)
def test_an_edited_row_is_an_error_with_its_line(tmp_path, change, message):
    drawn(tmp_path, "uniform")
    path = tmp_path / "pairs.round-1.anna.csv"
    key = read_form(path).rows[0].key
    edited(path, lambda row: replace(row, **change))
    assert message.format(key=key) in "\n".join(problems(tmp_path))


def test_all_errors_are_reported_at_once(tmp_path):
    drawn(tmp_path, "uniform")
    path = tmp_path / "pairs.round-1.anna.csv"
    edited(path, lambda row: replace(row, label="b", probability="1"))
    edited(path, lambda row: replace(row, label="left"), at=5)
    assert len(problems(tmp_path)) == 3


def test_a_row_that_occurs_twice_is_an_error(tmp_path):
    drawn(tmp_path, "uniform")
    path = tmp_path / "pairs.round-1.anna.csv"
    form = read_form(path)
    write_form(path, [*form.rows, form.rows[0]])
    assert "occurs twice" in problems(tmp_path)[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "is no record of a draw, or is damaged"),
        (b"[]", "is no record of a draw, or is damaged"),
        (b'{"format": 9, "digest": "x"}', "has format 9"),
    ],
)
def test_a_damaged_record_is_an_error(tmp_path, content, message):
    drawn(tmp_path, "uniform")
    record_path(tmp_path, "pairs").write_bytes(content)
    assert message in problems(tmp_path)[0]


@pytest.mark.parametrize(
    "change",
    [{"seed": 8}, {"rounds": [{"kind": "uniform", "n": 99}]}, {"run": "other"}, {"items": 1}, {"strata": None}],
)
def test_an_edited_record_is_an_error(tmp_path, change):
    drawn(tmp_path, "disagreement")
    path = record_path(tmp_path, "pairs")
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | change))
    assert "was edited" in problems(tmp_path)[0]


def test_a_record_of_another_run_or_of_other_items_is_an_error(tmp_path):
    draw = drawn(tmp_path, "uniform")
    path = record_path(tmp_path, "pairs")
    ids = list(DATA.ids())
    assert read_record(path, JUDGED.id, "pairs", ids).drawn == draw.drawn
    with pytest.raises(DatasetError, match="is of run 0123456789abcdef, dataset pairs, not of run other"):
        read_record(path, "other", "pairs", ids)
    with pytest.raises(DatasetError, match="is of other items than the run has"):
        read_record(path, JUDGED.id, "pairs", ids[::-1])
    with pytest.raises(DatasetError, match="cannot be read: no such file"):
        read_record(tmp_path / "none", JUDGED.id, "pairs", ids)


def test_a_file_without_the_record_beside_it_is_an_error(tmp_path):
    drawn(tmp_path, "uniform")
    (tmp_path / "sent").mkdir()
    moved = (tmp_path / "pairs.round-1.anna.csv").rename(tmp_path / "sent" / "anna.csv")
    with pytest.raises(DatasetError, match="holds no record of a draw from this run; keep the files in the folder"):
        collect(JUDGED, [moved])
    assert collect(JUDGED, [moved], tmp_path)["pairs"].labelled == 30


def test_nothing_filled_in_and_columns_of_a_drawn_file_are_errors(tmp_path):
    drawn(tmp_path, "uniform", filled=0)
    with pytest.raises(DatasetError, match="holds no label; fill in the column `label`"):
        drawn_labels(JUDGED, LabelSource(tmp_path))
    with pytest.raises(DatasetError, match="its columns are known; leave out `--column`"):
        drawn_labels(JUDGED, LabelSource(tmp_path, {"id": "key"}))


def test_labels_of_single_responses_are_found_in_any_case_and_grades_as_numbers(tmp_path):
    grades = LabelSet(tuple("12345"), is_ordered=True, values=(1.0, 2.0, 3.0, 4.0, 5.0))
    for labels_, given, code in ((LabelSet(("fail", "pass"), positive="pass"), "PASS", 1), (grades, "4.0", 3)):
        data = replace(DATA, label_set=labels_, outcomes=np.zeros((N, 3), np.int8))
        judged = replace(JUDGED, datasets=(data,))
        draw = drawn(tmp_path, "uniform", filled=0)
        path = tmp_path / "pairs.round-1.anna.csv"
        edited(path, lambda row, given=given: replace(row, label=given))
        first = draw.shuffled(1, "anna")[0]
        assert collect(judged, [path])["pairs"].labels.codes[first.at, 0] == code
        edited(path, lambda row: replace(row, label="excellent"))
        with pytest.raises(DatasetError, match="`label` is `excellent`; write "):
            collect(judged, [path])
