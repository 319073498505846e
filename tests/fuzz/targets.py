"""What a stranger's bytes go into, one function each: anything but a HarnessError that comes out is a finding.

A target takes bytes and returns whether they were accepted. It checks what must hold of a result, so that a wrong
answer is found as well as an unexpected exception. `test_targets.py` feeds them for a moment in every run of the tests,
`campaign.py` for minutes, guided by coverage.
"""

from __future__ import annotations

import gzip
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path

import orjson

from harness import registry
from harness.analysis.correct.given_labels import LabelSource, Target
from harness.analysis.correct.label_file import read_labels
from harness.api.load import check_spec as load_either
from harness.cache.bundle import Version, export_bundle, import_bundle
from harness.cache.entry import Entry
from harness.cache.key import call_bytes, call_key
from harness.data.dataset import PROMPT_SET, read_dataset
from harness.errors import DatasetError, HarnessError, InputError
from harness.generation.records import GenerationSpec
from harness.generation.review import Reviewing, review_from, review_problems
from harness.hashing import canonical_json
from harness.importers._files import Source
from harness.prompting.checks import check_strategy
from harness.prompting.delimiters import delimited, nonce_for
from harness.prompting.parsing.definition import full_rule
from harness.prompting.parsing.rules import AnswerRule, compile_answer
from harness.prompting.strategy import compile_strategy, strategy_from
from harness.prompting.template import Template, template_faults
from harness.providers.backends.recorded import read_replies
from harness.providers.faults import fault_of
from harness.providers.redaction import Secret
from harness.providers.response import read_completion
from harness.records.calls import Call, Model, Reply
from harness.records.datasets import DatasetSpec
from harness.spec.evaluation import load_spec
from harness.spec.schema import check, load_schema
from harness.spec.yaml import parse_yaml
from harness.text import printable
from support.paths import ROOT, TEST_SPECS
from support.worlds import MemoryStore

SPECS = TEST_SPECS
VALUES = {name: f"[{name}]\ud7ff\n" for name in ("prompt", "response_a", "response_b", "answer_format", "reference")}
SCALE = {"min": 0, "max": 10}
CRITERIA = ({"name": "Clarity", "weight": 1, "text": "clear"}, {"name": "Being right", "weight": 3, "text": "right"})
STATEMENTS = {"a": ["Output (a) is better"], "b": ["Output (b) is better"]}
KEY = "sk-proj-T3sT_k3y/with+0dd=Chars-4f9Q2xZ7"
LOOPS = b"""\
schema: 1
name: loops
kind: generation
prompts:
  tasks: {path: ../data/prompts.jsonl, subset: {sample: 1}}
models:
  writer: {provider: simulated, skill: 0.5}
  critic: {provider: simulated, skill: 0.9}
reviews:
  own: {review: "{{ prompt }} {{ response }} {{ answer_format }}", review_again: "{{ response }} {{ answer_format }}",
        revise: "{{ feedback }}", answer: {kind: score, scale: {min: 0, max: 10}}}
matrix: {prompts: [tasks], generator: [writer], reviewer: [none, self, [critic, writer]], rounds: [2, 3],
         exclude: [{reviewer: self, rounds: 2}]}
loop: {review: own, stop_at_score: 9, stop_unchanged: true}
selection: {by: tournament, strategy: direct, evaluator: {jury: {of: [writer, critic]}}, order: both}
compare: {opponents: [critic, writer], strategy: [direct, combined-10], evaluator: [{judge: [critic]}],
          order: [given, both]}
licences: [mine]
"""


@cache
def folder() -> Path:
    """A folder of this process with the data that specs name."""
    made = Path(tempfile.mkdtemp(prefix="harness-fuzz-"))
    (made / "data").mkdir()
    for path in (SPECS / "data").iterdir():
        (made / "data" / path.name).write_bytes(path.read_bytes())
    (made / "data" / "prompts.jsonl").write_text('{"prompt": "Name a colour."}\n' * 2, encoding="utf-8")
    (made / "valid").mkdir()
    return made


@cache
def rules() -> tuple[AnswerRule, ...]:
    """Answer rules of every kind."""
    kinds = ({"kind": "verdict"}, {"kind": "verdict", "statements": STATEMENTS}, {"kind": "scores", "scale": SCALE})
    rubric = full_rule({"kind": "rubric", "scale": SCALE})
    return (
        *(compile_answer(full_rule({**kind, **form})) for kind in kinds for form in ({}, {"format": "json"})),
        compile_answer(full_rule({"kind": "score", "scale": SCALE}), ask="each"),
        compile_answer(rubric, criteria=CRITERIA),
        compile_answer(rubric, ask="each", criteria=CRITERIA),
    )


def text_of(data: bytes) -> str:
    """Bytes as text, whatever they are."""
    return data.decode("utf-8", "replace")


def spec(data: bytes) -> bool:
    """A whole spec: YAML, schema, names, files, matrix."""
    path = folder() / "valid" / "spec.yaml"
    path.write_bytes(data)
    with suppress(HarnessError):
        loaded = load_spec(path, "spec.yaml", allow_paths=[folder()])
        assert loaded.cells
        orjson.dumps(json.loads(json.dumps(loaded.resolved)))
        return True
    return False


def generation(data: bytes) -> bool:
    """A whole spec of loops: systems, reviews, a tournament, comparisons."""
    path = folder() / "valid" / "loops.yaml"
    path.write_bytes(data)
    with suppress(HarnessError):
        loaded = load_either(path, "loops.yaml", allow_paths=[folder()])
        orjson.dumps(json.loads(json.dumps(loaded.resolved)))
        if isinstance(loaded, GenerationSpec):
            assert loaded.systems
            assert loaded.matches
            return True
    return False


def review(data: bytes) -> bool:
    """A file that says how drafts are reviewed and revised."""
    with suppress(HarnessError):
        document = parse_yaml(text_of(data), "review.yaml")
        if check(document, "review"):
            return False
        rule = review_from(document.value, name="fuzzed", source="review.yaml")
        if not list(review_problems(rule, document)):
            Reviewing(rule).score(text_of(data))
            return True
    return False


def strategy(data: bytes) -> bool:
    """A strategy file: templates and an answer rule."""
    with suppress(HarnessError):
        document = parse_yaml(text_of(data), "strategy.yaml")
        if check(document, "strategy"):
            return False
        made = strategy_from(document.value, name="fuzzed", source="strategy.yaml")
        if not check_strategy(made, document=document):
            compile_strategy(made)
            return True
    return False


def template(data: bytes) -> bool:
    """A template, compiled and rendered."""
    source = text_of(data)
    if template_faults(source, VALUES):
        return False
    rendered = Template(source).render(VALUES)
    assert len(rendered) <= len(source) + 64 * max(map(len, VALUES.values()))
    rendered.encode()
    return True


def answer(data: bytes) -> bool:
    """A reply, read by a rule that the first byte chooses."""
    text = text_of(data[1:])
    found = rules()[(data[0] if data else 0) % len(rules())].read(text)
    if found is not None:
        assert found.verdict in (None, "a", "tie", "b")
        assert all(score is None or 0 <= score <= 10 for score in found[1:])
    return found is not None


def bundle(data: bytes) -> bool:
    """A bundle: as it is, or its lines packed here, or with all digests made right; nothing of a bad one is stored."""
    path, how = folder() / "fuzzed.bundle", (data[0] if data else 0) % 3
    lines = _sealed(data[1:]) if how == 2 else data[1:]
    path.write_bytes(lines if how == 1 else gzip.compress(lines, 1, mtime=0))
    store = MemoryStore()
    try:
        report = import_bundle(path, store)
    except HarnessError:
        assert not store.held
        return False
    assert report.entries == len(store.held)
    return True


def dataset(data: bytes) -> bool:
    """A file of data, in a format that the first byte chooses."""
    form = ("jsonl", "csv", "parquet")[(data[0] if data else 0) % 3]
    path = folder() / f"fuzzed.{form}"
    path.write_bytes(data[1:])
    with suppress(DatasetError):
        read = read_dataset(DatasetSpec("d", path, path.name, form), seed=1)
        for item in read.items():
            nonce = nonce_for([item.response_a, item.response_b])
            shown = delimited("response", item.response_a, nonce)
            assert shown.count(f"</response-{nonce}>") == 1
        return True
    return False


def prompts(data: bytes) -> bool:
    """A file of prompts without responses, in a format that the first byte chooses."""
    form = ("jsonl", "csv", "parquet")[(data[0] if data else 0) % 3]
    path = folder() / f"prompts.{form}"
    path.write_bytes(data[1:])
    with suppress(DatasetError):
        for item in read_dataset(DatasetSpec("p", path, path.name, form), seed=1, required=PROMPT_SET).items():
            assert item.prompt
            assert item.prompt[-1]["role"] != "assistant"
            assert any(re.search(r"[\S\x1c-\x1f]", message["content"]) for message in item.prompt)
        return True
    return False


def labels(data: bytes) -> bool:
    """A file of labels that came later, in a format that the first byte chooses."""
    path = folder() / f"labels.{('jsonl', 'csv', 'parquet')[(data[0] if data else 0) % 3]}"
    path.write_bytes(data[1:])
    targets = (Target("d", ["pair-1", "1"]), Target("e", ["x", "1"], {"left": "a"}))
    with suppress(DatasetError):
        found = read_labels(LabelSource(path, skip_unknown=bool(data and data[0] & 4)), targets)
        assert found
        for each in found.values():
            assert each.codes.shape == (2, len(each.annotators))
            assert -1 <= each.codes.min() <= each.codes.max() <= 2
        return True
    return False


def recording(data: bytes) -> bool:
    """A recording, packed or not."""
    path = folder() / ("fuzzed.jsonl.gz" if data and data[0] % 2 else "fuzzed.jsonl")
    path.write_bytes(data[1:])
    with suppress(InputError):
        read_replies(path, "m")
        return True
    return False


def completion(data: bytes) -> bool:
    """The body of a response, as a reply and as an error; what it says is fit for a terminal and holds no key."""
    found = read_completion(data)
    with suppress(orjson.JSONDecodeError):
        body = Secret(KEY).redacted_json(orjson.loads(data))
        for status in (400, 429, 500):
            message = fault_of(status, body, {"retry-after": text_of(data[:40])}, 0.0).message
            assert message == printable(message)
            assert KEY not in message
    if isinstance(found, Reply):
        orjson.dumps(found.text)
    return isinstance(found, Reply)


def text(data: bytes) -> bool:
    """Text that is printed, and text that may hold a key."""
    line = printable(text_of(data))
    assert line == printable(line)
    assert not any(character < " " or "\x7f" <= character < "\xa0" for character in line)
    secret = Secret(KEY)
    assert not secret.is_in(secret.redacted(text_of(data)))
    return True


def study(data: bytes) -> bool:
    """A file of a published study."""
    path = folder() / "fuzzed.json"
    path.write_bytes(data)
    source = Source()
    source.rows(path, ("text",))
    return source.entries(path) is not None


TARGETS: dict[str, Callable[[bytes], bool]] = {
    each.__name__: each
    for each in (
        *(spec, generation, strategy, review, template, answer, bundle),
        *(dataset, prompts, labels, recording, completion, text, study),
    )
}


def seeds(name: str) -> Iterator[bytes]:
    """What honest input of a target looks like, to begin with."""
    yield b""
    match name:
        case "spec":
            yield from (path.read_bytes() for path in sorted(SPECS.glob("*valid/*.yaml")))
        case "generation":
            yield (
                (ROOT / "specs" / "feedback-loops.yaml").read_bytes().replace(b"data/village-tasks", b"../data/prompts")
            )
            yield LOOPS
        case "review":
            yield from (path.read_bytes() for path in sorted((ROOT / "harness/generation/reviews").glob("*.yaml")))
        case "strategy":
            yield from (path.read_bytes() for path in sorted((ROOT / "harness/prompting/strategies").glob("*.yaml")))
        case "template":
            yield b"{% if reference %}{{ prompt }}{% elif prompt == 'x' and not reference %}{# no #}{% endif %}"
        case "answer":
            replies = (
                b"Score A: 8/10\nScore B: 7.5/10\n",
                b'{"score_a": 8, "score_b": 7}',
                b"**Verdict**: A, B or tie",
            )
            yield from (bytes([rule]) + reply for rule in range(9) for reply in replies)
            yield b"\x07Clarity A: 5/10\nClarity B: 6/10\nBeing right A: 7/10\nBeing right B: 8 out of 10"
        case "bundle":
            lines = gzip.decompress(_bundle())
            yield from (b"\x01" + _bundle(), b"\x00" + lines, b"\x02" + lines, b"\x01" + _bundle(2))
        case "dataset":
            rows = (SPECS / "data" / "pairs.jsonl").read_bytes()
            yield from (b"\x00" + rows, b'\x01id,prompt,response_a,response_b,label\n1,"[{""role"": 1}]",x,y,a\n')
            yield b"\x02" + _parquet()
        case "prompts":
            chat = b'[{"role": "user", "content": "And?"}]'
            yield b'\x00{"id": "p1", "prompt": "Name a colour."}\n{"id": "p2", "prompt": %s}\n' % chat
            yield b'\x01id,prompt\n1,Name a colour.\n2,"[{""role"": ""user"", ""content"": ""And?""}]"\n'
        case "labels":
            yield b'\x00{"id": "pair-1", "label": "a"}\n{"id": "x", "label": "left"}\n{"id": 1, "dataset": "d"}\n'
            yield b"\x01id,annotator,label\npair-1,x,a\npair-1,y,tie\n\nx,x,b\n"
            yield b'\x04{"item": "pair-1", "labels": ["a", null, "b"]}\n{"item": "elsewhere", "labels": []}\n'
        case "recording":
            rows = (SPECS / "data" / "recording.jsonl").read_bytes()
            yield from (b"\x00" + rows, b"\x01" + gzip.compress(rows, mtime=0))
        case "completion":
            choice = {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}
            yield json.dumps({"choices": [choice], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}).encode()
            yield json.dumps({"error": {"message": KEY, "code": "context_length_exceeded"}}).encode()
        case "text":
            yield b"\x1b[31mred\x1b[0m \x1b]0;title\x07 \xe2\x80\xae " + KEY.encode() + b" %73k \\u0073 c2stcHJvai"
        case "study":
            yield from (b'[{"text": "x"}, {}]', b'{"text": "y"}\n\n{"text": NaN}\n')


def _sealed(lines: bytes) -> bytes:
    """Lines with the keys and checksums that a bundle wants, so that what is behind these is reached as well."""
    sealed = []
    for line in lines.split(b"\n")[:-2]:
        try:
            fields = orjson.loads(line)
            call, reply = canonical_json(fields["call"]), canonical_json(fields["reply"])
            fields |= {"key": sha256(call).hexdigest(), "sha256": sha256(b"%s\n%s" % (reply, call)).hexdigest()}
            sealed.append(canonical_json(fields))
        except (ValueError, TypeError, KeyError):
            sealed.append(line)
    whole = b"".join(line + b"\n" for line in sealed)
    return whole + canonical_json({"sha256": sha256(whole).hexdigest()}) + b"\n"


def words(name: str) -> Iterator[str]:
    """What the input of a target is made of, for a fuzzer that puts pieces together."""
    yield from (
        "{{ ",
        " }}",
        "{% if ",
        "{% endif %}",
        "{#",
        " and ",
        "not ",
        " == ",
        "'",
        '"',
        "\\",
        "\n",
        "null",
        "1e9",
        "../",
    )
    yield from (
        "\x1b[",
        "%73",
        "\\u0073",
        "&#115;",
        ": ",
        "- ",
        "&a ",
        "*a",
        "!x ",
        "---\n",
        "[",
        "]",
        "{",
        "}",
        "|\n",
        ">-\n",
    )
    yield from (*VALUES, "Verdict: A", "Score A: 8/10", " out of 10", "<0 to 10>", "A or B", "tie", "Clarity A: ")
    if name in ("spec", "generation", "strategy", "review"):
        for schema in ("experiment", "generation", "strategy", "review", "personas"):
            yield from sorted(set(re.findall(r'"([a-z_-]+)"', json.dumps(load_schema(schema)))))
        yield from registry.names("strategies")


def _bundle(version: Version = 1) -> bytes:
    """A small bundle."""
    store, path = MemoryStore(), folder() / "seed.bundle"
    for number in range(2):
        call = Call(Model("m", "openai", "m", {"temperature": 0}), [{"role": "user", "content": f"q{number}"}])
        store.put_many([Entry(call_key(call), call_bytes(call), Reply("a", "stop", 1, 1, "m"))])
    export_bundle(store, store.held, path, force=True, version=version)
    return path.read_bytes()


def _parquet() -> bytes:
    """A small file of data in parquet."""
    import polars as pl

    path = folder() / "seed.parquet"
    pl.read_ndjson(SPECS / "data" / "pairs.jsonl").write_parquet(path)
    return path.read_bytes()
