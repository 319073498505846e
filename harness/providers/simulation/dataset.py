"""Write pairs of simulated responses whose true order is known, single ones that pass or fail, or several to rank.

    python -m harness.providers.simulation.dataset --seed 7 --n 120 > specs/data/quickstart.jsonl
    python -m harness.providers.simulation.dataset --seed 7 --n 160 --single > specs/data/village-checks.jsonl
    python -m harness.providers.simulation.dataset --seed 7 --n 120 --many > specs/data/village-drafts.jsonl

Each prompt lists what a text must mention. Two of four simulated writers, who differ in skill, answer it. Three
simulated annotators read both answers and label the pair; like people they miss things, so they do not always agree.
"""

from __future__ import annotations

import sys
from typing import Any, NamedTuple

import click
import orjson

from harness.providers.simulation.chance import Chance
from harness.providers.simulation.judge import half_points, label_of, perceive, verdict_of
from harness.providers.simulation.world import Knobs, quality_of, signature_of

WRITERS = {"ash": 0.45, "elm": 0.6, "fir": 0.7, "oak": 0.85}
"""Family to skill."""

ANNOTATORS = tuple(Knobs(skill=0.9, family=name) for name in ("ada", "ben", "cid"))

TIES_KEPT = 0.55
"""Share of the pairs of truly equal quality that is kept; it leaves about one pair in seven a tie."""

RESPONSES = (3, 4, 4, 5)
"""How many responses an item to rank has, drawn for each."""


class Kind(NamedTuple):
    """One kind of text: how it is asked for, how it opens, and sentences that it may hold besides."""

    request: str
    opening: str
    asides: tuple[str, ...]


KINDS = {
    "notice": Kind(
        "Write a notice for {occasion}.",
        "Everybody is welcome at {occasion}.",
        ("Come as you are.", "The gates open at nine.", "Bring a friend, and bring another one."),
    ),
    "letter": Kind(
        "Write a letter to a friend about {occasion}.",
        "I wish that you had been with me at {occasion}.",
        ("You would have laughed.", "I came home late and happy.", "Write back soon and tell me about your summer."),
    ),
    "speech": Kind(
        "Write a short speech to open {occasion}.",
        "Dear friends, I have the honour to open {occasion}.",
        ("We have waited a whole year for this.", "I shall be brief.", "My thanks go to all who helped."),
    ),
    "guide": Kind(
        "Write a guide for visitors of {occasion}.",
        "Here is what you should know about {occasion}.",
        ("Good shoes are a good idea.", "There is a bus every hour.", "Ask anybody with a green hat for help."),
    ),
}

OCCASIONS = (
    "the harvest fair", "the midsummer market", "the lantern walk", "the village regatta", "the apple festival",
    "the school jubilee", "the bridge opening", "the winter bazaar", "the open garden day", "the kite contest",
)  # fmt: skip

THINGS = (
    "the bread oven", "the river path", "the brass band", "the old mill", "the puppet stage", "the cider press",
    "the first-aid tent", "the lost-property desk", "the pony rides", "the bell tower", "the soup kitchen",
    "the book stall", "the night ferry", "the quilt exhibition", "the seed exchange", "the tug of war",
    "the cheese counter", "the fire brigade", "the chess corner", "the honey stand", "the map of the grounds",
    "the raffle", "the wool spinners", "the boat race", "the choir",
)  # fmt: skip

MENTIONS = (
    "Do not miss {thing}.", "There is a good word to be said for {thing}.", "Many will head straight for {thing}.",
    "You will also find {thing}.", "A moment is well spent on {thing}.", "Children in particular love {thing}.",
)  # fmt: skip


def make_pairs(seed: int, count: int) -> list[dict[str, Any]]:
    """So many rows of a dataset; the same for the same seed, always."""
    rows: list[dict[str, Any]] = []
    drawn = 0
    while len(rows) < count:
        chance = Chance("pairs", str(seed), str(drawn))
        drawn += 1
        row = _pair(f"pair-{len(rows) + 1:03d}", chance)
        is_tie = quality_of(row["prompt"], row["response_a"]) == quality_of(row["prompt"], row["response_b"])
        if (not is_tie or chance.happens(TIES_KEPT)) and all(row["prompt"] != other["prompt"] for other in rows):
            rows.append(row)
    return rows


def make_singles(seed: int, count: int, scale: tuple[float, float] | None = None) -> list[dict[str, Any]]:
    """So many rows with a single response each, which three annotators say passes or fails.

    Args:
        seed: of the rows.
        count: how many.
        scale: on which the annotators rate the responses instead, in steps of one half.
    """
    rows: list[dict[str, Any]] = []
    for drawn in range(count):
        chance = Chance("singles", str(seed), str(drawn))
        kind, prompt, occasion, things = _asked(chance)
        family = chance.pick(sorted(WRITERS), 1)[0]
        text = _written(KINDS[kind], occasion, things, family, chance)
        seen = [perceive(one, prompt, text, chance) for one in ANNOTATORS]
        labels = [label_of(one, ("fail", "pass")) if scale is None else half_points(one, *scale) for one in seen]
        rows.append(
            {
                "id": f"text-{drawn + 1:03d}",
                "prompt": prompt,
                "response": text,
                "labels": labels,
                "category": kind,
                "model": f"writer-{family}",
            }
        )
    return rows


def make_many(seed: int, count: int) -> list[dict[str, Any]]:
    """So many rows with three to five responses each, and the mean of three annotators' marks of each, 1 to 5."""
    rows: list[dict[str, Any]] = []
    for drawn in range(count):
        chance = Chance("many", str(seed), str(drawn))
        kind, prompt, occasion, things = _asked(chance)
        families = [chance.pick(sorted(WRITERS), 1)[0] for _ in range(RESPONSES[int(chance.number() * len(RESPONSES))])]
        texts = [_written(KINDS[kind], occasion, things, family, chance) for family in families]
        marks = [[_mark(one, prompt, text, chance) for one in ANNOTATORS] for text in texts]
        scores = [round(sum(each) / len(each), 2) for each in marks]
        name = f"drafts-{drawn + 1:03d}"
        rows.append({"id": name, "prompt": prompt, "responses": texts, "scores": scores, "category": kind})
    return rows


def _mark(annotator: Knobs, prompt: str, text: str, chance: Chance) -> int:
    """A mark from 1 to 5 by the perceived quality of a response."""
    return 1 + round(4 * min(max(perceive(annotator, prompt, text, chance).quality, 0.0), 1.0))


def make_prompts(seed: int, count: int) -> list[dict[str, Any]]:
    """So many rows of a prompt set, each with another prompt; the same for the same seed, always."""
    rows: dict[str, dict[str, Any]] = {}
    drawn = 0
    while len(rows) < count:
        chance = Chance("prompts", str(seed), str(drawn))
        drawn += 1
        name, prompt, _, _ = _asked(chance)
        rows.setdefault(prompt, {"id": f"task-{len(rows) + 1:03d}", "prompt": prompt, "category": name})
    return list(rows.values())


def _asked(chance: Chance) -> tuple[str, str, str, list[str]]:
    """A prompt: its kind, its text, the occasion, and what must be mentioned."""
    name = chance.pick(sorted(KINDS), 1)[0]
    occasion = chance.pick(OCCASIONS, 1)[0]
    things = chance.pick(THINGS, 4 + int(chance.number() * 3))
    return (
        name,
        f"{KINDS[name].request.format(occasion=occasion)} It must mention: {'; '.join(things)}.",
        occasion,
        things,
    )


def _pair(item: str, chance: Chance) -> dict[str, Any]:
    kind, prompt, occasion, things = _asked(chance)
    first, second = chance.pick(sorted(WRITERS), 2)
    texts = [_written(KINDS[kind], occasion, things, family, chance) for family in (first, second)]
    labels = [
        verdict_of(*(perceive(annotator, prompt, text, chance) for text in texts)).casefold()
        for annotator in ANNOTATORS
    ]
    return {
        "id": item,
        "prompt": prompt,
        "response_a": texts[0],
        "response_b": texts[1],
        "labels": labels,
        "category": kind,
        "model_a": f"writer-{first}",
        "model_b": f"writer-{second}",
    }


def _written(kind: Kind, occasion: str, things: list[str], family: str, chance: Chance) -> str:
    """A text by a writer who mentions each thing with a probability that is its skill."""
    sentences = [kind.opening.format(occasion=occasion)]
    mentioned = [thing for thing in things if chance.happens(WRITERS[family])]
    sentences += [chance.pick(MENTIONS, 1)[0].format(thing=thing) for thing in mentioned]
    sentences += chance.pick(kind.asides, int(chance.number() * (len(kind.asides) + 1)))
    sentences.append(signature_of(family))
    return " ".join(sentences)


@click.command()
@click.option("--seed", default=7, show_default=True, help="Another seed gives other pairs.")
@click.option("--n", "count", default=120, show_default=True, help="How many pairs.")
@click.option("--single", "is_single", is_flag=True, help="Write single responses that pass or fail.")
@click.option("--many", "is_many", is_flag=True, help="Write several responses to rank.")
def main(seed: int, count: int, *, is_single: bool, is_many: bool) -> None:
    """Write pairs of simulated responses as JSON lines to standard output."""
    for row in (make_many if is_many else make_singles if is_single else make_pairs)(seed, count):
        sys.stdout.buffer.write(orjson.dumps(row) + b"\n")


if __name__ == "__main__":
    main()
