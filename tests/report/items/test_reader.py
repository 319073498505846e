import json
import shutil
from pathlib import Path

import pytest

from harness.errors import InputError, RunFolderError
from harness.report.items.reader import open_items
from harness.report.items.texts import Texts
from harness.runner.run_folder import ITEMS
from support.viewed_runs import Files, evaluated, generated, opened, pair

JUDGE, JURY = "pairs/combined-10/judge:novice", "pairs/combined-10/jury:novice+master"
BOTH, DEBATE = "pairs/combined-10/judge:novice/both", "pairs/combined-10/debate:master(decide=majority)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("viewed")


@pytest.fixture(scope="module")
def run(folder: Path) -> Files:
    return evaluated(folder)


@pytest.fixture(scope="module")
def loops(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Files]:
    folder = tmp_path_factory.mktemp("loops")
    return folder, generated(folder)


def test_an_item_has_its_texts_labels_and_the_verdict_of_every_cell(run, folder):
    one = opened(run, folder).item("pairs", "p2")
    assert [message.text for message in one.prompt] == [pair(2)["prompt"]]
    assert (one.response_a, one.response_b) == (pair(2)["response_a"], pair(2)["response_b"])
    assert one.labels == (("1", "a"),)
    assert (one.reference, one.category, one.missing) == ("a", "letter", "")
    assert (one.position, one.items, one.previous, one.next) == (2, 12, "p1", "p3")
    assert [verdict.cell for verdict in one.verdicts] == [entry["id"] for entry in run.manifest["cells"]]
    for verdict in one.verdicts:
        assert verdict.is_right is (None if verdict.is_failure else verdict.outcome == "a")


def test_the_first_and_the_last_item_have_one_neighbour(run, folder):
    items = opened(run, folder)
    assert items.item("pairs", "p1").previous is None
    assert items.item("pairs", "p12").next is None


def test_the_answer_is_marked_in_the_reply_that_the_rule_read(run, folder):
    items = opened(run, folder)
    for number in range(1, 13):
        found = items.conversation("pairs", f"p{number}", JUDGE)
        assert found.missing == ""
        assert found.outcome in ("a", "tie", "b", "unparsed")
        last = found.calls[-1]
        assert last.answer.startswith("scores" if found.outcome != "unparsed" else "no answer")
        assert [last.reply[start:stop].partition(":")[0] for start, stop in last.spans] == (
            ["Score A", "Score B"] if found.outcome != "unparsed" else []
        )


def test_a_retry_shares_its_first_messages_with_the_call_before(run, folder):
    items = opened(run, folder)
    calls = [call for number in range(1, 13) for call in items.conversation("pairs", f"p{number}", JUDGE).calls]
    again = [call for call in calls if call.step == "judge.again"]
    assert again, "a fifth of the replies is malformed"
    assert {(call.shared, call.shared_with) for call in again} == {(2, "judge")}


def test_both_orders_are_two_calls_and_a_flip_is_one(run, folder):
    items = opened(run, folder)
    found = items.conversation("pairs", "p1", BOTH)
    assert [call.is_swapped for call in found.calls if not call.step.endswith(".again")] == [False, True]
    flips = {
        verdict.flips: verdict.votes
        for number in range(1, 13)
        for verdict in items.item("pairs", f"p{number}").verdicts
        if verdict.cell == BOTH
    }
    assert len(set(flips[True])) == 2
    assert len(set(flips[False])) == 1


def test_a_debate_names_its_personas_and_reads_only_their_last_answers(run, folder):
    found = opened(run, folder).conversation("pairs", "p1", DEBATE)
    spoken = [(call.step.partition("-")[0], bool(call.speaker), bool(call.answer)) for call in found.calls]
    assert set(spoken) == {("debate", True, False), ("final", True, True)}
    assert len({call.speaker for call in found.calls}) == 3


def test_a_jury_shows_the_conversations_of_its_members(run, folder):
    found = opened(run, folder).conversation("pairs", "p1", JURY)
    assert found.batches == ()
    assert [member.evaluator for member in found.members] == ["judge:novice", "judge:master"]
    assert all(member.calls and not member.missing for member in found.members)
    assert found.tokens == sum(member.tokens for member in found.members) > 0
    assert found.cost_usd == 0


def test_without_the_data_the_record_says_why_and_the_calls_come_from_the_cache(run, folder, tmp_path):
    items = open_items(run, Texts((tmp_path,), folder / "cache"))
    one = items.item("pairs", "p1", [JUDGE, JURY])
    assert one.prompt is None
    assert one.response_a is None
    assert "pairs.jsonl" in one.missing
    judge, jury = one.conversations
    replayed = opened(run, folder).conversation("pairs", "p1", JUDGE)
    assert [call.reply for call in judge.calls] == [call.reply for call in replayed.calls]
    assert [call.messages for call in judge.calls] == [call.messages for call in replayed.calls]
    assert not judge.is_replayed
    assert judge.calls[0].step == "call 1"
    assert jury.calls == ()
    assert jury.missing


def test_data_that_have_changed_are_not_shown(run, folder, tmp_path):
    rows = [pair(number, response_a="Changed.") for number in range(1, 13)]
    (tmp_path / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    one = open_items(run, Texts((tmp_path,), folder / "cache")).item("pairs", "p1")
    assert one.response_a is None
    assert "have changed since the run" in one.missing


def test_the_first_folder_with_the_data_of_the_run_counts(run, folder, tmp_path):
    items = open_items(run, Texts((tmp_path, folder), None))
    assert items.item("pairs", "p1").response_a == pair(1)["response_a"]


def test_without_the_cache_the_messages_are_shown_and_the_reply_is_missing(run, folder, tmp_path):
    items = open_items(run, Texts((folder,), tmp_path / "none"))
    found = items.conversation("pairs", "p1", JUDGE)
    assert found.missing == "the cache does not hold the replies of this conversation"
    assert found.calls[0].reply is None
    assert pair(1)["response_a"] in found.calls[0].messages[-1].text
    assert not (tmp_path / "none").exists()


def test_with_nothing_but_the_run_folder_everything_missing_is_named(run):
    one = open_items(run).item("pairs", "p1", [JUDGE])
    assert one.missing == "the texts are not there: no folder with the data of the run is known"
    assert one.conversations[0].missing.startswith("the cache does not hold the replies")
    assert one.verdicts


def test_a_damaged_cache_is_reported_in_the_record(run, folder, tmp_path):
    (tmp_path / "cache.db").write_bytes(b"not a database")
    found = open_items(run, Texts((folder,), tmp_path)).conversation("pairs", "p1", JUDGE)
    assert "cache" in found.missing
    assert found.outcome


def test_unknown_names_are_input_errors(run, folder):
    items = opened(run, folder)
    with pytest.raises(InputError, match="no dataset `other`"):
        items.item("other", "p1")
    with pytest.raises(InputError, match="no item `p99` in `pairs`"):
        items.item("pairs", "p99")
    with pytest.raises(InputError, match="no cell `nobody`"):
        items.item("pairs", "p1", ["nobody"])
    with pytest.raises(InputError, match="no loop of `nobody` on `p1`"):
        items.loop("nobody", "p1")


def test_a_damaged_run_folder_is_reported(run, tmp_path):
    copy = tmp_path / "run"
    shutil.copytree(run.folder, copy)
    (copy / ITEMS).write_bytes(b"PAR1 and then nothing of use PAR1")
    with pytest.raises(RunFolderError, match=r"a Parquet file in .* cannot be read"):
        open_items(Files(copy)).item("pairs", "p1")


# --- generations ------------------------------------------------------------------------------------------


def test_a_match_shows_the_picked_drafts_without_any_data(loops):
    _, files = loops
    match = files.manifest["matches"][0]
    items = open_items(files)
    prompt = items.item(match["name"], "task-001")
    assert prompt.missing == ""
    picked = [
        next(draft.text for draft in items.loop(match[side], "task-001").drafts if draft.is_picked)
        for side in ("first", "second")
    ]
    assert [prompt.response_a, prompt.response_b] == picked
    assert prompt.prompt[0].text.startswith("Write")


def test_the_comparison_of_two_loops_is_replayed(loops):
    folder, files = loops
    items = opened(files, folder)
    cell = next(entry for entry in files.manifest["cells"] if entry["models"] == ["master"])
    found = [items.conversation(cell["dataset"], f"task-00{at}", cell["id"]) for at in range(1, 7)]
    assert {one.missing for one in found} <= {"", "no calls: the two responses are the same, or one of them is missing"}
    called = [one for one in found if one.calls]
    assert all(call.answer.startswith("scores") for one in called for call in one.calls)
    assert called


def test_a_loop_shows_drafts_reviews_differences_and_the_tournament(loops):
    folder, files = loops
    system = next(one["id"] for one in files.manifest["systems"] if one["reviewers"])
    loop = opened(files, folder).loop(system, "task-001", calls=True)
    assert [draft.number for draft in loop.drafts] == [1, 2, 3]
    assert loop.drafts[0].reviews[0].text
    assert loop.drafts[0].diff == ()
    assert "".join(piece.text for piece in loop.drafts[1].diff if piece.kind != "removed") == loop.drafts[1].text
    assert [duel.new for duel in loop.duels] == [2, 3]
    assert loop.conversation.missing == ""
    steps = [call.step for call in loop.conversation.calls]
    assert steps[:3] == ["draft-1", "review-1", "draft-2"]
    assert all(call.answer for call in loop.conversation.calls if call.step.startswith("select"))


def test_the_calls_of_a_loop_without_data_are_missing_and_its_drafts_are_not(loops):
    _, files = loops
    system = files.manifest["systems"][0]["id"]
    loop = open_items(files).loop(system, "task-001", calls=True)
    assert loop.drafts
    assert loop.conversation.missing == "no folder with the data of the run is known"


def test_texts_of_drafts_and_prompts_are_searched(loops, run, folder):
    _, files = loops
    match = files.manifest["matches"][0]["name"]
    items = open_items(files)
    word = items.item(match, "task-001").response_a.split()[-1].upper()
    assert items.search(match, word)[0]
    assert not items.search(match, "no draft has this").any()
    assert opened(run, folder).search("pairs", "IS (12)").tolist() == [False] * 11 + [True]
    assert open_items(run).search("pairs", "honey") is None
