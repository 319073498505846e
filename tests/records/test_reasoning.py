from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.records.calls import Reply
from harness.records.reasoning import holds_reasoning, joined, separated, shown_text, split_reasoning

PAIRS = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<THINK>", "</Think>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ('<think signature="abc">', "</think>"),
    ("<seed:think>", "</seed:think>"),
    ("<antThinking>", "</antThinking>"),
    ("<longcat_think>", "</longcat_think>"),
    ("<|think|>", "<|/think|>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|channel>thought\n", "<channel|>"),
    ('<details type="reasoning" done="true">', "</details>"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
]


@pytest.mark.parametrize(("opening", "closing"), PAIRS)
def test_a_block_is_reasoning_with_and_without_its_opening_tag(opening: str, closing: str):
    assert split_reasoning(f"{opening}Verdict: A{closing}\n\nVerdict: B") == ("Verdict: B", "Verdict: A")
    assert split_reasoning(f"\n {opening}\n\n{closing}\n\nVerdict: B") == ("Verdict: B", "")
    if closing != "</details>":  # which any page of HTML may hold
        assert split_reasoning(f"Verdict: A\n{closing}Verdict: B") == ("Verdict: B", "Verdict: A")
    text, reasoning = split_reasoning(f"{opening}Verdict: A\nbut") or ("?", "?")
    assert (text, reasoning.strip()) == ("", "Verdict: A\nbut")


@pytest.mark.parametrize(
    ("tagged", "text", "reasoning"),
    [
        pytest.param("<think>a<think>b</think>c</think>B", "B", "a\n\nb\n\nc", id="nested"),
        pytest.param("<think>a<think>b</think>Verdict: A", "", "a\n\nb\n\nVerdict: A", id="nested, the outer is open"),
        pytest.param("<think>\n<think>a</think>B", "B", "a", id="the opening tag twice"),
        pytest.param("<think>I use <reasoning> tags</think>B", "B", "I use\n\ntags", id="another tag inside"),
        pytest.param("<thinking>a</think>B", "B", "a", id="closed by another tag"),
        pytest.param("<think>a</think>x</think>B", "B", "a\n\nx", id="closed twice"),
        pytest.param("Verdict: <think>a</think>B", "Verdict: B", "a", id="in the middle"),
        pytest.param("<think>a</think>B<think>c</think>", "B", "a\n\nc", id="two blocks"),
        pytest.param("Verdict: B\n<think>hm", "", "Verdict: B\n\nhm", id="open behind an answer"),
        pytest.param("<think/>B", "B", "", id="an empty tag"),
        pytest.param("<thi<think>a</think>nk>B", "<thi\nnk>B", "a", id="what is left is no tag"),
        pytest.param("analysisWe weigh.assistantfinalB", "B", "We weigh.", id="channels without special tokens"),
        pytest.param("analysisWe weigh", "", "analysisWe weigh", id="channels without special tokens, open"),
        pytest.param("<|channel|>ana", "", "<|channel|>ana", id="a channel that is cut"),
        pytest.param(
            "<|channel|>commentary<|message|>c<|end|><|start|>assistant<|channel|>final<|message|>B<|return|>",
            "B",
            "c",
            id="another channel",
        ),
    ],
)
def test_tagged_texts_are_split(tagged: str, text: str, reasoning: str):
    assert split_reasoning(tagged) == (text, reasoning)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Verdict: B",
        "Models write `<think>` and `</think>` around their reasoning.",
        "List<Thought> thoughts = new ArrayList<Thought>();",
        "a < b and b > c [1] [[A>>B]] [x](https://y.z)",
        "<details><summary>More</summary>thinking</details>",
        "analysis of the two responses",
        "<rethink>x</rethink> <thinker>",
        "I think] so",
    ],
)
def test_other_texts_stay_as_they_are(text: str):
    assert split_reasoning(text) is None
    assert not holds_reasoning(text)
    reply = Reply(text)
    assert separated(reply) is reply


def test_the_reasoning_of_a_reply_is_kept_with_what_it_had():
    assert separated(Reply("<think>b</think>c", reasoning="a")) == Reply("c", reasoning="a\n\nb")
    assert separated(Reply("<think>a</think>c", reasoning="a")) == Reply("c", reasoning="a")
    assert joined([" a ", "", "a", "b"]) == "a\n\nb"


def test_reasoning_is_shown_only_where_that_is_asked_for():
    reply = Reply("B", reasoning="a")
    assert shown_text(reply, with_reasoning=False) == "B"
    assert shown_text(reply, with_reasoning=True) == "<think>\na\n</think>\n\nB"
    assert shown_text(Reply("B"), with_reasoning=True) == "B"
    assert split_reasoning(shown_text(reply, with_reasoning=True)) == ("B", "a")


TAGS = [tag for pair in PAIRS for tag in pair]
PIECES = st.lists(st.sampled_from([*TAGS, "`", "<", ">", "thi", "nk", "\n", "Verdict: A", "<|end|>", "assistantfinal"]))


@given(PIECES.map("".join))
def test_no_text_holds_reasoning_once_it_is_separated(text: str):
    reply = separated(Reply(text))
    assert not holds_reasoning(reply.text)
    assert separated(reply) == reply
    assert holds_reasoning(text) == (split_reasoning(text) is not None)


@given(st.text(max_size=30), st.sampled_from(PAIRS[:14]), st.text(max_size=30))
def test_a_complete_block_leaves_nothing_in_the_text(inside: str, pair: tuple[str, str], after: str):
    reply = separated(Reply(f"{pair[0]}SECRET{inside}{pair[1]}{after}"))
    assert "SECRET" not in reply.text


@pytest.mark.parametrize(
    "hostile",
    [
        "<think>" * 100_000,
        "<think>" * 50_000 + "</think>" * 50_000,
        "<think a=" * 100_000,
        "<|channel|>" + "a" * 1_000_000,
        "<|channel|>" * 100_000,
        "<thi" * 50_000 + "<think></think>" + "nk>" * 50_000,
        "analysis" + "a" * 1_000_000,
        '<details type="reasoning"' * 50_000,
        "<think" + " " * 1_000_000,
    ],
    ids=lambda text: text[:12],
)
def test_hostile_texts_take_time_in_proportion_to_their_length(hostile: str):
    started = time.process_time()
    separated(Reply(hostile))
    assert time.process_time() - started < 10
