from __future__ import annotations

import pytest

from harness.providers.system_role import SystemRole, with_system_as

Turns = list[tuple[str, str]]

CHAT: Turns = [("system", "S"), ("user", "U"), ("assistant", "A"), ("system", "T"), ("system", "V"), ("user", "W")]


@pytest.mark.parametrize(
    ("chat", "role", "sent"),
    [
        (CHAT, "system", CHAT),
        (CHAT, "none", [("user", "U"), ("assistant", "A"), ("user", "W")]),
        (CHAT, "user", [("user", "S\n\nU"), ("assistant", "A"), ("user", "T\n\nV\n\nW")]),
        (CHAT[:2], "developer", [("developer", "S"), ("user", "U")]),
        ([("system", "S")], "user", [("user", "S")]),
        ([("user", "U")], "user", [("user", "U")]),
    ],
)
def test_system_messages_are_placed_as_the_model_takes_them(chat: Turns, role: SystemRole, sent: Turns):
    messages = with_system_as([{"role": name, "content": text} for name, text in chat], role)
    assert [(message["role"], message["content"]) for message in messages] == sent
