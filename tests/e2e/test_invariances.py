"""What a figure may not depend on: order of items, order of judges in the spec, and which response is called a.

Two runs of five judges are made on the same clustered pairs, once as they are and once changed, and every analysis of
the command line must print the same JSON, or its mirror image.
"""

import json
import random

import pytest
from click.testing import CliRunner

from harness.cli import main

LABELS = ("a", "tie", "b")
OTHER = {"a": "b", "b": "a", "tie": "tie"}
JUDGES = ["m0", "m1", "m2"]
CHANGES = ("rows", "judges", "sides")
ANALYSES = {
    "leaderboard": ["leaderboard", "one.yaml", "--format", "json"],
    "power": ["power", "one.yaml", "--json"],
    "audit": ["audit", "one.yaml", "--json"],
    "correct": ["correct", "one.yaml", "--json"],
    "compare": ["compare", "one.yaml", "two.yaml", "--json"],
}
OF_THE_RUN = {"run", "runs", "to", "digest", "sentence", "marginals", "table", "counts", "flips", "spec_differences"}
"""Keys of what names a run, or of counts and words that exchange their sides."""
ONE_SIDED = {"lose", "win-rate.ties-lose"}
"""A tie counts as lost: the mirror image counts it as won."""


def _items():
    draw = random.Random(3)
    return [
        {
            "id": f"i{k:03d}", "prompt": f"Question {k // 2}.", "topic": f"t{k // 2}",
            "label": draw.choices(LABELS, [0.45, 0.2, 0.35])[0],
            "response_a": "x" * draw.randint(3, 60), "response_b": "y" * draw.randint(3, 60),
        }
        for k in range(60)
    ]  # fmt: skip


def _verdicts(items, seed):
    draw = random.Random(seed)
    return {
        judge: {
            one["id"]: one["label"] if draw.random() < 0.4 + 0.2 * k else draw.choice(LABELS) for one in items
        }
        for k, judge in enumerate(JUDGES)
    }  # fmt: skip


def _mirrored(item):
    return {
        **item, "response_a": item["response_b"], "response_b": item["response_a"], "label": OTHER[item["label"]]
    }  # fmt: skip


def _made(folder, change):
    """The two runs in a folder, changed in one way."""
    folder.mkdir()
    items, judges = _items(), list(JUDGES)
    verdicts = {"one": _verdicts(items, 1), "two": _verdicts(items, 2)}
    if change == "rows":
        random.Random(9).shuffle(items)
    if change == "judges":
        judges.reverse()
    if change == "sides":
        items = [_mirrored(one) for one in items]
        verdicts = {
            name: {judge: {key: OTHER[verdict] for key, verdict in given.items()} for judge, given in each.items()}
            for name, each in verdicts.items()
        }
    (folder / "items.jsonl").write_text("".join(json.dumps(one) + "\n" for one in items), "utf-8")
    for name, each in verdicts.items():
        for judge, given in each.items():
            rows = [json.dumps({"item": one["id"], "verdict": given[one["id"]]}) + "\n" for one in items]
            (folder / f"{name}-{judge}.jsonl").write_text("".join(rows), "utf-8")
        columns = {"item": "item", "verdict": "verdict"}
        spec = {
            "schema": 1, "name": name, "seed": 5,
            "datasets": {"pairs": {"path": "items.jsonl", "columns": {"cluster": "topic"}}},
            "models": {
                judge: {"provider": "recorded", "path": f"{name}-{judge}.jsonl", "columns": columns} for judge in judges
            },
            "matrix": {
                "dataset": ["pairs"], "strategy": ["direct"],
                "evaluator": [{"judge": judges}, {"jury": {"of": sorted(judges)}}],
            },
            "score": {
                "metrics": ["kappa", "accuracy", "ac1"], "resamples": 499, "margin": 0.1, "holdout": 0.4,
            },
        }  # fmt: skip
        (folder / f"{name}.yaml").write_text(json.dumps(spec), "utf-8")
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            done = CliRunner().invoke(main, ["run", f"{name}.yaml", "--offline"])
        assert done.exit_code == 0, done.output
    return folder


def _printed(folder, analysis):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        done = CliRunner().invoke(main, ANALYSES[analysis])
    assert done.exit_code == 0, done.output
    return _by_cell(json.loads(done.output))


def _by_cell(value):
    """Lists of cells by the cell, as the order of a spec is that of lists."""
    if isinstance(value, list):
        found = [_by_cell(one) for one in value]
        if found and all(isinstance(one, dict) and "cell" in one for one in found):
            return {one["cell"]: one for one in found}
        return found
    return {key: _by_cell(one) for key, one in value.items()} if isinstance(value, dict) else value


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("invariances")
    return {change: _made(root / change, change) for change in ("none", *CHANGES)}


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("analysis", ANALYSES)
def test_every_figure_is_the_same_or_its_mirror_image(folders, analysis, change):
    before, after = _printed(folders["none"], analysis), _printed(folders[change], analysis)
    assert list(_different(before, after, is_mirror=change == "sides")) == []


def _different(before, after, *, is_mirror, at=""):
    if isinstance(before, dict) and isinstance(after, dict):
        ends = [one.get(key) for one in (before, after) for key in ("low", "high")]
        if is_mirror and all(isinstance(end, float) for end in ends):
            low, high, other_low, other_high = ends
            if any(abs(low - (c - other_high)) + abs(high - (c - other_low)) < 1e-10 for c in (0, 1)):
                return
        for key in sorted(before.keys() | after.keys()):
            if key not in OF_THE_RUN and not (is_mirror and key in ONE_SIDED):
                yield from _different(before.get(key), after.get(key), is_mirror=is_mirror, at=f"{at}/{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for k, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _different(one, other, is_mirror=is_mirror, at=f"{at}[{k}]")
    elif before != after and not (is_mirror and _mirrors(before, after)):
        yield at, before, after


def _mirrors(one, other):
    numbers = all(isinstance(value, (int, float)) for value in (one, other))
    return numbers and min(abs(one + other), abs(one - (1 - other))) < 1e-10
