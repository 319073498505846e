"""Upper bound on the tokens of a prompt, known before it is sent and without a request.

Byte-level tokenizers never make more tokens than there are bytes, and every endpoint adds some tokens around each
message. Where the package `tiktoken` is installed and the encoding of a model is on this machine already, its text is
counted; nothing is ever fetched.
"""

from __future__ import annotations

import hashlib
import importlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from harness.records.calls import Model
from harness.records.datasets import Message

TOKENS_PER_MESSAGE = 8
TOKENS_PER_PROMPT = 64
"""What endpoints add for roles, dates and the beginning of the reply, taken generously."""

ENCODINGS = {
    "o200k_base": "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken",
    "cl100k_base": "https://openaipublic.blob.core.windows.net/encodings/cl100k_base.tiktoken",
}
"""Where tiktoken fetches an encoding from, which names its copy on this machine."""

MAX_COUNTED = 2**18
"""Letters of a text beyond which its bytes are counted: some texts take tiktoken the square of their length."""

Count = Callable[[str], int]


def most_prompt_tokens(messages: Sequence[Message], count: Count | None = None) -> int:
    """An upper bound on the tokens of a prompt.

    Args:
        messages: of the prompt.
        count: counts the tokens of a text; None to count its bytes.
    """
    length = count or _bytes_of
    around = TOKENS_PER_PROMPT + TOKENS_PER_MESSAGE * len(messages)
    return around + sum(length(message["content"]) for message in messages)


def most_reply_tokens(model: Model) -> int:
    """The most tokens that a reply of the model may have, over all choices that are made for it; 0 for no bound.

    Where a spec sets both `max_tokens` and `max_completion_tokens`, the larger one binds: some endpoints know only
    one of the two and ignore the other. Budget, plan and rate limit all use this bound.
    """
    params = model.params
    most = max(int(params.get("max_completion_tokens") or 0), int(params.get("max_tokens") or 0))
    return most * max(1, int(params.get("n") or 1), int(params.get("best_of") or 1))


def counter_of(model_id: str, environment: Mapping[str, str]) -> Count | None:
    """What counts the tokens of a model's prompts; None where only bytes can be counted.

    Args:
        model_id: as the endpoint calls the model.
        environment: the environment variables, in which tiktoken looks for its folder.
    """
    try:
        import tiktoken  # an extra
    except ImportError:
        return None
    try:
        name = tiktoken.encoding_name_for_model(model_id)
    except KeyError:
        return None
    if name not in ENCODINGS or not _is_here(ENCODINGS[name], environment):
        return None
    encoding = _loaded(name)
    if encoding is None:
        return None
    return lambda text: _counted(encoding, text)


def _loaded(name: str) -> Any:
    """An encoding of tiktoken; None where its copy is damaged, for tiktoken would fetch another one."""
    tiktoken: Any = importlib.import_module("tiktoken")
    loading: Any = importlib.import_module("tiktoken.load")
    fetch = loading.read_file
    loading.read_file = _refuse
    try:
        return tiktoken.get_encoding(name)
    except _NotHereError:
        return None
    finally:
        loading.read_file = fetch


class _NotHereError(Exception):
    """A file would have to be fetched."""


def _refuse(address: str) -> NoReturn:
    raise _NotHereError(address)


def _counted(encoding: Any, text: str) -> int:
    """Tokens of a text, and never more than it has bytes."""
    size = _bytes_of(text)
    return size if len(text) > MAX_COUNTED else min(size, len(encoding.encode_ordinary(text)))


def _is_here(address: str, environment: Mapping[str, str]) -> bool:
    """Whether tiktoken has its copy of a file, where it would look for it."""
    folder = environment.get("TIKTOKEN_CACHE_DIR", environment.get("DATA_GYM_CACHE_DIR"))
    if folder == "":
        return False  # it keeps no copies
    place = Path(tempfile.gettempdir(), "data-gym-cache") if folder is None else Path(folder)
    return (place / hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest()).is_file()


def _bytes_of(text: str) -> int:
    return len(text.encode())
