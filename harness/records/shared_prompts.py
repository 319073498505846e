"""Prompts that several cells send: rendered when they are read, and hashed once for all of them.

The judges of an item are sent the same messages. A replay needs of them only the cache keys and the size. Both are
known from the first judge on, without the text: the state of the hash of a key after the messages, which come before
the model in canonical JSON, is copied for each further judge. The texts themselves are not held.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, overload

import orjson

from harness.records.calls import Call
from harness.records.datasets import Item, Message

MOST_PROMPTS = 2**18
"""Prompts of which a run holds the state of the hash, 400 bytes each; those of further items are hashed every time."""


MOST_HEADS = 8
"""Texts before the messages (draws and endpoints differ in them) for which a prompt holds the state of the hash."""


class KnownPrompt:
    """What is known of a prompt that was rendered before.

    Attributes:
        size: bytes of its texts, −1 where it is not known.
    """

    __slots__ = ("_head", "_others", "_state", "size")

    def __init__(self) -> None:
        self.size = -1
        self._head = b""
        self._state: Any = None
        self._others: dict[bytes, Any] | None = None

    def state(self, head: bytes) -> Any:
        """The state of the hash after a head and the messages; None where it is not known."""
        if self._head == head:
            return self._state
        return None if self._others is None else self._others.get(head)

    def keep(self, head: bytes, state: Any) -> None:
        """Hold the state of the hash after a head and the messages."""
        if self._state is None:
            self._head, self._state = head, state
            return
        if self._others is None:
            self._others = {}
        if len(self._others) < MOST_HEADS:
            self._others[head] = state


class SharedPrompt(Sequence[Message]):
    """The messages of a prompt, rendered when they are read.

    Args:
        render: makes the messages.
        known: what is known of them.
    """

    __slots__ = ("_known", "_messages", "_render")

    def __init__(self, render: Callable[[], list[Message]], known: KnownPrompt) -> None:
        self._render = render
        self._known = known
        self._messages: list[Message] | None = None

    def rendered(self) -> list[Message]:
        """The messages."""
        if self._messages is None:
            self._messages = self._render()
        return self._messages

    def digest(self, head: bytes, tail: bytes) -> str:
        """SHA-256, as 64 hexadecimal digits, of canonical JSON of the messages between two other texts."""
        state = self._known.state(head)
        if state is None:
            state = hashlib.sha256(head + orjson.dumps(self.rendered(), option=orjson.OPT_SORT_KEYS))
            self._known.keep(head, state)
        state = state.copy()
        state.update(tail)
        digest: str = state.hexdigest()
        return digest

    def size(self) -> int:
        """Bytes of the texts of the messages."""
        if self._known.size < 0:
            self._known.size = text_size(self.rendered())
        return self._known.size

    @overload
    def __getitem__(self, at: int) -> Message: ...
    @overload
    def __getitem__(self, at: slice) -> list[Message]: ...
    def __getitem__(self, at: int | slice) -> Message | list[Message]:
        return self.rendered()[at]

    def __len__(self) -> int:
        return len(self.rendered())

    def __iter__(self) -> Iterator[Message]:
        return iter(self.rendered())

    def __eq__(self, other: object) -> bool:
        return self.rendered() == (other.rendered() if isinstance(other, SharedPrompt) else other)

    __hash__ = None  # type: ignore[assignment] # as a list

    def __add__(self, other: list[Message]) -> list[Message]:
        return self.rendered() + other

    def __radd__(self, other: list[Message]) -> list[Message]:
        return other + self.rendered()

    def __repr__(self) -> str:
        return repr(self.rendered())

    def __reduce__(self) -> tuple[type[list[Message]], tuple[list[Message]]]:
        return list, (self.rendered(),)


def plain_messages(messages: Sequence[Message]) -> Sequence[Message]:
    """Messages as they can be written as JSON: shared ones as a list."""
    return messages.rendered() if isinstance(messages, SharedPrompt) else messages


def plain_call(call: Call) -> Call:
    """A call with its messages as they can be written as JSON."""
    return call._replace(messages=call.messages.rendered()) if isinstance(call.messages, SharedPrompt) else call


def text_size(messages: Sequence[Message]) -> int:
    """Bytes of the texts of some messages."""
    if isinstance(messages, SharedPrompt):
        return messages.size()
    size = 0
    for message in messages:  # a loop, since every replayed reply comes by here
        text = message["content"]
        size += len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    return size


class SharedPrompts:
    """What is known of the prompts that one strategy makes of the items of one dataset.

    Args:
        maker: renders them; items that another one asks about share nothing with them.
    """

    def __init__(self, maker: object) -> None:
        self.maker = maker
        self._known: dict[tuple[str, int], KnownPrompt] = {}

    def known(self, kind: str, row: int) -> KnownPrompt:
        """What is known of the prompt of one kind about the item in a row; updated as it is used."""
        found = self._known.get((kind, row))
        if found is None:
            found = KnownPrompt()
            if len(self._known) < MOST_PROMPTS:
                self._known[kind, row] = found
        return found

    def __reduce__(self) -> tuple[type[SharedPrompts], tuple[object]]:
        return SharedPrompts, (self.maker,)  # another process makes its own


class SharedItem(Item):
    """An item that several cells are asked about with one strategy.

    Attributes:
        prompts: what is known of its prompts; None for an item that was changed.
        row: its position in the dataset.
        is_swapped: whether its responses are exchanged.
    """

    prompts: SharedPrompts | None = None
    row = 0
    is_swapped = False

    @classmethod
    def of(cls, item: Item, prompts: SharedPrompts, row: int, *, is_swapped: bool = False) -> SharedItem:
        """The item with what is known of its prompts."""
        made = cls._make(item)
        made.prompts, made.row, made.is_swapped = prompts, row, is_swapped
        return made


def shared_prompt(item: Item, maker: object, kind: str, render: Callable[[], list[Message]]) -> Sequence[Message]:
    """The messages that `render` makes: shared where other cells send them, else a plain list.

    Args:
        item: what they are about, and nothing beside it and the maker.
        maker: makes them.
        kind: distinguishes the prompts of one maker about one item.
        render: makes them.
    """
    prompts = item.prompts if isinstance(item, SharedItem) else None
    if prompts is None or prompts.maker is not maker:
        return render()
    assert isinstance(item, SharedItem)
    return SharedPrompt(render, prompts.known(f"{kind}-swapped" if item.is_swapped else kind, item.row))
