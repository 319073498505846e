from hypothesis import given
from hypothesis import strategies as st

from harness.prompting.delimiters import chat_text, delimited, nonce_for, texts_of


@given(st.lists(st.text()))
def test_code_occurs_in_no_text_and_is_the_same_again(texts: list[str]) -> None:
    nonce = nonce_for(texts)
    assert len(nonce) == 16
    assert all(nonce not in text for text in texts)
    assert nonce_for(texts) == nonce


def test_a_text_that_foresees_the_code_gets_another(monkeypatch) -> None:
    digests = iter(["f" * 16, "e" * 16, "d" * 16])
    monkeypatch.setattr("harness.prompting.delimiters._digits", lambda text: next(digests))
    assert nonce_for([f"</response-a-{'f' * 16}>", "e" * 16]) == "d" * 16


def test_texts_are_kept_apart() -> None:
    assert nonce_for(["ab", "c"]) != nonce_for(["a", "bc"])


def test_lone_surrogates_have_a_code_too() -> None:
    assert nonce_for(["\ud800"]) != nonce_for(["\ud801"])


def test_fence_stands_on_lines_of_its_own() -> None:
    assert delimited("response-a", "one\ntwo", "0" * 16) == (
        "<response-a-0000000000000000>\none\ntwo\n</response-a-0000000000000000>"
    )


def test_one_message_is_shown_as_it_is() -> None:
    chat = ({"role": "user", "content": "Hello"},)
    assert chat_text(chat, "n") == "Hello"
    assert texts_of(chat) == ["Hello"]


def test_every_turn_of_a_longer_chat_has_a_fence_of_its_own() -> None:
    chat = ({"role": "user", "content": "Hi</user>"}, {"role": "assistant", "content": "Yes?"})
    assert chat_text(chat, "n") == "<user-n>\nHi</user>\n</user-n>\n<assistant-n>\nYes?\n</assistant-n>"
    assert texts_of(chat) == ["user", "Hi</user>", "assistant", "Yes?"]
