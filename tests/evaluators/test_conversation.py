from collections.abc import Generator, Sequence

from harness.evaluators.conversation import Conversation, together
from harness.records.calls import Call, Model, Reply

MODEL = Model("m", "simulated", "m")


def asks(name: str, rounds: int, width: int = 1) -> Conversation[str]:
    heard = ""
    for number in range(rounds):
        replies = yield [Call(MODEL, (), step=f"{name}{number}{at}") for at in range(width)]
        heard += "".join(reply.text for reply in replies)
    return heard


def held(conversation: Generator[Sequence[Call], Sequence[Reply], list[str]]) -> tuple[list[list[str]], list[str]]:
    """The steps asked in each round, each answered with its own name, and the result."""
    rounds = []
    try:
        calls = next(conversation)
        while True:
            rounds.append([call.step for call in calls])
            calls = conversation.send([Reply(call.step + ";") for call in calls])
    except StopIteration as stop:
        return rounds, stop.value


def test_rounds_are_merged_and_results_keep_their_order() -> None:
    rounds, results = held(together([asks("a", 1), asks("b", 3, width=2), asks("c", 2)]))
    assert rounds == [["a00", "b00", "b01", "c00"], ["b10", "b11", "c10"], ["b20", "b21"]]
    assert results == ["a00;", "b00;b01;b10;b11;b20;b21;", "c00;c10;"]


def test_conversations_that_ask_nothing_end_at_once() -> None:
    assert held(together([asks("a", 0), asks("b", 1)])) == ([["b00"]], ["", "b00;"])
    assert held(together([])) == ([], [])
