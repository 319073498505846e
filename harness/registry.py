"""The plug-ins of each kind: files in a folder of this package, and entry points of installed distributions.

A built-in plug-in is a file; its name is the file's name with `_` written as `-`, and there is no list to edit. Another
distribution adds a plug-in by an entry point in the group of its kind, such as

    [project.entry-points."harness.metrics"]
    brier = "my_package.brier"

whose value is a module, or `module:attribute`, with what the contract of the kind asks for. For the kinds that are
YAML files, the value is the package that holds NAME.yaml, or `module:attribute`, a folder that holds it.

Finding names imports no plug-in, so that one that is broken costs nothing to those who do not use it. A plug-in that
cannot be used raises PluginError, which names its distribution.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.machinery import PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from harness.errors import InputError
from harness.text import listed, printable, quoted

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint
    from importlib.resources.abc import Traversable

PACKAGES = {
    "dataset_formats": "harness.data.formats",
    "providers": "harness.providers.backends",
    "strategies": "harness.prompting.strategies",
    "modes": "harness.evaluators.modes",
    "personas": "harness.prompting.personas",
    "reviews": "harness.generation.reviews",
    "metrics": "harness.scoring.metrics",
    "soft_metrics": "harness.scoring.soft_metrics",
    "label_metrics": "harness.scoring.label_metrics",
    "ranking_metrics": "harness.scoring.ranking_metrics",
    "probes": "harness.analysis.audit.probes",
    "leaderboard_formats": "harness.leaderboard.formats",
    "export_formats": "harness.preferences.formats",
    "importers": "harness.importers",
}
"""The package of the built-in plug-ins of each kind. The entry points of a kind but `importers` are `harness.KIND`."""

TEXTS = frozenset({"strategies", "personas", "reviews"})
"""Kinds whose plug-ins are YAML files."""

CONTRACTS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "dataset_formats": (("SUMMARY", "ENDINGS", "read"),),
    "providers": (("SUMMARY", "SETTINGS", "model_id", "connect"),),
    "modes": (
        ("SUMMARY", "expand", "written", "calls_per_item", "converse"),
        ("SUMMARY", "expand", "written", "members", "averages_scores", "count"),
    ),
    "metrics": (("SUMMARY", "RANGE", "UNDEFINED", "count", "value", "influence"),),
    "soft_metrics": (
        ("SUMMARY", "RANGE", "DIRECTION", "NEEDS_LABELS", "TAKES_VERDICTS", "UNIT_ERROR", "figure", "influence"),
    ),
    "label_metrics": (("SUMMARY", "RANGE", "UNDEFINED", "count", "value", "influence"),),
    "ranking_metrics": (("SUMMARY", "RANGE", "FAILED", "values", "chance"),),
    "probes": (("SUMMARY", "figures", "sentence"),),
    "leaderboard_formats": (("SUMMARY", "render"),),
    "export_formats": (("SUMMARY", "FIELDS", "rows"),),
}
"""The names that a plug-in of a kind must have, as the Protocol of the kind lists them; any one of several sets."""


NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class PluginError(InputError):
    """A plug-in of an installed distribution cannot be used."""


class UnknownPluginError(InputError, KeyError):
    """There is no plug-in of that name."""


class Plugin(NamedTuple):
    """A plug-in of an installed distribution.

    Attributes:
        kind: a key of PACKAGES.
        name: its name in a spec or on the command line.
        target: the value of its entry point.
        distribution: the name and version of the distribution that brings it.
    """

    kind: str
    name: str
    target: str
    distribution: str


@cache
def names(kind: str) -> tuple[str, ...]:
    """The names of the plug-ins of a kind, sorted; those of installed distributions too, broken or not."""
    return tuple(sorted({*built_in_names(kind), *_installed().get(kind, ())}))


@cache
def built_in_names(kind: str) -> tuple[str, ...]:
    """The names of the plug-ins that this package ships, sorted."""
    if kind in TEXTS:
        stems = [entry.name[:-5] for entry in _files(PACKAGES[kind]).iterdir() if entry.name.endswith(".yaml")]
    else:
        package = importlib.import_module(PACKAGES[kind])
        stems = [found.name for found in pkgutil.iter_modules(package.__path__) if not found.ispkg]
    return tuple(sorted(stem.replace("_", "-") for stem in stems if stem and not stem.startswith("_")))


@cache
def find(kind: str, name: str) -> Any:
    """The plug-in called `name`: a module, or the object that an entry point names.

    Raises:
        UnknownPluginError: where there is none; it is a KeyError too.
        PluginError: where it cannot be used.
    """
    plugin = installed(kind, name)
    if plugin is None:
        if name not in built_in_names(kind):
            raise _unknown(kind, name)
        return importlib.import_module(f"{PACKAGES[kind]}.{_stem(name)}")
    found = _loaded(plugin)
    lacking = [[attribute for attribute in contract if not hasattr(found, attribute)] for contract in CONTRACTS[kind]]
    if all(lacking):
        lacks = ", ".join(f"`{attribute}`" for attribute in min(lacking, key=len))
        raise broken(plugin, f"{quoted(plugin.target)} lacks {lacks}, which the contract of its kind asks for")
    return found


@cache
def has_trait(kind: str, name: str, trait: str) -> bool:
    """Whether the plug-in called `name` has a true attribute; a replay asks this of every call. Raises as `find`."""
    return bool(getattr(find(kind, name), trait, False))


@cache
def text(kind: str, name: str) -> str:
    """The YAML text of the plug-in called `name`. Raises as `find` does."""
    plugin = installed(kind, name)
    if plugin is None:
        if name not in built_in_names(kind):
            raise _unknown(kind, name)
        return _files(PACKAGES[kind]).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    folder = _loaded(plugin) if ":" in plugin.target else _folder(plugin)
    try:
        return str(folder.joinpath(f"{name}.yaml").read_text(encoding="utf-8"))
    except (OSError, ValueError, AttributeError) as error:
        raise broken(plugin, f"{name}.yaml in {quoted(plugin.target)} cannot be read: {_reason(error)}") from error


@cache
def fragment(kind: str, name: str) -> str | None:
    """The schema fragment NAME.schema.json beside a plug-in's module, as JSON text; None where there is none."""
    plugins = _installed().get(kind, {}).get(name, ())
    if name in built_in_names(kind):
        file: Traversable | Path = _files(PACKAGES[kind]).joinpath(f"{_stem(name)}.schema.json")
    elif plugins and (folder := _folder_of_module(plugins[0])):
        file = folder / f"{_stem(name)}.schema.json"
    else:
        return None
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


@cache
def installed(kind: str, name: str) -> Plugin | None:
    """The plug-in of that name that an installed distribution brings, None where none does.

    Raises:
        PluginError: where another one has the same name.
    """
    plugins = _installed().get(kind, {}).get(name, ())
    if not plugins:
        return None
    if name in built_in_names(kind):
        raise broken(plugins[0], "there is a built-in one of the same name")
    if not NAME.fullmatch(name):
        raise broken(plugins[0], "a name has lower-case letters, digits, dots, hyphens and underscores only")
    if len(plugins) > 1:
        raise broken(plugins[0], f"{plugins[1].distribution} brings one of the same name")
    return plugins[0]


def is_installed(kind: str, name: str) -> bool:
    """Whether an installed distribution brings a plug-in of that name."""
    return name in _installed().get(kind, {})


def fault(kind: str, name: str) -> PluginError | None:
    """Why the plug-in of that name cannot be used; None where it can, or where there is none."""
    try:
        (text if kind in TEXTS else find)(kind, name)
    except PluginError as error:
        return error
    except KeyError:
        pass
    return None


def broken(plugin: Plugin, message: str) -> PluginError:
    """The error that says which plug-in of which distribution cannot be used, and why."""
    what = f"the plug-in {quoted(plugin.name)} (harness.{plugin.kind}) of {plugin.distribution} cannot be used"
    name = plugin.distribution.partition(" ")[0]
    return PluginError(f"{what}: {message}", hint=f"upgrade, repair or uninstall {name}")


def _unknown(kind: str, name: str) -> UnknownPluginError:
    message = f"there is no plug-in {quoted(name)} (harness.{kind})"
    return UnknownPluginError(message, hint=f"install the distribution that brings it; there are {listed(names(kind))}")


@cache
def _installed() -> Mapping[str, Mapping[str, tuple[Plugin, ...]]]:
    """The plug-ins of installed distributions by kind and name; those of one name are sorted by distribution."""
    found: dict[str, dict[str, tuple[Plugin, ...]]] = {}
    if not _may_be_installed(sys.path):
        return found
    from importlib.metadata import entry_points

    every = entry_points()
    for kind in CONTRACTS.keys() | TEXTS:
        for point in sorted(every.select(group=f"harness.{kind}"), key=_distribution):
            by_name = found.setdefault(kind, {})
            plugin = Plugin(kind, point.name, point.value.replace(" ", ""), _distribution(point))
            by_name[point.name] = (*by_name.get(point.name, ()), plugin)
    return found


def _may_be_installed(path: Iterable[str]) -> bool:
    """Whether an installed distribution may bring a plug-in: False is certain.

    It looks into the files that `importlib.metadata` reads, whose import takes longer than that.

    Args:
        path: the module search path.
    """
    if any(hasattr(finder, "find_distributions") for finder in sys.meta_path if finder is not PathFinder):
        return True
    for folder in path:
        try:
            infos = [one for one in Path(folder).iterdir() if one.name.lower().endswith((".dist-info", "egg-info"))]
        except NotADirectoryError:
            return True  # an archive
        except (OSError, ValueError):
            continue
        if any(_may_name_plugins(info / "entry_points.txt") for info in infos):
            return True
    return False


def _may_name_plugins(file: Path) -> bool:
    """Whether a file of entry points has some of this package; True where it cannot be read."""
    try:
        return b"[harness." in file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True


def _distribution(point: EntryPoint) -> str:
    dist = point.dist
    return printable(f"{dist.metadata['Name']} {dist.version}") if dist else "an unknown distribution"


def _files(package: str) -> Traversable:
    """The folder of a package."""
    from importlib import resources  # with modules for archives and temporary files, which few help texts need

    return resources.files(package)


def _loaded(plugin: Plugin) -> Any:
    """What an entry point names, whatever its import raises."""
    module, _, attributes = plugin.target.partition(":")
    try:
        found: Any = importlib.import_module(module)
        for attribute in filter(None, attributes.split(".")):
            found = getattr(found, attribute)
    except (Exception, SystemExit) as error:
        raise broken(plugin, f"{quoted(plugin.target)} cannot be imported: {_reason(error)}") from error
    return found


def _folder(plugin: Plugin) -> Traversable:
    try:
        return _files(plugin.target)
    except (Exception, SystemExit) as error:
        raise broken(plugin, f"{quoted(plugin.target)} cannot be imported: {_reason(error)}") from error


def _folder_of_module(plugin: Plugin) -> Path | None:
    """The folder of a plug-in's module, which is not imported."""
    try:
        spec = find_spec(plugin.target.partition(":")[0])
    except (Exception, SystemExit):
        return None  # `find` reports it when the plug-in is used
    return Path(spec.origin).parent if spec and spec.origin else None


def _reason(error: BaseException) -> str:
    return printable(f"{type(error).__name__}: {error}")


def _stem(name: str) -> str:
    return name.replace("-", "_")
