"""Generation specs: what is valid, what is wrong with those that are not, and what a loaded one is."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.api.load import check_spec as load_spec
from harness.errors import SpecError
from harness.generation.records import GenerationSpec
from harness.generation.spec import generation_digest, load_generation
from harness.hashing import canonical_json
from harness.records.frozen import freeze
from harness.spec.schema import check
from harness.spec.yaml import parse_yaml
from support.loops import SPEC, laid_out
from support.paths import ROOT

SHIPPED = ROOT / "specs" / "feedback-loops.yaml"


def edited(*changes):
    text = SPEC
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def problems(tmp_path, *changes):
    with pytest.raises(SpecError, match=r"^spec\.yaml:") as caught:
        load_generation(laid_out(tmp_path, edited(*changes)), "spec.yaml")
    return [str(problem) for problem in caught.value.problems]


def test_a_spec_says_systems_matches_and_cells(tmp_path):
    spec = load_spec(laid_out(tmp_path))
    assert isinstance(spec, GenerationSpec)
    assert [system.id for system in spec.systems] == [
        "tasks/writer",
        "tasks/writer+novice",
        "tasks/writer+master",
        "tasks/master",
    ]
    assert list(spec.matches) == [
        "tasks/writer+novice-vs-writer",
        "tasks/writer+master-vs-writer",
        "tasks/master-vs-writer",
        "tasks/writer+novice-vs-master",
        "tasks/writer+master-vs-master",
    ]
    assert [cell.dataset for cell in spec.cells] == list(spec.matches)
    assert spec.models_used == ("writer", "novice", "master")
    assert {system.rounds for system in spec.systems if not system.reviewers} == {1}


@pytest.mark.parametrize("changes", [(), (("{judge: master}", "{debate: {model: master, personas: default}}"),)])
def test_the_resolved_spec_loads_as_the_same(tmp_path, changes):
    spec = load_generation(laid_out(tmp_path, edited(*changes)))
    resolved = json.loads(canonical_json(spec.resolved))
    again_path = tmp_path / "again.yaml"
    again_path.write_bytes(canonical_json(resolved))
    again = load_generation(again_path)
    assert again.resolved == freeze(resolved)
    assert (again.systems, again.matches, again.cells) == (spec.systems, spec.matches, spec.cells)
    assert generation_digest(again) == generation_digest(spec)
    assert check(parse_yaml(again_path.read_text(), "x"), "generation") == []


def test_the_shipped_spec_is_valid():
    assert load_spec(SHIPPED).name == "feedback-loops"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("generator: [writer]", "generator: [writr]"), "matrix.generator[0]: there is no model `writr`"),
        (("reviewer: [none, novice", "reviewer: [none, nobody"), "a reviewer is a model, and there is none called"),
        (("reviewer: [none, novice, master]", "reviewer: [[none, master]]"), "`none` stands alone"),
        (("rounds: 3", "rounds: 0"), "matrix.rounds: wants at least 1, not the number 0"),
        (("opponents: [writer, master]", "opponents: [write]"), "compare.opponents[0]: there is no system `write`"),
        (("opponents: [writer, master]", "opponents: [writer+nobody]"), "there is no system `writer+nobody`"),
        (("prompts: [tasks]", "prompts: [task]"), "matrix.prompts[0]: there is no prompt set `task`"),
        (("path: tasks.jsonl", "path: task.jsonl"), "prompts.tasks.path: there is no file `task.jsonl`"),
        (("strategy: [combined-10]", "strategy: [combined]"), "compare.strategy[0]: there is no strategy `combined`"),
        (("judge: [master]", "judge: [mister]"), "compare.evaluator[0].judge[0]: there is no model `mister`"),
        (("strategy: combined-10,", "strategy: combined-1,"), "selection.strategy"),
        (("{judge: master}", "{judge: [master, novice]}"), "drafts are selected by one evaluator, and these are 2"),
        (("by: tournament", "by: last"), "selection"),
        (("by: tournament, strategy: combined-10, evaluator: {judge: master}", "by: tournament"), "selection"),
        (("skill: 0.5", "skill: 5"), "models.writer.skill"),
        (("rounds: 3", "rounds: 3\n  exclude: [{reviewer: self}]"), "matrix.exclude[0]: this matches no loop"),
        (("kind: generation", "kind: generations"), "kind"),
        (("skill: 0.5}", "skill: 0.5, api_key: sk-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa}"), "looks like an API key"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path, change, expected):
    found = problems(tmp_path, change)
    assert any(expected in problem for problem in found), found
    assert all(problem.startswith("spec.yaml:") for problem in found)


def test_everything_is_told_at_once(tmp_path):
    found = problems(
        tmp_path,
        ("generator: [writer]", "generator: [writr]"),
        ("strategy: [combined-10]", "strategy: [combined]"),
        ("path: tasks.jsonl", "path: task.jsonl"),
    )
    assert len(found) == 3


def test_names_are_checked_wherever_the_schema_has_nothing_to_say(tmp_path):
    found = problems(
        tmp_path,
        ("rounds: 3", "rounds: 0"),
        ("reviewer: [none, novice", "reviewer: [none, nobody"),
        ("opponents: [writer, master]", "opponents: [wirter, master+nobody]"),
    )
    assert [problem.split(": ")[1] for problem in found] == [
        "matrix.reviewer[1]",
        "matrix.rounds",
        "compare.opponents[0]",
    ], found


def test_a_system_cannot_be_its_only_opponent(tmp_path):
    changes = (("reviewer: [none, novice, master]", "reviewer: [none]"), ("[writer, master]", "[writer]"))
    assert "no two systems are compared" in problems(tmp_path, *changes)[0]


def test_members_of_a_jury_that_selects_use_its_strategy(tmp_path):
    jury = "{jury: {of: [master, {model: novice, strategy: direct}]}}"
    found = problems(tmp_path, ("{judge: master}", jury))
    assert any("members" in problem for problem in found)


def test_a_loop_excluded_is_gone_and_lists_multiply(tmp_path):
    text = edited(
        ("reviewer: [none, novice, master]", "reviewer: [none, self, [novice, master]]"),
        ("rounds: 3", "rounds: [2, 3]\n  exclude: [{reviewer: self, rounds: 2}]"),
    )
    spec = load_generation(laid_out(tmp_path, text))
    assert [system.name for system in spec.systems] == [
        "writer",
        "writer+writer(rounds=3)",
        "writer+novice+master(rounds=2)",
        "writer+novice+master(rounds=3)",
        "master",
    ]


def test_the_digest_tells_what_changes_results_and_nothing_else(tmp_path):
    digest = generation_digest(load_generation(laid_out(tmp_path)))
    for same in (
        ("seed: 7", "seed: 7\ndescription: x"),
        ("skill: 0.9}", "skill: 0.9, limits: {concurrency: 3}}"),
        ("score:", "licences: [x]\nscore:"),
    ):
        assert generation_digest(load_generation(laid_out(tmp_path, edited(same)))) == digest, same
    for other in (
        ("seed: 7", "seed: 8"),
        ("skill: 0.9", "skill: 0.91"),
        ("rounds: 3", "rounds: 2"),
        ("by: tournament", "by: published"),
        ("order: [both]", "order: [given]"),
        ("resamples: 400", "resamples: 500"),
        ("score:", "loop: {stop_unchanged: true}\nscore:"),
    ):
        assert generation_digest(load_generation(laid_out(tmp_path, edited(other)))) != digest, other


def test_copies_of_a_spec_keep_their_kind(tmp_path):
    spec = load_generation(laid_out(tmp_path))
    assert isinstance(replace(spec, seed=1), GenerationSpec)


def test_prompts_that_are_empty_are_told_with_their_line(tmp_path):
    from harness.api import make_plan
    from harness.errors import DatasetError

    path = laid_out(tmp_path)
    with (tmp_path / "tasks.jsonl").open("a") as file:
        file.write('{"id": "x", "prompt": " "}\n{"id": "x", "prompt": "Hi."}\n')
    with pytest.raises(DatasetError, match="`prompt` is missing or empty") as caught:
        make_plan(load_spec(path, "spec.yaml"))
    assert "tasks.jsonl:25: `prompt` is missing or empty" in str(caught.value)
    assert "`x` occurs before" in str(caught.value)


def test_a_prompt_that_is_answered_already_is_told_with_its_line(tmp_path):
    from harness.api import make_plan
    from harness.errors import DatasetError

    path = laid_out(tmp_path)
    said = [{"role": "user", "content": "Hi."}, {"role": "assistant", "content": "Hello."}]
    more = [*said, {"role": "user", "content": "And?"}]
    rows = [{"id": "done", "prompt": said}, {"id": "open", "prompt": more}, {"id": "told", "prompt": said[1:]}]
    with (tmp_path / "tasks.jsonl").open("a") as file:
        file.writelines(f"{json.dumps(row)}\n" for row in rows)
    with pytest.raises(DatasetError, match="ends with a message of the assistant") as caught:
        make_plan(load_spec(path, "spec.yaml"))
    found = str(caught.value).splitlines()
    assert [line.partition(" ")[0] for line in found] == ["tasks.jsonl:25:", "tasks.jsonl:27:"]
    assert "ends with a message of the assistant" in found[0]


def test_a_jury_may_select_without_cells_of_its_members(tmp_path):
    spec = load_generation(laid_out(tmp_path, edited(("{judge: master}", "{jury: {of: [master, novice]}}"))))
    assert spec.selection.cell is not None
    assert spec.selection.cell.models == ("master", "novice")
    found = problems(tmp_path, ("evaluator: [{judge: [master]}]", "evaluator: [{jury: {of: [master, novice]}}]"))
    assert any("a member has no cell" in problem for problem in found)


ODD = ("[]", "{}", "null", "x", "1", "[x, x]", "{x: y}", "[[]]", "''", "[none, [self]]", "{judge: []}", "[{}]", "-1")


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_stands_in_a_spec_it_loads_or_is_told_why_not(tmp_path, data):
    value = parse_yaml(SPEC, "spec.yaml").value
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(list(places(value))))
        inner = value
        for step in place[:-1]:
            inner = inner[step]
        if data.draw(st.booleans()) and isinstance(inner, dict):
            del inner[place[-1]]
        else:
            inner[place[-1]] = parse_yaml(f"a: {data.draw(st.sampled_from(ODD))}", "x").value["a"]
    path = laid_out(tmp_path)
    path.write_text(json.dumps(value), encoding="utf-8")
    found = []
    try:
        spec = load_generation(path)
    except SpecError as error:
        found = error.problems
        assert found
    else:
        assert spec.matches
    assert all(problem.file for problem in found)


def places(value, path=()):
    """The paths of all values in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield (*path, key)
        yield from places(each, (*path, key))


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("strategy: combined-10, evaluator", "strategy: nope, evaluator", "selection.strategy: there is no strategy"),
        ("evaluator: {judge: master}", "evaluator: {judge: nobody}", "selection.evaluator.judge: there is no model"),
        ("[{judge: [master]}]", "[{judge: [master, nobody]}]", "compare.evaluator[0].judge[1]: there is no model"),
        ("strategy: [combined-10]", "strategy: [direct, nope]", "compare.strategy[1]: there is no strategy"),
        ("tasks.jsonl}", "none.jsonl}", "prompts.tasks.path: there is no file"),
    ],
)
def test_shared_checks_name_the_places_of_a_generation(tmp_path, old, new, place):
    (found,) = problems(tmp_path, (old, new))
    assert place in found
    assert "matrix" not in found
    assert "datasets" not in found


def test_a_jury_without_its_members_is_told_where_a_generation_lists_its_evaluators(tmp_path):
    found = problems(tmp_path, ("[{judge: [master]}]", "[{jury: {of: [master, novice]}}]"))
    assert any(
        "`combined-10/judge:master/both` is not in `compare`; give `compare` its strategy" in one for one in found
    )


def test_the_winner_of_another_spec_is_written_out_in_a_generation(tmp_path):
    found = problems(tmp_path, ("evaluator: [{judge: [master]}]", "evaluator: [{winner_of: modes, by: kappa}]"))
    (about,) = [problem for problem in found if "winner_of" in problem]
    assert "compare.evaluator[0].winner_of: unknown key `winner_of`" in about
    assert "only the axes `matrix.strategy` and `matrix.evaluator` of an evaluation take over the winner" in about
    assert not any("`by`" in problem for problem in found)
