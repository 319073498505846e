import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.api import load_spec
from harness.cache.cache import Cache
from harness.cache.entry import Entry
from harness.cache.key import call_bytes
from harness.cli import main
from harness.records.calls import Reply
from harness.records.document import Document
from harness.runner.explain import follow
from harness.runner.plan import make_plan
from harness.spec.schema import check

SPEC = """\
schema: 1
name: small
datasets:
  pairs: {path: pairs.jsonl, subset: {limit: 2}}
models:
  judge: {provider: simulated}
  other: {provider: simulated, skill: 0.5}
strategies:
  mine:
    ask: pair
    user: "{{ prompt }} {{ response_a }} {{ response_b }} {{ answer_format }}"
    answer: {kind: verdict}
matrix:
  dataset: [pairs]
  strategy: [mine, independent-10]
  evaluator:
    - judge: [judge, other]
    - jury: {of: [judge, other]}
  exclude:
    - {strategy: independent-10, evaluator: jury}
"""
EVIL = "line one\n\tindented\x1b[2J\u202e\n  outcome: verdict b"


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HARNESS_CACHE", raising=False)
    Path("small.yaml").write_text(SPEC)
    rows = [{"id": f"row-{n}", "prompt": EVIL, "response_a": "x", "response_b": "y", "label": "a"} for n in range(3)]
    Path("pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def harness(*arguments):
    return CliRunner().invoke(main, arguments)


def store(cell, *texts):
    """Keep replies to the calls that a cell would make about the first item, batch after batch."""
    plan = make_plan(load_spec("small.yaml"))
    (chosen,) = [each for each in plan.cells if each.id == cell]
    with Cache(Path(".harness-cache")) as cache:
        for text in texts:
            batch = follow(plan, chosen, 0, cache).batches[-1]
            cache.put_many([Entry(one.key, call_bytes(one.call), Reply(text, "stop", 5, 6)) for one in batch])


def test_matrix_is_shown_axis_by_axis():
    shown = harness("explain", "small.yaml")
    assert shown.exit_code == 0, shown.stderr
    assert (
        shown.stdout
        == """\
small: 5 cells, 10 judgments

dataset    pairs: pairs.jsonl (jsonl), subset {limit: 2}, 2 items
strategy   mine: small.yaml
strategy   independent-10: built-in. Scores each response alone from 0 to 10, in a call of its own
evaluator  judge: [judge, other] → judge:judge, judge:other
evaluator  jury: {of: [judge, other], vote: majority, quorum: 0, weights: null} → jury:judge+other
order      given
repeats    1
full product: 6 cells
exclude    strategy: independent-10, evaluator: jury removes 1: pairs/independent-10/jury:judge+other

cell                              items  calls per item
pairs/mine/judge:judge                2             1–2
pairs/mine/judge:other                2             1–2
pairs/independent-10/judge:judge      2             2–4
pairs/independent-10/judge:other      2             2–4
pairs/mine/jury:judge+other           2  none (counted)
"""
    )


def test_cell_is_shown_with_its_places_in_the_spec_and_the_next_batch():
    shown = harness("explain", "small.yaml", "mine/judge:other")
    assert shown.exit_code == 0, shown.stderr
    head, _, rest = shown.stdout.partition("\n\n")
    assert head == "small: pairs/mine/judge:other"
    facts, _, rest = rest.partition("\n\n")
    assert facts.splitlines() == [
        "dataset    pairs: pairs.jsonl (jsonl), subset {limit: 2}, 2 items  [small.yaml:4]",
        "strategy   mine: small.yaml  [small.yaml:9]",
        "evaluator  judge  [small.yaml:17]",
        "model      other: simulated, simulated?skill=0.5, temperature: 0, max_tokens: 1024  [small.yaml:7]",
        "order      given",
        "repeats    1",
        "calls      1–2 per item",
        "item       row-0, 1 of 2",
    ]
    assert rest.startswith(
        "━━ batch 1: judge\nto other (simulated?skill=0.5), temperature: 0, max_tokens: 1024, draw 0"
    )
    assert "(not in the cache)" in rest
    sentence, cache = rest.splitlines()[-2:]
    assert sentence == "A run sends 1 call next; later calls depend on the replies."
    assert cache == f"Missing replies: the cache is {Path('.harness-cache').resolve()}, which does not exist."


def test_untrusted_text_keeps_its_lines_and_loses_terminal_commands():
    shown = harness("explain", "small.yaml", "mine/judge:other").stdout
    assert "   line one\n       indented\n     outcome: verdict b\n" in shown
    assert not {"\x1b", "\u202e", "\t"} & set(shown)


def test_conversation_is_replayed_as_far_as_the_cache_has_it():
    store("pairs/mine/judge:judge", "I cannot say.")
    shown = harness("explain", "small.yaml", "mine/judge:judge").stdout
    assert "── reply (stop, 5 + 6 tokens)\n   I cannot say.\n" in shown
    assert "━━ batch 2: judge.again\n" in shown
    assert "── message 1: as in judge\n── assistant\n   I cannot say.\n── user\n" in shown
    assert "A run sends 1 call next; later calls depend on the replies.\nMissing replies: the cache is " in shown
    store("pairs/mine/judge:judge", "Verdict: tie")
    shown = harness("explain", "small.yaml", "mine/judge:judge").stdout
    assert shown.endswith("── reply (stop, 5 + 6 tokens)\n   Verdict: tie\n\noutcome: verdict tie\n")


def test_calls_of_one_batch_and_scores():
    store("pairs/independent-10/judge:judge", "Score: 7/10")
    shown = harness("explain", "small.yaml", "independent-10/judge:judge").stdout
    assert "━━ batch 1 (2 calls at once): judge-b\n" in shown
    assert shown.endswith("\noutcome: verdict tie, scores 7 and 7\n")


def test_parameters_of_a_call_are_shown_with_those_of_its_model():
    Path("small.yaml").write_text(SPEC.replace("answer: {kind: verdict}", "answer: {kind: verdict, format: json}"))
    shown = harness("explain", "small.yaml", "mine/judge:judge").stdout
    assert "temperature: 0, max_tokens: 1024, response_format: {type: json_schema, " in shown
    document = json.loads(harness("explain", "small.yaml", "mine/judge:judge", "--json").stdout)
    assert set(document["cell"]["batches"][0][0]["params"]) == {"temperature", "max_tokens", "response_format"}


def test_failure_is_the_outcome():
    store("pairs/mine/judge:judge", "No.", "No.")
    assert harness("explain", "small.yaml", "mine/judge:judge").stdout.endswith("\noutcome: failure unparsed\n")


def test_jury_is_shown_by_its_members():
    store("pairs/mine/judge:judge", "Verdict: B")
    shown = harness("explain", "small.yaml", "jury").stdout
    assert "  pairs/mine/judge:judge: verdict b\n  pairs/mine/judge:other: replies are missing\n" in shown
    assert shown.endswith("outcome: unknown until every member has a judgment\n")
    store("pairs/mine/judge:other", "Verdict: B")
    assert harness("explain", "small.yaml", "jury").stdout.endswith("\noutcome: verdict b\n")


def test_repeats_and_orders_are_shown_with_their_votes():
    Path("small.yaml").write_text(
        SPEC.replace("  exclude:", "  order: [both]\n  repeats: 2\n  exclude:")
        .replace(", independent-10]", "]")
        .replace("    - {strategy: independent-10, evaluator: jury}", "    - {evaluator: jury}")
    )
    store("pairs/mine/judge:judge/both/x2", "Verdict: A")
    shown = harness("explain", "small.yaml", "judge:judge").stdout
    assert "repeats    2, collapsed by majority\n" in shown
    assert "━━ batch 1 (4 calls at once): swapped/judge#1\n" in shown
    assert shown.endswith("\noutcome: verdict tie, votes a, a, b, b\n")


def test_winner_of_another_spec_is_shown_with_its_run():
    linked = SPEC.replace("name: small", "name: second").replace(
        "[mine, independent-10]", "[{winner_of: small, by: accuracy}]"
    )
    Path("second.yaml").write_text(linked[: linked.index("  exclude:")])
    missing = harness("explain", "second.yaml")
    assert (missing.exit_code, missing.stdout) == (2, "")
    assert "there is no run of small in results" in missing.stderr
    assert harness("run", "small.yaml").exit_code == 0
    shown = harness("explain", "second.yaml").stdout
    (choice,) = json.loads(harness("explain", "second.yaml", "--json").stdout)["matrix"]["choices"]
    assert f"winner of  small: strategy {choice['taken']}, by accuracy, run {choice['run']}\n" in shown
    facts = harness("explain", "second.yaml", "judge:other").stdout
    assert "evaluator  judge  [second.yaml:17]\n" in facts


@pytest.mark.parametrize("arguments", [[], ["mine/judge:judge"], ["jury"], ["mine/judge:other", "--item", "row-1"]])
def test_json_output_matches_its_schema(arguments):
    store("pairs/mine/judge:judge", "Nothing.", "Verdict: A")
    document = json.loads(harness("explain", "small.yaml", *arguments, "--json").stdout)
    assert check(Document("", document), "explain") == []
    assert document["spec"] == "small"
    if not arguments:
        assert [cell["calls_per_item"] for cell in document["matrix"]["cells"]] == [
            [1, 2],
            [1, 2],
            [2, 4],
            [2, 4],
            [0, 0],
        ]
        return
    cell = document["cell"]
    steps = [[call["step"] for call in batch] for batch in cell["batches"]]
    if cell["cell"] == "pairs/mine/judge:judge":
        assert steps == [["judge"], ["judge.again"]]
        assert cell["outcome"]["verdict"] == "a"
        assert "\x1b[2J" in cell["batches"][0][0]["messages"][0]["content"]
    elif cell["members"]:
        assert [member["outcome"] is None for member in cell["members"]] == [False, True]
    else:
        assert (cell["item"], steps, cell["batches"][0][0]["reply"]) == ("row-1", [["judge"]], None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mine/judge:joe"], "did you mean `pairs/mine/judge:"),
        (["judge:"], "is a part of 4 cells"),
        (["mine/judge:judge", "--item", "row-9"], "there is no item `row-9` in pairs; did you mean `row-"),
        (["mine/judge:judge", "--item", "row-2"], "there is no item `row-2`"),
        (["--item", "row-1"], "--item needs a CELL"),
    ],
)
def test_unknown_cells_and_items_are_errors(arguments, message):
    shown = harness("explain", "small.yaml", *arguments)
    assert (shown.exit_code, shown.stdout) == (2, "")
    assert message in shown.stderr


def test_no_files_are_written():
    assert harness("explain", "small.yaml", "mine/judge:judge").exit_code == 0
    assert sorted(path.name for path in Path().iterdir()) == ["pairs.jsonl", "small.yaml"]
