"""Other words for the instructions of a strategy."""

import pytest

from harness import registry
from harness.prompting.rewording import REWORDINGS, reworded
from harness.prompting.strategy import compile_strategy, strategy_from
from harness.spec.strategies import built_in
from support.worlds import item


def strategy(user, answer=None, **more):
    mapping = {"ask": "pair", "user": user, "answer": answer or {"kind": "verdict"}, **more}
    return strategy_from(mapping, name="mine", source="mine.yaml")


@pytest.mark.parametrize("name", [name for name in registry.names("strategies") if built_in(name).user])
def test_each_strategy_has_another_wording_with_the_same_form_and_the_same_places(name):
    one = built_in(name)
    other = reworded(one)
    assert other.user != one.user or other.system != one.system
    for part in ("answer", "steps", "examples", "follow_up", "second_look", "ask", "name"):
        assert getattr(other, part) == getattr(one, part)
    assert other.user.count("{{") == one.user.count("{{")
    assert compile_strategy(other).answer_format == compile_strategy(one).answer_format


def test_a_phrase_keeps_its_capital_letter_and_may_break_over_lines():
    found = reworded(strategy("Weigh both, weigh\neach. Which response\n is better? {{ response_a }}{{ response_b }}"))
    assert found.user.startswith("Consider both, consider\neach. Which of the responses is better?")
    assert "outweigh" in reworded(strategy("Does a outweigh b? Decide. {{ response_a }}{{ response_b }}")).user


def test_places_and_words_that_the_answer_is_read_by_stay():
    found = reworded(
        strategy("{# weigh #}{% if reference == 'weigh' %}Weigh{% endif %} {{ response_a }}{{ response_b }}")
    )
    assert found.user.startswith("{# weigh #}{% if reference == 'weigh' %}Consider{% endif %}")
    rule = {"kind": "verdict", "markers": ["Select"]}
    assert reworded(strategy("Reply with one line. Select: A or B. {{ response_a }}{{ response_b }}", rule)) is None


def test_a_wording_that_is_not_known_has_no_other():
    one = strategy("Quelle est la meilleure ? {{ response_a }} {{ response_b }} {{ answer_format }}")
    assert reworded(one) is None
    with pytest.raises(ValueError, match="no phrase of the strategy 'mine' is known in other words"):
        compile_strategy(one).reworded()


def test_other_words_are_made_once():
    questions = compile_strategy(built_in("direct"))
    assert questions.reworded() is questions.reworded()
    assert questions.reworded().pair(item(0)) != questions.pair(item(0))


def test_no_phrase_is_its_own_other_and_none_begins_with_a_small_letter_where_the_other_does_not():
    for phrase, other in REWORDINGS.items():
        assert phrase != other
        assert phrase[0].isupper() == other[0].isupper()
