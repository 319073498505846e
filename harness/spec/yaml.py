"""Read YAML text as plain values with the place of each.

The text is read as YAML 1.2's core schema says. Text that YAML 1.1 reads differently (`no`, `010`, `1:30`, ...)
is an error, never a silent choice; so are duplicate keys, keys that are not text, merge keys,
tags, aliases that explode or contain themselves, and several documents in one file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from yaml.composer import Composer
from yaml.error import Mark, MarkedYAMLError
from yaml.nodes import MappingNode, Node, ScalarNode
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from harness.errors import Problem, SpecError
from harness.records.document import Document, Place, Step
from harness.spec.yaml_scalars import ScalarError, plain_value, quoted_value
from harness.text import place_in_words, quoted

MAX_BYTES = 1 << 20
MAX_DEPTH = 64
MAX_NODES = 100_000
"""Keys and values in a document once its aliases are written out."""


SYNTAX_HINTS = (
    ("'\\t'", "indent with spaces, not with tabs"),
    ("mapping values are not allowed here", "a text that holds `: ` needs quotes"),
    ("alias", "a text that begins with `*` or `&` needs quotes"),
    ("cannot start any token", "put quotes around a text that begins with this character"),
    ("could not find expected ':'", "a key needs a `:` and a space after it"),
)


def read_yaml(path: Path, shown: str) -> Document:
    """Read a YAML file.

    Args:
        path: the file.
        shown: its name in messages.

    Raises:
        SpecError: with all problems, as far as the text can be parsed.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SpecError(Problem(file=shown, message=f"cannot read the file: {reason}")) from None
    if len(content) > MAX_BYTES:
        raise SpecError(Problem(file=shown, message=f"the file is larger than {MAX_BYTES >> 20} MiB"))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        message = f"byte {content[error.start]:#04x} is not UTF-8 text"
        raise SpecError(Problem(shown, line, column, "", message, "save the file as UTF-8")) from None
    return parse_yaml(text, shown)


def parse_yaml(text: str, shown: str) -> Document:
    """Read YAML text; `shown` is its name in messages.

    Raises:
        SpecError: with all problems, as far as the text can be parsed.
    """
    try:
        loader = _Loader(text)
    except ReaderError as error:
        raise SpecError(_forbidden_character(error, text, shown)) from None
    try:
        root = loader.get_node() if loader.check_node() else None
        after: Any = loader.peek_event() if loader.check_node() else None  # type: ignore[no-untyped-call]
    except (MarkedYAMLError, ValueError) as error:  # ValueError: an escape or a directive with an impossible number
        raise SpecError(_syntax_problem(error, text, shown, loader)) from None
    if root is None:
        raise SpecError(Problem(shown, 1, 1, "", "the file is empty"))
    walk = _Walk(shown)
    for mark, tag in loader.tagged:
        walk.report(mark, (), f"the tag {quoted(tag)} has no meaning here", "remove it; quotes make a value text")
    if after is not None:
        walk.report(after.start_mark, (), "a second document begins here; a file holds one", "remove the `---`")
    value = walk.value_of(root, ())
    if walk.problems:
        raise SpecError(walk.sorted_problems())
    return Document(shown, value, walk.values, walk.keys)


class _Loader(Reader, Scanner, Parser, Composer, BaseResolver):
    """PyYAML's pure loader up to the node tree, without any resolver of types, and with a bound on depth.

    The loader written in C is faster, but deep nesting makes it crash the process.
    """

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)
        self.tagged: list[tuple[Mark, str]] = []
        self._depth = 0
        self._count = 0

    def compose_node(self, parent: Node | None, index: Any) -> Node | None:
        """The next node; remembers it if it has a tag."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "tag", None) is not None:
            self.tagged.append((event.start_mark, event.tag))
        self._count += 1
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise MarkedYAMLError(problem=f"nested deeper than {MAX_DEPTH} levels", problem_mark=event.start_mark)
        if self._count > MAX_NODES:
            raise MarkedYAMLError(problem=f"more than {MAX_NODES} keys and values", problem_mark=event.start_mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


class _Walk:
    """One pass over a node tree that makes plain values, records their places and collects problems."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.values: dict[tuple[Step, ...], Place] = {}
        self.keys: dict[tuple[Step, ...], Place] = {}
        # By place and message: a problem behind an anchor is reported once, however many aliases repeat it.
        self.problems: dict[tuple[int, int, str], Problem] = {}
        self._nodes = 0
        self._open: set[int] = set()

    def report(self, mark: Mark, path: Sequence[Step], message: str, hint: str = "") -> None:
        """Remember a finding."""
        line, column = mark.line + 1, mark.column + 1
        problem = Problem(self.file, line, column, place_in_words(path), message, hint)
        self.problems.setdefault((line, column, message), problem)

    def sorted_problems(self) -> list[Problem]:
        """The problems, in the order of the file."""
        return sorted(self.problems.values())

    def value_of(self, node: Node, path: tuple[Step, ...]) -> Any:
        """The plain value of a node; None for an invalid one."""
        self.values[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
        self._nodes += 1
        if isinstance(node, ScalarNode):
            try:
                return _scalar_value(node)
            except ScalarError as error:
                self.report(node.start_mark, path, error.message, error.hint)
                return None
        if id(node) in self._open:
            self.report(node.start_mark, path, "this value contains itself through an alias")
            return None
        if self._nodes > MAX_NODES or len(path) > MAX_DEPTH:
            message = f"with its aliases written out there are over {MAX_NODES} keys and values or {MAX_DEPTH} levels"
            self.report(node.start_mark, path, message, "write less, or use fewer aliases")
            raise SpecError(self.sorted_problems())
        self._open.add(id(node))
        try:
            if isinstance(node, MappingNode):
                return self._mapping(node, path)
            return [self.value_of(inner, (*path, index)) for index, inner in enumerate(node.value)]
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: MappingNode, path: tuple[Step, ...]) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for key_node, value_node in node.value:
            self._nodes += 1
            key = self._key(key_node, path)
            inner = (*path, "?" if key is None else key)
            mark = key_node.start_mark
            if key in mapping:
                first = self.keys[inner][0]
                self.report(mark, inner, f"the key {quoted(key)} occurs twice, first in line {first}", "remove one")
            else:
                self.keys[inner] = (mark.line + 1, mark.column + 1)
            value = self.value_of(value_node, inner)
            if key is not None:
                mapping[key] = value
        return mapping

    def _key(self, node: Node, path: tuple[Step, ...]) -> str | None:
        if not isinstance(node, ScalarNode):
            kind = "a mapping" if isinstance(node, MappingNode) else "a list"
            hint = "a text that begins with `{` or `[` needs quotes"
            self.report(node.start_mark, path, f"this key is {kind}; keys are text", hint)
        elif node.style is None and node.value == "<<":
            self.report(node.start_mark, path, "merge keys are not part of YAML 1.2", "write the keys out")
        else:
            try:
                key = _scalar_value(node)
            except ScalarError as error:
                self.report(node.start_mark, path, error.message, error.hint)
                return None
            if isinstance(key, str):
                return key
            self.report(node.start_mark, path, f"the key {quoted(node.value)} is not text", "put it in quotes")
        return None


def _scalar_value(node: ScalarNode) -> Any:
    return plain_value(node.value) if node.style is None else quoted_value(node.value)


def _forbidden_character(error: ReaderError, text: str, shown: str) -> Problem:
    before = text[: error.position].splitlines() or [""]
    message = f"the character {error.character:#06x} is not allowed"
    return Problem(shown, len(before), len(before[-1]) + 1, "", message)


def _syntax_problem(error: Exception, text: str, shown: str, loader: _Loader) -> Problem:
    """The problem of a YAML parser's exception, with a place inside the file."""
    message, hint = "a number in an escape or a directive is out of range", ""
    mark: Any = loader.get_mark()
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark
        message = ", ".join(part for part in (error.problem, error.context) if part)
        if error.context_mark is not None and error.context_mark.line != mark.line:
            message += f" that begins in line {error.context_mark.line + 1}"
        hint = next((hint for sign, hint in SYNTAX_HINTS if sign in message), "")
    lines = text.splitlines() or [""]
    line, column = mark.line + 1, mark.column + 1
    if line > len(lines):  # the end of the file, after its last line break
        line, column = len(lines), len(lines[-1]) + 1
    return Problem(shown, line, column, "", f"not valid YAML: {message}", hint)
