"""Results as JSON, kept in a file and compared with it field by field: what a change moves that no other test holds.

Words, counts, flags and nulls are compared exactly, numbers but for rounding. `HARNESS_RECORD=1` writes the file anew:
look at its diff.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

RELATIVE, ABSOLUTE = 1e-7, 1e-9
"""How far rounding may move a number."""
SHORT = 8
"""Numbers of an array that are kept one by one; of more, sums are kept to which each one adds."""


def alike(values: Any, size: int = 3) -> Any:
    """Clusters of items of which some numbers are alike: more than chance has it, and less than wholly."""
    noise = np.random.default_rng(1).normal(0, 0.8 * np.std(values), len(values))
    return np.argsort(np.argsort(values + noise)) // size


def plain(value: Any) -> Any:
    """A result as JSON: records by the fields that have not their default, long arrays by their sums."""
    if hasattr(value, "_asdict"):
        value = {
            name: one for name, one in value._asdict().items() if _is_told(one, value._field_defaults.get(name, ...))
        }
    elif is_dataclass(value):
        told = ((field.name, getattr(value, field.name), field.default) for field in fields(value))
        value = {name: one for name, one, default in told if _is_told(one, default)}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist()) if value.size <= SHORT or value.dtype.kind not in "fiub" else _summed(value)
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return str(value) if np.isnan(value) or np.isinf(value) else float(f"{value:.9g}")
    return value


def _is_told(value: Any, default: Any) -> bool:
    return type(value) is not type(default) or isinstance(value, np.ndarray) or value != default


def _summed(values: Any) -> dict[str, Any]:
    numbers = np.asarray(values, float).ravel()
    known = np.isfinite(numbers)
    kept, at = numbers[known], np.flatnonzero(known)
    return {
        "shape": list(values.shape),
        "unknown": int((~known).sum()),
        "mixed": plain(float(kept @ np.cos(at + 1.0))),  # another sum if two numbers are exchanged
        "squares": plain(float(kept @ kept)),
    }


def differences(found: Any, kept: Any, path: str = "") -> Iterator[str]:
    """What differs between two results, by its place."""
    if isinstance(kept, dict) and isinstance(found, dict):
        for key in kept.keys() | found.keys():
            if (key in kept) != (key in found):
                yield f"{path}/{key} is {'new' if key in found else 'missing'}"
            else:
                yield from differences(found[key], kept[key], f"{path}/{key}")
    elif isinstance(kept, list) and isinstance(found, list) and len(kept) == len(found):
        for at, (one, other) in enumerate(zip(found, kept, strict=True)):
            yield from differences(one, other, f"{path}/{at}")
    elif isinstance(kept, float) and isinstance(found, float):
        if found != pytest.approx(kept, rel=RELATIVE, abs=ABSOLUTE):
            yield f"{path}: {found}, was {kept}"
    elif type(found) is not type(kept) or found != kept:
        yield f"{path}: {found!r}, was {kept!r}"


def check(file: Path, result: Any) -> None:
    """Compare a result, a list or a mapping, with the one in a file.

    Raises:
        AssertionError: something differs; it says what, and where.
    """
    found = json.loads(json.dumps(plain(result)))
    if os.environ.get("HARNESS_RECORD"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(_in_lines(found), encoding="utf-8")
    wrong = sorted(differences(found, json.loads(file.read_text(encoding="utf-8"))))
    assert not wrong, "\n".join(wrong[:20])


def _in_lines(found: Any) -> str:
    """JSON with a line for each part."""
    if isinstance(found, dict):
        parts = [f"{json.dumps(key)}:{json.dumps(one, separators=(',', ':'))}" for key, one in found.items()]
        return "{\n" + ",\n".join(parts) + "\n}\n"
    return "[\n" + ",\n".join(json.dumps(one, separators=(",", ":")) for one in found) + "\n]\n"
