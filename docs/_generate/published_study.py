"""Write `published-study.md`: which differences of the published study are significant, with their intervals.

python docs/_generate/published_study.py FOLDER            write it
python docs/_generate/published_study.py FOLDER --check    write nothing; exit 1 if it would say something else

FOLDER holds the study's repository as `MA-PO` and FairEval's as `FairEval`, in their own layouts. Nothing is asked: the
study's replies are imported and judged by the harness as its user would do it.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

import harness
from harness.hashing import seed_for
from harness.importers._files import write_imported
from harness.importers.fellowship import read_study
from harness.records.experiment import ScoreSpec
from harness.records.figures import RankSet
from harness.records.judgments import VERDICTS, Usage
from harness.records.scores import CellScore
from harness.runner.run_reader import JudgedDataset, read_judged
from harness.scoring.score import DatasetScores, score_cells, score_dataset
from harness.scoring.winner import best_first
from harness.statistics import win_rate

PAGE = Path(__file__).parents[1] / "validation" / "published-study.md"
METRIC = "kappa"
PLURALS = {"judge": "judges", "jury": "juries", "debate": "debates"}
LOOPS = Path("MA-PO", "outputs", "generators", "argilla-capybara-prompts-subset", "feedback")
OPPONENTS = {"llama": "Llama-3.1-8B", "gemma": "gemma-2-9b", "gpt": "gpt-4o"}
NAMES = {"Meta-Llama-3.1-8B-Instruct-Turbo": "Llama-3.1-8B", "gemma-2-9b-it": "gemma-2-9b"}
TIES: dict[win_rate.Ties, str] = {"lose": "ties lose", "half": "a tie is half", "dropped": "ties dropped"}
RESAMPLES, LEVEL, SEED = 10_000, 0.95, 7

HEAD = """\
<!-- written by docs/_generate/published_study.py from the study's own replies -->

# The published study, with intervals

*The Fellowship of the LLMs* (arXiv 2408.08688) compares judges, juries and debates by Cohen's kappa with the human
labels of FairEval, and feedback loops by their win rates over single models. Its numbers come out of its own replies to
the last digit (`harness import fellowship`, then `harness run`). This page adds what they did not have: intervals, the
ranks that cannot be excluded, and what picking the best of many does to its figure.
"""


class Group(NamedTuple):
    """Evaluators of one mode, compared among themselves.

    Attributes:
        name: what several of them are called.
        scores: of these evaluators.
    """

    name: str
    scores: DatasetScores


def page(folder: Path) -> str:
    """The whole page, from the study's files."""
    with tempfile.TemporaryDirectory() as place:
        data, score, seed = judged_study(folder, Path(place))
        groups = [Group(name, scored(data, mode, score, seed)) for mode, name in PLURALS.items()]
        everything = Group("evaluators", scored(data, None, score, seed))
        adjusted = replace(score, level=1 - (1 - score.level) / len(data.cells), resamples=200_000)
        nothing = [Usage()] * len(data.cells)
        together = score_cells(data.cells, data, data.outcomes, adjusted, seed, nothing, [None] * len(data.cells))
    n = everything.scores.scores[0].n
    parts = [HEAD, takeaway(groups, everything, together, n)]
    parts += [section_of(group) for group in groups]
    parts += [debates_against_judges(everything), win_rates(folder / LOOPS), method(n)]
    return "\n".join(parts)


def judged_study(folder: Path, place: Path) -> tuple[JudgedDataset, ScoreSpec, int]:
    """The run of the imported FairEval, read back."""
    write_imported(read_study(folder / "MA-PO", fair_eval=folder / "FairEval"), place)
    spec = harness.load_spec(place / "fair-eval.yaml")
    run = harness.run_spec(spec, cache=place / "cache", results=place / "results", environment={})
    judged = read_judged(run.folder)
    return judged.datasets[0], judged.score, judged.seed


def scored(data: JudgedDataset, mode: str | None, score: ScoreSpec, seed: int) -> DatasetScores:
    """The cells of one mode (all for None), scored and compared with each other and with no other."""
    columns = [k for k, cell in enumerate(data.cells) if mode in (None, cell.mode)]
    cells = [data.cells[k] for k in columns]
    nothing = [Usage()] * len(cells)
    return score_dataset(cells, data, data.outcomes[:, columns], score, seed, nothing, [None] * len(cells))


def takeaway(groups: Sequence[Group], everything: Group, together: Sequence[CellScore], n: int) -> str:
    """What a reader should remember, computed from the figures; intervals of `together` are adjusted for all."""
    apart = [
        f"{found} of {pairs:,} pairs of {group.name}"
        for group in groups
        for found, pairs in [pairs_apart(group.scores)]
    ]
    found, pairs = pairs_apart(everything.scores)
    figures = [score.figures[METRIC] for score in together]
    beyond = sum(figure.low is not None and figure.low > 0 for figure in figures)
    return (
        f"**On {n} items, {found} of the {pairs:,} pairs of evaluators are distinguishable** (each mode by itself: "
        f"{', '.join(apart)}). What so few items show is that {beyond} of {len(figures)} evaluators agree with people "
        "beyond chance (intervals adjusted for all of them). The published orders of judges, juries and debates "
        "are orders of one sample, and other items may well give others.\n"
    )


def pairs_apart(scores: DatasetScores) -> tuple[int, int]:
    """How many pairs of cells differ significantly, and how many there are."""
    contest = scores.contests[METRIC]
    assert contest is not None
    assert contest.comparisons is not None
    size = len(contest.members)
    significant = contest.comparisons.p_values <= 1 - contest.comparisons.level
    return int(np.count_nonzero(np.triu(significant, 1))), size * (size - 1) // 2


def section_of(group: Group) -> str:
    """A table of a group, the best first, and what its figures can bear."""
    scores = group.scores
    contest = scores.contests[METRIC]
    assert contest is not None
    ranks = contest.rank_sets()
    order = best_first(scores.scores, METRIC)
    shown = order if len(order) <= 10 else [*order[:5], *order[-2:]]
    lines = [
        f"## {group.name.capitalize()}",
        "",
        "| evaluator | kappa | 95 % interval | ranks |",
        "| --- | --- | --- | --- |",
    ]
    for at, k in enumerate(shown):
        if at and order.index(k) != order.index(shown[at - 1]) + 1:
            lines.append(f"| and {len(order) - len(shown)} more | | | |")
        lines.append(_row(scores.scores[k], ranks[k]))
    top = sum(found.best == 1 for found in ranks.values())
    found, pairs = pairs_apart(scores)
    lines += ["", f"{found} of {pairs:,} pairs differ significantly; {top} of {len(order)} could be the best."]
    winner = scores.winner
    if winner and winner.corrected is not None:
        lines.append(
            f"The best of K = {winner.tried} has {winner.value:.3f}; corrected for having been picked "
            f"**{winner.corrected:.3f} [{winner.low:.3f}, {winner.high:.3f}]**."
        )
    return "\n".join([*lines, ""])


def _row(score: CellScore, ranks: RankSet) -> str:
    figure = score.figures[METRIC]
    models = " + ".join(score.cell.models)
    place = f"{ranks.best}" if ranks.best == ranks.worst else f"{ranks.best}–{ranks.worst}"
    return f"| {models} | {figure.value:.3f} | {figure.low:.3f} to {figure.high:.3f} | {place} |".replace("-0.", "−0.")


def debates_against_judges(everything: Group) -> str:
    """Each model's debate less its single judgment, with intervals that hold all of them together."""
    contest = everything.scores.contests[METRIC]
    assert contest is not None
    at = {(score.cell.mode, score.cell.models): k for k, score in enumerate(everything.scores.scores)}
    lines = ["## Debate against a single judge", "", "| model | debate − judge | simultaneous 95 % interval |"]
    lines.append("| --- | --- | --- |")
    found = 0
    for (mode, models), k in at.items():
        if mode == "debate":
            held = contest.held_against(k, at["judge", models])
            found += held.is_distinguishable
            row = f"| {models[0]} | {held.value:+.3f} | {held.low:+.3f} to {held.high:+.3f} |"
            lines.append(re.sub(r" -(?=\d)", " −", row))
    subject = "No debate is" if not found else f"{found} debates are"
    lines += ["", f"{subject} distinguishable from the single judge that plays its personas.", ""]
    return "\n".join(lines)


def win_rates(folder: Path) -> str:
    """The feedback loops against single models, under every convention of ties."""
    lines = [
        "## Feedback loops against single models",
        "",
        "500 prompts, the study's own verdicts, each pair shown in one order only. The study counts a tie as not won,",
        "as the first of the three columns does.",
        "",
        f"| generator, reviewer | over | won, tied, lost | {' | '.join(TIES.values())} | sign test |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for file in sorted(folder.glob("*_picks_*.json")):
        pair, _, opponent = file.stem.partition("_picks_")
        counts = _counted(file)
        rates = " | ".join(_rate(counts, ties, f"{pair} {opponent}") for ties in TIES)
        p_value = win_rate.sign_test(int(counts[0]), int(counts[2]))
        assert p_value is not None
        who = ", ".join(NAMES[name] for name in pair.split("_"))
        shown = "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"
        numbers = ", ".join(str(int(count)) for count in counts)
        lines.append(f"| {who} | {OPPONENTS[opponent]} | {numbers} | {rates} | {shown} |")
    lines += [
        "",
        "These are win rates of what the study compared. Its second round of selection took the worse of two drafts",
        "for the better, so they are not those of the loops as they were meant. Whether a position was favoured cannot",
        "be seen, for no pair was judged in both orders.",
        "",
    ]
    return "\n".join(lines)


def _counted(file: Path) -> np.ndarray:
    """Wins, ties and losses of the loop."""
    winners = [entry["winner"] for entry in json.loads(file.read_text(encoding="utf-8"))]
    won, tied = winners.count("agent"), winners.count("tie")
    return np.array([won, tied, len(winners) - won - tied], float)


def _rate(counts: np.ndarray, ties: win_rate.Ties, what: str) -> str:
    seed = seed_for(SEED, "win-rate", ties, what)
    interval = win_rate.bootstrap_interval(counts, ties, resamples=RESAMPLES, level=LEVEL, seed=seed)
    assert interval.low is not None
    assert interval.high is not None
    value = float(win_rate.win_rate(counts, ties))
    return f"{100 * value:.1f} % [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def method(n: int) -> str:
    """How the figures were made."""
    return (
        "## How\n\n"
        f"Kappa: {n} items, labels {', '.join(VERDICTS)}, smoothed multinomial bootstrap, 10,000 resamples, level "
        "0.95, item as unit, seeds from the spec and the cell. Ranks and differences: max-T over all pairs "
        "of the table in question (all evaluators for debates against judges). Picked: hybrid inference on the "
        "winner. Win rates: n = 500 prompts, smoothed multinomial bootstrap, "
        f"{RESAMPLES:,} resamples, level {LEVEL:g}, seed {SEED}; exact sign test on decided pairs. Drawn by numpy "
        f"{np.__version__}; another release may draw others, and move last digits.\n"
    )


def is_as_written(text: str, written: str) -> bool:
    """Whether a page says what another one does: the same, or, drawn by another numpy, the same within its noise."""
    if text == written or f"numpy {np.__version__};" in written:
        return text == written
    number = re.compile(r"\d+(?:\.\d+)+")
    if number.sub("#", text) != number.sub("#", written):
        return False
    pairs = zip(number.findall(text), number.findall(written), strict=True)
    return all(one.count(".") > 1 or abs(float(one) - float(other)) <= _noise(one) for one, other in pairs)


def _noise(number: str) -> float:
    """How far another draw may move a figure: per cent have one decimal place, the others more."""
    return 1.0 if len(number.partition(".")[2]) == 1 else 0.02


def main(folder: str, *options: str) -> int:
    """Write the page, or hold it against what is there."""
    text = page(Path(folder))
    if "--check" in options:
        return int(not PAGE.exists() or not is_as_written(text, PAGE.read_text(encoding="utf-8")))
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
