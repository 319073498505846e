"""The study behind this project, *The Fellowship of the LLMs* (arXiv 2408.08688): its judges' replies, as recordings.

The study's repository holds lists of replies without item ids: entry n of a list belongs to item n of the data set,
which is published elsewhere. An import therefore takes the study's folder and the data sets in their own layouts:

    STUDY/outputs/evaluators/fair-eval/<way of asking>/<model>_none.json
    STUDY/outputs/evaluators/fair-eval/debate/<model>_<model>.json
    FAIR_EVAL/question.jsonl, answer/answer_gpt35.jsonl, answer/answer_vicuna-13b.jsonl,
        review/review_gpt35_vicuna-13b_human.txt
    STUDY/outputs/evaluators/pandalm-eval/…, and PandaLM's file testset-v1.json

A reply is stored as it is, as the step `judge`, or `judge-a` and `judge-b` where every response was shown alone. Where
`turns_to_answer` is 2 the study kept the first reply and the one to its follow-up question in one text, the later one
at its end; that text is stored as one reply, and the answer rule, which reads from the end, finds the later answer.
`_fellowship_loops.py` reads the feedback loops, the third step of the study. Debates are stored turn by turn, under a
strategy of their own, since their final scores have another form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from harness.data.values import text
from harness.importers._fellowship_loop_specs import files_of
from harness.importers._fellowship_loops import notes_of, read_loops
from harness.importers._files import Imported, OnProblem, Source, compressed, json_lines
from harness.importers._replay_spec import Replay, listed
from harness.records.judgments import Verdict
from harness.text import pluralized

SUMMARY = "the study arXiv 2408.08688: FairEval and PandaLM as six models judged them, and its feedback loops"

EVALUATORS = Path("outputs", "evaluators")

WAYS = {
    "judge": "direct",
    "rater10": "independent-10",
    "multi-rater5": "combined-5",
    "multi-rater10": "combined-10",
    "multi-rater100": "combined-100",
}
"""The study's folders of replies, with the strategy that each of them is."""

STEPS = {"response": "judge"}
STEPS_ALONE = {"response_1": "judge-a", "response_2": "judge-b"}
PERSONAS, ROUNDS = (1, 2, 3), (1, 2)
STEPS_OF_DEBATE = {
    **{f"response_{persona}_{turn}": f"debate-{turn}-{persona}" for turn in ROUNDS for persona in PERSONAS},
    **{f"response_{persona}": f"final-{persona}" for persona in PERSONAS},
}
"""The study's fields of a reply, with the step that each of them is."""

DEBATE = "debate-10"
"""The strategy of the debates."""

# In the study's own data set for FairEval, response A is Vicuna-13b's and response B ChatGPT's.
_FAIR_EVAL_LABELS: Mapping[str, Verdict] = {"VICUNA13B": "a", "TIE": "tie", "CHATGPT": "b"}
_FAIR_EVAL_ANSWERS = {
    "response_a": ("answer_vicuna-13b.jsonl", "vicuna-13b"),
    "response_b": ("answer_gpt35.jsonl", "gpt-3.5-turbo"),
}
_PANDALM_LABELS: Mapping[int, Verdict] = {1: "a", 2: "b", 0: "tie"}
_PANDALM_TEXTS = ("instruction", "response1", "response2")
_ANNOTATORS = ("annotator1", "annotator2", "annotator3")

_REPLY_FILE = re.compile(r"(?P<model>.+?)_none(_-1)?\.json")
"""`none` says that the judge had no persona; `_-1` is in the names of independent scoring."""
_DEBATE_FILE = re.compile(r"(?P<model>.+)_(?P=model)\.json")

Pair = dict[str, Any]


class Recorded(NamedTuple):
    """The replies to one data set.

    Attributes:
        rows: of a recording.
        models: which models judged, by strategy.
        debated: models that debated.
    """

    rows: list[dict[str, str]]
    models: Mapping[str, Sequence[str]]
    debated: Sequence[str]


def read_study(
    study: Path, *, fair_eval: Path | None = None, pandalm: Path | None = None, on_problem: OnProblem = "error"
) -> Imported:
    """Read the study and those of the data sets that it judged that are there.

    Args:
        study: the study's repository.
        fair_eval: FairEval's repository, None to leave FairEval out.
        pandalm: PandaLM's `testset-v1.json`, None to leave PandaLM out.
        on_problem: what becomes of entries that cannot be used: `error`, or `skip`, which leaves them out and says so.

    Raises:
        ImportSourceError: with every file that is missing or not in its layout.
    """
    source = Source(on_problem=on_problem)
    pairs = {} if fair_eval is None else {"fair-eval": _fair_eval_pairs(fair_eval, source)}
    if pandalm is not None:
        pairs["pandalm"] = _pandalm_pairs(pandalm, source)
    folders = {"fair-eval": study / EVALUATORS / "fair-eval", "pandalm": study / EVALUATORS / "pandalm-eval"}
    recorded = {name: _recorded(name, folders[name], rows, source) for name, rows in pairs.items()}
    for name, replies in recorded.items():
        if name == "fair-eval" and not (replies.models or replies.debated):
            source.report(folders[name], "holds no replies of the study's judges")
    loops = read_loops(study, source)
    if not (pairs or loops or source.problems):
        source.report(study, "holds nothing that can be imported without a dataset: give --fair-eval or --pandalm")
    source.raise_if_reported()
    files: dict[PurePosixPath, bytes] = {}
    notes: list[str] = []
    for name, replies in recorded.items():
        whole = [pair for pair in pairs[name] if pair]
        files |= _files(name, whole, replies)
        notes += _notes(name, whole, replies)
    for found in loops:
        files |= dict(files_of(found))
        notes += notes_of(found)
    return Imported(files, (*notes, *source.notes, *_left_out(study, pairs)))


# --- the data sets --------------------------------------------------------------------------------------


def _fair_eval_pairs(folder: Path, source: Source) -> list[Pair]:
    """FairEval's questions, each with its two answers and its label; nothing where anything is wrong."""
    questions = source.rows(folder / "question.jsonl", ("text", "category"))
    pairs: list[Pair] = [
        {"id": str(row.get("question_id")), "category": row["category"], "prompt": row["text"]}
        for row in questions or ()
    ]
    if questions == []:
        source.report(folder / "question.jsonl", "holds no questions")
    for response, (name, model) in _FAIR_EVAL_ANSWERS.items():
        answers = source.rows(folder / "answer" / name, ("text",))
        if answers is None or not pairs:
            continue
        if [str(row.get("question_id")) for row in answers] != [pair["id"] for pair in pairs]:
            source.report(folder / "answer" / name, "does not answer the questions of question.jsonl in turn")
        for pair, answer in zip(pairs, answers, strict=False):
            pair |= {response: answer["text"], response.replace("response", "model"): model}
    labels = _fair_eval_labels(folder / "review" / "review_gpt35_vicuna-13b_human.txt", len(pairs), source)
    for pair, label in zip(pairs, labels, strict=False):
        pair["label"] = label
    return [] if source.problems else pairs


def _fair_eval_labels(path: Path, questions: int, source: Source) -> list[Verdict]:
    """One verdict for each question, line by line."""
    content = source.text(path)
    if content is None:
        return []
    words = content.split()
    for number, word in enumerate(words, 1):
        if word not in _FAIR_EVAL_LABELS:
            source.report(path, f"`{word}` is none of {', '.join(_FAIR_EVAL_LABELS)}", line=number)
    if questions and len(words) != questions:
        source.report(path, f"holds {len(words)} labels for {questions} questions")
    return [_FAIR_EVAL_LABELS[word] for word in words if word in _FAIR_EVAL_LABELS]


def _pandalm_pairs(path: Path, source: Source) -> list[Pair]:
    """PandaLM's pairs, each with the verdicts of three annotators; nothing where anything is wrong."""
    pairs: list[Pair] = []
    entries = source.entries(path) or []
    for number, row in enumerate(entries, 1):
        wrong = [] if "idx" in row else ["idx"]
        wrong += [key for key in _PANDALM_TEXTS if text(row.get(key)) is None]
        wrong += [key for key in _ANNOTATORS if type(row.get(key)) is not int or row[key] not in _PANDALM_LABELS]
        if wrong:
            what = ", ".join(f"`{key}`" for key in wrong)
            source.report_entry(path, f"{what} is missing or unknown", place=_place(row, number))
            pairs.append({})  # keeps the place of the replies
        else:
            pairs.append(_pandalm_pair(row))
            unclean = [key for key in _PANDALM_TEXTS if not isinstance(row[key], str)]
            source.note_of_entry("pandalm", _place(row, number), unclean, "is not text, and read as it is written")
    return pairs if len(pairs) == len(entries) else []


def _place(row: Mapping[str, Any], number: int) -> str:
    """An entry as the file counts it."""
    return f"idx {row['idx']}" if "idx" in row else f"entry {number}"


def _pandalm_pair(row: Mapping[str, Any]) -> Pair:
    given = row.get("input")  # not a number, where there is none
    model_a, _, model_b = str(row.get("cmp_key", "")).partition("_")
    return {
        "id": str(row["idx"]),
        "category": row.get("motivation_app"),
        "prompt": "\n\n".join([text(row["instruction"]) or "", *([given] if isinstance(given, str) and given else [])]),
        "response_a": text(row["response1"]),
        "response_b": text(row["response2"]),
        "model_a": model_a or None,
        "model_b": model_b or None,
        "labels": [_PANDALM_LABELS[row[key]] for key in _ANNOTATORS],
    }


# --- the replies ----------------------------------------------------------------------------------------


def _recorded(name: str, folder: Path, pairs: Sequence[Pair], source: Source) -> Recorded:
    """All replies to a data set that the study's folder holds; `pairs` is empty where the data set is at fault."""
    rows: list[dict[str, str]] = []
    models: dict[str, list[str]] = {}
    debated: list[str] = []
    for way, strategy in WAYS.items():
        steps = STEPS_ALONE if way == "rater10" else STEPS
        for path, model in _named(folder / way, _REPLY_FILE, "<model>_none.json", source):
            models.setdefault(strategy, []).append(model)
            place = {"dataset": name, "strategy": strategy, "model": model}
            rows += [place | reply for reply in _replies(path, steps, pairs, source)]
    for path, model in _named(folder / "debate", _DEBATE_FILE, "<model>_<model>.json", source):
        debated.append(model)
        place = {"dataset": name, "strategy": DEBATE, "model": model}
        rows += [place | reply for reply in _replies(path, STEPS_OF_DEBATE, pairs, source)]
    return Recorded(rows, models, debated)


def _named(folder: Path, pattern: re.Pattern[str], form: str, source: Source) -> Iterator[tuple[Path, str]]:
    """The files of a folder, each with the model in its name."""
    for path in sorted(folder.glob("*.json")):
        found = pattern.fullmatch(path.name)
        if found is None:
            source.report(path, f"is not named {form}")
        else:
            yield path, found["model"]


def _replies(path: Path, steps: Mapping[str, str], pairs: Sequence[Pair], source: Source) -> Iterator[dict[str, str]]:
    """The replies of one file, each with its item and step."""
    entries = source.entries(path)
    if entries is None:
        return
    if pairs and len(entries) != len(pairs):
        source.report(path, f"holds {len(entries)} replies for {len(pairs)} items")
    for number, (pair, entry) in enumerate(zip(pairs, entries, strict=False), 1):
        for field, step in steps.items():
            if not pair:
                continue
            if (reply := text(entry.get(field))) is not None:
                yield {"item": pair["id"], "step": step, "text": reply}
            else:
                source.report_entry(path, f"`{field}` is missing or not text", place=f"entry {number}")


# --- output ---------------------------------------------------------------------------------------------


def _files(name: str, pairs: Sequence[Pair], recorded: Recorded) -> dict[PurePosixPath, bytes]:
    """The data set, and where there are replies their recording and the spec that replays them."""
    files = {PurePosixPath("data", f"{name}.jsonl"): json_lines(pairs)}
    if recorded.rows:
        files[PurePosixPath("recordings", f"{name}.jsonl.gz")] = compressed(json_lines(recorded.rows))
        files |= _replay(name, recorded).files()
    return files


def _replay(name: str, recorded: Recorded) -> Replay:
    """A spec of every strategy, judge, jury and debate that is recorded, and of every jury of the judges."""
    judges = sorted({model for replied in recorded.models.values() for model in replied})
    evaluators = [f"judge: {listed(judges)}"] if judges else []
    if len(judges) > 1:
        evaluators.append(f"jury: {{of: {listed(judges)}, sizes: all, vote: majority}}")
    exclude = [
        {"strategy": strategy, "model": model}
        for strategy, replied in recorded.models.items()
        for model in judges
        if model not in replied
    ]
    if recorded.debated:
        exclude += [{"strategy": DEBATE, "evaluator": entry.partition(":")[0]} for entry in evaluators]
        exclude += [{"strategy": strategy, "evaluator": "debate"} for strategy in recorded.models]
        evaluators.append(f"debate: {{model: {listed(recorded.debated)}, rounds: {len(ROUNDS)}}}")
    return Replay(
        name=name,
        dataset=name,
        about=["Replies that the study arXiv 2408.08688 recorded, read and scored again: no key, no network, no cost."],
        models=sorted({*judges, *recorded.debated}),
        strategies=[*recorded.models, *([DEBATE] if recorded.debated else [])],
        own=[DEBATE] if recorded.debated else [],
        evaluators=evaluators,
        exclude=exclude,
    )


def _notes(name: str, pairs: Sequence[Pair], recorded: Recorded) -> Iterator[str]:
    yield f"{name}: {len(pairs)} pairs"
    if empty := sum(not (pair["response_a"].strip() and pair["response_b"].strip()) for pair in pairs):
        yield f"{name}: {pluralized(empty, 'pair')} with an empty response, which the judges judged too"
    for strategy, models in recorded.models.items():
        yield f"{name}: replies of {len(models)} models under {strategy}: {', '.join(models)}"
    if recorded.debated:
        yield f"{name}: debates of {len(recorded.debated)} models: {', '.join(recorded.debated)}"
    missing = [strategy for strategy in WAYS.values() if strategy not in recorded.models]
    if missing:
        yield f"{name}: no replies under {', '.join(missing)}"


def _left_out(study: Path, pairs: Mapping[str, Sequence[Pair]]) -> Iterator[str]:
    """The parts of the study's folder that were not imported."""
    evaluators = study / EVALUATORS
    for name, folder in (("fair-eval", "fair-eval"), ("pandalm", "pandalm-eval")):
        if name not in pairs:
            there = "its replies are there" if (evaluators / folder).is_dir() else "nor are its replies there"
            yield f"{name}: not imported, for its data were not given with --{name}; {there}"
    if (evaluators / "alpaca-eval").is_dir():
        yield "alpaca-eval: not imported, for the human labels of that set are not public"
