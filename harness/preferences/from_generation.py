"""Preference pairs from a generation, prompt by prompt.

View `single` trains one model: a prompt with two drafts, or with the picked drafts of two systems. View `workflow`
trains the loop: the conversation with the feedback of the reviewers and two responses to it; and a draft with a review
that led to an improvement and one that did not. Reviews are compared where several systems have the same draft reviewed
by one reviewer each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import orjson
import polars as pl

from harness.generation.records import Review
from harness.generation.review import Reviewing, review_from
from harness.preferences.records import Candidate, View
from harness.records.datasets import Message
from harness.records.judgments import VERDICTS
from harness.runner.run_check import collected
from harness.runner.run_folder import (
    JUDGMENTS,
    LEADERBOARD,
    MANIFEST,
    PROMPTS,
    SPEC,
    TRAJECTORIES,
    read_frame,
    read_json,
)

PROMPTS_HELD = 256
"""Prompts whose trajectories are in memory at once."""


class LoopRun:
    """A finished generation, read prompt by prompt.

    Args:
        folder: of the run.
        evaluator: `STRATEGY/EVALUATOR` and what else is in its cells' ids, of the comparisons to use; None for all.
    """

    def __init__(self, folder: Path, evaluator: str | None = None) -> None:
        self.folder = folder
        self.spec, self.manifest = read_json(folder, SPEC), read_json(folder, MANIFEST)
        self.prompts = read_frame(folder, PROMPTS)
        (rule,) = self.spec["reviews"].items()
        self.reviewing = Reviewing(review_from(rule[1], name=rule[0]))
        self._matches = {match["name"]: match for match in self.manifest["matches"]}
        self._names = {system["id"]: system_name(system) for system in self.manifest["systems"]}
        self._cells = [cell for cell in self.manifest["cells"] if evaluator in (None, kind_of(cell))]

    @property
    def evaluators(self) -> list[str]:
        """The evaluators of the comparisons, each once."""
        return list(dict.fromkeys(kind_of(cell) for cell in self.manifest["cells"]))

    @property
    def selects(self) -> str:
        """The evaluator that selects drafts."""
        selection = self.spec["selection"]
        if "evaluator" not in selection:
            return f"selection:{selection['by']}"
        mode, settings = next(iter(selection["evaluator"].items()))
        members = settings if isinstance(settings, str) else "+".join(_names_in(settings))
        return f"{selection['strategy']}/{mode}:{members}"

    def candidates(self, view: View) -> Iterator[list[Candidate]]:
        """The candidates of each prompt, in the order of the prompts."""
        for start in range(0, len(self.prompts), PROMPTS_HELD):
            here = self.prompts.slice(start, PROMPTS_HELD)
            keys = here.select("prompts", "item")
            file = self.folder / TRAJECTORIES
            found = _in_order(_rows(file).join(keys.lazy(), on=["prompts", "item"], how="semi"), file)
            drafts = found.partition_by(["prompts", "item"], as_dict=True, maintain_order=True)
            judged = self._judged(here) if view == "single" else {}
            for row in here.iter_rows(named=True):
                place = (row["prompts"], row["item"])
                rows = drafts[place].to_dicts() if place in drafts else []
                yield list(self._of_prompt(row, rows, judged.get(place, ()), view))

    def _of_prompt(
        self, row: Mapping[str, Any], drafts: Sequence[dict[str, Any]], judged: Sequence[dict[str, Any]], view: View
    ) -> Iterator[Candidate]:
        prompt = tuple(orjson.loads(row["prompt"]))
        by_system: dict[str, list[dict[str, Any]]] = {}
        for draft in drafts:
            if draft["round"]:
                by_system.setdefault(draft["system"], []).append(draft)
        for trajectory in by_system.values():
            yield from self._of_trajectory(row, prompt, trajectory, view)
        if view == "single":
            yield from self._of_matches(row, prompt, by_system, judged)
        else:
            yield from self._of_reviews(row, prompt, list(by_system.values()))

    def _of_trajectory(
        self, row: Mapping[str, Any], prompt: tuple[Message, ...], drafts: list[dict[str, Any]], view: View
    ) -> Iterator[Candidate]:
        """Pairs of drafts of a trajectory, with the prompt or the conversation up to the first of the two."""
        name = self._names[drafts[0]["system"]]
        for one, other, verdict in self._duels(drafts):
            context = prompt if view == "single" else self._conversation(prompt, drafts[: one["round"]])
            if context is None:
                continue
            yield Candidate(
                row["prompts"],
                row["item"],
                row["cluster"],
                view,
                ("scores" if verdict["by_score"] else "duel") if view == "single" else "revision",
                context,
                one["text"],
                other["text"],
                verdict["verdict"],
                tuple(verdict["votes"]),
                verdict["score_first"],
                verdict["score_second"],
                (name, name),
                (one["round"], other["round"]),
                one["is_truncated"] or other["is_truncated"],
                self.selects,
                (*verdict["calls"], one["key"], other["key"]),
            )

    def _duels(self, drafts: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
        """Pairs of drafts with a verdict: of the tournament, or by the scores of the reviewers where these select."""
        for new in drafts:
            if new["verdict"] is not None:
                yield (
                    drafts[new["best_before"] - 1],
                    new,
                    {
                        "verdict": new["verdict"],
                        "votes": new["votes"] if self.spec["selection"].get("order") == "both" else [],
                        "score_first": new["score_best"],
                        "score_second": new["score_new"],
                        "calls": new["duel_calls"],
                        "by_score": False,
                    },
                )
        if self.spec["selection"]["by"] != "score":
            return
        for at, new in enumerate(drafts):
            for old in drafts[:at]:
                if old["score"] is not None and new["score"] is not None:
                    lead = old["score"] - new["score"]
                    calls = [review["key"] for draft in (old, new) for review in draft["reviews"]]
                    yield (
                        old,
                        new,
                        {
                            "verdict": "tie" if lead == 0 else "a" if lead > 0 else "b",
                            "votes": [],
                            "score_first": old["score"],
                            "score_second": new["score"],
                            "calls": calls,
                            "by_score": True,
                        },
                    )

    def _conversation(
        self, prompt: tuple[Message, ...], drafts: Sequence[dict[str, Any]]
    ) -> tuple[Message, ...] | None:
        """The conversation of the generator up to the feedback on the last of some drafts; None without feedback."""
        chat = list(prompt)
        for draft in drafts:
            reviews = [Review(**review) for review in draft["reviews"] if review["failure"] is None]
            if not reviews:
                return None
            chat += [{"role": "assistant", "content": draft["text"]}, self.reviewing.revision(prompt, reviews)]
        return tuple(chat)

    def _of_matches(
        self,
        row: Mapping[str, Any],
        prompt: tuple[Message, ...],
        by_system: Mapping[str, list[dict[str, Any]]],
        judged: Sequence[dict[str, Any]],
    ) -> Iterator[Candidate]:
        """The picked drafts of two systems."""
        picked = {name: next((d for d in drafts if d["is_picked"]), None) for name, drafts in by_system.items()}
        for judgment in judged:
            match = self._matches[judgment["dataset"]]
            one, other = picked.get(match["first"]), picked.get(match["second"])
            if one is None or other is None:
                continue
            yield Candidate(
                row["prompts"],
                row["item"],
                row["cluster"],
                "single",
                "match",
                prompt,
                one["text"],
                other["text"],
                judgment["verdict"] or judgment["failure"],
                tuple(judgment["votes"]) if judgment["order"] == "both" else (),
                judgment["score_a"],
                judgment["score_b"],
                (self._names[match["first"]], self._names[match["second"]]),
                (one["round"], other["round"]),
                one["is_truncated"] or other["is_truncated"],
                judgment["evaluator"],
                (*judgment["calls"], one["key"], other["key"]),
            )

    def _of_reviews(
        self, row: Mapping[str, Any], prompt: tuple[Message, ...], trajectories: Sequence[list[dict[str, Any]]]
    ) -> Iterator[Candidate]:
        """First reviews of one draft: one whose next draft won, over one whose next draft did not."""
        by_draft: dict[str, dict[bool, list[tuple[dict[str, Any], dict[str, Any]]]]] = {}
        for drafts in trajectories:
            if len(drafts) > 1 and len(drafts[0]["reviews"]) == 1 and drafts[1]["verdict"] in VERDICTS:
                (review,) = drafts[0]["reviews"]
                if review["failure"] is None:
                    improved = drafts[1]["verdict"] == "b"
                    by_draft.setdefault(drafts[0]["text"], {}).setdefault(improved, []).append((review, drafts[1]))
        for text, reviews in by_draft.items():
            asked = tuple(self.reviewing.ask(prompt, text, ()))
            for (good, after), (bad, later) in product(reviews.get(True, ()), reviews.get(False, ())):
                yield Candidate(
                    row["prompts"],
                    row["item"],
                    row["cluster"],
                    "workflow",
                    "review",
                    asked,
                    good["text"],
                    bad["text"],
                    "a",
                    writers=(good["reviewer"], bad["reviewer"]),
                    rounds=(1, 1),
                    evaluator=self.selects,
                    calls=(good["key"], bad["key"], *after["duel_calls"], *later["duel_calls"]),
                )

    def _judged(self, prompts: pl.DataFrame) -> dict[tuple[str, str], list[dict[str, Any]]]:
        """The comparisons of some prompts, by prompt set and item."""
        evaluators = [
            {"cell": cell["id"], "dataset": cell["dataset"], "evaluator": kind_of(cell), "order": cell["order"]}
            for cell in self._cells
        ]
        sets = [{"dataset": name, "prompts": match["first"].partition("/")[0]} for name, match in self._matches.items()]
        if not evaluators:
            return {}
        cells = pl.DataFrame(evaluators).join(pl.DataFrame(sets), on="dataset")
        keys = prompts.select("prompts", "item").lazy()
        file = self.folder / JUDGMENTS
        of_cells = _rows(file).join(cells.lazy(), on="cell", how="inner")
        found = _in_order(of_cells.join(keys, on=["prompts", "item"], how="semi"), file)
        parts = found.partition_by(["prompts", "item"], as_dict=True, maintain_order=True)
        return {(str(place[0]), str(place[1])): part.to_dicts() for place, part in parts.items()}


def reasoning_removed(folder: Path) -> int:
    """Drafts and reviews of a generation's run whose reasoning was separated from them."""
    return sum(system.get("reasoning_removed", 0) for system in read_json(folder, LEADERBOARD)["systems"])


def _rows(file: Path) -> pl.LazyFrame:
    """The rows of a file, numbered, since joins do not keep their order."""
    return pl.scan_parquet(file, row_index_name="at")


def _in_order(rows: pl.LazyFrame, file: Path) -> pl.DataFrame:
    return collected(rows, file).sort("at").drop("at")


def system_name(system: Mapping[str, Any]) -> str:
    """The id of a system of a manifest without its prompt set."""
    return str(system["id"]).partition("/")[2]


def kind_of(cell: Mapping[str, Any]) -> str:
    """The id of a cell without its dataset: strategy, evaluator and variant."""
    return str(cell["id"])[len(cell["dataset"]) + 1 :]


def _names_in(value: Any) -> list[str]:
    """The names of the members in the settings of an evaluator."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        named = value.get("of") or value.get("model") or value.get("models") or ()
        return _names_in(named)
    return [name for inner in value for name in _names_in(inner)]
