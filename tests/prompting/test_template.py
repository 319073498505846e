import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from harness.errors import SpecError
from harness.prompting.template import MAX_SOURCE, compile_template, template_faults, variables_in


def test_places_variables_and_keeps_the_text_around_them() -> None:
    template = compile_template("A: {{ a }}\n{% if b %}\nB: {{ b }}\n{% else %}\nno b\n{% endif %}\nend\n")
    assert template.render({"a": "1", "b": ""}) == "A: 1\nno b\nend"
    assert template.render({"a": "{{ b }}", "b": "2"}) == "A: {{ b }}\nB: 2\nend"


def test_conditions_may_be_combined() -> None:
    template = compile_template('{% if a == "x" and not b or c %}yes{% elif b %}b{% else %}no{% endif %}{# remark #}')
    assert [template.render({"a": a, "b": b, "c": ""}) for a, b in (("x", ""), ("x", "1"), ("", ""))] == [
        "yes",
        "b",
        "no",
    ]


def test_markup_is_not_escaped() -> None:
    assert compile_template("{{ a }}").render({"a": "<b> & 'c'"}) == "<b> & 'c'"


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("{{ ''.__class__ }}", id="attribute-of-text"),
        pytest.param("{{ a.__class__.__mro__ }}", id="attribute-chain"),
        pytest.param("{{ a['__class__'] }}", id="subscript"),
        pytest.param("{{ a() }}", id="call"),
        pytest.param("{{ a.format(1) }}", id="method"),
        pytest.param("{{ a | upper }}", id="filter"),
        pytest.param("{% if a is defined %}{% endif %}", id="test"),
        pytest.param("{% for x in a %}{{ x }}{% endfor %}", id="loop"),
        pytest.param("{% for x in range(10**9) %}x{% endfor %}", id="huge-loop"),
        pytest.param("{% set x = a ~ a %}{{ x }}", id="assignment"),
        pytest.param("{{ a ~ a }}", id="concatenation"),
        pytest.param("{{ 'x' * 1000000000 }}", id="multiplication"),
        pytest.param("{{ 9 ** 9 ** 9 }}", id="power"),
        pytest.param("{{ [a] }}", id="list"),
        pytest.param("{% include 'x' %}", id="include"),
        pytest.param("{% import 'x' as y %}", id="import"),
        pytest.param("{% extends 'x' %}", id="extends"),
        pytest.param("{% macro m() %}{% endmacro %}", id="macro"),
        pytest.param("{% block b %}{% endblock %}", id="block"),
        pytest.param("{{ self }}", id="self"),
        pytest.param("{{ a if a else a }}", id="inline-condition"),
        pytest.param("{{ 1 }}", id="number"),
        pytest.param("{{ " + "9" * 5000 + " }}", id="number-that-python-does-not-read"),
        pytest.param("{{ 1e999 }}", id="infinity"),
        pytest.param("{{ true }}", id="boolean"),
        pytest.param(r"{{ '\ud800' }}", id="half-a-surrogate-pair"),
        pytest.param("{% if a < 'b' %}{% endif %}", id="order"),
        pytest.param("{% if a in 'b' %}{% endif %}", id="membership"),
        pytest.param("{% if 'a' in a %}{% endif %}", id="membership-of-text"),
    ],
)
def test_refuses_what_is_not_placing_text(source: str) -> None:
    assert template_faults(source, ["a"])


@pytest.mark.parametrize("name", ["range", "dict", "lipsum", "cycler", "joiner", "namespace"])
def test_knows_no_globals(name: str) -> None:
    fault, *_ = template_faults(f"{{{{ {name} }}}}", ["a"])
    assert fault.message == f"unknown variable `{name}`"


def test_names_line_and_nearest_name_of_an_unknown_variable() -> None:
    faults = template_faults("one\n{{ respnse_a }}\n{{ answer }} {{ prompt }}", ["response_a", "prompt"])
    assert [(fault.line, fault.message) for fault in faults] == [
        (2, "unknown variable `respnse_a`"),
        (3, "unknown variable `answer`"),
    ]
    assert faults[0].hint == "did you mean `response_a`?"


@pytest.mark.parametrize(
    ("source", "line"),
    [
        pytest.param("one\n{{ a", 2, id="open-braces"),
        pytest.param("{% if a %}\n", 1, id="open-condition"),
        pytest.param("\n\n{% nonsense %}", 3, id="unknown-statement"),
        pytest.param("{{ 'a }}", 1, id="open-quote"),
    ],
)
def test_names_line_of_a_syntax_error(source: str, line: int) -> None:
    (fault,) = template_faults(source, None)
    assert fault.line == line
    assert not fault.message.endswith(".")
    assert variables_in(source) == frozenset()
    with pytest.raises(SpecError, match=f"line {line} of the template"):
        compile_template(source)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("x" * (MAX_SOURCE + 1), id="too-long"),
        pytest.param("{{ a }}" * 65, id="too-many-variables"),
        pytest.param("{% if a %}" * 30 + "{% endif %}" * 30, id="deep-conditions"),
        pytest.param("{% if " + "not " * 10_000 + "a %}{% endif %}", id="deep-expression"),
        pytest.param("{{ " + "(" * 20_000 + "a" + ")" * 20_000 + " }}", id="deep-brackets"),
    ],
)
def test_refuses_what_would_take_too_much(source: str) -> None:
    assert len(template_faults(source, ["a"])) == 1


def test_finds_variables_everywhere() -> None:
    assert variables_in("{{ a }}{% if b and c == d %}{{ e }}{% endif %}") == set("abcde")


NAMES = ("a", "b", "reference", "step_x")
LITERALS = ("''", "'x'", '"{{ a }}"', r"'a\n\u00e9'", "'True'")
ATOMS = st.sampled_from([*NAMES, *LITERALS])
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("(not {})".format, inner),
        st.builds("({} == {})".format, inner, inner),
        st.builds("({} != {} == {})".format, inner, inner, inner),
        st.builds("({} == {} != {})".format, inner, inner, inner),
    ),
    max_leaves=6,
)
SPACE = st.sampled_from(["", " ", "\n", "  \n\n", "\r\n", "\t"])
TEXT = st.one_of(st.sampled_from(["word", "}} ", "%}", "# ", "{ {", "<b>'\"&", "\u2028é"]), SPACE)
PIECES = st.one_of(TEXT, st.builds("{{{{ {} }}}}".format, EXPRESSIONS), st.just("{# a remark #}"))
SOURCES = st.recursive(
    st.lists(PIECES, max_size=4).map("".join),
    lambda inner: st.builds(
        "{}{{% if {} %}}{}{}{{% elif {} %}}{}{{%- else -%}}{}{{% endif %}}{}".format,
        SPACE, EXPRESSIONS, SPACE, inner, EXPRESSIONS, inner, inner, SPACE,
    ),
    max_leaves=4,
)  # fmt: skip
VALUES = st.fixed_dictionaries(
    dict.fromkeys(NAMES, st.one_of(st.sampled_from(["", "x", "True", "{{ a }}", "{% if", "\n"]), st.text(max_size=8)))
)


@given(SOURCES, VALUES)
def test_renders_what_jinja_renders(source: str, values: dict[str, str]) -> None:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )
    if template_faults(source, NAMES):  # more nesting or variables than a template may have
        return
    assert compile_template(source).render(values) == environment.from_string(source).render(values)


def test_a_branch_that_is_not_chosen_needs_no_values() -> None:
    template = compile_template("{% if a %}{{ a }}{% elif b == 'x' or c %}{{ c }}{% else %}-{% endif %}")
    assert template.render({"a": "1"}) == "1"
    assert template.render({"a": "", "b": "x", "c": "2"}) == "2"
    with pytest.raises(KeyError, match="b"):
        template.render({"a": ""})


def test_renders_an_expression_as_text() -> None:
    template = compile_template("{{ a and b }}|{{ a or b }}|{{ not a }}|{{ a == 'x' }}|{{ a == b != a }}|{{ 'x' }}")
    assert template.render({"a": "x", "b": "y"}) == "y|x|False|True|False|x"
