"""How many tokens a prompt can have at most, known before it is sent and without asking anybody.

Byte-level tokenizers never make more tokens than there are bytes, and every endpoint adds some tokens around each
message. Where the package `tiktoken` is installed and the encoding of a model is on this machine already, its text is
counted; nothing is ever fetched.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.records import Message

TOKENS_PER_MESSAGE = 8
TOKENS_PER_PROMPT = 16
"""What endpoints add for roles and the beginning of the reply, taken generously."""

BYTES = "bytes: no more tokens than bytes"
COUNTED = "counted by tiktoken"

ENCODINGS = {
    "o200k_base": "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken",
    "cl100k_base": "https://openaipublic.blob.core.windows.net/encodings/cl100k_base.tiktoken",
}
"""Where tiktoken fetches an encoding from, which names its copy on this machine."""

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


def counter_of(model_id: str, environment: Mapping[str, str]) -> tuple[Count | None, str]:
    """What counts the tokens of a model's prompts and how that is called; None where only bytes can be counted.

    Args:
        model_id: as the endpoint calls the model.
        environment: the environment variables, in which tiktoken looks for its folder.
    """
    try:
        import tiktoken  # an extra
    except ImportError:
        return None, BYTES
    try:
        name = tiktoken.encoding_name_for_model(model_id)
    except KeyError:
        return None, BYTES
    if name not in ENCODINGS or not _is_here(ENCODINGS[name], environment):
        return None, BYTES
    encoding: Any = tiktoken.get_encoding(name)
    return lambda text: len(encoding.encode_ordinary(text)), COUNTED


def _is_here(address: str, environment: Mapping[str, str]) -> bool:
    """Whether tiktoken has its copy of a file, where it would look for it."""
    folder = environment.get("TIKTOKEN_CACHE_DIR") or environment.get("DATA_GYM_CACHE_DIR")
    place = Path(folder) if folder else Path(tempfile.gettempdir(), "data-gym-cache")
    return (place / hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest()).is_file()


def _bytes_of(text: str) -> int:
    return len(text.encode())
