"""Review rules: what is wrong with them, and what they say."""

from __future__ import annotations

import json
import re

import pytest

from harness.errors import SpecError
from harness.generation.review import Reviewing, built_in, review_from, review_json, review_problems
from harness.generation.spec import load_generation
from harness.records.document import Document
from harness.registry import names
from harness.spec.schema import check
from harness.spec.yaml import parse_yaml
from support.loops import SPEC, laid_out

OWN = """\
review: "Prompt {{ prompt }} text {{ response }} as {{ answer_format }}"
review_again: "Now {{ response }}"
revise: "They said {{ feedback }} of {{ prompt }}"
answer: {kind: score, scale: {min: 1, max: 5}}
"""


@pytest.mark.parametrize("name", names("reviews"))
def test_what_is_built_in_is_sound(name):
    rule = built_in(name)
    assert not list(review_problems(rule, Document("x", {})))
    assert review_from(review_json(rule), name=name) == rule


def test_the_score_is_read_by_the_rule():
    reviewing = Reviewing(review_from(parse_yaml(OWN, "x").value, name="own"))
    assert reviewing.score("fine\nScore: 4/5") == 4
    assert reviewing.score("fine") is None
    (message,) = reviewing.ask(({"role": "user", "content": "Hi."},), "Ho.", ())
    assert "Score: <1 to 5>/5" in message["content"]


def test_a_spec_brings_its_own_inline_or_by_path(tmp_path):
    inline = SPEC.replace("prompts:\n", "reviews:\n  mine:\n    " + OWN.replace("\n", "\n    ") + "\nprompts:\n", 1)
    inline = inline.replace("selection:", "loop: {review: mine}\nselection:", 1)
    spec = load_generation(laid_out(tmp_path, inline))
    assert spec.review is not None
    assert spec.review.answer["scale"] == {"min": 1, "max": 5}
    (tmp_path / "mine.yaml").write_text("schema: 1\nname: mine\n" + OWN)
    by_path = SPEC.replace("prompts:\n", "reviews: {mine: {path: mine.yaml}}\nprompts:\n", 1)
    by_path = by_path.replace("selection:", "loop: {review: mine}\nselection:", 1)
    other = load_generation(laid_out(tmp_path, by_path))
    assert other.review is not None
    assert json.dumps(review_json(other.review)) == json.dumps(review_json(spec.review))


def test_all_that_is_wrong_with_a_review_is_told(tmp_path):
    bad = OWN.replace("{{ response }} as", "{{ reply }} as").replace("{{ feedback }}", "{{ 1 + 1 }}")
    text = SPEC.replace("prompts:\n", "reviews:\n  mine:\n    " + bad.replace("\n", "\n    ") + "\nprompts:\n", 1)
    with pytest.raises(SpecError, match="unknown variable `reply`") as caught:
        load_generation(laid_out(tmp_path, text))
    told = str(caught.value)
    assert "reviews.mine.review: line 1 of the template: unknown variable `reply`" in told
    assert "reviews.mine.review: no place for `response`" in told
    assert "reviews.mine.revise: line 1 of the template: `Add` is not allowed here" in told
    assert "no place for `feedback`" in told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("reviews: {mine: {path: nowhere.yaml}}\n", "mine"), "there is no file `nowhere.yaml`"),
        (("reviews: {mine: {path: ../out.yaml}}\n", "mine"), "reviews.mine.path"),
        (("", "defalt"), "there is no way of reviewing `defalt`; did you mean `default`?"),
        (("reviews: {mine: {path: bad.yaml}}\n", "mine"), "the key `revise` is missing"),
        (("reviews: {mine: {path: broken.yaml}}\n", "mine"), "broken.yaml"),
    ],
)
def test_a_review_that_is_not_there_is_told(tmp_path, change, told):
    entry, name = change
    (tmp_path / "bad.yaml").write_text('schema: 1\nname: mine\nreview: "{{ response }}"\n')
    (tmp_path / "broken.yaml").write_text("a: [")
    text = SPEC.replace("prompts:\n", f"{entry}prompts:\n", 1)
    text = text.replace("selection:", f"loop: {{review: {name}}}\nselection:", 1)
    with pytest.raises(SpecError, match=re.escape(told)) as caught:
        load_generation(laid_out(tmp_path, text))
    assert told in str(caught.value)


def test_a_review_gives_one_score():
    value = parse_yaml(OWN.replace("kind: score", "kind: scores"), "x").value
    assert check(Document("x", {"schema": 1, "name": "x", **value}), "review")
