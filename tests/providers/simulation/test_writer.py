"""How simulated models write, review and revise."""

from __future__ import annotations

from statistics import mean

from harness.generation.records import Review
from harness.generation.review import Reviewing, built_in
from harness.providers.simulation.dataset import make_prompts
from harness.providers.simulation.judge import NO_QUESTION, answer
from harness.providers.simulation.world import Knobs, quality_of, signature_of

REVIEWING = Reviewing(built_in("default"))
PROMPTS = [({"role": "user", "content": row["prompt"]},) for row in make_prompts(3, 120)]


def said(knobs, messages, draw=0):
    return answer(knobs, list(messages), draw).text


def quality(prompt, text):
    return quality_of(prompt[0]["content"], text)


def revised(writer, reviewer, prompt):
    first = said(writer, prompt)
    review = said(reviewer, REVIEWING.ask(prompt, first, ()))
    chat = [
        *prompt,
        {"role": "assistant", "content": first},
        REVIEWING.revision(prompt, [Review("r", review, 1, None, "")]),
    ]
    return first, review, said(writer, chat)


def test_a_writer_mentions_each_thing_with_the_probability_of_its_skill():
    for skill in (0.2, 0.5, 0.9):
        found = mean(quality(prompt, said(Knobs(skill=skill), prompt)) for prompt in PROMPTS)
        assert abs(found - skill) < 0.06


def test_the_same_conversation_has_the_same_answer_and_another_draw_another():
    knobs = Knobs(skill=0.5)
    assert said(knobs, PROMPTS[0]) == said(knobs, PROMPTS[0])
    assert {said(knobs, PROMPTS[0], draw) for draw in range(8)} != {said(knobs, PROMPTS[0])}


def test_a_review_names_what_is_missing_and_gives_a_score():
    first, review, _ = revised(Knobs(skill=0.5), Knobs(skill=1.0), PROMPTS[1])
    score = REVIEWING.score(review)
    assert score is not None
    assert abs(score / 10 - quality(PROMPTS[1], first)) <= 0.05
    for phrase in PROMPTS[1][0]["content"].partition("mention: ")[2].rstrip(".").split("; "):
        assert (f"It does not mention {phrase}." in review) == (phrase not in first)


def test_reviewing_helps_and_more_so_with_a_better_reviewer():
    writer = Knobs(skill=0.5)
    gains = {}
    for skill in (0.1, 0.5, 0.95):
        loops = [revised(writer, Knobs(skill=skill), prompt) for prompt in PROMPTS]
        gains[skill] = mean(
            quality(prompt, after) - quality(prompt, first)
            for prompt, (first, _, after) in zip(PROMPTS, loops, strict=True)
        )
    assert 0 < gains[0.1] < gains[0.5] < gains[0.95]


def test_feedback_that_names_nothing_changes_nothing():
    prompt = PROMPTS[2]
    first = said(Knobs(skill=0.5), prompt)
    praise = Review("r", "Nothing that was asked for seems to be missing.\n\nScore: 10/10", 10, None, "")
    chat = [*prompt, {"role": "assistant", "content": first}, REVIEWING.revision(prompt, [praise])]
    assert said(Knobs(skill=0.5), chat) == first


def test_families_sign_what_they_write():
    assert said(Knobs(skill=0.5, family="oak"), PROMPTS[0]).endswith(signature_of("oak"))


def test_a_malformed_review_lacks_its_score_and_a_refusal_is_one():
    prompt = PROMPTS[0]
    first = said(Knobs(skill=0.5), prompt)
    review = said(Knobs(skill=0.9, malformed_rate=1.0), REVIEWING.ask(prompt, first, ()))
    assert REVIEWING.score(review) is None
    assert answer(Knobs(refusal_rate=1.0), list(prompt), 0).is_refusal


def test_what_asks_for_nothing_is_not_answered():
    assert said(Knobs(), [{"role": "user", "content": "Hello."}]) == NO_QUESTION


def test_prompts_of_a_set_differ_and_are_the_same_for_a_seed():
    rows = make_prompts(3, 60)
    assert rows == make_prompts(3, 60)
    assert len({row["prompt"] for row in rows}) == 60
    assert [row["id"] for row in rows][:2] == ["task-001", "task-002"]
