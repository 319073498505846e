from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.providers.redaction import REDACTED, Secret, secrets_in
from support.written_key import KEY, WRITTEN

SECRET = Secret(KEY)


@pytest.mark.parametrize("written", WRITTEN.values(), ids=list(WRITTEN))
def test_a_key_is_found_and_taken_out_however_it_is_written(written):
    text = f"Invalid credentials ({written}), see the manual"
    assert SECRET.is_in(text)
    assert not SECRET.is_in(SECRET.redacted(text))
    assert REDACTED in SECRET.redacted(text)


def test_what_stands_around_a_key_stays():
    assert SECRET.redacted(f"A wins. {KEY} B loses. {KEY}") == f"A wins. {REDACTED} B loses. {REDACTED}"
    assert SECRET.redacted(f"?key={quote(KEY, safe='')}&x=1") == f"?key={REDACTED}&x=1"
    assert SECRET.redacted(" ".join(KEY)) == REDACTED


@pytest.mark.parametrize(
    "text", ["", "Verdict: A", "100 % & \\u0041 of sk-proj- keys", "sk-proj-T3sT", "k3y", "*" * 99]
)
def test_other_text_stays_as_it_is(text):
    assert SECRET.redacted(text) is text


@pytest.mark.parametrize("word", ["", "none", "EMPTY", "ollama", "lm-studio", "not-needed", "sk-no-key-required"])
def test_a_key_that_is_only_a_word_stays_in_replies_and_not_in_messages(word):
    secret, text = Secret(word), f"I say {word} to that"
    assert secret.redacted(text) == text
    assert secret.redacted_message(text) == (text.replace(word, REDACTED) if word else text)


def test_a_secret_shows_itself_nowhere():
    assert KEY not in repr(SECRET)
    assert KEY not in f"{SECRET} {[SECRET]}"


def test_errors_are_cleaned_key_and_value_and_to_a_bounded_depth():
    deep = current = {}
    for _ in range(1000):
        current["x"] = current = {}
    found = SECRET.redacted_json({"error": {KEY: [KEY, 1, None, {"message": f"no {KEY}"}]}, "deep": deep})
    assert found["error"] == {REDACTED: [REDACTED, 1, None, {"message": f"no {REDACTED}"}]}
    assert str(found["deep"]).count("x") < 20


def test_variables_named_like_secrets_are_taken_for_secrets():
    found = secrets_in(
        {"MY_API_KEY": f" {KEY}\n", "github_token": "gh-0123456789abcdef", "HOME": "/home/key0123456789"}
    )
    assert [secret.is_in(f"{KEY} gh-0123456789abcdef") for secret in found] == [True, True]
    assert not any(secret.is_in("/home/key0123456789") for secret in found)


@given(st.text(), st.text(), st.integers(0, 3))
def test_no_text_around_it_hides_a_key(before, after, rounds):
    written = KEY
    for _ in range(rounds):
        written = quote(written, safe="")
    assert not SECRET.is_in(SECRET.redacted(f"{before}\n{written}\n{after}"))
    assert not SECRET.is_in(before)


@pytest.mark.parametrize("length", [20, 21, 29, 30])
def test_every_tenth_of_a_key_from_its_end_counts_as_the_key_and_what_is_left_does_not(length):
    key = "a1b2c3d4e5f6g7h8j9k0l1m2n3p4q5"[-length:]
    secret = Secret(key)
    for end in range(length, 9, -10):
        assert secret.is_in(f"so {key[end - 10 : end]} it is")
    assert not secret.is_in(f"so {key[: length % 10]} it is")
    assert not secret.is_in(f"so {key[length - 9 :]} it is")
