"""The specs that replay the feedback loops of the study arXiv 2408.08688 from its recorded replies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from harness.importers._fellowship_loops import ALONE, JUDGE, STRATEGY, Loops, own_name
from harness.importers._files import compressed, json_lines

_EDITOR = """\
# An editor completes and checks this file if you write the schema beside it:
# harness schema generation > generation.schema.json
# yaml-language-server: $schema=generation.schema.json
#
"""


def files_of(loops: Loops) -> Iterator[tuple[PurePosixPath, bytes]]:
    """The prompt set, the recording and the specs."""
    recording = PurePosixPath("recordings", f"{loops.name}.jsonl.gz")
    yield PurePosixPath("data", f"{loops.name}.jsonl"), json_lines(loops.prompts)
    yield recording, compressed(json_lines(loops.rows))
    yield PurePosixPath(f"{loops.name}-win-rates.yaml"), _win_rates_spec(loops, recording).encode()
    for generator, reviewer in loops.whole:
        text = _loop_spec(loops, generator, reviewer, recording)
        yield PurePosixPath(f"{loops.name}-{generator}-{reviewer}.yaml"), text.encode()


def _models(names: Sequence[str], recording: PurePosixPath) -> list[str]:
    each = [f"  {name}: {{provider: recorded, path: {recording}}}" for name in names]
    return ["models: # each found in the recording by its name", *each]


def _win_rates_spec(loops: Loops, recording: PurePosixPath) -> str:
    opponents = _opponents(loops)
    systems = [*loops.pairs, *(name for name in loops.singles if name != JUDGE)]
    models = list(dict.fromkeys([*systems, *loops.singles, JUDGE]))
    lines = [
        "# How often the loops of the study arXiv 2408.08688 won, from its own replies: no key, no network, no cost.",
        "# A loop is a model here, since the drafts that were picked are mostly not published. The picks were",
        "# inverted, as the import reports, so these are not the win rates of the best drafts. A tie is no win there.",
        "schema: 1",
        f"name: {loops.name}-win-rates",
        "kind: generation",
        "seed: 7",
        f"prompts: {{{loops.name}: {{path: data/{loops.name}.jsonl}}}}",
        *_models(models, recording),
        "matrix:",
        f"  prompts: [{loops.name}]",
        f"  generator: [{', '.join(systems)}]",
        "  reviewer: [none]",
        "compare:",
        f"  opponents: [{', '.join(opponents)}]",
        f"  strategy: [{STRATEGY}]",
        f"  evaluator: [{{judge: [{JUDGE}]}}]",
        "  bradley_terry: true",
        "score: {ties: lose}",
    ]
    return _EDITOR + "\n".join([*lines, ""])


def _loop_spec(loops: Loops, generator: str, reviewer: str, recording: PurePosixPath) -> str:
    name = own_name(loops, generator, reviewer)
    reviewed = "self" if generator == reviewer else reviewer
    opponents = [f"{model}{ALONE}" for model in _opponents(loops)]
    lines = [
        "# One feedback loop of the study arXiv 2408.08688, draft by draft, from its own replies: what was written,",
        "# what was said of it, what was picked and how often that won. `published` picks as the study did, which took",
        "# the loser from the third draft on. `tournament` picks the winner; but the comparisons below are the",
        "# study's, of the drafts that it picked, and say nothing of others.",
        "schema: 1",
        f"name: {name}",
        "kind: generation",
        "seed: 7",
        f"prompts: {{{name}: {{path: data/{loops.name}.jsonl}}}}",
        *_models(list(dict.fromkeys([generator, reviewer, JUDGE, *opponents])), recording),
        "matrix:",
        f"  prompts: [{name}]",
        f"  generator: [{generator}]",
        f"  reviewer: [{reviewed}]",
        "selection:",
        "  by: published",
        f"  strategy: {STRATEGY}",
        f"  evaluator: {{judge: {JUDGE}}}",
        "compare:",
        f"  opponents: [{', '.join(opponents)}]",
        f"  strategy: [{STRATEGY}]",
        f"  evaluator: [{{judge: [{JUDGE}]}}]",
        "score: {ties: lose}",
    ]
    return _EDITOR + "\n".join([*lines, ""])


def _opponents(loops: Loops) -> list[str]:
    """The single models in an order in which every comparison of two of them has the one that was shown first first."""
    shown = {each[:2] for each in loops.comparisons}
    left, ordered = list(loops.singles), list[str]()
    while left:
        free = [name for name in left if all((name, other) not in shown for other in left if other != name)]
        ordered.append((free or left)[0])
        left.remove(ordered[-1])
    return ordered
