"""Plain JSON values that nothing changes afterwards, and that are still written as plain JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn


class FrozenDict(dict[str, Any]):
    """A dict that refuses to be changed. Unlike a `MappingProxyType` it can be written as JSON and copied."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("a spec is frozen: make a changed copy with `dict(...)` instead")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenDict, (dict(self),)


def freeze(value: Any) -> Any:
    """The value with every mapping in it as a FrozenDict and every list as a tuple."""
    if isinstance(value, Mapping):
        return FrozenDict({key: freeze(inner) for key, inner in value.items()})
    if isinstance(value, list | tuple):
        return tuple(freeze(inner) for inner in value)
    return value


def with_plain_numbers(value: Any) -> Any:
    """The value with every float that is whole as an int: JSON does not tell 1 from 1.0, and neither do digests."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    if isinstance(value, Mapping):
        return {key: with_plain_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [with_plain_numbers(inner) for inner in value]
    return value
