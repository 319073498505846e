"""System messages for models that know no system role. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from harness.records.datasets import Message

SystemRole = Literal["system", "developer", "user", "none"]


def with_system_as(messages: Sequence[Message], role: SystemRole) -> Sequence[Message]:
    """The messages with their system messages as a model takes them.

    Args:
        messages: of the conversation.
        role: `system` and `developer` name the role of the message; `user` puts its text before that of the user
            message that follows it, as a message of its own where none follows; `none` leaves it out.
    """
    if role == "system" or not any(message["role"] == "system" for message in messages):
        return messages
    placed: list[Message] = []
    waiting: list[str] = []
    for message in messages:
        if message["role"] != "system":
            text = "\n\n".join([*waiting, message["content"]]) if message["role"] == "user" else message["content"]
            waiting = [] if message["role"] == "user" else waiting
            placed.append({"role": message["role"], "content": text})
        elif role == "user":
            waiting.append(message["content"])
        elif role == "developer":
            placed.append({"role": "developer", "content": message["content"]})
    if waiting:
        placed.append({"role": "user", "content": "\n\n".join(waiting)})
    return placed
