"""The protocols of servers that return a number for a prompt and a response: requests, and the numbers in responses.

| protocol | path | request | number |
| --- | --- | --- | --- |
| `vllm-score` | /score | `text_1`, `text_2`: prompts and responses | `data[i].score` |
| `vllm-classify` | /classify | `messages`: one conversation | `data[0].probs`, the class that `class` names |
| `vllm-pooling` | /pooling | `messages`: one conversation | the last row of `data[0].data`, by `class` |
| `tei-predict` | /predict | `inputs`: pairs of prompt and response | the `score` of the label that `class` names |
| `tei-rerank` | /rerank | `query`, `texts`: a prompt and its responses | `score` by `index` |

Pure: nothing is sent here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from harness.records.datasets import Message

Class: TypeAlias = int | str | None
"""Of several numbers, the position or the label of the one that counts; None where there is one."""


class Scored(NamedTuple):
    """A conversation whose last turn is to be scored.

    Attributes:
        messages: all of it.
        prompt: the turns before the response as text.
        response: the last turn.
    """

    messages: Sequence[Message]
    prompt: str
    response: str


class BadNumberError(ValueError):
    """A response holds no number for an input; the message says why."""


def scored_of(messages: Sequence[Message]) -> Scored | None:
    """The conversation; None where its last turn is no response."""
    if len(messages) < 2 or messages[-1]["role"] != "assistant":
        return None
    before = messages[:-1]
    turns = [one["content"] if len(before) == 1 else f"{one['role']}: {one['content']}" for one in before]
    return Scored(messages, "\n\n".join(turns), messages[-1]["content"])


class Protocol(NamedTuple):
    """How a server is asked for numbers.

    Attributes:
        path: of the request.
        body: of a request about some conversations, without the model and the params.
        numbers: of each conversation a number, or why there is none, from the JSON of a response.
        together: conversations with the same value may be asked about in one request; None for one at a time.
        has_model: whether the request names the model.
    """

    path: str
    body: Callable[[Sequence[Scored]], dict[str, Any]]
    numbers: Callable[[Any, int, Class], list[float | str]]
    together: Callable[[Scored], str] | None
    has_model: bool = True


def _finite(value: Any) -> float | str:
    """A number, or why it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"the server gave {_short(value)} in place of a number"
    return float(value) if math.isfinite(value) else f"the server gave {value}, which is no finite number"


def _short(value: Any) -> str:
    text = "null" if value is None else f"{value!r}"
    return text if len(text) <= 60 else f"{text[:59]}…"


def _rows(value: Any, count: int) -> list[Any]:
    """The entries of a list in the order of the inputs, by their `index` where they have one."""
    if not isinstance(value, list):
        raise BadNumberError("the response has no list of results")
    if len(value) != count:
        raise BadNumberError(f"the response has {len(value)} results for {count} inputs")
    indices = [one.get("index") if isinstance(one, Mapping) else None for one in value]
    if all(index is None for index in indices):
        return value
    if sorted(map(str, indices)) != sorted(map(str, range(count))):
        raise BadNumberError("the results do not name each input once")
    return [value[indices.index(at)] for at in range(count)]


def _data(value: Any, count: int) -> list[Any]:
    return _rows(value.get("data") if isinstance(value, Mapping) else None, count)


def _picked(values: Any, wanted: Class) -> float | str:
    """The number of a class among those of an input."""
    if not isinstance(values, list):
        return _finite(values)
    if wanted is None and len(values) == 1:
        return _finite(values[0])
    if not isinstance(wanted, int) or not 0 <= wanted < len(values):
        return f"the server gives {len(values)} numbers: write the position of one, from 0, as `class`"
    return _finite(values[wanted])


def _score(value: Any, count: int, _: Class) -> list[float | str]:
    return [_finite(one.get("score") if isinstance(one, Mapping) else one) for one in _data(value, count)]


def _classify(value: Any, count: int, wanted: Class) -> list[float | str]:
    return [_picked(one.get("probs") if isinstance(one, Mapping) else None, wanted) for one in _data(value, count)]


def _pooling(value: Any, count: int, wanted: Class) -> list[float | str]:
    found = []
    for one in _data(value, count):
        values = one.get("data") if isinstance(one, Mapping) else None
        if isinstance(values, list) and values and isinstance(values[-1], list):
            values = values[-1]  # a row for each token: the last one is after the whole response
        found.append(_picked(values, wanted))
    return found


def _rerank(value: Any, count: int, _: Class) -> list[float | str]:
    return [_finite(one.get("score") if isinstance(one, Mapping) else None) for one in _rows(value, count)]


def _predict(value: Any, count: int, wanted: Class) -> list[float | str]:
    """TEI sorts the labels of an input by their scores, so that a label is found by its name."""
    found: list[float | str] = []
    for entries in _rows(value, count):
        named = {
            one.get("label"): one.get("score")
            for one in (entries if isinstance(entries, list) else [])
            if isinstance(one, Mapping) and isinstance(one.get("label"), str)
        }
        if wanted is None and len(named) == 1:
            found.append(_finite(next(iter(named.values()))))
        elif wanted in named:
            found.append(_finite(named[wanted]))
        else:
            names = ", ".join(f"`{name[:40]}`" for name in sorted(map(str, named))[:5])
            found.append(f"the server gives the labels {names}: write one as `class`" if named else _none(entries))
    return found


def _none(value: Any) -> str:
    return f"the server gave {_short(value)} in place of labels with scores"


def _texts(inputs: Sequence[Scored]) -> dict[str, Any]:
    return {"text_1": [one.prompt for one in inputs], "text_2": [one.response for one in inputs]}


def _messages(inputs: Sequence[Scored]) -> dict[str, Any]:
    return {"messages": [dict(message) for message in inputs[0].messages]}


PROTOCOLS: Mapping[str, Protocol] = {
    "vllm-score": Protocol("/score", _texts, _score, lambda _: ""),
    "vllm-classify": Protocol("/classify", _messages, _classify, None),
    "vllm-pooling": Protocol("/pooling", _messages, _pooling, None),
    "tei-predict": Protocol(
        "/predict", lambda inputs: {"inputs": [[one.prompt, one.response] for one in inputs]}, _predict, lambda _: "",
        has_model=False,
    ),
    "tei-rerank": Protocol(
        "/rerank", lambda inputs: {"query": inputs[0].prompt, "texts": [one.response for one in inputs]}, _rerank,
        lambda one: one.prompt, has_model=False,
    ),
}  # fmt: skip
