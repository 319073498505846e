"""Every alternative in the patterns of error responses has a phrase that only it matches.

`fault_phrases.json` has the phrases by pattern. They are short texts that `support.alternatives.example` makes for each
alternative, so most are no sentence of a server: `error_responses.jsonl` has those.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from random import Random

import pytest

from harness.providers import fault_words
from support.alternatives import alternatives, example, without

PHRASES: dict[str, list[str]] = json.loads(Path(__file__).with_name("fault_phrases.json").read_text(encoding="utf-8"))
PATTERNS: dict[str, re.Pattern[str]] = {
    name: value for name, value in vars(fault_words).items() if isinstance(value, re.Pattern) and name.isupper()
}
MEANINGS = {name: pattern for name, pattern in PATTERNS.items() if not name.startswith("_")}
TRIES = 25
REDUNDANT = {"ABOUT_CONTEXT": 1, "FIREWALL": 1, "FORMAT": 14, "KEY": 1, "NO_CREDIT": 4, "PARAMETER": 15, "REFUSED": 1,
             "ROLE": 53, "TOO_LONG": 30, "UNKNOWN_MODEL": 4}  # fmt: skip
"""Alternatives whose every phrase another one matches as well, such as `cannot` beside `not`."""


def test_every_pattern_has_phrases():
    assert PHRASES.keys() == MEANINGS.keys()


@pytest.mark.parametrize("name", MEANINGS)
def test_a_pattern_matches_all_of_its_phrases(name):
    missed = [phrase for phrase in PHRASES[name] if not MEANINGS[name].search(phrase)]
    assert missed == [], "a word was removed"


@pytest.mark.slow
@pytest.mark.parametrize("name", MEANINGS)
def test_every_alternative_has_a_phrase_that_is_missed_without_it(name):
    pattern, without_phrase = MEANINGS[name], []
    for at, which in alternatives(pattern):
        reduced = without(pattern, at, which)
        if all(reduced.search(phrase) for phrase in PHRASES[name]):
            random = Random(f"{name}{at}{which}")
            texts = (example(pattern, at, which, random) for _ in range(TRIES))
            without_phrase.append(next((text for text in texts if not reduced.search(text)), ""))
    assert [text for text in without_phrase if text and pattern.search(text)] == [], "add these to fault_phrases.json"
    assert len(without_phrase) <= REDUNDANT.get(name, 0)


def test_an_alternative_that_is_removed_is_missed():
    pattern = re.compile(r"\b(?:rate[\s-]*(?:limit|cap)|too (?:many|much))s?\b")
    texts = {example(pattern, at, which, Random(1)) for at, which in alternatives(pattern)}
    assert len(alternatives(pattern)) == 6
    for at, which in alternatives(pattern):
        text = example(pattern, at, which, Random(2))
        assert pattern.search(text)
        assert not without(pattern, at, which).search(text)
    assert {"too many", "too much"} <= texts


@pytest.mark.parametrize("text", ["Provider returned error", "error", "Bad Request", "Internal server error."])
def test_a_sentence_that_says_nothing_gives_way_to_one_that_does(text):
    words = fault_words.words_of({"error": {"message": text, "metadata": {"raw": "x", "detail": "the key is wrong"}}})
    assert words.message == "the key is wrong"
    assert fault_words.words_of({"error": {"message": text}}).message == text


def test_every_empty_sentence_is_listed_here():
    assert len(fault_words._GENERIC) == 4
