import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InputError, RunFolderError
from harness.records.judgments import OUTCOMES
from harness.report.items import filters as module
from harness.report.items.filters import Filters, filters_from, find_items
from harness.report.items.index import RunIndex
from harness.report.items.telling import telling
from harness.runner.run_folder import MANIFEST
from support.viewed_runs import Files, evaluated, generated, opened

JUDGE, BOTH = "pairs/combined-10/judge:novice", "pairs/combined-10/judge:novice/both"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("viewed")


@pytest.fixture(scope="module")
def run(folder: Path) -> Files:
    return evaluated(folder)


def found(run: Files, search=lambda dataset, text: None, **values: str):
    return find_items(RunIndex(run), filters_from(values), search)


def ids(run: Files, **values: str) -> list[str]:
    return [line.item for line in found(run, **values).lines]


def verdicts(run: Files, folder: Path):
    items = opened(run, folder)
    return {f"p{number}": items.item("pairs", f"p{number}") for number in range(1, 13)}


def test_every_filter_selects_what_the_records_say(run, folder):
    records = verdicts(run, folder)

    def of(cell, test):
        return [name for name, one in records.items() if any(test(v) for v in one.verdicts if cell in ("", v.cell))]

    assert ids(run) == list(records)
    assert ids(run, label="b") == [name for name, one in records.items() if one.reference == "b"]
    assert ids(run, label="none") == []
    assert ids(run, category="letter") == [name for name, one in records.items() if one.category == "letter"]
    for cell in ("", JUDGE):
        for outcome in OUTCOMES:
            assert ids(run, cell=cell, outcome=outcome) == of(cell, lambda v, o=outcome: v.outcome == o)
        assert ids(run, cell=cell, show="failed") == of(cell, lambda v: v.is_failure)
        assert ids(run, cell=cell, show="right") == of(cell, lambda v: v.is_right)
    assert ids(run, cell=JUDGE, show="wrong") == of(JUDGE, lambda v: v.is_right is False)
    assert ids(run, cell=BOTH, show="flips") == of(BOTH, lambda v: v.flips) != []
    disagree = [name for name, one in records.items() if {"a", "b"} <= {v.outcome for v in one.verdicts}]
    assert ids(run, show="disagree") == disagree != []


def test_a_line_counts_the_verdicts_of_its_item(run, folder):
    records = verdicts(run, folder)
    for line in found(run, cell=JUDGE).lines:
        outcomes = [verdict.outcome for verdict in records[line.item].verdicts]
        assert line.counts[:3] == tuple(outcomes.count(name) for name in ("a", "tie", "b"))
        assert sum(line.counts) == len(outcomes)
        assert line.right == sum(verdict.is_right is True for verdict in records[line.item].verdicts)
        assert line.outcome == next(v.outcome for v in records[line.item].verdicts if v.cell == JUDGE)


def test_text_is_searched_in_ids_prompts_and_responses(run, folder):
    search = opened(run, folder).search
    assert [line.item for line in found(run, search, text="IS (12)").lines] == ["p12"]
    assert [line.item for line in found(run, search, text="P11").lines] == ["p11"]
    assert found(run, search, text="honey").note == ""
    alone = found(run, text="p1")
    assert [line.item for line in alone.lines] == ["p1", "p10", "p11", "p12"]
    assert alone.note == "only ids are searched: the texts are not there"


def test_pages_follow_each_other_and_the_last_one_is_the_limit(run, monkeypatch):
    monkeypatch.setattr(module, "PAGE", 5)
    pages = [found(run, page=str(number)) for number in (1, 2, 3, 9)]
    assert [[line.item for line in page.lines] for page in pages[:3]] == [
        [f"p{n}" for n in range(1, 6)],
        [f"p{n}" for n in range(6, 11)],
        ["p11", "p12"],
    ]
    assert pages[3].filters.page == pages[3].pages == 3
    assert {page.total for page in pages} == {12}


def test_the_most_telling_items_come_first(run):
    index = RunIndex(run)
    told = telling(index, 3)
    assert [one.item for one in told.items] == ids(run, sort="telling")[:3]
    assert all(one.reasons for one in told.items)
    every = telling(index, 100)
    assert every.left_out == 0
    assert told.left_out == len(every.items) - 3


def test_only_items_with_a_reason_are_telling(run):
    index = RunIndex(run)
    data = index.dataset("pairs")
    shown = {one.item for one in telling(index, 100).items}
    plain = ~(data.disagreement > 0) & ~data.is_all_wrong & ~data.flips.any(axis=1)
    assert shown == set(np.array(data.ids.to_list())[~plain])


def test_a_cell_leads_to_its_dataset_in_a_generation(tmp_path):
    files = generated(tmp_path, prompts=3)
    index = RunIndex(files)
    cell = files.manifest["cells"][-1]
    page = find_items(index, Filters(cell=cell["id"]), lambda dataset, text: None)
    assert page.filters.dataset == cell["dataset"] != index.names[0]
    assert page.lines[0].reference is None
    assert page.lines[0].right is None
    telling(index, 5)


def test_filters_that_are_set_make_the_address_of_a_page():
    assert Filters().without_page() == {}
    assert Filters(cell="c", show="flips", page=3).without_page() == {"cell": "c", "show": "flips"}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"show": "some"}, "`show` is `some`"),
        ({"sort": "up"}, "`sort` is `up`"),
        ({"outcome": "c"}, "`outcome` is `c`"),
        ({"label": "unparsed"}, "`label` is `unparsed`"),
        ({"page": "0"}, "`page` is `0`"),
        ({"page": "-1"}, "`page` is `-1`"),
        ({"page": "²"}, "`page` is `²`"),
        ({"page": "1" * 40}, "`page` is"),
    ],
)
def test_values_that_a_filter_does_not_know_are_input_errors(values, message):
    with pytest.raises(InputError, match=message):
        filters_from(values)


@pytest.mark.parametrize("values", [{"dataset": "other"}, {"cell": "nobody"}, {"dataset": "pairs", "cell": "nobody"}])
def test_unknown_datasets_and_cells_are_input_errors(run, values):
    with pytest.raises(InputError, match="this run has no"):
        found(run, **values)


@given(st.dictionaries(st.sampled_from([*Filters.__dataclass_fields__, "x"]), st.text(max_size=8)))
def test_any_form_gives_filters_or_an_input_error(values):
    try:
        found = filters_from(values)
    except InputError:
        return
    assert found.page >= 1


def test_a_folder_that_does_not_hold_what_its_manifest_says_is_reported(run, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(run.folder, copy)
    text = (copy / MANIFEST).read_text(encoding="utf-8")
    (copy / MANIFEST).write_text(text.replace('"items": 12', '"items": 11'), encoding="utf-8")
    with pytest.raises(RunFolderError, match="does not hold the items"):
        RunIndex(Files(copy)).dataset("pairs")
