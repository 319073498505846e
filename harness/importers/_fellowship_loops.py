"""The study's third step: feedback loops of generators and reviewers, and how often they won.

    STUDY/outputs/generators/<prompts>/none/<model>.json                      single responses: lists of messages
    STUDY/outputs/generators/<prompts>/none/<model>_picks.json                single against gpt-4o
    STUDY/outputs/generators/<prompts>/none/<model>_<short>_picks.json        single against another single
    STUDY/outputs/generators/<prompts>/feedback/<model>_<model>.json          drafts and feedback, generator first
    STUDY/outputs/generators/<prompts>/feedback/<model>_<model>_picks.json    which draft was picked
    STUDY/outputs/generators/<prompts>/feedback/<model>_<model>_picks_<short>.json   the pick against a single

Entry n of a list belongs to prompt n, and the loop, or the first model of a file's name, is assistant A. Of most loops
the drafts are not published, only the comparisons of what was picked; they come as models whose responses say so, and
nothing that is reproduced depends on that text. In the second round of its selection the study showed draft 3 first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.importers._files import Source
from harness.prompting.strategy import Questions, compile_strategy
from harness.spec.strategies import built_in
from harness.text import pluralized

GENERATORS = Path("outputs", "generators")
STRATEGY, JUDGE = "combined-10", "gpt-4o"
"""The strategy and the model of the study's comparisons."""
SHORT = {"Meta-Llama-3.1-8B-Instruct-Turbo": "llama", "gemma-2-9b-it": "gemma", "gpt-4o": "gpt-4o", "gpt": "gpt-4o"}
"""What specs call its models; one that is not here keeps the name of its file."""
UNPUBLISHED = "(The draft that was picked for prompt {} is not among the study's published files.)"
VERDICTS = {"a": "agent", "tie": "tie", "b": "opponent"}
ROUNDS = 3
ALONE = "-alone"
"""Ends the names of models on their own in the spec of a loop, whose first drafts are other responses of them."""

_PAIR = re.compile(r"(?P<generator>.+)_(?P<reviewer>[^_]+)")


@dataclass
class Loops:
    """The study's files on one prompt set.

    Attributes:
        name: of the prompt set.
        prompts: id and prompt of each.
        rows: of a recording.
        comparisons: replies that compare two systems: their names, the item, and the text.
        singles: models whose single responses are there.
        pairs: loops of which comparisons are there.
        whole: loops whose drafts are there too, as generator and reviewer.
        notes: what was found.
    """

    name: str
    prompts: list[dict[str, Any]] = field(default_factory=list)
    rows: list[dict[str, str]] = field(default_factory=list)
    comparisons: list[tuple[str, str, str, str]] = field(default_factory=list)
    singles: list[str] = field(default_factory=list)
    pairs: list[str] = field(default_factory=list)
    whole: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read_loops(study: Path, source: Source) -> list[Loops]:
    """All prompt sets of the study's third step; deviations from the layout are reported."""
    folders = sorted(folder for folder in (study / GENERATORS).glob("*") if folder.is_dir())
    return [_read(folder, source) for folder in folders]


def _read(folder: Path, source: Source) -> Loops:
    name = re.sub(r"[^a-z0-9-]+", "-", folder.name.lower())[:40].strip("-") or "prompts"
    loops = Loops(name)
    questions = compile_strategy(built_in(STRATEGY))
    for path in sorted((folder / "none").glob("*.json")):
        if not path.stem.endswith("_picks"):
            _read_single(path, loops, source)
    for path in sorted((folder / "none").glob("*_picks.json")):
        first, _, second = path.stem.removesuffix("_picks").partition("_")
        _read_comparison(path, _short(first), SHORT.get(second, second or JUDGE), loops, questions, source)
    for path in sorted((folder / "feedback").glob("*.json")):
        stem, _, opponent = path.stem.partition("_picks")
        found = _PAIR.fullmatch(stem)
        if found is None:
            source.report(path, "is not named <generator>_<reviewer>…json")
            continue
        generator, reviewer = _short(found["generator"]), _short(found["reviewer"])
        pair = f"{generator}-with-{reviewer}"
        if opponent:
            _read_comparison(path, pair, _short(opponent.strip("_")), loops, questions, source)
            loops.pairs += [] if pair in loops.pairs else [pair]
        elif path.stem.endswith("_picks"):
            _read_selection(path, generator, reviewer, loops, questions, source)
        else:
            _read_drafts(path, generator, reviewer, loops, source)
    ids = [prompt["id"] for prompt in loops.prompts]
    for pair in loops.pairs:
        loops.rows += [_draft(loops.name, item, pair, UNPUBLISHED.format(item)) for item in ids]
    loops.rows += [_judged(f"{loops.name}/{one}-vs-{other}", *rest) for one, other, *rest in loops.comparisons]
    for generator, reviewer in loops.whole:
        loops.rows += _with_whole_loop(loops, generator, reviewer)
    return loops


def _with_whole_loop(loops: Loops, generator: str, reviewer: str) -> Iterator[dict[str, str]]:
    """What the spec of one loop needs beside its drafts: the single responses and the comparisons, under its name."""
    own = own_name(loops, generator, reviewer)
    for row in [row for row in loops.rows if row["dataset"] == loops.name and row["model"] in loops.singles]:
        yield {**row, "dataset": own, "model": f"{row['model']}{ALONE}"}
    called = {f"{generator}-with-{reviewer}": f"{generator}+{reviewer}"}
    called |= {name: f"{name}{ALONE}" for name in loops.singles}
    for one, other, item, text in loops.comparisons:
        if one in called and other in called:
            yield _judged(f"{own}/{called[one]}-vs-{called[other]}", item, text)


def _judged(match: str, item: str, text: str) -> dict[str, str]:
    return {"dataset": match, "item": item, "strategy": STRATEGY, "step": "judge", "model": JUDGE, "text": text}


def notes_of(loops: Loops) -> Iterator[str]:
    """What was found in a prompt set, one sentence each."""
    yield (
        f"{loops.name}: {pluralized(len(loops.prompts), 'prompt')}, single responses of {', '.join(loops.singles)}, "
        f"comparisons of {pluralized(len(loops.pairs), 'loop')}, drafts of {len(loops.whole)} of them"
    )
    yield from loops.notes


def _short(model: str) -> str:
    return SHORT.get(model, model)


def _draft(prompts: str, item: str, model: str, text: str) -> dict[str, str]:
    return {"dataset": prompts, "item": item, "strategy": "loop", "step": "draft-1", "model": model, "text": text}


def _read_single(path: Path, loops: Loops, source: Source) -> None:
    chats = _chats(path, source)
    if not chats:
        return
    prompts = [{"id": f"{number}", "prompt": chat[:-1]} for number, chat in enumerate(chats, 1)]
    if loops.prompts and prompts != loops.prompts:
        source.report(path, "does not answer the prompts of the files before it")
        return
    loops.prompts = prompts
    model = _short(path.stem)
    loops.singles.append(model)
    loops.rows += [_draft(loops.name, f"{number}", model, chat[-1]["content"]) for number, chat in enumerate(chats, 1)]


def _chats(path: Path, source: Source) -> list[list[dict[str, str]]]:
    """The conversations of a file; none where it is not a list of such, which is noted."""
    entries = source.values(path)
    if entries is None:
        return []
    for number, chat in enumerate(entries, 1):
        if not isinstance(chat, list) or len(chat) < 2 or not all(_is_message(one) for one in chat):
            source.report(path, "is no list of messages, the last one the response", place=f"entry {number}")
            return []
    return entries


def _is_message(one: Any) -> bool:
    return isinstance(one, dict) and isinstance(one.get("role"), str) and isinstance(one.get("content"), str)


def _entries(path: Path, loops: Loops, source: Source) -> list[dict[str, Any]]:
    """The objects of a file, one for each prompt; none where there are others, which is noted."""
    entries = source.entries(path) or []
    if entries and loops.prompts and len(entries) != len(loops.prompts):
        source.report(path, f"holds {len(entries)} entries for {len(loops.prompts)} prompts")
        return []
    return entries


def _read_comparison(path: Path, first: str, second: str, loops: Loops, questions: Questions, source: Source) -> None:
    """Replies that compare two systems, and whether our rule reads them as the study did."""
    match = f"{loops.name}/{first}-vs-{second}"
    other = []
    for number, entry in enumerate(_entries(path, loops, source), 1):
        if not isinstance(entry.get("response"), str) or not isinstance(entry.get("winner"), str):
            source.report(path, "`response` or `winner` is missing or not text", place=f"entry {number}")
            continue
        loops.comparisons.append((first, second, f"{number}", entry["response"]))
        winner = entry["winner"] if entry["winner"] in ("agent", "tie") else "opponent"
        if _winner(entry["response"], questions) != winner:
            other.append(f"{number}")
    if other:
        loops.notes.append(f"{match}: read otherwise than the study did: items {', '.join(other)}")


def _winner(text: str, questions: Questions) -> str:
    found = questions.read(text)
    if found is None or found.score_a is None or found.score_b is None:
        return "unparsed"
    return VERDICTS[questions.compare(found.score_a, found.score_b)]


def _read_drafts(path: Path, generator: str, reviewer: str, loops: Loops, source: Source) -> None:
    """The drafts and the feedback of a loop. A prompt on which the study got no further has fewer."""
    name = f"{generator}+{reviewer}"
    entries = _entries(path, loops, source)
    for number, entry in enumerate(entries, 1):
        for at in range(1, ROUNDS + 1):
            steps = {f"draft-{at}": (f"response_{at}", generator), f"review-{at}": (f"feedback_{at}", reviewer)}
            for step, (key, model) in steps.items():
                if not isinstance(entry.get(key), str):
                    continue
                strategy = "loop" if step == "draft-1" else f"loop:{name}"
                place = {"dataset": own_name(loops, generator, reviewer), "item": f"{number}", "strategy": strategy}
                loops.rows.append({**place, "step": step, "model": model, "text": entry[key]})
    short = [f"{number}" for number, entry in enumerate(entries, 1) if f"response_{ROUNDS}" not in entry]
    if short:
        loops.notes.append(f"{name}: fewer than {ROUNDS} drafts for the prompts {', '.join(short)}")
    if entries:
        loops.whole.append((generator, reviewer))


def own_name(loops: Loops, generator: str, reviewer: str) -> str:
    """The name of the prompt set in the spec of one loop, whose first drafts are others than the single responses."""
    return f"{loops.name}-{generator}-{reviewer}"


def _read_selection(
    path: Path, generator: str, reviewer: str, loops: Loops, questions: Questions, source: Source
) -> None:
    """The replies that picked drafts, and how often the pick was inverted, by the scores in them."""
    name = f"{generator}+{reviewer}"
    kept = taken = read = 0
    for number, entry in enumerate(_entries(path, loops, source), 1):
        for at in (1, 2):
            if not isinstance(entry.get(f"response_{at}"), str):
                continue
            place = {
                "dataset": f"{own_name(loops, generator, reviewer)}/{name}",
                "item": f"{number}",
                "strategy": STRATEGY,
            }
            step = f"select-{at + 1}/judge"
            loops.rows.append({**place, "step": step, "model": JUDGE, "text": entry[f"response_{at}"]})
        second = entry.get("response_2")
        found = questions.read(second) if isinstance(second, str) else None
        if found is None or found.score_a is None or found.score_b is None:
            continue
        read += 1  # draft 3 is assistant A
        kept += found.score_a > found.score_b and entry.get("pick_2") in ("response_1", "response_2")
        taken += found.score_a < found.score_b and entry.get("pick_2") == "response_3"
    loops.notes.append(
        f"{name}: of {read} picks between draft 3 and the best before it the study inverted {kept + taken}: draft 3 "
        f"scored higher and the earlier draft was kept ({kept}), or it scored lower and was taken ({taken})"
    )
