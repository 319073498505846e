"""Rankings in replies: the forms that are read, and what is no answer, with the reason."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.prompting.parsing.definition import full_rule
from harness.prompting.parsing.rules import compile_answer
from harness.records.rankings import groups_of, text_of


def reader(kind="ranking", responses=3, **options):
    return compile_answer(full_rule({"kind": kind, **options}), ask="rank", responses=responses)


@pytest.mark.parametrize(
    ("reply", "ranking"),
    [
        ("Because of this and that.\nRanking: 2 > 1 > 3", "2>1>3"),
        ("[2] > [1] > [3]", "2>1>3"),
        ("2, 1, 3", "2>1>3"),
        ("[2, 1, 3]", "2>1>3"),
        ("B > A > C", "2>1>3"),
        ("Ranking: (B) > (A) = (C)", "2>1=3"),
        ("**Ranking:** Response 2 > Response 1 = Response 3.", "2>1=3"),
        ("Ranking: Response #2 > Response #1 > Response #3", "2>1>3"),
        ("The final ranking is: [3] > [2] > [1]", "3>2>1"),
        ("Ranking: 2 ≻ 1 ≻ 3", "2>1>3"),
        ("Ranking: 2 >> 1 > 3", "2>1>3"),
        ("Ranking:\n1. Response 2 - to the point\n2. Response 1\n3. Response 3\n\nThat is all.", "2>1>3"),
        ("Ranking:\n\n1) [3]\n2) [2]\n3) [1]", "3>2>1"),
        ('{"reasons": "x", "ranking": [2, [1, 3]]}', "2>1=3"),
        ('{"ranking": ["Response 2", "A", "3"]}', "2>1>3"),
        ('Here:\n```json\n{"ranking": "3 > 1 > 2"}\n```', "3>1>2"),
        ("I think so. <ranking>2>1>3</ranking>", "2>1>3"),
        ("So \\boxed{3 > 1 > 2}", "3>1>2"),
        ("Ranking: 1 > 2 > 3\nOn reflection.\nRanking: 3 > 2 > 1", "3>2>1"),
        ("Ranking: 2 > 1 > 3 because the second one answers the question", "2>1>3"),
        ("Ranking: 1 = 2 = 3", "1=2=3"),
    ],
)
def test_these_forms_are_one_ranking(reply, ranking):
    found = reader().read(reply)
    assert found is not None
    assert found.verdict == ranking


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("Ranking: 2 > 2 > 1", "names response 2 twice"),
        ("Ranking: 2 > 1", "leaves out response 3"),
        ("Ranking: 4 > 1 > 2 > 3", "names response 4, and 3 were shown"),
        ("Ranking: 0 > 1 > 2", "names response 0, and 3 were shown"),
        ("Ranking: 1, 2 > 3", "mixes commas with other signs"),
        ("Ranking: 1 < 2 < 3", "something stands behind the responses"),
        ("Ranking: the second, then the first", "something stands between the responses that is no sign"),
        ("Ranking:\n1. the long one\n2. the short one", "entry 1 of the list does not begin with a response"),
        ('{"ranking": [1, 2]}', "leaves out response 3"),
        ('{"ranking": [1, null, 2]}', "holds something else than responses"),
        ('{"ranking": []}', "is empty"),
        ("Ranking: 1 > 2 > 3\nRanking: 1 > 2", "leaves out response 3"),
    ],
)
def test_what_is_no_ranking_has_a_reason(reply, reason):
    rule = reader()
    assert rule.read(reply) is None
    assert [note.why for note in rule.trace(reply).notes] == [reason]


@pytest.mark.parametrize(
    "reply", ["", "All are good.", "Ranking: <numbers of all responses, best first>", "1", "3 is best"]
)
def test_a_reply_without_a_ranking_has_none(reply):
    found = reader().trace(reply)
    assert (found.answer, found.notes) == (None, ())


def test_ties_can_be_refused():
    rule = reader(ties=False)
    assert rule.read("Ranking: 2 > 1 > 3") is not None
    assert [note.why for note in rule.trace("Ranking: 2 > 1 = 3").notes] == [
        "names a tie, and the strategy allows none"
    ]


@pytest.mark.parametrize(
    ("reply", "ranking"),
    [
        ("Best: 3", "3>1=2=4"),
        ("Best: Response 3.", "3>1=2=4"),
        ("The best response is: D", "4>1=2=3"),
        ("[[C]]", "3>1=2=4"),
        ("3", "3>1=2=4"),
        ('{"best": 2}', "2>1=3=4"),
        ("**Best: 2**", "2>1=3=4"),
        ("Best: 2 because it answers", "2>1=3=4"),
    ],
)
def test_the_best_is_read(reply, ranking):
    found = reader("choice", 4).read(reply)
    assert found is not None
    assert found.verdict == ranking


@pytest.mark.parametrize(
    "reply", ["Best: 2 and 3", "Best: 7", "Best: 2 or 3", "I like A better", "Best: 1 = 2", "Best:"]
)
def test_what_names_no_single_response_is_no_answer(reply):
    assert reader("choice", 4).read(reply) is None


def test_the_number_of_responses_may_be_unknown():
    assert reader(responses=None).read("Ranking: 2 > 1").verdict == "2>1"
    assert reader("choice", None).read("Best: 3").verdict == "3>1=2"


def test_the_form_names_numbers_or_letters():
    assert reader().format_text() == "Ranking: <numbers of all responses, best first>"
    assert reader(names="letters", markers=["Order"]).format_text() == "Order: <letters of all responses, best first>"
    assert reader("choice").format_text() == "Best: <number of the best response>"


@given(st.lists(st.integers(0, 4), min_size=2, max_size=26))
def test_a_ranking_that_is_written_is_read_again(levels):
    from harness.records.rankings import ranking_of

    ranking = ranking_of([float(level) for level in levels])
    shown = " > ".join(" = ".join(f"[{one}]" for one in group) for group in groups_of(ranking))
    found = reader(responses=len(levels)).read(f"Some words.\nRanking: {shown}")
    assert found.verdict == text_of(groups_of(ranking)) == ranking


@given(st.text(max_size=300))
def test_any_text_is_read_without_an_error(text):
    for kind in ("ranking", "choice"):
        rule = reader(kind)
        assert rule.read(text) == rule.trace(text).answer


@pytest.mark.parametrize("marker", ["Ranking", "Final ranking", "Rank order", "Order", "Answer"])
def test_a_marker_stands_before_a_ranking(marker):
    assert reader().read(f"I compared them.\n{marker}: 2 > 1 > 3\nThat is all.").verdict == "2>1>3"


@pytest.mark.parametrize("marker", ["Best", "Best response", "Winner", "Verdict", "Answer"])
def test_a_marker_stands_before_a_choice(marker):
    assert reader("choice").read(f"I compared them.\n{marker}: 2\nThat is all.").verdict == "2>1=3"


@pytest.mark.parametrize("field", ["ranking", "final_ranking", "rank_order", "order", "ranked", "answer"])
def test_a_field_holds_a_ranking(field):
    assert reader().read(f'{{"{field}": [2, 1, 3], "more": "x"}}').verdict == "2>1>3"


@pytest.mark.parametrize("field", ["best", "best_response", "winner", "verdict", "choice", "answer"])
def test_a_field_holds_a_choice(field):
    assert reader("choice").read(f'{{"{field}": 2, "more": "x"}}').verdict == "2>1=3"


@pytest.mark.parametrize(
    "word",
    [
        "response",
        "answer",
        "assistant",
        "candidate",
        "option",
        "output",
        "passage",
        "completion",
        "model",
        "number",
        "no.",
    ],
)
def test_a_word_before_the_number_of_a_response_is_no_part_of_it(word):
    assert reader().read(f"Ranking: {word} 2 > {word} 1 > {word} #3").verdict == "2>1>3"


@pytest.mark.parametrize("sign", [">", ">>", ">>>", "=>", "->", "→", ", ", ", and ", ";"])
def test_a_sign_separates_ranks(sign):
    assert reader().read(f"Ranking: 2 {sign} 1 {sign} 3").verdict == "2>1>3"


@pytest.mark.parametrize("sign", ["=", "==", "~", "≈"])
def test_a_sign_joins_equals(sign):
    assert reader().read(f"Ranking: 2 > 1 {sign} 3").verdict == "2>1=3"


def test_one_response_in_brackets_among_others_is_read():
    assert reader().read("Ranking: 2 > [1] > 3").verdict == "2>1>3"
    assert reader().read("Ranking: [2, 1, 3]").verdict == "2>1>3"
    assert reader().read("Ranking: [2], [1], [3]").verdict == "2>1>3"


def test_an_entry_of_a_list_that_begins_with_a_number_of_something_else_is_no_response():
    assert reader().read("Ranking:\n1. 2 apples\n2. 1 pear\n3. 3 plums") is None
    assert reader().read("Ranking:\n1. 2\n2. 1\n3. 3").verdict == "2>1>3"


@pytest.mark.parametrize("kind", ["ranking", "choice"])
@pytest.mark.parametrize(
    "reply", ["[[A]] or [[B]]", "[[1]]/[[2]]", "It is [[A]], not [[B]]", "It is not [[B]].", "[[2 > 1]] or [[1 > 2]]"]
)
def test_a_sentence_that_offers_two_answers_or_denies_one_gives_none(reply, kind):
    assert reader(kind, responses=2).read(reply) is None


def test_the_last_answer_of_other_sentences_counts():
    assert reader("choice", responses=2).read("They said [[A]] or [[B]]. I say: [[A]]").verdict == "1>2"
    assert reader(responses=2).read("First [[1 > 2]]. Then again: [[2 > 1]]").verdict == "2>1"


def test_of_a_long_line_only_its_end_is_read():
    assert reader("choice", responses=2).read("[[A]] " + "and so on " * 50) is None
    assert reader("choice", responses=2).read("and so on " * 50 + "[[A]]").verdict == "1>2"
