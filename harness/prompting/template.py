"""Templates: a small, closed part of Jinja, in which text can be placed and nothing can be run.

A template may say `{{ name }}`, `{% if name %}`, `{% elif %}`, `{% else %}`, `and`, `or`, `not`, `==` and `!=`, compare
with text in quotes, and write `{# comments #}`. Everything else that Jinja offers (attributes, calls, filters, loops,
assignments, includes) is refused by an allow-list of syntax nodes when a template is compiled, so the length of what it
renders is bounded by its own length and that of its values, and rendering raises nothing. The sandbox of Jinja stands
behind the allow-list as a second wall.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from jinja2 import StrictUndefined, TemplateSyntaxError, nodes
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from harness.errors import SpecError
from harness.text import quoted, suggestion

MAX_SOURCE = 65_536
"""Characters that a template may have."""
MAX_PLACES = 64
"""Variables that a template may place, counting repetitions."""
MAX_DEPTH = 24
"""Levels to which its syntax may be nested; far below what Python itself refuses."""
ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.If,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Compare,
    nodes.Operand,
)
"""The syntax that a template may use."""
COMPARISONS = ("eq", "ne")
"""How two values may be compared: whatever they are, this never fails."""


NUMBER_HINT = "what a template shows or compares is text; quotes make it that"


class TemplateFault(NamedTuple):
    """What is wrong with a template, and on which of its lines.

    Attributes:
        line: counted from 1.
        message: what is wrong.
        hint: what to do about it, or "".
        variable: the unknown variable that it is about, or "".
    """

    line: int
    message: str
    hint: str = ""
    variable: str = ""


class Template:
    """A compiled template."""

    __slots__ = ("_environment", "_pieces", "_places", "_render")

    def __init__(self, source: str) -> None:
        self._environment = _environment()
        self._render = self._environment.from_string(source).root_render_func
        self._pieces, self._places = _pieces(self._environment.parse(source))

    def render(self, values: dict[str, str]) -> str:
        """The text with the values in their places.

        Where nothing depends on a condition, which is nearly always, the pieces that Jinja's parser found are joined
        at once: making a context for Jinja's own rendering takes longer than all the rest.
        """
        if not self._places:
            return "".join(self._render(Context(self._environment, values, None, {})))
        pieces = self._pieces.copy()
        for at, name in self._places:
            pieces[at] = values[name]
        return "".join(pieces)


def _pieces(tree: nodes.Template) -> tuple[list[str], list[tuple[int, str]]]:
    """The text of a template piece by piece, and which pieces are variables; no variables where it has conditions."""
    pieces: list[str] = []
    places: list[tuple[int, str]] = []
    for output in tree.body:
        for piece in output.nodes if isinstance(output, nodes.Output) else [output]:
            if isinstance(piece, nodes.Name):
                places.append((len(pieces), piece.name))
                pieces.append("")
            elif isinstance(piece, nodes.TemplateData):
                pieces.append(piece.data)
            else:
                return [], []
    return pieces, places


def compile_template(source: str) -> Template:
    """Make a template ready for rendering.

    Raises:
        SpecError: where `template_faults` finds something, apart from the names of variables.
    """
    faults = template_faults(source, None)
    if faults:
        raise SpecError("; ".join(f"line {fault.line} of the template: {fault.message}" for fault in faults))
    return Template(source)


def template_faults(source: str, variables: Iterable[str] | None) -> list[TemplateFault]:
    """All that is wrong with a template, in the order of its lines.

    Args:
        source: the template.
        variables: the names that it may use, None for any.
    """
    if len(source) > MAX_SOURCE:
        return [TemplateFault(1, f"the template is longer than {MAX_SOURCE:,} characters")]
    known = None if variables is None else sorted(variables)
    try:
        tree = _environment().parse(source)
        faults = list(_node_faults(tree, known, MAX_DEPTH))
        if sum(1 for _ in tree.find_all(nodes.Name)) > MAX_PLACES:
            faults.append(TemplateFault(1, f"more than {MAX_PLACES} variables are used"))
    except TemplateSyntaxError as error:
        return [TemplateFault(error.lineno, (error.message or "syntax error").rstrip("."))]
    except RecursionError:
        return [TemplateFault(1, "the template is nested too deeply")]
    except ValueError:  # Python refuses to read so many digits
        return [TemplateFault(1, "a number in the template is too long", NUMBER_HINT)]
    return sorted(faults)


def variables_in(source: str) -> frozenset[str]:
    """The names of the variables that a template uses; none where its syntax is wrong."""
    try:
        return frozenset(name.name for name in _environment().parse(source).find_all(nodes.Name))
    except (TemplateSyntaxError, RecursionError, ValueError):
        return frozenset()


def _node_faults(node: nodes.Node, known: list[str] | None, depth: int) -> Iterator[TemplateFault]:
    if not depth:
        raise RecursionError
    for child in node.iter_child_nodes():
        if not isinstance(child, ALLOWED):
            kind = type(child).__name__
            yield TemplateFault(child.lineno, f"`{kind}` is not allowed here", "only {{ name }} and {% if name %} are")
        elif isinstance(child, nodes.Operand) and child.op not in COMPARISONS:
            yield TemplateFault(node.lineno, f"the comparison `{child.op}` is not allowed here", "use == or !=")
        elif isinstance(child, nodes.Const) and not _is_text(child.value):
            yield TemplateFault(child.lineno, f"{quoted(repr(child.value))} is not text", NUMBER_HINT)
        elif isinstance(child, nodes.Name) and known is not None and child.name not in known:
            hint = suggestion(child.name, known)
            yield TemplateFault(child.lineno, f"unknown variable {quoted(child.name)}", hint, child.name)
        else:
            yield from _node_faults(child, known, depth - 1)


def _is_text(value: object) -> bool:
    """Whether a constant is text; half of a surrogate pair, which an escape can write, is none."""
    return isinstance(value, str) and not any("\ud800" <= character <= "\udfff" for character in value)


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True, loader=None
    )
    environment.globals.clear()
    environment.filters.clear()
    environment.tests.clear()
    return environment
