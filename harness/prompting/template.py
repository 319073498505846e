"""Templates: a small, closed part of Jinja, in which text can be placed and nothing can be run.

A template may say `{{ name }}`, `{% if name %}`, `{% elif %}`, `{% else %}`, `and`, `or`, `not`, `==` and `!=`, compare
with text in quotes, and write `{# comments #}`. Everything else that Jinja offers (attributes, calls, filters, loops,
assignments, includes) is refused by an allow-list of syntax nodes when a template is compiled, so the length of what it
renders is bounded by its own length and that of its values, and rendering raises nothing. Only the parser of Jinja is
used: the nodes become functions that place, compare and choose text (`_steps`), and no Python code is generated. A
rendering takes a tenth of the time of Jinja's own, and gives the same text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from operator import itemgetter
from typing import NamedTuple, TypeAlias

from jinja2 import Environment, TemplateSyntaxError, nodes

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


Values: TypeAlias = Mapping[str, str]
Expression: TypeAlias = Callable[[Values], str | bool]
"""A variable, a constant or a condition over them; `and` and `or` give one of their operands, as in Python."""
Step: TypeAlias = str | Callable[[Values], str]
"""A piece of a template: text, or what gives the text for some values."""


class Template:
    """A compiled template."""

    __slots__ = ("_steps",)

    def __init__(self, source: str) -> None:
        self._steps = _steps(_environment().parse(source).body)

    def render(self, values: Values) -> str:
        """The text with the values in their places.

        Raises:
            KeyError: where a variable that is needed has no value.
        """
        return "".join([step if type(step) is str else step(values) for step in self._steps])  # type: ignore[operator]


def _steps(body: Iterable[nodes.Node]) -> tuple[Step, ...]:
    """The pieces of the body of a template or of a branch, in order."""
    steps: list[Step] = []
    for node in body:
        if isinstance(node, nodes.If):
            steps.append(_choice(node))
            continue
        assert isinstance(node, nodes.Output), "the allow-list has no other statements"
        for piece in node.nodes:
            if isinstance(piece, nodes.TemplateData):
                steps.append(piece.data)
            elif isinstance(piece, nodes.Name):
                steps.append(itemgetter(piece.name))
            else:
                steps.append(_shown(_expression(piece)))
    return tuple(steps)


def _shown(expression: Expression) -> Callable[[Values], str]:
    """The text of an expression, which for a comparison is `True` or `False`."""
    return lambda values: str(expression(values))


def _choice(node: nodes.If) -> Callable[[Values], str]:
    """What gives the text of the first branch whose condition holds, or of `else`."""
    branches = [(_expression(one.test), _steps(one.body)) for one in (node, *node.elif_)]
    otherwise = _steps(node.else_)

    def chosen(values: Values) -> str:
        steps = next((steps for holds, steps in branches if holds(values)), otherwise)
        return "".join([step if type(step) is str else step(values) for step in steps])  # type: ignore[operator]

    return chosen


def _expression(node: nodes.Node) -> Expression:
    """An expression of a template as a function of the values."""
    if isinstance(node, nodes.Name):
        return itemgetter(node.name)
    if isinstance(node, nodes.Const):
        constant: str = node.value
        return lambda _: constant
    if isinstance(node, nodes.Not):
        negated = _expression(node.node)
        return lambda values: not negated(values)
    if isinstance(node, nodes.And | nodes.Or):
        left, right = _expression(node.left), _expression(node.right)
        if isinstance(node, nodes.And):
            return lambda values: left(values) and right(values)
        return lambda values: left(values) or right(values)
    assert isinstance(node, nodes.Compare), "the allow-list has no other expressions"
    return _comparison(_expression(node.expr), [(one.op == "eq", _expression(one.expr)) for one in node.ops])


def _comparison(first: Expression, others: Sequence[tuple[bool, Expression]]) -> Expression:
    """A chain of comparisons, which holds where each of them does; `others` says whether equal ones are wanted."""

    def holds(values: Values) -> bool:
        left = first(values)
        for wants_equal, other in others:
            right = other(values)
            if (left == right) is not wants_equal:
                return False
            left = right
        return True

    return holds


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
def _environment() -> Environment:
    """What parses templates; it renders none."""
    return Environment(autoescape=False, trim_blocks=True, lstrip_blocks=True, loader=None)  # noqa: S701 - parser only
