"""Gates over the shipped runs and over small comparisons; tests beside both gates keep what they say."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np

from harness.analysis.compare.changed import changed_judges
from harness.analysis.compare.gate import GateRules, gate_json
from harness.analysis.compare.pairs import compare
from harness.errors import InputError
from harness.leaderboard.failure_rate import failure_rate
from harness.leaderboard.run_gate import BEST, RunRules, Threshold, gate_line, parse_threshold, run_checks
from support.judged_runs import SCORE, dataset, run
from support.labelled import judge, labels
from support.paths import ROOT

WRITTEN = ("kappa=0.6", "best:kappa=0.6", "fair/direct/judge:x:kappa=-1", "direct/judge:x:accuracy = 1e-3", "kappa",
    "kappa=", "=1", "kappa=x",
           "kappa=nan", "kappa=inf", "a=b=1", ":kappa=1", "", "best:=1")  # fmt: skip


def thresholds() -> Any:
    """Thresholds as they are written, and in words."""
    found = []
    for text in WRITTEN:
        for way in ("below", "above"):
            try:
                one = parse_threshold(text, way)  # type: ignore[arg-type]
                found.append([*one, str(one), one.text, one.option, one.by("low"), one.by("estimate")])
            except InputError as error:
                found.append([str(error)])
    return found


def boards() -> Any:
    """Every check of the shipped runs, with failures and without figures as well."""
    found: dict[str, Any] = {}
    for path in sorted((ROOT / "results").glob("*/*/leaderboard.json")):
        board = json.loads(path.read_text(encoding="utf-8"))
        is_generation = board.get("kind") == "generation"
        rows = [row for one in board["boards"] for row in one["rows"]] if is_generation else board["rows"]
        metrics = ["win-rate-dropped"] if is_generation else [*rows[0]["metrics"]][:1]
        cell = rows[-1]["cell"]
        names = ["", BEST] if is_generation else ["", BEST, cell, cell.partition("/")[2], "none"]
        every = tuple(Threshold(name, metric, least, way) for name in names for metric in metrics
                      for least, way in ((0.5, "below"), (0.9, "below"), (0.6, "above"), (-1.0,
                          "above")))  # type: ignore[arg-type] # fmt: skip
        passing = RunRules((Threshold("", metrics[0], -9.0),), "estimate", 1.0)
        found[f"{path.parent.parent.name} passing"] = gate_line(run_checks(board, passing), passing)
        for kind in ("as it is", "failing", "without figures"):
            if kind == "failing":
                for at, row in enumerate(rows):
                    size = row["n"] if is_generation else row["items"]
                    row["failures"] = {"unparsed": size if at == 0 else at % 3, "refused": 1 if at == 1 else 0}
            if kind == "without figures":
                for at, row in enumerate(rows):
                    for figure in (row["win_rates"] if is_generation else row["metrics"]).values():
                        figure |= {"low": None, "high": None, "reason": "few"} | ({"value": None} if at % 2 else {})
            failed = failure_rate(board)
            cells = [*failed.cells.items()]
            shown: list[Any] = [failed.failed, failed.judged, failed.kinds, cells[:2], cells[-2:], len(cells)]
            shown += [failed.share, failed.message(0.01)]
            for by, most in (("low", None), ("estimate", 0.0), ("low", 0.5)):
                rules = RunRules(every, by, most)  # type: ignore[arg-type]
                checks = run_checks(board, rules)
                shown += [gate_line(checks, rules), _condensed(checks)]
            found[f"{path.parent.parent.name} {kind}"] = shown
    empty = {"rows": [], "boards": [], "systems": []}
    rules = RunRules((Threshold("", "kappa", 0.5),), most_failures=0.1)
    found["empty"] = [run_checks({**empty, **more}, rules) for more in ({}, {"kind": "generation"})]
    return found


def _condensed(checks: Any) -> Any:
    """Some of the checks in full, and which of all have failed."""
    few = [f"{one.cell}|{one.name}|{one.problem}" for one in checks[:: max(1, len(checks) // 4)]]
    return [few, "".join("01"[bool(one.problem)] for one in checks), len({(one.cell, one.name) for one in checks})]


def comparisons() -> Any:
    """What a gate finds between a run and others that are better, worse, failing, smaller or of other cells."""
    codes, found = labels(60), dict[str, Any]()
    good, poor, copy = judge(codes, 0.9, 1), judge(codes, 0.3, 2), judge(codes, 0.9, 1, failing=0.3)
    first = {"x": good, "y": judge(codes, 0.6, 4), "z": good}
    score = replace(SCORE, resamples=300, metrics=("kappa", "accuracy"))
    one = run("one", dataset(codes, first), score=score)
    few = codes[:12]
    others = {
        "same": dataset(codes, first), "worse": dataset(codes, {"x": poor, "y": first["y"], "z": good}),
        "failing": dataset(codes, {"x": copy, "y": first["y"], "z": good}),
        "other": dataset(codes, {"x": good, "w": good}), "few": dataset(few, {name: each[:12] for name,
        each in first.items()}),
        "few and worse": dataset(few, {"x": poor[:12], "y": first["y"][:12]}), "unlabelled": dataset(np.full(60, -1),
        {"x": poor, "y": first["y"]}),
        "nothing": dataset(codes, first, name="other"), "clusters": dataset(codes, {"x": poor, "y": first["y"]},
        clusters=[at // 20 for at in range(60)]),
    }  # fmt: skip
    every = [compare(one, run(f"r{at}", other, score=score)) for at, other in enumerate(others.values())]
    judges = [changed_judges(each, 0.95) for each in every]
    for margin in (None, 0.02, 0.3, 0.9):
        for more in (
            {},
            {"allow_missing": True},
            {"min_items": 1},
            {"if_changed": True},
            {"if_changed": True, "allow_missing": True, "min_items": 61},
            {"over_datasets": True},
        ):
            for metric in ("kappa", "accuracy") if more == {} else ("kappa",):
                shown = gate_json(every, judges, metric, GateRules(margin, **more))  # type: ignore[arg-type]
                shown["findings"] = [
                    f"{each['run']}|{each['cell']}|{each['kind']}|{each['message']}" for each in shown["findings"]
                ]
                shown["checks"] = (
                    "".join("01"[each["passed"]] for each in shown["checks"]),
                    [f"{each['run']} {each['cell']}" for each in shown["checks"]][::5],
                )
                found[f"{margin} {more} {metric}"] = shown
    wrong = []
    for given in ({"margin": 0.0}, {"margin": 1.0}, {"margin": -0.1}, {"margin": 0.5, "min_items": 0}):
        try:
            wrong.append(str(GateRules(**given)))  # type: ignore[arg-type]
        except InputError as error:
            wrong.append(str(error))
    return found | {"wrong": wrong, "alone": gate_json(every[:1], [], "kappa", GateRules(0.1, if_changed=True))}
