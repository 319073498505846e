"""What surrounds an answer in files and replies: line ends, invisible characters, every script, chat templates."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.prompting.parsing.definition import full_rule
from harness.prompting.parsing.normalise import normalised, without_next_turn
from harness.prompting.parsing.rules import compile_answer
from harness.prompting.parsing.values import Answer

VERDICT = compile_answer(full_rule({"kind": "verdict"}))
SCORE = compile_answer(full_rule({"kind": "score", "scale": {"min": 0, "max": 10}}))

VERDICTS = {
    "crlf": ("Both hold.\r\n\r\nVerdict: A\r\n", "a"),
    "cr": ("Verdict: A\rDone.", "a"),
    "line-separator": ("Verdict: A\u2028That is all.", "a"),
    "next-line": ("Verdict: A\x85That is all.", "a"),
    "non-breaking-space": ("Verdict:\u00a0B", "b"),
    "thin-space": ("Verdict\u2009:\u2009B", "b"),
    "zero-width": ("Verdict\u200b: A\u200b", "a"),
    "byte-order-mark": ("\ufeffVerdict: A", "a"),
    "direction-marks": ("\u202aVerdict: A\u202c\u200f", "a"),
    "soft-hyphen": ("Ver\u00addict: B", "b"),
    "im-end": ("Verdict: A<|im_end|>", "a"),
    "eot": ("Verdict: A<|eot_id|>", "a"),
    "sentence-end": ("Verdict: A</s>", "a"),
    "end-of-turn": ("Verdict: A<end_of_turn>\n", "a"),
    "full-width-bars": ("Verdict: A<｜end▁of▁sentence｜>", "a"),
    "an-unknown-token": ("Verdict: A<|return|>", "a"),
    "next-turn": ("Verdict: A<|im_end|>\n<|im_start|>user\nVerdict: B", "a"),
    "next-turn-of-llama": ("Verdict: B<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nVerdict: A", "b"),
    "a-token-that-is-quoted": ("Response B holds <|im_end|>, which is a fault.\nVerdict: A", "a"),
    "chinese-stop": ("Verdict：A。因为更好", "a"),
    "chinese-comma": ("Verdict: A，因为更好", "a"),
    "ethiopic-colon": ("Verdict\u1365A", "a"),
    "mongolian-colon": ("Verdict\u1804 B", "b"),
    "devanagari-stop": ("Verdict: B।", "b"),
    "arabic-question": ("Verdict: A؟", None),
    "ethiopic-stop": ("Verdict: A።", "a"),
    "corner-brackets": ("Verdict: 「B」", "b"),
    "lenticular-brackets": ("【Verdict】B", "b"),
    "guillemets": ("Verdict: «A»", "a"),
    "low-quotes": ("Verdict: „B“", "b"),
    "ellipsis": ("Verdict: A…", "a"),
    "full-width-letter": ("Verdict: Ａ", "a"),
    "mathematical-bold": ("Verdict: 𝐀", "a"),
    "circled": ("Verdict: Ⓑ", "b"),
    "squared": ("Verdict: 🅰️", "a"),
    "emoji-behind": ("Verdict: A 🎉", "a"),
    "emoji-attached": ("**Verdict:** A✅", "a"),
    "emoji-in-front": ("👉 Verdict: 🏆 B", "b"),
    "emoji-that-denies": ("Verdict: A ❌", None),
    "arrow": ("Verdict → A", "a"),
    "arrow-between": ("Verdict: A → B", None),
    "bullet": ("• Verdict: A", "a"),
    "html-entities": ("Verdict:&nbsp;A", "a"),
    "html": ("<p>Verdict: <strong>A</strong></p>", "a"),
    "breaks": ("Verdict: A<br>So it is.", "a"),
    "escaped-markdown": ("\\*\\*Verdict:\\*\\* A", "a"),
}
SCORES = {
    "keycap": ("Score: 8️⃣", 8),
    "full-width-digits": ("Score: ８／１０", 8),
    "arabic-digits": ("Score: ٨/١٠", 8),
    "star": ("Score: 8 ⭐", 8),
    "stop": ("Score: 8。", 8),
    "half": ("Score: 8½", None),
    "superscript": ("Score: 8²", None),
    "arrow": ("Score: 7 → 8", None),
    "token": ("Score: 7/10<|endoftext|>", 7),
    "control-characters": ("Score: 7/10\x00\x1b[0m", 7),
}


@pytest.mark.parametrize(("text", "verdict"), VERDICTS.values(), ids=VERDICTS)
def test_verdict(text: str, verdict: str | None) -> None:
    assert VERDICT.read(text) == (None if verdict is None else Answer(verdict=verdict))  # type: ignore[arg-type]


@pytest.mark.parametrize(("text", "score"), SCORES.values(), ids=SCORES)
def test_score(text: str, score: float | None) -> None:
    assert SCORE.read(text) == (None if score is None else Answer(score=score))


def closers() -> list[str]:
    """Every closing bracket, closing quote and full stop of Unicode that may stand behind a verdict."""
    found = []
    for code in range(0x110000):
        character = chr(code)
        category = unicodedata.category(character)
        name = unicodedata.name(character, "")
        if category in ("Pe", "Pf") or (category == "Po" and "FULL STOP" in name and "DIGIT" not in name):
            found.append(character)
    return found


def test_every_closing_bracket_quote_and_full_stop_may_follow() -> None:
    unread = [character for character in closers() if VERDICT.read(f"Verdict: A{character}") != Answer("a")]
    assert unread == []


def test_clean_ascii_is_not_changed() -> None:
    text = "Both hold: 1 < 2.\n\n**Verdict:** A | _B_ `C` [D] (E) {F} ~ ^ % @ !"
    assert normalised(text) is text
    assert without_next_turn(text) is text


def test_a_reply_that_begins_with_tokens_is_kept() -> None:
    text = "<|im_end|>\n<|im_start|>assistant\nVerdict: A"
    assert without_next_turn(text) == text


@given(st.text())
def test_normalising_twice_changes_nothing_that_matters(text: str) -> None:
    once = normalised(text)
    assert "\r" not in once
    assert not any(unicodedata.category(character) in ("Cf", "Cs", "Zs") for character in once if character != " ")


@pytest.mark.parametrize(
    ("marks", "plain"),
    [
        ("•‣⁌⁃", "*"),  # bullets
        ("·⸱", "*"),  # middle dots
        ("✅★", "*"),  # symbols
        ("→⇒⟶", "=>"),
        ("‘’", "'"),
        ("“”«»", '"'),
        ("？؟", "?"),
        ("！", "!"),
        ("，、،", ","),
        ("：", ":"),
        ("；؛", ";"),
        ("（", "("),
        ("）", ")"),
    ],
)
def test_each_mark_has_its_plain_form(marks, plain):
    assert {normalised(f"a{mark}b").replace(" ", "") for mark in marks} == {f"a{plain}b"}


@pytest.mark.parametrize("character", "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
def test_each_line_separator_of_unicode_ends_a_line(character):
    assert normalised(f"a{character}b") == "a\nb"
    assert normalised(f"ä{character}b") == "ä\nb"
    assert VERDICT.read(f"Verdict: A{character}That is all.") == Answer("a")


@pytest.mark.parametrize("character", "\x00\x08\x1b\x7f\x9f\u200b\ufeff")
def test_a_character_without_a_width_is_left_out(character):
    assert normalised(f"a{character}b") == "ab"
    assert normalised(f"ä{character}b") == "äb"
    assert VERDICT.read(f"Verdict:{character} A{character}") == Answer("a")
