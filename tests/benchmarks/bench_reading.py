"""How many replies a second the answer rules read, by the form of the reply. Prints one JSON object a line.

`bare` is a regular expression that searches the last line alone, without any rule.

Run with plain python: `python tests/benchmarks/bench_reading.py [--replies 4000]`. A reply has about 1,500 characters
of reasons and then its answer, as models write it.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
from collections.abc import Callable, Sequence

from harness.prompting.strategy import compile_strategy
from harness.spec.strategies import built_in

TEXT = (
    "the response is clear and it names three sources but its second point is not correct because the oven in the"
    " village was built later than it says and so a reader would be misled **although** the style is good"
)
FORMS = {
    "as asked": ("combined-10", "Score A: {a}/10\nScore B: {b}/10"),
    "another marker": ("combined-10", "### Score Assistant A:\n{a}/10\n\n### Score Assistant B:\n{b}/10"),
    "text behind": ("combined-10", "Score A: {a}/10\nScore B: {b}/10\n\nB is a little better."),
    "score": ("independent-10", "### Overall Score:\n{a}/10"),
    "verdict as asked": ("direct", "Verdict: A"),
    "verdict in bold": ("direct", "**Final verdict:** Response **B**"),
    "last line": ("direct", "### A"),
    "double brackets": ("direct", "So I prefer the first. [[A]]"),
    "typographic quotes": ("direct", "“Quite so” – that’s it.\n\nVerdict: **A**."),
    "no answer": ("direct", "I cannot say which one is better."),
}
REASONS = 1500
"""Characters before the answer."""
REPEATS = 5
ANSWER = re.compile(r"[0-9]+|[AB]")


def replies(form: str, count: int, rng: random.Random) -> list[str]:
    """Replies that differ in their reasons."""
    made = []
    for _ in range(count):
        words = rng.choices(TEXT.split(), k=REASONS // 6)
        reasons = "\n\n".join(" ".join(words[at : at + 60]) for at in range(0, len(words), 60))
        made.append(f"{reasons}\n\n{form.format(a=rng.randint(0, 10), b=rng.randint(0, 10))}")
    return made


def seconds(read: Callable[[str], object], texts: Sequence[str]) -> float:
    """Processor time of reading all texts, at its best."""
    best = float("inf")
    for _ in range(REPEATS):
        start = time.process_time()
        for text in texts:
            read(text)
        best = min(best, time.process_time() - start)
    return best


def bare(text: str) -> object:
    """A number or a letter in the last line."""
    return ANSWER.search(text, text.rfind("\n") + 1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replies", type=int, default=4000)
    count = parser.parse_args().replies
    rng = random.Random(1)
    for name, (strategy, form) in FORMS.items():
        read = compile_strategy(built_in(strategy)).read
        texts = replies(form, count, rng)
        best = seconds(read, texts)
        unread = sum(read(text) is None for text in texts)
        figures = {"form": name, "replies_per_s": round(count / best), "us_per_reply": round(1e6 * best / count, 1)}
        figures |= {"bare_us_per_reply": round(1e6 * seconds(bare, texts) / count, 1), "unread": unread}
        print(json.dumps(figures))


if __name__ == "__main__":
    main()
