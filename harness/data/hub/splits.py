"""Which files of a repository are a split: what its card declares, or else what the names of its files say.

| the repository has | SPLIT | CONFIG/SPLIT |
| --- | --- | --- |
| `configs` in the front matter of README.md | of the default config | as declared |
| `train.jsonl`, `train-00000-of-00002.parquet`, `train/0000.parquet`, or one of these below `data/` | `train` | |
| the same below a folder `math` or `data/math` | | `math/train` |
| one data file | `train` | |

Only Parquet, JSON Lines, JSON and CSV are read, packed or not; nothing of a repository is executed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from harness.data.files import WILDCARDS, unpacked_name
from harness.data.rows import format_of
from harness.errors import DatasetError, Problem
from harness.text import listed, quoted, suggestion

FORMATS = ("parquet", "jsonl", "json", "csv")
"""Formats of data files that are read from a repository."""
NO_DATA = ("dataset_info.json", "dataset_infos.json", "state.json", "metadata.json", "package.json")
"""Names of files that are not rows."""
MAX_FILES = 1_000
MAX_NAMED = 10
"""Splits, or files, that a message names."""
MAX_PATTERNS = 1_000
MAX_STARS = 8
_SHARD = re.compile(r"(.+?)-\d{3,6}-of-\d{3,6}")
_SLICE = re.compile(r"\[\d*%?:\d*%?\]$")
_USUAL = ("train", "training", "validation", "valid", "val", "dev", "test", "testing", "eval", "evaluation")


class Config(NamedTuple):
    """A config that the card of a dataset declares.

    Attributes:
        name: of the config.
        is_default: whether it is the one that is meant where none is named.
        splits: the patterns of paths of each split.
        folder: where its files are, where only a folder is declared.
    """

    name: str
    is_default: bool
    splits: Mapping[str, tuple[str, ...]]
    folder: str = ""


def configs_of_card(front: Any) -> tuple[Config, ...]:
    """The configs in the front matter of a card; what is malformed is passed over."""
    entries = front.get("configs") if isinstance(front, Mapping) else None
    found = []
    for entry in entries[:MAX_PATTERNS] if isinstance(entries, list) else ():
        name = entry.get("config_name") if isinstance(entry, Mapping) else None
        if not isinstance(name, str):
            continue
        folder = entry.get("data_dir")
        folder = folder.strip("/") if isinstance(folder, str) else ""
        splits = {split: _below(folder, patterns) for split, patterns in _splits(entry.get("data_files"))}
        found.append(Config(name, entry.get("default") is True, splits, folder))
    return tuple(found)


def files_of(where: str, files: Sequence[str], configs: Sequence[Config]) -> list[str]:
    """The files of a split, or of a path, sorted by name.

    Args:
        where: a split, a config and a split, a path or a pattern.
        files: the paths of all files of the repository.
        configs: that its card declares.

    Raises:
        DatasetError: where there is none, or they have different formats.
    """
    data = sorted(path for path in files if _is_data(path))
    if not where:
        raise _refusal("the address names no split", data, configs)
    is_pattern = any(mark in where for mark in WILDCARDS)
    if where in files or is_pattern or format_of(where) in FORMATS:
        found = [path for path in data if path == where or (is_pattern and matches(path, where))]
        if not found:
            raise _no_file(where, files, data)
    else:
        found = _of_split(where, data, configs)
    formats = sorted({format_of(path) or "" for path in found})
    if len(formats) > 1:
        message = f"{quoted(where)} has files in the formats {listed(formats)}"
        raise DatasetError(Problem(message=message, hint=f"name those to read, such as `{where.split('/')[0]}*.jsonl`"))
    if len(found) > MAX_FILES:
        message = f"{quoted(where)} has {len(found):,} files, at most {MAX_FILES:,} are read"
        raise DatasetError(Problem(message=message, hint="name fewer by a pattern of their paths"))
    return found


def matches(path: str, pattern: str) -> bool:
    """Whether a path has the form of a pattern: `**` stands for any folders, `*` and `?` for parts of one name."""
    parts, patterns = path.split("/"), pattern.split("/")
    if any(each.count("*") > MAX_STARS for each in patterns):
        return False
    reachable = {0}  # how many parts of the path the patterns so far can have taken
    for each in patterns:
        if each == "**":
            reachable = set(range(min(reachable, default=len(parts) + 1), len(parts) + 1))
            continue
        reachable = {at + 1 for at in reachable if at < len(parts) and fnmatchcase(parts[at], each)}
    return len(parts) in reachable


def _of_split(where: str, data: Sequence[str], configs: Sequence[Config]) -> list[str]:
    folder, _, split = where.rpartition("/")
    if configs:
        config = _config_of(folder, where, data, configs)
        if config is not None:
            patterns = config.splits.get(split)
            if patterns:
                found = [path for path in data if any(matches(path, pattern) for pattern in patterns)]
            else:
                found = _by_names(config.folder, split, data) if not config.splits else []
            if found:
                return found
    else:
        for base in (folder, f"data/{folder}".rstrip("/")):
            if found := _by_names(base, split, data):
                return found
        if where == "train" and len(data) == 1:
            return list(data)
    raise _refusal(f"there is no split {quoted(where)}", data, configs)


def _config_of(name: str, where: str, data: Sequence[str], configs: Sequence[Config]) -> Config | None:
    """The config of a name, the default one for none; None where there is no such config."""
    if name:
        return next((each for each in configs if each.name == name), None)
    found = _default_of(configs)
    if found is None:
        raise _refusal(f"{quoted(where)} names no config, and there are several", data, configs)
    return found


def _default_of(configs: Sequence[Config]) -> Config | None:
    default = [each for each in configs if each.is_default] or [each for each in configs if each.name == "default"]
    found = default or list(configs if len(configs) == 1 else ())
    return found[0] if found else None


def _by_names(folder: str, split: str, data: Sequence[str]) -> list[str]:
    """The files of a split in a folder: those of its name, or else those in a folder of its name."""
    named = [path for path in data if _parent(path) == folder and _stem(path) == split]
    return named or [path for path in data if _parent(path) == (f"{folder}/{split}" if folder else split)]


def _refusal(message: str, data: Sequence[str], configs: Sequence[Config]) -> DatasetError:
    there = list(dict.fromkeys(_declared(configs) if configs else _by_all_names(data)))
    what = "it has " if there else "its data files are "
    there = there or list(data)
    if not there:
        hint = "its data are in no format that is read; `@refs/convert/parquet` may have them as Parquet"
        return DatasetError(Problem(message=f"{message}; the repository has no data file", hint=hint))
    more = f" and {len(there) - MAX_NAMED} more" if len(there) > MAX_NAMED else ""
    return DatasetError(Problem(message=message, hint=f"{what}{', '.join(map(quoted, there[:MAX_NAMED]))}{more}"))


def _no_file(where: str, files: Sequence[str], data: Sequence[str]) -> DatasetError:
    if where in files:
        message = f"{quoted(where)} is not a data file; Parquet, JSON Lines, JSON and CSV are read"
        return DatasetError(Problem(message=message))
    near = suggestion(where, data, most=MAX_NAMED)
    if _SLICE.search(where):
        near = "for a part of a split, write `subset: {limit: 100}` beside the path"
    is_pattern = any(mark in where for mark in WILDCARDS)
    return DatasetError(
        Problem(message=f"no file {'matches' if is_pattern else 'is called'} {quoted(where)}", hint=near)
    )


def _declared(configs: Sequence[Config]) -> Iterator[str]:
    default = _default_of(configs)
    for config in configs:
        for split in config.splits or ("…",):
            yield split if config is default else f"{config.name}/{split}"


def _by_all_names(data: Sequence[str]) -> Iterator[str]:
    """The splits that the names of files show without doubt."""
    for path in data:
        stem, parent = _stem(path), _parent(path)
        folder = parent.removeprefix("data").strip("/")
        if stem in _USUAL or _SHARD.fullmatch(_name(path)):
            yield f"{folder}/{stem}" if folder else stem
        elif PurePosixPath(parent).name in _USUAL:
            yield folder


def _splits(value: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The splits of `data_files`, which has four forms."""
    if isinstance(value, str | list) and not (
        isinstance(value, list) and any(isinstance(one, Mapping) for one in value)
    ):
        yield "train", _texts(value)
        return
    pairs: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = ((one.get("split"), one.get("path")) for one in value if isinstance(one, Mapping))
    for split, patterns in pairs:
        if isinstance(split, str) and (texts := _texts(patterns)):
            yield split, texts


def _texts(value: Any) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return tuple(text.removeprefix("./") for text in texts[:MAX_PATTERNS] if isinstance(text, str))


def _below(folder: str, patterns: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{folder}/{pattern}" if folder else pattern for pattern in patterns)


def _is_data(path: str) -> bool:
    name = PurePosixPath(path).name
    return (
        format_of(path) in FORMATS and name not in NO_DATA and not any(part.startswith(".") for part in path.split("/"))
    )


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _name(path: str) -> str:
    """The name of a file without its endings."""
    return PurePosixPath(unpacked_name(PurePosixPath(path).name)).stem


def _stem(path: str) -> str:
    """The name of a file without its endings and the number of its shard."""
    name = _name(path)
    shard = _SHARD.fullmatch(name)
    return shard[1] if shard else name
