"""Whole specs: what is valid, what is told of those that are not, and what a loaded one is."""

from __future__ import annotations

import copy
import json
import pickle
import re
import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cache.key import call_key
from harness.errors import SpecError
from harness.hashing import canonical_json
from harness.records.calls import Call
from harness.records.datasets import Subset
from harness.records.document import Document
from harness.records.frozen import freeze
from harness.spec.digest import spec_digest
from harness.spec.evaluation import environment_problems, load_spec
from harness.spec.schema import check, load_schema
from harness.spec.yaml import parse_yaml
from support.paths import ROOT, TEST_SPECS

SPECS = TEST_SPECS
VALID = sorted((SPECS / "valid").glob("*.yaml"))
INVALID = sorted((SPECS / "invalid").glob("*.yaml"))
SHIPPED = sorted(
    path
    for path in (ROOT / "specs").glob("*.yaml")
    if "\nkind: generation\n" not in path.read_text(encoding="utf-8")  # tests/generation/test_spec.py loads those
)

LEAST = (SPECS / "valid" / "least.yaml").read_text()


@pytest.fixture
def spec_of(tmp_path):
    """Loads a spec from its text, in a folder like the one of the example specs."""
    (tmp_path / "valid").mkdir()
    (tmp_path / "data").symlink_to(SPECS / "data")

    def load(text: str):
        path = tmp_path / "valid" / "spec.yaml"
        path.write_text(text, encoding="utf-8")
        return load_spec(path, "spec.yaml", allow_paths=[SPECS])

    return load


@pytest.fixture
def everything():
    return load_spec(SPECS / "valid" / "everything.yaml", allow_paths=[SPECS])


@pytest.mark.parametrize("path", VALID + SHIPPED, ids=lambda path: path.stem)
def test_a_valid_spec_loads_and_its_resolved_form_loads_as_the_same(path, tmp_path):
    spec = load_spec(path, allow_paths=[SPECS])
    assert spec.path == path
    if spec.undecided:
        return  # it is resolved once its winners are known: tests/spec/test_chaining.py
    again_path = tmp_path / "again.yaml"
    resolved = json.loads(canonical_json(spec.resolved))
    for entry in [*resolved["datasets"].values(), *resolved["models"].values()]:
        if "path" in entry:
            entry["path"] = str(path.parent / entry["path"])
    again_path.write_bytes(canonical_json(resolved))
    again = load_spec(again_path, allow_paths=[path.parent.parent])
    assert again.resolved == freeze(resolved)
    assert again.cells == spec.cells
    assert spec_digest(again) == spec_digest(spec)


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_invalid_spec_is_told_all_that_is_wrong(path):
    """`NAME.txt` beside `NAME.yaml` holds the problems, one a line."""
    with pytest.raises(SpecError, match=re.escape(path.name)) as caught:
        load_spec(path, path.name, allow_paths=[SPECS])
    found = [str(problem) for problem in caught.value.problems]
    assert found == path.with_suffix(".txt").read_text(encoding="utf-8").splitlines()


class TestResolved:
    def test_defaults_are_written_out(self, spec_of):
        resolved = spec_of(LEAST).resolved
        assert list(resolved) == [
            "schema", "kind", "name", "description", "seed", "datasets", "models", "strategies", "personas", "matrix",
            "score",
        ]  # fmt: skip
        assert resolved["kind"] == "evaluation"
        assert resolved["seed"] == 0
        assert resolved["datasets"]["pairs"] == {
            "path": "../data/pairs.jsonl",
            "format": "jsonl",
            "columns": {},
            "label_values": {},
            "subset": {"where": {}, "sample": None, "limit": None, "seed": None},
        }
        assert resolved["models"]["small"]["params"] == {"temperature": 0, "max_tokens": 1024}
        assert resolved["models"]["small"]["limits"]["concurrency"] == 16
        assert resolved["models"]["small"]["skill"] == 0.8
        assert resolved["matrix"]["exclude"] == ()
        assert resolved["score"] == {
            "metrics": ("kappa", "accuracy"), "interval": "bootstrap", "resamples": 10_000, "level": 0.95,
            "margin": None, "holdout": None, "probes": (),
        }  # fmt: skip

    def test_strategies_are_there_with_their_whole_text(self, everything):
        strategies = everything.resolved["strategies"]
        assert list(strategies) == ["mine", "from-file", "unused", "combined-10"]
        assert all("answer_format" in strategy["user"] for strategy in strategies.values())
        assert check(Document("", json.loads(canonical_json(strategies["mine"])) | {"schema": 1}), "strategy") == []

    def test_nothing_depends_on_the_machine(self, everything):
        assert str(SPECS.parent) not in canonical_json(everything.resolved).decode()

    def test_whole_numbers_are_written_as_such(self, everything):
        assert repr(everything.resolved["models"]["gpt-4o"]["params"]["top_p"]) == "1"
        assert repr(everything.resolved["models"]["gpt-4o"]["price"]["output"]) == "10"


class TestRecords:
    def test_datasets(self, everything):
        pairs, again = everything.datasets.values()
        assert pairs.path.resolve() == SPECS / "data" / "pairs.jsonl"
        assert pairs.shown_path == str(everything.path.parent / "../data/pairs.jsonl"), "as the spec is called"
        assert everything.resolved["datasets"][pairs.name]["path"] == "../data/pairs.jsonl", "as the spec says"
        assert pairs.format == "jsonl"
        assert pairs.columns["labels"] == ("x", "y", "z")
        assert pairs.label_values == {"1": "a", "2": "b", "0": "tie"}
        assert pairs.subset == Subset({"category": ("math", "coding"), "language": ("en",)}, 100, 50, 3)
        assert again.subset == Subset()

    def test_models(self, everything):
        simulated, gpt, local, keyless, old, old_2 = everything.models.values()
        assert simulated.id.startswith("simulated?family=kin-1&")
        assert simulated.settings["failure_rate"] == 0.1
        assert (gpt.id, gpt.api_key_env, gpt.base_url) == ("gpt-4o-2024-08-06", "MY_KEY", None)
        assert gpt.params["max_completion_tokens"] == 2048
        assert "max_tokens" not in gpt.params
        assert (gpt.price.input, gpt.price.output, gpt.limits.rpm) == (2.5, 10, 500)
        assert (local.id, local.api_key_env) == ("local_1", None)
        assert local.params == {"max_tokens": 1024}
        assert keyless.api_key_env is None
        assert old.id.split(":")[0::2] == ["recorded", "old"]
        assert old.params == {}
        assert Path(old.settings["path"]).is_absolute()
        assert old_2.id == old.id

    def test_strategies_are_those_that_the_matrix_uses(self, everything):
        assert list(everything.strategies) == ["combined-10", "mine", "from-file"]
        assert everything.strategies["combined-10"].source == "built-in"
        assert everything.strategies["mine"].follow_up is None
        assert everything.strategies["from-file"].name == "from-file"

    def test_cells(self, everything):
        assert len(everything.cells) == 2 * 3 * 6 - 2 - 2 - 3
        assert everything.cells[0].id == "pairs/combined-10/judge:simulated-1"

    def test_openai_has_a_key_by_default_and_other_endpoints_have_none(self, spec_of):
        spec = spec_of(LEAST.replace("{provider: simulated}", "{provider: openai}"))
        assert spec.models["small"].api_key_env == "OPENAI_API_KEY"

    def test_one_and_one_point_nought_make_the_same_call(self, spec_of):
        keys = set()
        for number in ("1", "1.0", "1e0"):
            spec = spec_of(LEAST.replace("simulated}", f"simulated, params: {{temperature: {number}}}}}"))
            keys.add(call_key(Call(spec.models["small"], [])))
        assert len(keys) == 1

    def test_a_key_of_an_own_strategy_hides_the_built_in_one(self, spec_of):
        mine = 'strategies:\n  direct: {ask: pair, user: "{{ response_a }}{{ response_b }}{{ answer_format }}", '
        spec = spec_of(LEAST + mine + "answer: {kind: verdict}}\n")
        assert spec.strategies["direct"].source == "spec.yaml"

    def test_a_spec_is_frozen(self, everything):
        with pytest.raises(FrozenInstanceError, match="cannot assign to field 'name'"):
            everything.name = "x"
        for mapping in (
            everything.resolved,
            everything.resolved["score"],
            everything.datasets,
            everything.datasets["pairs"].columns,
            everything.models["gpt-4o"].params,
            everything.strategies["mine"].answer,
        ):
            for change in (lambda m: m.update(a=1), lambda m: m.pop("a"), lambda m: m.__setitem__("a", 1)):
                with pytest.raises(TypeError, match="frozen"):
                    change(mapping)
        assert isinstance(everything.resolved["matrix"]["dataset"], tuple)

    def test_a_spec_can_be_copied(self, everything):
        assert copy.deepcopy(everything) == everything
        assert pickle.loads(pickle.dumps(everything)) == everything
        assert replace(everything, name="x").resolved == everything.resolved


class TestDigest:
    SPEC = LEAST + "score: {metrics: [kappa]}\n"

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("name: least", "name: least\ndescription: Words."),
            ("simulated}", "simulated, limits: {concurrency: 3}, latency_ms: 9, failure_rate: 0.5}"),
            ("simulated}", "simulated, skill: 0.8}"),
            ("simulated}", "simulated, show_reasoning: false}"),
            ("simulated}", "simulated}\n  unused: {provider: simulated, skill: 0.1}"),
            ("simulated}", "simulated, params: {temperature: 0.0, max_tokens: 1024}}"),
            ("../data/pairs.jsonl}", "../data/../data/pairs.jsonl, format: jsonl}"),
            ("judge: small", "judge: [small]"),
            ("[kappa]", "[kappa], resamples: 10000, level: 0.95"),
        ],
    )
    def test_what_changes_no_result_changes_no_digest(self, spec_of, before, after):
        assert before in self.SPEC
        assert spec_digest(spec_of(self.SPEC.replace(before, after))) == spec_digest(spec_of(self.SPEC))

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("name: least", "name: other"),
            ("name: least", "name: least\nseed: 1"),
            ("simulated}", "simulated, skill: 0.81}"),
            ("simulated}", "simulated, params: {temperature: 1}}"),
            ("simulated}", "simulated, price: {input: 1, output: 1}}"),
            ("simulated}", "simulated, price: {input: 1, output: 1, cached_input: 1}}"),
            ("simulated}", "simulated, show_reasoning: true}"),
            ("jsonl}", "jsonl, columns: {label: winner}}"),
            ("jsonl}", "jsonl, subset: {limit: 1}}"),
            ("[direct]", "[direct, combined-5]"),
            ("[direct]", "[combined-5]"),
            ("[kappa]", "[accuracy]"),
            ("[kappa]", "[kappa], level: 0.9"),
        ],
    )
    def test_what_may_change_a_result_changes_the_digest(self, spec_of, before, after):
        assert before in self.SPEC
        assert spec_digest(spec_of(self.SPEC.replace(before, after))) != spec_digest(spec_of(self.SPEC))

    def test_a_strategy_whose_cells_are_all_excluded_counts_for_nothing(self, spec_of):
        more = self.SPEC.replace("[direct]", "[direct, combined-5]")
        spec = spec_of(more.replace("judge: small", "judge: small\n  exclude: [{strategy: combined-5}]"))
        assert list(spec.strategies) == ["direct"]
        assert spec_digest(spec) == spec_digest(spec_of(self.SPEC))

    def test_a_recording_counts_by_its_content(self, tmp_path):
        text = LEAST.replace("{provider: simulated}", "{provider: recorded, path: r.jsonl}")
        path = tmp_path / "s.yaml"
        path.write_text(text.replace("../data/", ""))
        (tmp_path / "pairs.jsonl").touch()
        digests = []
        for content in ("a", "a", "b"):
            (tmp_path / "r.jsonl").write_text(content)
            digests.append(spec_digest(load_spec(path)))
        assert digests[0] == digests[1] != digests[2]


class TestEnvironment:
    TEXT = LEAST.replace(
        "{provider: simulated}", "{provider: openai, api_key_env: MY_KEY}\n  other: {provider: openai}"
    )

    @pytest.mark.parametrize("environment", [{}, {"MY_KEY": " "}, {"OPENAI_API_KEY": "x"}])
    def test_a_missing_key_is_a_problem_of_the_models_that_are_used(self, spec_of, environment):
        [problem] = environment_problems(spec_of(self.TEXT), environment)
        assert str(problem) == (
            "spec.yaml:6:42: models.small.api_key_env: the environment variable MY_KEY is not set; "
            "it holds the API key; write `api_key_env: null` if the endpoint asks for none"
        )

    def test_keys_that_are_there(self, spec_of, everything):
        assert environment_problems(spec_of(self.TEXT), {"MY_KEY": "x"}) == []
        assert environment_problems(everything, {"MY_KEY": "x"}) == []
        assert environment_problems(spec_of(LEAST), {}) == []

    def test_only_the_models_asked_about(self, spec_of):
        spec = spec_of(self.TEXT)
        assert environment_problems(spec, {}, models=[]) == []
        [problem] = environment_problems(spec, {}, models=["other"])
        assert "OPENAI_API_KEY is not set" in problem.message
        assert problem.line == 7


def test_a_recording_that_cannot_be_read_is_told_with_its_place(tmp_path):
    path = tmp_path / "s.yaml"
    path.write_text(LEAST.replace("../data/", "").replace("{provider: simulated}", "{provider: recorded, path: r.gz}"))
    (tmp_path / "pairs.jsonl").touch()
    (tmp_path / "r.gz").write_text("not compressed")
    with pytest.raises(SpecError, match=r"^s:6:10: models\.small: the recording r\.gz cannot be read"):
        load_spec(path, "s")


def test_paths_that_the_system_refuses(spec_of):
    with pytest.raises(SpecError, match="File name too long"):
        spec_of(LEAST.replace("../data/pairs.jsonl", "a" * 4000 + ".jsonl"))
    with pytest.raises(SpecError, match="holds no NUL"):
        spec_of(LEAST.replace("../data/pairs.jsonl", '"a\\0.jsonl"'))


def test_a_spec_that_is_not_there():
    with pytest.raises(SpecError, match=r"none\.yaml: cannot read the file: No such file or directory"):
        load_spec(Path("none.yaml"))


def test_loading_imports_nothing_heavy():
    code = (
        "import sys; from pathlib import Path; from harness.spec.evaluation import load_spec\n"
        f"load_spec(Path({str(SPECS / 'valid' / 'everything.yaml')!r}), allow_paths=[Path({str(SPECS)!r})])\n"
        "heavy = {'polars', 'numpy', 'scipy', 'sklearn', 'openai', 'aiohttp', 'diskcache', 'rich', 'asyncio'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- whatever a file holds, the answer is a spec or a SpecError ----------------------------------------------

WORDS = st.sampled_from(
    ["direct", "pairs", "small", "judge", "simulated", "openai", "recorded", "../data/pairs.jsonl", "", "kappa", "a/b"]
)
SCALARS = WORDS | st.none() | st.booleans() | st.integers(-10, 10) | st.floats(-2, 2) | st.text(max_size=5)
DEFINITIONS = load_schema("experiment")["$defs"].values()
KEYS = st.sampled_from(sorted({"pairs", "small", *(key for rule in DEFINITIONS for key in rule.get("properties", ()))}))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=8
)


@settings(deadline=None)
@given(st.lists(st.tuples(st.lists(st.integers(0, 5), max_size=5), VALUES), min_size=1, max_size=3), st.booleans())
def test_a_spec_changed_at_random_is_a_spec_or_a_spec_error(changes, everything_first):
    name = "everything.yaml" if everything_first else "least.yaml"
    value = parse_yaml((SPECS / "valid" / name).read_text(), "").value
    for path, new in changes:
        value = changed(value, path, new)
    target = SPECS / "valid" / ".changed.yaml"
    text = json.dumps(value, indent=1)
    problems = load_text(text, target)
    for problem in problems:
        assert problem.file != "f" or 1 <= problem.line <= len(text.splitlines())
        assert problem.message


@pytest.mark.parametrize("provider", ["nobody", 1, None])
def test_what_stands_beside_an_unknown_provider_is_not_looked_at(spec_of, provider):
    model = {"provider": provider, "path": 7, "base_url": [1], "params": 3}
    with pytest.raises(SpecError, match="provider"):
        spec_of(json.dumps({**parse_yaml(LEAST, "").value, "models": {"small": model}}))


def changed(value, path, new):
    """The value with what stands at a path (of positions) replaced."""
    if not path or not isinstance(value, dict | list) or not value:
        return new
    at = path[0] % len(value)
    if isinstance(value, list):
        return [changed(inner, path[1:], new) if index == at else inner for index, inner in enumerate(value)]
    return {
        key: changed(inner, path[1:], new) if index == at else inner for index, (key, inner) in enumerate(value.items())
    }


def load_text(text, path):
    """The problems of a spec of this text, as if it stood at a path."""
    from unittest import mock

    with mock.patch("harness.spec.evaluation.read_yaml", lambda _, shown: parse_yaml(text, shown)):
        try:
            load_spec(path, "f", allow_paths=[SPECS])
        except SpecError as error:
            return error.problems
    return ()
