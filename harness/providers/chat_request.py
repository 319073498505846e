"""The body of a chat completion request, for a single call and for a line of a batch file. Pure."""

from __future__ import annotations

from typing import Any

from harness.providers.system_role import SystemRole, with_system_as
from harness.records.calls import Call, Model

FORMAT = "response_format"
"""The parameter that asks for a reply in a given form, which many endpoints do not know."""
PATH = "/v1/chat/completions"
"""The path of such a request, as a line of a batch file names it."""


def chat_body(model: Model, call: Call, *, asks_format: bool = True, seed: int | None = None) -> dict[str, Any]:
    """The body of a request.

    Args:
        model: the model of the call.
        call: the call; its messages are sent as they are.
        asks_format: whether to send the call's `response_format`, if it has one.
        seed: the seed of the first draw, None for none; the number of the draw is added, so that repeats differ.
    """
    body: dict[str, Any] = {**model.params, "model": model.id, "messages": call.messages}
    if call.params:
        body |= {name: value for name, value in call.params.items() if asks_format or name != FORMAT}
    if seed is not None:
        body["seed"] = seed + call.draw
    return body


def with_system_role(call: Call, role: SystemRole | None) -> Call:
    """The call with its system messages as the model takes them; None leaves them as they are."""
    return call._replace(messages=with_system_as(call.messages, role)) if role else call
