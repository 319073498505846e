"""Small files that would take all time or memory: each is refused, in words and quickly."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import main
from harness.errors import InputError, SpecError
from harness.prompting.parsing.definition import full_rule
from harness.prompting.parsing.reply import LONGEST
from harness.prompting.parsing.rules import AnswerRule, compile_answer
from harness.prompting.template import MAX_PLACES, compile_template, template_faults
from harness.providers.backends import recorded
from harness.spec.evaluation import load_spec

SPEC = """\
schema: 1
name: bombs
datasets: {pairs: {path: pairs.jsonl}}
models: {small: {provider: simulated}}
matrix: {dataset: [pairs], strategy: [direct], evaluator: [{judge: small}]}
"""


@contextmanager
def seconds(most: float) -> Iterator[None]:
    """No more processor time than this, on the slowest machine."""
    began = time.process_time()
    yield
    assert time.process_time() - began < most


def laughs(levels: int, width: int) -> str:
    """Aliases of aliases: `width ** levels` values in a few lines."""
    lines = [f"a0: &a0 [{', '.join(['x'] * width)}]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


SPECS = {
    "billion laughs": (laughs(9, 10), "over 100000 keys and values"),
    "quadratic blow-up": ("a: &a [" + "x," * 5000 + "]\nb: [" + "*a," * 5000 + "]\n", "over 100000 keys and values"),
    "an alias that contains itself": ("a: &a [*a]\n", "contains itself"),
    "mappings of aliases": ("a: &a {x: 1}\nb: {<<: *a}\n", "merge keys"),
    "deep lists": ("[" * 100_000, "nested deeper than 64"),
    "deep mappings": ("{a: " * 50_000, "nested deeper than 64"),
    "deep blocks": ("".join(f"{' ' * n}a:\n" for n in range(1000)), "nested deeper than 64"),
    "many values": ("[" + "x," * 200_000 + "]", "more than 100000"),
    "a number of a million digits": (SPEC + f"seed: {'9' * 900_000}\n", "is too large"),
    "a number without end": (SPEC + "seed: 1e999\n", "is too large"),
    "a number that is none": (SPEC + "seed: .nan\n", "is not a finite number"),
    "a repeated key": (SPEC + "name: other\n", "occurs twice"),
    "a tag that makes objects": ("a: !!python/object/apply:os.system ['touch owned']\n", "has no meaning here"),
    "a tag of one's own": ("a: !include /etc/passwd\n", "has no meaning here"),
    "a tag that is declared": ("%TAG ! tag:x,2000:\n---\na: !b c\n", "has no meaning here"),
    "a long key": ("? " + "k" * 500_000 + "\n: 1\n", "unknown key"),
    "a file too large": ("#" * (2**20 + 1), "larger than 1 MiB"),
    "two documents": (SPEC + "---\n" + SPEC, "a second document"),
}


@pytest.mark.parametrize(("text", "message"), SPECS.values(), ids=SPECS)
def test_a_spec_that_would_take_all_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "spec.yaml").write_text(text)
    with seconds(20):
        shown = CliRunner().invoke(main, ["validate", str(tmp_path / "spec.yaml")])
    assert shown.exit_code == 2
    assert message in shown.output
    assert "Traceback" not in shown.output
    assert len(shown.output) < 10_000
    assert not Path("owned").exists()


@pytest.mark.parametrize(
    "numbers",
    ["resamples: 1000000000000", "resamples: -1", "level: 1.0000001", "resamples: 1e15", "resamples: 9007199254740993"],
)
def test_numbers_that_would_take_all_are_refused(tmp_path: Path, numbers: str) -> None:
    (tmp_path / "spec.yaml").write_text(f"{SPEC}score: {{{numbers}}}\n")
    with pytest.raises(SpecError, match=r"spec\.yaml:6:"):
        load_spec(tmp_path / "spec.yaml", "spec.yaml")


TEMPLATES = {
    "a loop": "{% for x in range(10**9) %}x{% endfor %}",
    "nested loops": "{% for x in a %}{% for y in a %}{% for z in a %}x{% endfor %}{% endfor %}{% endfor %}",
    "recursion": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "a recursive loop": "{% for x in a recursive %}{{ loop(a) }}{% endfor %}",
    "multiplied text": "{{ 'x' * 10**9 }}",
    "multiplied variables": "{{ a * 999999999 }}",
    "a wide filter": "{{ a | center(10**9) }}",
    "a wide format": "{{ '%999999999d' % 1 }}",
    "a method that widens": "{{ a.ljust(10**9) }}",
    "text doubled again and again": "{% set b = a ~ a %}{% set b = b ~ b %}{{ b }}",
    "a block of filters": "{% filter center(999999999) %}x{% endfilter %}",
    "a power": "{{ 9 ** 9 ** 9 }}",
    "a number of many digits": "{{ " + "9" * 60_000 + " }}",
    "python by attributes": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "python by globals": "{{ cycler.__init__.__globals__.os.popen('touch owned').read() }}",
    "python by format": "{{ '{0.__class__}'.format(a) }}",
    "python by attr": "{{ a | attr('__class__') }}",
    "another file": "{% include '/etc/passwd' %}",
    "every variable everywhere": "{{ a }}" * (MAX_PLACES + 1),
    "deep conditions": "{% if a %}" * 5000 + "{% endif %}" * 5000,
    "deep brackets": "{{ " + "(" * 30_000 + "a" + ")" * 30_000 + " }}",
    "deep comparisons": "{% if " + "a == " * 10_000 + "a %}{% endif %}",
    "a long template": "x" * 65_537,
}


@pytest.mark.parametrize("source", TEMPLATES.values(), ids=TEMPLATES)
def test_a_template_that_would_take_all_or_reach_python_is_refused(source: str) -> None:
    with seconds(5):
        assert 1 <= len(template_faults(source, ["a"])) < 100
        with pytest.raises(SpecError, match="template"):
            compile_template(source)
    assert not Path("owned").exists()


def test_a_template_makes_no_more_than_its_variables_and_itself() -> None:
    source = "{{ a }}" * MAX_PLACES
    with seconds(5):
        assert len(compile_template(source).render({"a": "x" * 2**20})) == MAX_PLACES * 2**20


def test_what_a_variable_holds_is_text_and_no_template() -> None:
    hostile = "{{ a }}{% for x in range(9) %}{{ ''.__class__ }}"
    assert compile_template("{{ a }}").render({"a": hostile}) == hostile
    assert compile_template("{% if a %}{{ a }}{% endif %}").render({"a": hostile}) == hostile


# --- replies ------------------------------------------------------------------------------------------------

SCALE = {"min": 0, "max": 10}
STATED = {"a": ["Output (a) is better"], "b": ["Output (b) is better"], "tie": ["Both are bad"]}
MANY = [f"{'m' * count} x" for count in range(1, 51)]
CRITERIA = [{"name": f"Criterion {number}", "weight": 1, "text": "x"} for number in range(20)]
RULES = {
    "verdict": compile_answer(full_rule({"kind": "verdict"})),
    "statements": compile_answer(full_rule({"kind": "verdict", "statements": STATED})),
    "as many markers as there may be": compile_answer(full_rule({"kind": "verdict", "markers": MANY})),
    "scores": compile_answer(full_rule({"kind": "scores", "scale": SCALE})),
    "score": compile_answer(full_rule({"kind": "score", "scale": SCALE}), ask="each"),
    "rubric": compile_answer(full_rule({"kind": "rubric", "scale": SCALE}), criteria=CRITERIA),
    "json": compile_answer(full_rule({"kind": "scores", "scale": SCALE, "format": "json"})),
}
UNITS = {
    "letters": "m",
    "spaces": " ",
    "lines": "\n",
    "decoration": "*",
    "digits": "1",
    "markers": "Score A: ",
    "markers in lines": "Score A:\nScore B:\n",
    "echoed forms": "Score A: <0 to 10>/10\nVerdict: <A, B or tie>\n",
    "labels": "A or B or ",
    "ranges": "Score A: 8 to ",
    "braces": "{",
    "objects": '{"score_a":',
    "the beginning of a statement": "Output (a) is ",
    "a criterion": "Criterion 1 A: \n",
    "letters that grow": "\u0130",
}


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS.values(), ids=UNITS)
@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_no_reply_of_sixteen_megabytes_holds_up_a_rule(rule: AnswerRule, unit: str) -> None:
    """What makes patterns slow elsewhere: repetition, nesting, and almost what is looked for, again and again."""
    reply = unit * (2**24 // len(unit))
    with seconds(20):
        rule.read(reply)


def test_no_line_of_a_mebibyte_holds_up_a_rule() -> None:
    with seconds(20):
        assert RULES["as many markers as there may be"].read("\n" + "m" * (LONGEST - 1)) is None


def test_an_answer_at_the_end_of_a_reply_is_read_however_long_it_is() -> None:
    filler = "It is hard to say.\n" * (2**24 // 19)
    assert RULES["verdict"].read(f"{filler}Verdict: A")[:4] == ("a", None, None, None)
    scores = RULES["scores"].read(f"{filler}\nScore A: 7/10\nThat is.\nScore B: 6/10\n{filler[: LONGEST // 2]}")
    assert scores is not None
    assert scores[:4] == (None, 7, 6, None)
    assert RULES["verdict"].read(f"Verdict: A\n{filler}") is None


# --- recordings ---------------------------------------------------------------------------------------------


def test_a_recording_that_unpacks_to_far_more_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded, "RATIO_FREE_BYTES", 2**16)
    (tmp_path / "pairs.jsonl").write_text("{}\n")
    (tmp_path / "bomb.jsonl.gz").write_bytes(gzip.compress(bytes(2**24), 9))
    (tmp_path / "spec.yaml").write_text(SPEC.replace("simulated", "recorded, path: bomb.jsonl.gz"))
    with seconds(10), pytest.raises(SpecError, match="unpacks to far more than a recording does"):
        load_spec(tmp_path / "spec.yaml")


def test_a_recording_of_one_endless_line_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorded, "MAX_LINE_BYTES", 2**16)
    (tmp_path / "long.jsonl").write_text(json.dumps({"text": "x" * 2**17}))
    with pytest.raises(InputError, match=r"long\.jsonl:1: a line is longer than 65,536 bytes"):
        recorded.read_replies(tmp_path / "long.jsonl", "m")
