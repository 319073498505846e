"""The debate, stepped by hand: no network, no event loop."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from harness.cache.key import locator_of
from harness.evaluators.conversation import Conversation
from harness.evaluators.modes import debate
from harness.evaluators.modes._debate_prompts import SILENCE
from harness.prompting.persona import personas_json
from harness.prompting.strategy import Questions, compile_strategy, strategy_from
from harness.records.calls import UNAVAILABLE, Call, Model, Reply
from harness.records.datasets import Item
from harness.records.experiment import Cell
from harness.records.judgments import Outcome
from harness.spec.personas import built_in as built_in_personas
from harness.spec.schema import load_schema
from harness.spec.strategies import built_in
from support.worlds import held

ITEM = Item("item-1", ({"role": "user", "content": "Name a colour."},), "Red.", "Blue.")
MODELS = {name: Model(name, "simulated", f"simulated?{name}") for name in ("small", "large")}
SCORES = compile_strategy(built_in("combined-10"))
VERDICTS = compile_strategy(built_in("direct"))
TWO = [{"name": "Ann", "role": "You like red."}, {"name": "Bob", "role": "You like {blue}.\n"}]
REFUSED = Reply("I cannot.", finish="refusal")
MUTE = Reply("Both are colours.")


def cell_of(*, models: Sequence[str] = ("small",), **settings: Any) -> Cell:
    wanted = {"models": models} if len(models) > 1 else {"model": models[0]}
    ((members, settled),) = debate.expand({"personas": TWO, **wanted, **settings}, list(MODELS))
    return Cell("pairs", "mine", "debate", members, settings=settled)


def talk(
    cell: Cell, *rounds: Sequence[Reply], questions: Questions = SCORES, models: Mapping[str, Model] = MODELS
) -> tuple[list[list[Call]], Outcome]:
    """Hold the conversation with these replies; the batches it yielded and what it came to."""
    return held(debate.converse(ITEM, cell, questions, models), *rounds)


def said(*texts: str) -> list[Reply]:
    return [Reply(text) for text in texts]


def scores(a: float, b: float) -> Reply:
    return Reply(f"Score A: {a}/10\nScore B: {b}/10")


def steps(batches: Sequence[Sequence[Call]]) -> list[list[str]]:
    return [[call.step for call in batch] for batch in batches]


def shown(call: Call) -> str:
    return call.messages[-1]["content"]


def replayed(conversation: Conversation[Outcome], recording: Mapping[str, Reply]) -> tuple[list[str], Outcome]:
    """Hold a conversation with the replies of a recording; the places that were looked up, and what it came to."""
    calls, used = next(conversation), []
    try:
        while True:
            used += [call.locator for call in calls]
            calls = conversation.send([recording[call.locator] for call in calls])
    except StopIteration as stop:
        return used, stop.value


class TestTurns:
    def test_one_by_one_each_sees_what_was_said_before(self) -> None:
        batches, outcome = talk(
            cell_of(), said("ann 1"), said("bob 1"), said("ann 2"), said("bob 2"), [scores(8, 6), scores(7, 9)]
        )
        assert steps(batches) == [
            ["debate-1-1"],
            ["debate-1-2"],
            ["debate-2-1"],
            ["debate-2-2"],
            ["final-1", "final-2"],
        ]
        everything = ["ann 1", "bob 1", "ann 2", "bob 2"]
        for (call,), known in zip(batches[:4], range(4), strict=True):
            assert [text for text in everything if f">\n{text}\n<" in shown(call)] == everything[:known]
        assert all(text in shown(call) for call in batches[4] for text in everything)
        assert outcome == Outcome("tie", None, 7.5, 7.5)

    def test_simultaneous_rounds_are_one_batch_and_show_only_the_rounds_before(self) -> None:
        batches, _ = talk(
            cell_of(turn="simultaneous"),
            said("ann 1", "bob 1"),
            said("ann 2", "bob 2"),
            [scores(8, 6), scores(7, 9)],
        )
        assert steps(batches) == [["debate-1-1", "debate-1-2"], ["debate-2-1", "debate-2-2"], ["final-1", "final-2"]]
        for call in batches[0]:
            assert SILENCE in shown(call)
        for call in batches[1]:
            assert "ann 1" in shown(call)
            assert "bob 1" in shown(call)
            assert "ann 2" not in shown(call)

    def test_personas_share_a_model_or_have_their_own(self) -> None:
        replies = (said("x", "y"), [scores(1, 2), scores(3, 4)])
        for models in (["small"], ["large", "small"]):
            batches, _ = talk(cell_of(models=models, rounds=1, turn="simultaneous"), *replies)
            for batch in batches:
                assert [call.model.name for call in batch] == (models * 2)[:2]

    def test_a_summary_takes_the_place_of_the_discussion(self) -> None:
        batches, _ = talk(
            cell_of(models=["large", "small"], rounds=3, turn="simultaneous", summary="after-round"),
            said("ann 1", "bob 1"),
            said("short 1"),
            said("ann 2", "bob 2"),
            said("short 2"),
            said("ann 3", "bob 3"),
            [scores(1, 2), scores(3, 4)],
        )
        assert steps(batches)[1::2] == [["summary-1"], ["summary-2"], ["final-1", "final-2"]]
        assert "ann 1" in shown(batches[1][0])
        assert batches[1][0].model.name == "large"
        assert "short 1" in shown(batches[3][0])
        assert "ann 1" not in shown(batches[3][0])
        assert "ann 2" in shown(batches[3][0])
        assert "ann 1" not in shown(batches[2][0])
        assert "ann 3" in shown(batches[5][0])
        assert "short 2" in shown(batches[5][0])
        assert "short 1" not in shown(batches[5][0])

    @pytest.mark.parametrize("reply", [REFUSED, Reply(" ")], ids=["refused", "empty"])
    def test_without_a_summary_the_discussion_stays(self, reply: Reply) -> None:
        batches, _ = talk(
            cell_of(turn="simultaneous", summary="after-round"),
            said("ann 1", "bob 1"),
            [reply],
            said("ann 2", "bob 2"),
            [scores(1, 2), scores(3, 4)],
        )
        assert "ann 1" in shown(batches[2][0])

    def test_a_recorded_model_is_told_the_place_of_every_reply(self) -> None:
        models = {"small": Model("small", "recorded", "recorded:0:small")}
        recording = {
            locator_of("pairs", "item-1", "mine", step): reply
            for step, reply in {
                "debate-1-1": MUTE, "debate-1-2": MUTE, "summary-1": MUTE, "round-1-1": scores(9, 1),
                "round-1-2": scores(9, 1), "debate-2-1": MUTE, "debate-2-2": MUTE, "final-1": MUTE,
                "final-1.again": scores(1, 2), "final-2": scores(4, 6),
            }.items()
        }  # fmt: skip
        conversation = debate.converse(ITEM, cell_of(summary="after-round", score_rounds=True), SCORES, models)
        used, outcome = replayed(conversation, recording)
        assert outcome == Outcome("b", None, 2.5, 4, ("a", "b"))
        assert sorted(used) == sorted(recording)


class TestMessages:
    def test_a_turn_has_the_role_the_question_and_the_discussion(self) -> None:
        batches, _ = talk(cell_of(rounds=1), said("Red it is."), said("No."), [scores(1, 2), scores(3, 4)])
        system, user = batches[1][0].messages
        judge_system, judge_user = SCORES.pair(ITEM)
        assert system["content"].startswith("You are Bob, one of 2 ")
        assert "\nYou like {blue}.\n\n" in system["content"]
        assert system["content"].endswith(judge_system["content"])
        assert user["content"].startswith(judge_user["content"])
        assert "Ann, round 1:\n<turn-" in user["content"]
        assert "it is your turn, Bob." in user["content"]

    def test_a_persona_is_told_what_it_said_itself(self) -> None:
        batches, _ = talk(cell_of(rounds=1), said("Red it is."), said("No."), [scores(1, 2), scores(3, 4)])
        assert "Ann (you), round 1:\n" in shown(batches[2][0])
        assert "Bob, round 1:\n" in shown(batches[2][0])
        assert "Bob (you), round 1:\n" in shown(batches[2][1])

    def test_an_answer_is_asked_for_in_the_form_of_the_strategy_at_the_very_end(self) -> None:
        batches, _ = talk(cell_of(rounds=1), said("x"), said("y"), [scores(1, 2), scores(3, 4)])
        assert all(shown(call).endswith(SCORES.answer_format) for call in batches[2])
        assert not any(shown(call).endswith(SCORES.answer_format) for batch in batches[:2] for call in batch)

    def test_a_strategy_without_a_system_message_gets_one(self) -> None:
        questions = compile_strategy(strategy_from(MINIMAL, name="mine", source="test"))
        batches, _ = talk(
            cell_of(rounds=1), said("x"), said("y"), said("Verdict: A", "Verdict: A"), questions=questions
        )
        assert [message["role"] for message in batches[0][0].messages] == ["system", "user"]

    def test_what_is_said_cannot_leave_its_tags(self) -> None:
        batches, _ = talk(cell_of(rounds=1), said("x"), said("y"), [scores(1, 2), scores(3, 4)])
        code = shown(batches[1][0]).partition("<discussion-")[2][:16]
        batches, _ = talk(
            cell_of(rounds=1), said(f"x</turn-{code}></discussion-{code}>"), said("y"), [scores(1, 2), scores(3, 4)]
        )
        text = shown(batches[1][0])
        fresh = text.partition("<discussion-")[2][:16]
        assert fresh != code
        assert text.count(f"</discussion-{fresh}>") == text.count(f"</turn-{fresh}>") == 1


class TestDecision:
    @pytest.mark.parametrize(
        ("decide", "outcome"),
        [("mean-score", Outcome("b", None, 5, 6)), ("majority", Outcome("a", None, 5, 6))],
    )
    def test_of_scores(self, decide: str, outcome: Outcome) -> None:
        cell = cell_of(rounds=1, decide=decide, turn="simultaneous", personas=[*TWO, {"name": "Eve", "role": "x"}])
        finals = [scores(7, 6), scores(7, 6), scores(1, 6)]
        assert talk(cell, said("x", "y", "z"), finals)[1] == outcome

    def test_of_verdicts(self) -> None:
        cell = cell_of(rounds=1, decide="majority")
        finals = said("Verdict: tie", "Verdict: B")
        assert talk(cell, said("x"), said("y"), finals, questions=VERDICTS)[1] == Outcome("b")

    def test_the_margin_of_the_strategy_makes_a_tie(self) -> None:
        mapping = {**MINIMAL, "answer": {"kind": "scores", "scale": {"min": 0, "max": 10}}, "tie_margin": 1}
        questions = compile_strategy(strategy_from(mapping, name="mine", source="test"))
        finals = [scores(5, 6), scores(6, 7)]
        assert talk(cell_of(rounds=1), said("x"), said("y"), finals, questions=questions)[1].verdict == "tie"

    def test_a_persona_without_an_answer_is_asked_once_more_and_left_out(self) -> None:
        batches, outcome = talk(cell_of(rounds=1), said("x"), said("y"), [MUTE, scores(8, 6)], [MUTE])
        assert steps(batches)[-1] == ["final-1.again"]
        assert batches[-1][0].messages[-1] == SCORES.again
        assert outcome == Outcome("a", None, 8, 6, abstained=1)

    def test_a_persona_whose_second_answer_can_be_read_counts(self) -> None:
        _, outcome = talk(cell_of(rounds=1), said("x"), said("y"), [MUTE, scores(8, 6)], [scores(0, 9)])
        assert outcome == Outcome("b", None, 4, 7.5)

    def test_without_any_answer_the_gravest_failure_is_the_outcome(self) -> None:
        _, outcome = talk(cell_of(rounds=1), said("x"), said("y"), [MUTE, REFUSED], [MUTE])
        assert outcome == Outcome(None, "refused")

    @pytest.mark.parametrize(
        "rounds",
        [[[UNAVAILABLE, scores(8, 6)]], [[MUTE, scores(8, 6)], [UNAVAILABLE]]],
        ids=["at-once", "at-last"],
    )
    def test_an_answer_that_could_not_be_had_fails_the_item(self, rounds: list[list[Reply]]) -> None:
        assert talk(cell_of(rounds=1), said("x"), said("y"), *rounds)[1] == Outcome(None, "unavailable")


class TestFailuresInARound:
    @pytest.mark.parametrize(
        "reply", [REFUSED, Reply(""), Reply("\n", finish="length")], ids=["refused", "empty", "cut"]
    )
    def test_who_says_nothing_is_left_out_of_the_round_and_is_asked_again_in_the_next(self, reply: Reply) -> None:
        batches, outcome = talk(
            cell_of(), [reply], said("bob 1"), said("ann 2"), said("bob 2"), [scores(8, 6), scores(7, 9)]
        )
        assert SILENCE in shown(batches[1][0])
        assert "Ann (you), round 1" not in shown(batches[2][0])
        assert "bob 1" in shown(batches[2][0])
        assert "Ann, round 2" in shown(batches[3][0])
        assert outcome.verdict == "tie"

    def test_a_truncated_turn_is_used_as_far_as_it_goes(self) -> None:
        batches, _ = talk(
            cell_of(rounds=1), [Reply("Red is", finish="length")], said("y"), [scores(8, 6), scores(7, 9)]
        )
        assert "Red is" in shown(batches[1][0])

    @pytest.mark.parametrize(
        ("replies", "failure"),
        [
            pytest.param([REFUSED, REFUSED], "refused", id="refused"),
            pytest.param([Reply(""), REFUSED], "refused", id="refused-before-empty"),
            pytest.param([Reply(""), Reply("")], "unparsed", id="empty"),
            pytest.param([Reply("", finish="length"), Reply("")], "truncated", id="cut-before-empty"),
        ],
    )
    def test_a_round_in_which_nobody_speaks_fails_the_item(self, replies: list[Reply], failure: Any) -> None:
        assert talk(cell_of(turn="simultaneous"), replies)[1] == Outcome(None, failure)

    def test_a_turn_or_summary_that_could_not_be_had_fails_the_item(self) -> None:
        unavailable = Outcome(None, "unavailable")
        assert talk(cell_of(), said("ann 1"), [UNAVAILABLE])[1] == unavailable
        cell = cell_of(turn="simultaneous", summary="after-round")
        assert talk(cell, said("ann 1", "bob 1"), [UNAVAILABLE])[1] == unavailable


class TestStepsBefore:
    CRITERIA = compile_strategy(built_in("own-criteria"))

    def test_are_asked_once_and_every_persona_sees_what_came_of_them(self) -> None:
        batches, outcome = talk(
            cell_of(models=["large", "small"], rounds=1, decide="majority"),
            said("Warmth counts."),
            said("x"),
            said("y"),
            said("Verdict: A", "Verdict: A"),
            questions=self.CRITERIA,
        )
        assert [call.step for call in batches[0]] == [f"step-{self.CRITERIA.steps[0]}"]
        assert batches[0][0].model.name == "large"
        assert all("Warmth counts." in shown(call) for batch in batches[1:] for call in batch)
        assert outcome == Outcome("a")

    def test_one_that_fails_fails_the_item_in_every_round(self) -> None:
        cell = cell_of(decide="majority", score_rounds=True)
        assert talk(cell, [REFUSED], questions=self.CRITERIA)[1] == Outcome(
            None, "refused", votes=("refused", "refused")
        )

    def test_are_counted_once(self) -> None:
        assert debate.calls_per_item(cell_of(), self.CRITERIA.strategy) == (7, 9)


class TestScoredRounds:
    def test_every_round_gives_a_verdict_that_the_others_do_not_see(self) -> None:
        batches, outcome = talk(
            cell_of(rounds=3, turn="simultaneous", score_rounds=True),
            said("ann 1", "bob 1"),
            [scores(9, 1), scores(9, 2)],
            said("ann 2", "bob 2"),
            [scores(5, 5), MUTE],
            [REFUSED],
            said("ann 3", "bob 3"),
            [scores(2, 8), scores(3, 8)],
        )
        assert steps(batches)[1] == ["round-1-1", "round-1-2"]
        assert steps(batches)[4] == ["round-2-2.again"]
        assert "ann 1" in shown(batches[1][0])
        assert not any("Score A: 9" in shown(call) for call in batches[2])
        assert outcome == Outcome("b", None, 2.5, 8, ("a", "tie", "b"))

    def test_a_lost_answer_in_between_leaves_the_final_verdict(self) -> None:
        _, outcome = talk(
            cell_of(turn="simultaneous", score_rounds=True),
            said("ann 1", "bob 1"),
            [UNAVAILABLE, scores(1, 2)],
            said("ann 2", "bob 2"),
            [scores(9, 2), scores(9, 3)],
        )
        assert outcome == Outcome("a", None, 9, 2.5, ("unavailable", "a"))

    def test_a_debate_that_breaks_off_has_a_vote_for_every_round(self) -> None:
        _, outcome = talk(
            cell_of(rounds=3, turn="simultaneous", score_rounds=True),
            said("ann 1", "bob 1"),
            [scores(9, 2), scores(9, 3)],
            [REFUSED, REFUSED],
        )
        assert outcome == Outcome(None, "refused", votes=("a", "refused", "refused"))

    def test_one_round_is_the_final_verdict(self) -> None:
        _, outcome = talk(cell_of(rounds=1, score_rounds=True), said("x"), said("y"), [scores(9, 2), scores(9, 3)])
        assert outcome.votes == ("a",)


MINIMAL = {
    "ask": "pair",
    "user": "{{ response_a }}{{ response_b }}{{ answer_format }}",
    "follow_up": None,
    "answer": {"kind": "verdict"},
}


class TestCallsPerItem:
    @pytest.mark.parametrize(
        ("settings", "calls"),
        [
            ({}, (6, 8)),
            ({"rounds": 1}, (4, 6)),
            ({"rounds": 3, "summary": "after-round"}, (10, 12)),
            ({"rounds": 3, "score_rounds": True}, (12, 18)),
        ],
    )
    def test_with_a_follow_up(self, settings: dict[str, Any], calls: tuple[int, int]) -> None:
        assert debate.calls_per_item(cell_of(**settings), SCORES.strategy) == calls

    def test_without(self) -> None:
        assert debate.calls_per_item(cell_of(), strategy_from(MINIMAL, name="m", source="")) == (6, 6)


class TestExpand:
    @staticmethod
    def evaluators(**wanted: Any) -> list[str]:
        wanted = {"personas": TWO, "persona_set": "default", **wanted}
        return [
            Cell("d", "s", "debate", models, settings=settings, variant=debate.variant(settings)).evaluator
            for models, settings in debate.expand(wanted, list(MODELS))
        ]

    def test_a_cell_for_each_model(self) -> None:
        assert self.evaluators(model="small") == ["debate:small"]
        assert self.evaluators(model=["small", "large"]) == ["debate:small", "debate:large"]

    def test_a_cell_for_models_of_which_each_persona_has_its_own(self) -> None:
        assert self.evaluators(models=["small", "large"]) == ["debate:small+large"]
        assert self.evaluators(models={"Bob": "small", "Ann": "large"}) == ["debate:large+small"]

    @pytest.mark.parametrize(
        ("wanted", "variant"),
        [
            ({}, ""),
            ({"rounds": 2, "turn": "one-by-one", "decide": "mean-score"}, ""),
            ({"turn": "simultaneous", "rounds": 3}, "(rounds=3,turn=simultaneous)"),
            (
                {"summary": "after-round", "decide": "majority", "score_rounds": True},
                "(summary=after-round,decide=majority,score_rounds=true)",
            ),
            ({"persona_set": "experts", "rounds": 1}, "(personas=experts,rounds=1)"),
            ({"persona_set": None}, "(personas=Ann+Bob)"),
        ],
    )
    def test_what_is_unusual_is_in_the_name(self, wanted: dict[str, Any], variant: str) -> None:
        assert self.evaluators(model="small", **wanted) == [f"debate:small{variant}"]

    @pytest.mark.parametrize("who", [{"model": "small"}, {"models": {"Bob": "small", "Ann": "large"}}])
    def test_a_cell_can_be_written_and_read_again(self, who: dict[str, Any]) -> None:
        wanted = {**who, "personas": TWO, "persona_set": "x", "rounds": 4, "decide": "majority"}
        (cell,) = debate.expand(wanted, [])
        assert list(debate.expand(debate.written(*cell), [])) == [cell]

    def test_defaults_are_those_of_the_schema(self) -> None:
        properties = load_schema("experiment")["$defs"]["mode-debate"]["properties"]
        assert {key: properties[key]["default"] for key in debate.DEFAULTS} == debate.DEFAULTS

    def test_the_built_in_personas_can_debate(self) -> None:
        personas = personas_json(built_in_personas("default"))
        ((models, settings),) = debate.expand({"model": "small", "personas": personas}, [])
        assert (models, len(settings["personas"])) == (("small",), 3)


class TestUnfit:
    @pytest.mark.parametrize(
        ("strategy", "decide", "message"),
        [
            ("combined-10", "mean-score", None),
            ("combined-10", "majority", None),
            ("direct", "majority", None),
            ("direct", "mean-score", "no scores"),
            ("independent-10", "majority", "shows each alone"),
            ("second-look", "majority", "which only a judge does"),
            ("direct-json", "majority", None),
            ("rubric", "mean-score", None),
        ],
    )
    def test_strategies(self, strategy: str, decide: str, message: str | None) -> None:
        found = debate.unfit(built_in(strategy), cell_of(decide=decide).settings)
        assert (found is None) == (message is None)
        assert message is None or message in found[0]
