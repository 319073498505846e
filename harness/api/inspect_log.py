"""Runs as logs of inspect_ai: one JSON file for each cell, which `inspect view` opens.

A log follows version 2 of inspect_ai's `EvalLog`. A sample is an item: its input is the prompt with both responses
where the data are found, its target the reference verdict, its answer the verdict of the cell. A failure has no answer
and is incorrect. Where labels are numbers, the score is the absolute error, and a failure has none. inspect_ai is not
needed to write a log.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from harness.atomic import replacing
from harness.errors import InputError, Problem
from harness.records.label_set import NUMBER
from harness.report.items.texts import Texts, find_plan
from harness.runner.plan import Plan
from harness.runner.run_folder import ENVIRONMENT, ITEMS, JUDGMENTS, MANIFEST, SPEC, read_frame, read_json

LOG_VERSION = 2
SCORER = "agreement"
"""Names the score of a sample: whether the verdict is the reference verdict."""
CORRECT, INCORRECT, NO_SCORE = "C", "I", "N"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def write_inspect_logs(
    run: Path, out: Path, *, cell: str | None = None, texts: Texts | None = None, force: bool = False
) -> list[Path]:
    """Write the logs of a run; their paths.

    Args:
        run: the run folder.
        out: folder of the logs; it is made where it is missing.
        cell: id of one cell; None for all.
        texts: where the data may be, for the texts of the items.
        force: whether files that are there already may be replaced.

    Raises:
        InputError: where the run is no evaluation or has no such cell, or where files are there already.
        RunFolderError: where a file of the run is missing or damaged.
    """
    manifest, spec = read_json(run, MANIFEST), read_json(run, SPEC)
    if manifest["kind"] != "evaluation":
        raise InputError(f"{run} is a generation; logs of inspect_ai are written of evaluations")
    cells = [one for one in manifest["cells"] if cell in (None, one["id"])]
    if not cells:
        known = ", ".join(f"`{one['id']}`" for one in manifest["cells"][:8])
        raise InputError(f"this run has no cell `{cell}`", hint=f"cells: {known}")
    environment = read_json(run, ENVIRONMENT)
    paths = [out / _name(one["id"], run.name, _created(environment)) for one in cells]
    there = [
        Problem(str(path), message="is there already", hint="replace it with --force")
        for path in paths
        if path.exists()
    ]
    if there and not force:
        raise InputError(there)
    plan = find_plan(spec, manifest, texts or Texts()).plan
    inputs = _inputs(plan) if isinstance(plan, Plan) else {}
    out.mkdir(parents=True, exist_ok=True)
    for path, one in zip(paths, cells, strict=True):
        log = _log(one, manifest, environment, list(_samples(run, one, inputs)))
        with replacing(path) as file:
            file.write(orjson.dumps(log, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return paths


def _created(environment: Mapping[str, Any]) -> str:
    """When the run was finished, in ISO 8601."""
    return str(environment.get("finished") or "1970-01-01T00:00:00+00:00")


def _name(cell: str, run: str, created: str) -> str:
    """The name of a log in the form by which inspect_ai recognises logs in a folder: time, task and id."""
    time = _UNSAFE.sub("-", created[:19])
    return f"{time}_{_UNSAFE.sub('-', cell)}_{_UNSAFE.sub('-', run)}.json"


def _inputs(plan: Plan) -> dict[tuple[str, str], str]:
    """What a sample shows of an item, by dataset and item."""
    found = {}
    for name, dataset in plan.datasets.items():
        for item in dataset.items():
            prompt = "\n\n".join(str(message["content"]) for message in item.prompt)
            pair = f"[Response A]\n{item.response_a}\n\n[Response B]\n{item.response_b}"
            shown = pair if dataset.label_set.is_pair else f"[Response]\n{item.response_a}"
            found[name, item.id] = f"{prompt}\n\n{shown}"
    return found


def _samples(run: Path, cell: Mapping[str, Any], inputs: Mapping[tuple[str, str], str]) -> Iterator[dict[str, Any]]:
    """The items of a cell, in order."""
    items = read_frame(run, ITEMS)
    facts = {(row["dataset"], row["item"]): row for row in items.iter_rows(named=True)}
    judgments = read_frame(run, JUDGMENTS).filter(cell=cell["id"])
    model = "+".join(cell["models"])
    is_number = "scale" in read_json(run, MANIFEST).get("labels", {})
    for row in judgments.iter_rows(named=True):
        place = cell["dataset"], row["item"]
        fact = facts[place]
        verdict, target = row["verdict"], fact["reference"]
        said = verdict or f"no verdict: {row['failure']}"
        score: str | float = NO_SCORE if target is None else CORRECT if verdict == target else INCORRECT
        if verdict == NUMBER and row["score_a"] is not None:
            said = verdict = f"{row['score_a']:.6g}"
            score = NO_SCORE if target is None else abs(row["score_a"] - float(target))
        elif is_number:
            score = NO_SCORE
        usage = {"input_tokens": row["prompt_tokens"], "output_tokens": row["completion_tokens"]}
        usage["total_tokens"] = sum(usage.values())
        details = {
            name: row[name] for name in ("failure", "score_a", "score_b", "votes", "preference") if row.get(name)
        }
        known = {name: fact[name] for name in ("category", "cluster", "model_a", "model_b", "labels") if fact.get(name)}
        text = inputs.get(place, f"item {row['item']} of {cell['dataset']}")
        yield {
            "id": row["item"],
            "epoch": 1,
            "input": text,
            "target": target or "",
            "messages": [
                {"role": "user", "content": text},
                {"role": "assistant", "content": said, "source": "generate", "model": model},
            ],
            "output": {
                "model": model,
                "choices": [{"message": {"role": "assistant", "content": said}, "stop_reason": "stop"}],
                "completion": said,
                "usage": usage,
            },
            "scores": {SCORER: {"value": score, "answer": verdict, "explanation": said, "metadata": details}},
            "metadata": known,
            "model_usage": {model: usage},
        }


def _log(
    cell: Mapping[str, Any],
    manifest: Mapping[str, Any],
    environment: Mapping[str, Any],
    samples: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    scored = [sample["scores"][SCORER]["value"] for sample in samples]
    labelled = [value for value in scored if value != NO_SCORE]
    if "scale" in manifest.get("labels", {}):  # the mean of absolute errors
        mean = sum(map(float, labelled)) / len(labelled) if labelled else 0.0
        metric = {"name": "mean", "value": mean, "params": {}}
    else:
        accuracy = labelled.count(CORRECT) / len(labelled) if labelled else 0.0
        metric = {"name": "accuracy", "value": accuracy, "params": {}}
    created = _created(environment)
    model = "+".join(cell["models"])
    about = {"run": manifest["run"], "spec": manifest["spec"], "cell": cell["id"], "harness": manifest["harness"]}
    return {
        "version": LOG_VERSION,
        "status": "success",
        "eval": {
            "eval_id": f"{manifest['run']}-{cell['id']}",
            "run_id": manifest["run"],
            "created": created,
            "task": f"{manifest['spec']}/{cell['strategy']}",
            "task_id": cell["id"],
            "task_version": 0,
            "dataset": {
                "name": cell["dataset"],
                "samples": len(samples),
                "sample_ids": [sample["id"] for sample in samples],
                "shuffled": False,
            },
            "model": model,
            "config": {"epochs": 1},
            "packages": {},
            "metadata": about,
        },
        "plan": {"name": cell["strategy"], "steps": [], "config": {}},
        "results": {
            "total_samples": len(samples),
            "completed_samples": len(samples),
            "scores": [
                {
                    "name": SCORER,
                    "scorer": SCORER,
                    "scored_samples": len(labelled),
                    "unscored_samples": len(samples) - len(labelled),
                    "params": {},
                    "metrics": {metric["name"]: metric},
                }
            ],
        },
        "stats": {"started_at": created, "completed_at": created, "model_usage": {}},
        "samples": list(samples),
    }
