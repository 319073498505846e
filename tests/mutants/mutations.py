"""Where a module can be changed, and the changed source: Cosmic Ray's operators, and one for words.

Annotations, docstrings and the messages of errors are left out: no test should depend on them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any, NamedTuple

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator, operator_names

_OF_NUMBERS = ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Mul", "Mod_Mul", "Pow_Mul")
_OF_BITS = ("BitAnd_BitOr", "BitOr_BitAnd", "LShift_RShift", "RShift_LShift")
_OF_COMPARISONS = (  # noqa: SIM905 # a list of words reads better
    "Eq_NotEq NotEq_Eq Lt_LtE Lt_GtE LtE_Lt LtE_Gt Gt_GtE Gt_LtE GtE_Gt GtE_Lt Is_IsNot IsNot_Is In_NotIn NotIn_In"
).split()
_OTHERS = (
    "ReplaceUnaryOperator_Delete_USub",
    "ReplaceUnaryOperator_Delete_Not",
    "AddNot",
    "ReplaceTrueWithFalse",
    "ReplaceFalseWithTrue",
    "ReplaceAndWithOr",
    "ReplaceOrWithAnd",
    "ReplaceBreakWithContinue",
    "ReplaceContinueWithBreak",
    "ExceptionReplacer",
    "NumberReplacer",
    "ZeroIterationForLoop",
    "RemoveDecorator",
)
OPERATORS = (
    *(f"core/ReplaceBinaryOperator_{each}" for each in (*_OF_NUMBERS, *_OF_BITS)),
    *(f"core/ReplaceComparisonOperator_{each}" for each in _OF_COMPARISONS),
    *(f"core/{each}" for each in _OTHERS),
)
"""One or two changes of each kind: of the many others that Cosmic Ray knows, most fail in the same tests."""

_WORD = re.compile(r"""(["'])([\w./:*-]{1,40})\1""")


class WordReplacer(Operator):  # type: ignore[misc] # Cosmic Ray has no types
    """Misspells a word that stands alone in quotes: a key, a name, a code."""

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        """The place of the word, if the node is one."""
        if node.type == "string" and _WORD.fullmatch(node.value):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        """The node with one more letter in its word."""
        node.value = _WORD.sub(r"\1\2x\1", node.value)
        return node

    @classmethod
    def examples(cls) -> tuple[()]:
        """None, which the class above asks for."""
        return ()


class Mutation(NamedTuple):
    """A change to a module.

    Attributes:
        operator: its name.
        occurrence: which of the places where the operator applies.
        line: of the place, from 1.
    """

    operator: str
    occurrence: int
    line: int


def mutations(source: str, random: Random) -> list[Mutation]:
    """The changes to a source, one drawn for each place and family of operators."""
    left_out, lines = _left_out(source), source.splitlines()
    nodes = list(ast_nodes(get_ast(source)))
    by_place: dict[tuple[Any, str], list[Mutation]] = {}
    for name in _names():
        operator = _operator(name)
        places = ((node, *place) for node in nodes for place in operator.mutation_positions(node))
        for occurrence, (node, start, stop) in enumerate(places):
            if name.endswith("ExceptionReplacer") and not _is_name(lines, start, stop):
                continue  # Cosmic Ray cannot replace `module.Error`
            if not _is_star(node) and not any(first <= start and stop <= last for first, last in left_out):
                family = (start, stop), name.partition("_")[0]
                by_place.setdefault(family, []).append(Mutation(name, occurrence, start[0]))
    return [random.choice(by_place[place]) for place in sorted(by_place)]


def mutated(source: str, mutation: Mutation) -> str:
    """The changed source."""
    changed = mutate_code(source, _operator(mutation.operator), mutation.occurrence)
    assert isinstance(changed, str)
    return changed


def _names() -> list[str]:
    known = operator_names()
    return [*(name for name in OPERATORS if name in known), "words"]


def _operator(name: str) -> Any:
    return WordReplacer() if name == "words" else get_operator(name)()


def _is_star(node: Any) -> bool:
    """Whether this is the star of a parameter or of an unpacked value, which Cosmic Ray takes for an operator."""
    return getattr(node, "value", "") in ("*", "**") and node.parent.type not in ("term", "power")


def _is_name(lines: list[str], start: tuple[int, int], stop: tuple[int, int]) -> bool:
    return start[0] == stop[0] and lines[start[0] - 1][start[1] : stop[1]].isidentifier()


def _left_out(source: str) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """The spans of annotations, docstrings, errors that are raised, imports, and declarations without an effect."""
    spans = [
        (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
        for each in ast.walk(ast.parse(source))
        for node in _without_effect(each)
        if node is not None
    ]
    return [((line, column), (last_line, last_column)) for line, column, last_line, last_column in spans]


def _without_effect(node: ast.AST) -> Sequence[Any]:
    """The parts of a node in which no change has an effect that a test should notice."""
    match node:
        case ast.Raise() | ast.Import() | ast.ImportFrom() | ast.Assert():
            return [node]
        case ast.Expr(value=ast.Constant()) | ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return [node]
        case ast.AnnAssign(annotation=ast.Name(id="TypeAlias")):
            return [node]
        case ast.arg() | ast.AnnAssign():
            return [node.annotation]
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return [node.returns]
        case ast.Call(func=ast.Attribute(attr="reshape")):  # any negative number stands for the rest
            return [one for one in node.args if isinstance(one, ast.UnaryOp)]
        case ast.keyword(arg="strict"):  # of `zip`: an assertion
            return [node.value]
        case ast.ClassDef():
            return node.decorator_list  # `slots=True` and the like
        case ast.Assign() if re.search("'(Literal|TypeVar|__slots__)'", ast.dump(node)):
            return [node]
    return []
